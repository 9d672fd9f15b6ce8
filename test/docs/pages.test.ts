import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { problemsOf } from '../config/check.ts'

const ROOT = join(import.meta.dirname, '../..')
const pages = ['*.md', 'docs/**/*.md', 'examples/**/*.md', '.github/**/*.md'].flatMap((glob) =>
  globSync(glob, { cwd: ROOT }),
)
const read = (page: string) => readFileSync(join(ROOT, page), 'utf8')

test.each(pages)('every file that %s refers to is there', (page) => {
  const links = [...read(page).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, target]) => target!)
  const ours = links.filter((target) => !/^[a-z]+:/.test(target))
  expect(ours.filter((target) => !existsSync(join(ROOT, dirname(page), target)))).toEqual([])
})

/** Statements that a page shows, marked as such. */
const blocks = pages.flatMap((page) =>
  [...read(page).matchAll(/^```conf\n(.*?)^```$/gms)].map(([, text]) => [page, text!] as const),
)

test('pages show statements', () => {
  expect(blocks.length).toBeGreaterThan(2)
})

test.each(blocks)('%s shows good statements: %s', (_page, text) => {
  const others = text.includes('directory ') ? '' : 'directory h { basedn "dc=b" }\n'
  expect(problemsOf(`${text.includes('domain ') ? '' : 'domain d\n'}${text}${others}`)).toEqual([])
})
