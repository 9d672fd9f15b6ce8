import { describe, expect, test } from 'vitest'
import { NOTHING_FOUND, SHORT_MS, shortRun } from './short.ts'
import { targets } from './targets/image.ts'

describe('an image is refused with ImageError, or every record of it can be read', () => {
  test.each(targets)('$name', { timeout: SHORT_MS }, async ({ name }) => {
    expect(await shortRun(name)).toEqual(NOTHING_FOUND)
  })
})
