import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { GOALS } from '../../scripts/goals.ts'

// RELIABILITY.md tells of each promise, and the tests that it names are there.

const ROOT = join(import.meta.dirname, '../..')
const text = readFileSync(join(ROOT, 'RELIABILITY.md'), 'utf8')
const row = (id: string) => text.split('\n').find((line) => line.startsWith(`| ${id} |`)) ?? ''

test('there are sixteen promises, each with its row', () => {
  expect(GOALS.map(({ id }) => id)).toEqual(Array.from({ length: 16 }, (_, index) => `G${index + 1}`))
  expect(GOALS.filter(({ id }) => row(id) === '')).toEqual([])
})

describe.each(GOALS)('$id', ({ id, promise, held, by, unmeasured }) => {
  test('is promised in the words of the table, with the tests that hold it', () => {
    expect(row(id)).toContain(promise)
    for (const { file } of held) expect(row(id)).toContain(file)
    expect(held.length > 0 || by !== undefined).toBe(unmeasured === undefined)
  })

  test('is held by tests that are there', () => {
    const missing = held.filter(({ file, name }) => {
      const path = join(ROOT, file)
      return !existsSync(path) || (name !== undefined && !readFileSync(path, 'utf8').includes(name))
    })
    expect(missing).toEqual([])
  })
})
