import { randomBytes } from 'node:crypto'
import { appendFileSync, mkdtempSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readBoundedFile, readChunks } from '../../src/directory/bounded-file.ts'

let path: string
const bytes = randomBytes(5_000_000)
beforeAll(() => {
  path = join(mkdtempSync(join(tmpdir(), 'ypldap-bounded-')), 'file')
})
afterAll(() => rmSync(join(path, '..'), { recursive: true }))

test('a file of several chunks is read as it is, up to its limit', () => {
  writeFileSync(path, bytes)
  expect(readBoundedFile(path, bytes.length).equals(bytes)).toBe(true)
  expect(() => readBoundedFile(path, bytes.length - 1)).toThrow('it has 5000000 bytes; at most 4999999')
})

test('an empty file has no bytes', () => {
  writeFileSync(path, '')
  expect(readBoundedFile(path, 10)).toHaveLength(0)
})

test.each([
  ['grows', () => appendFileSync(path, 'x')],
  ['is cut short', () => truncateSync(path, 2_000_000)],
  ['is written anew', () => utimesSync(path, 1, 1)],
])('a file that %s while it is read is refused', (_how, change) => {
  writeFileSync(path, bytes)
  const chunks = readChunks(path, bytes.length * 2)
  expect(chunks.next().value?.length).toBeGreaterThan(0)
  change()
  expect(() => [...chunks]).toThrow('it was changed while it was read')
})
