import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { check } from '../config/check.ts'

const EXAMPLES = new URL('../../examples/', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, EXAMPLES), 'utf8')
const folders = readdirSync(EXAMPLES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)

describe.each(folders)('the example %s', (folder) => {
  test('is a configuration without an error or a warning', () => {
    const { problems, warnings } = check(read(`${folder}/ypldap.conf`))
    expect({ problems, warnings }).toEqual({ problems: [], warnings: [] })
  })

  test('is told of by its README, and by that of all', () => {
    expect(read(`${folder}/README.md`)).toMatch(/^# /)
    expect(read('README.md')).toContain(`| [${folder}](${folder}) |`)
  })

  test('has every file that its README names', () => {
    const named = [...read(`${folder}/README.md`).matchAll(/(?<![./\w])[a-z]+\.(?:ldif|conf)\b/g)].map(
      ([name]) => name,
    )
    // Several lean on the account and the access rules of the first.
    const missing = named.filter((name) =>
      [folder, 'openldap'].every((place) => !existsSync(new URL(`${place}/${name}`, EXAMPLES))),
    )
    expect(missing).toEqual([])
  })

  test('is run by an end-to-end test', () => {
    const tests = readFileSync(new URL('../e2e/examples.test.ts', import.meta.url), 'utf8')
    expect(new RegExp(`serve\\(\\s*'${folder}'`).test(tests)).toBe(true)
  })
})

test('there are examples', () => {
  expect(folders.length).toBeGreaterThan(7)
})
