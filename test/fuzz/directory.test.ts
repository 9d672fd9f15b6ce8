import { describe, expect, test } from 'vitest'
import { NOTHING_FOUND, SHORT_MS, shortRun } from './short.ts'
import { targets } from './targets/directory.ts'

describe('what a directory holds, and what is said of it, is read or refused with an error of its own', () => {
  test.each(targets)('$name', { timeout: SHORT_MS }, async ({ name }) => {
    expect(await shortRun(name)).toEqual(NOTHING_FOUND)
  })
})
