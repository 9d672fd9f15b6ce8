import { describe, expect, test } from 'vitest'
import { NOTHING_FOUND, SHORT_MS, shortRun } from './short.ts'
import { targets } from './targets/messages.ts'

describe('what one process says to another has its shape, or is refused', () => {
  test.each(targets)('$name', { timeout: SHORT_MS }, async ({ name }) => {
    expect(await shortRun(name)).toEqual(NOTHING_FOUND)
  })
})
