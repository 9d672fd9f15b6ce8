import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { normalizeDn } from '../../../src/directory/dn.ts'
import { utf8Octets } from '../../../src/directory/octets.ts'
import { dnKey, parentDn } from '../../../src/directory/template/dn-key.ts'
import { createLinks } from '../../../src/directory/template/links.ts'
import { makeEntry } from '../samples.ts'

describe('an entry is found', () => {
  const jane = makeEntry('cn=Doe\\, Jane,ou=People,dc=x', {})
  const links = createLinks([makeEntry('dc=x', {}), jane, makeEntry('no dn', {})], [])

  test.each([
    ['as it is written', 'cn=Doe\\, Jane,ou=People,dc=x'],
    ['in another case', 'CN=doe\\, jane,OU=people,DC=X'],
    ['with other escapes and blanks', 'cn = Doe\\2C  Jane , ou=People, dc=x'],
  ])('%s', (_how, dn) => {
    expect(links.entry(dn)).toBe(jane)
  })

  test.each(['cn=Doe,ou=People,dc=x', 'Jane', '', 'no dn', 'cn=x,', 'cn=\\'])('but not by "%s"', (dn) => {
    expect(links.entry(dn)).toBeUndefined()
  })

  test('by the first of several of one DN', () => {
    const [one, two] = [makeEntry('cn=a', {}), makeEntry('CN=A', {})]
    expect(createLinks([one, two], []).entry('cn=a')).toBe(one)
  })
})

describe('those that refer to an entry', () => {
  const group = makeEntry('cn=g', { member: ['cn=a', 'CN=A', 'nobody'], owner: ['cn=b'] })
  const other = makeEntry('cn=h', { MEMBER: ['cn = A'] })
  const links = createLinks([group, other], ['Member'])

  test('are found each once, in the order they came', () => {
    expect(links.referrers('memBer', 'cn=a')).toEqual([group, other])
  })

  test.each([
    ['an attribute that was not asked for', 'owner', 'cn=b'],
    ['a DN that nobody names', 'member', 'cn=c'],
    ['what is no DN', 'member', 'nobody'],
  ])('are none by %s', (_what, attribute, dn) => {
    expect(links.referrers(attribute, dn)).toEqual([])
  })
})

const exactKey = (text: string) => {
  try {
    return JSON.stringify(normalizeDn(text))
  } catch {
    return undefined
  }
}

describe('the key of a DN', () => {
  const piece = fc.constantFrom(
    'cn=',
    'A',
    'b',
    ',',
    '+',
    '=',
    ' ',
    '\\',
    '\\2c',
    '\\,',
    '-',
    '1.2=',
    'ou=',
    '.',
    ';',
    utf8Octets('É'),
  )
  const dn = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
  test('is the same where the normalized RDNs are, and only there', () => {
    const seen = new Map<string | undefined, string | undefined>()
    const back = new Map<string | undefined, string | undefined>()
    fc.assert(
      fc.property(dn, (text) => {
        const [exact, key] = [exactKey(text), dnKey(text)]
        expect(seen.get(exact) ?? key).toBe(key)
        expect(back.get(key) ?? exact).toBe(exact)
        seen.set(exact, key)
        back.set(key, exact)
      }),
      { numRuns: 20_000 },
    )
    expect(seen.size).toBeGreaterThan(100)
  })
})

test.each([
  ['cn=a,dc=x', 'dc=x'],
  ['cn=a\\,b\\2c\\\\,dc=x,dc=y', 'dc=x,dc=y'],
  ['dc=x', undefined],
  ['dc=\\', undefined],
])('above %s lies %s', (dn, above) => {
  expect(parentDn(dn)).toBe(above)
})
