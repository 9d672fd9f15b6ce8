import { describe, expect, test } from 'vitest'

import { DnError, normalizeDn, withinBase } from '../../src/directory/dn.ts'
import { utf8Octets } from '../../src/directory/octets.ts'

const BASE = 'ou=people,dc=example,dc=com'

describe('a DN is within a base', () => {
  test.each([
    ['the base itself', 'ou=people,dc=example,dc=com'],
    ['directly below', 'uid=a,ou=people,dc=example,dc=com'],
    ['further below', 'uid=a,ou=x,ou=people,dc=example,dc=com'],
    ['in another case', 'UID=A,OU=People,DC=Example,DC=COM'],
    ['with spaces round the separators', 'uid = a , ou = people , dc=example ,dc= com '],
    ['with a comma in a value, escaped', 'cn=Doe\\, Jane,ou=people,dc=example,dc=com'],
    ['with a comma in a value, in hex', 'cn=Doe\\2c Jane,ou=people,dc=example,dc=com'],
    ['with a letter written in hex', 'uid=a,ou=\\70eople,dc=example,dc=com'],
  ])('when it is %s', (_how, dn) => {
    expect(withinBase(BASE)(normalizeDn(dn))).toBe(true)
  })

  test.each([
    ['above', 'dc=example,dc=com'],
    ['beside', 'ou=groups,dc=example,dc=com'],
    ['one whose text only ends alike', 'ou=nopeople,dc=example,dc=com'],
    ['one that hides the base in a value', 'cn=x\\,ou=people\\,dc=example\\,dc=com'],
    ['the root', ''],
  ])('but not when it is %s', (_how, dn) => {
    expect(withinBase(BASE)(normalizeDn(dn))).toBe(false)
  })

  test('and everything is within the empty base', () => {
    expect(withinBase('')(normalizeDn('dc=com'))).toBe(true)
    expect(withinBase(' ')(normalizeDn(''))).toBe(true)
  })
})

describe('two ways to write a DN are one', () => {
  test('whatever the order of a multi-valued RDN', () => {
    expect(normalizeDn('cn=a + uid=b,dc=x')).toEqual(normalizeDn('UID=B+CN=A,DC=X'))
  })

  test('whatever the way of escaping', () => {
    expect(normalizeDn('cn=a\\,b\\+c\\=d\\\\e')).toEqual(normalizeDn('cn=a\\2cb\\2Bc=d\\5ce'))
  })

  test('beyond ASCII', () => {
    expect(normalizeDn(utf8Octets('ou=ÉTÉ'))).toEqual(normalizeDn('ou=\\c3\\a9t\\c3\\a9'))
  })

  test('but a plus in a value is not one between values', () => {
    expect(normalizeDn('cn=a\\+uid=b')).not.toEqual(normalizeDn('cn=a+uid=b'))
  })
})

test.each(['people', 'ou=a,', 'ou=a,,dc=x', '=a', 'ou=a+', 'o u=a', 'ou=a\\', ',dc=x'])(
  '"%s" is refused as a DN',
  (dn) => {
    expect(() => normalizeDn(dn)).toThrow(DnError)
  },
)
