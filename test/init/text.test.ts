import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { quoted } from '../../src/config/quoted.ts'
import { DraftError, readDraft } from '../../src/init/draft-config.ts'
import type { Draft } from '../../src/init/text.ts'
import { configOf } from '../config/check.ts'

const DRAFT: Draft = {
  server: { kind: 'ldap', host: 'ldap.example.com', port: undefined, ldaps: false },
  way: { port: undefined, security: 'starttls' },
  ca: undefined,
  bind: { kind: 'anonymous' },
  base: 'dc=example,dc=com',
  domain: 'example.com',
  allow: [],
  schema: 'rfc2307',
  idmap: 'none',
  groups: ['accounts'],
}

const text = fc.string({
  unit: fc.constantFrom('\\', '"', "'", ' ', '\t', '#', '$', '{', 'ä', 'x'),
  minLength: 1,
})

describe('a text in quotes', () => {
  test('is the same text when the file is read, whatever is in it', () => {
    fc.assert(
      fc.property(text, (dn) => {
        const config = configOf(
          `domain "d"\ndirectory "h" {\nbasedn "o=x"\nbinddn ${quoted(dn)}\nbindcred ${quoted(dn)}\n}\n`,
        )
        expect(config.domains[0]?.directories[0]?.credentials).toEqual({ kind: 'simple', dn, password: dn })
      }),
    )
  })
})

describe('the first configuration', () => {
  test('says to the daemon what was found and said', () => {
    const { config, domain, directory } = readDraft({
      ...DRAFT,
      bind: { kind: 'password', dn: 'cn=a "b" \\', password: '# $x "\\' },
      allow: ['192.0.2.0/24', '2001:db8::1'],
      schema: 'ad',
      idmap: 'sid',
      groups: ['accounts', 'netgroups'],
    })
    expect(config.domains).toHaveLength(1)
    expect(domain.domain).toBe('example.com')
    expect(domain.access).toHaveLength(2)
    expect(domain.maps.map(({ name }) => name)).toContain('netgroup.byhost')
    expect(directory).toMatchObject({
      location: { kind: 'ldap', host: 'ldap.example.com', port: 389, security: 'starttls' },
      credentials: { kind: 'simple', dn: 'cn=a "b" \\', password: '# $x "\\' },
      schema: 'ad',
      idmap: 'sid',
    })
  })

  test.each([
    [
      'a unix socket',
      { kind: 'ldapi', url: 'ldapi://%2Frun%2Fslapd%2Fldapi' } as const,
      { port: undefined, security: 'none' } as const,
      { kind: 'ldapi', path: '/run/slapd/ldapi' },
    ],
    [
      'TLS from the start',
      DRAFT.server,
      { port: undefined, security: 'ldaps' } as const,
      { kind: 'ldap', host: 'ldap.example.com', port: 636, security: 'ldaps' },
    ],
    [
      'a port',
      DRAFT.server,
      { port: 3890, security: 'none' } as const,
      { kind: 'ldap', host: 'ldap.example.com', port: 3890, security: 'none' },
    ],
  ])('reaches the directory by %s', (_, server, way, location) => {
    expect(readDraft({ ...DRAFT, server, way }).directory.location).toEqual(location)
  })

  test.each([
    ['a domain that is none', { domain: 'a b' }, /not a domain/],
    ['a base that is no DN', { base: 'example.com' }, /not a distinguished name/],
    ['a prefix that is none', { allow: ['300.1.2.3'] }, /not an address or prefix/],
    [
      'a bind without a password',
      { bind: { kind: 'password', dn: 'cn=a', password: '' } as const },
      /empty bindcred/,
    ],
  ])('is refused for %s', (_, part, reason) => {
    expect(() => readDraft({ ...DRAFT, ...part })).toThrow(DraftError)
    expect(() => readDraft({ ...DRAFT, ...part })).toThrow(reason)
  })
})
