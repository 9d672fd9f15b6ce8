import { describe, expect, test } from 'vitest'
import { NOTHING_FOUND, SHORT_MS, shortRun } from './short.ts'
import { targets } from './targets/ldap.ts'

describe('nothing but DirectoryError comes out of what reads an LDAP server, and it comes to an end', () => {
  test.each(targets)('$name', { timeout: SHORT_MS }, async ({ name }) => {
    expect(await shortRun(name)).toEqual(NOTHING_FOUND)
  })
})
