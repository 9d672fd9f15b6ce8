import { describe, expect, test } from 'vitest'
import { NOTHING_FOUND, SHORT_MS, shortRun } from './short.ts'
import { targets } from './targets/portmapper.ts'

describe('a call of the port mapper gets silence, a DecodeError, or a reply that decodes and fits its transport', () => {
  test.each(targets)('$name', { timeout: SHORT_MS }, async ({ name }) => {
    expect(await shortRun(name)).toEqual(NOTHING_FOUND)
  })
})
