import { describe, expect, test } from 'vitest'
import { fingerprint } from '../../src/config/fingerprint.ts'
import { FINGERPRINT_BYTES } from '../../src/maps/image-format.ts'
import { domainOf } from './check.ts'

function of(text: string): string {
  return fingerprint(domainOf(text)).toString('hex')
}

const plain = of('domain "example.com"\ndirectory "h" { basedn "dc=x" }')

const same: readonly (readonly [what: string, text: string])[] = [
  ['where the words stand', '\n\n  domain   example.com\n\ndirectory h {\n\n  basedn "dc=x"\n}\n'],
  ['how often it refreshes', 'domain "example.com"\ninterval 5\ndirectory "h" { basedn "dc=x" }'],
  [
    'who may ask, and where',
    'domain "example.com"\nallow from any\nlisten port 834\ndirectory "h" { basedn "dc=x" }',
  ],
  [
    'who asks the directory, and how many entries at a time',
    'domain "example.com"\ndirectory "h" {\nbasedn "dc=x"\nbinddn "cn=y"\nbindcred "z"\npage size 7\n}',
  ],
  [
    'who does the work, with what, and where it is kept',
    'domain "example.com"\nuser a\ndirectory user b\ndirectory memory 192\nstate directory "/x"\ncontrol socket "/y"\ndirectory "h" { basedn "dc=x" }',
  ],
  [
    'what happens when a directory fails, shrinks or falls silent',
    'domain "example.com"\nguard shrink 0\nexpire 5000\ndirectory "h" required { basedn "dc=x" }',
  ],
  [
    'what holds anyway, said aloud',
    'domain "example.com"\nminimum uid 1\nminimum gid 1\ndirectory "h" port 389 {\nattribute uid maps to "uidNumber"\nbasedn "dc=x"\ngroupdn "dc=x"\n}',
  ],
]

/** A file with more lines before its directory, and more in its block. */
function withLines(outside: string, inside = ''): string {
  return `domain "example.com"\n${outside}\ndirectory "h" {\nbasedn "dc=x"\n${inside}\n}\n`
}

const MAP = 'filter "(f=1)" key "{k}" value "{v}"'

const other: readonly (readonly [what: string, text: string])[] = [
  ['domain', 'domain "example.org"\ndirectory "h" { basedn "dc=x" }'],
  ['list of maps', 'domain "example.com"\nprovide map "passwd.byname"\ndirectory "h" { basedn "dc=x" }'],
  ['record limit', 'domain "example.com"\nrecord limit 2048\ndirectory "h" { basedn "dc=x" }'],
  ['overflow', 'domain "example.com"\noverflow drop\ndirectory "h" { basedn "dc=x" }'],
  ['minimum uid', withLines('minimum uid 1000')],
  ['minimum gid', withLines('minimum gid 1000')],
  ['name that is refused', withLines('refuse names x')],
  ['other name that is refused', withLines('refuse names y')],
  ['list of names that are refused', withLines('refuse system names')],
  ['server', 'domain "example.com"\ndirectory "g" { basedn "dc=x" }'],
  ['port', 'domain "example.com"\ndirectory "h" port 390 { basedn "dc=x" }'],
  ['kind of directory', 'domain "example.com"\ndirectory file "/h" { basedn "dc=x" }'],
  ['base', 'domain "example.com"\ndirectory "h" { basedn "dc=y" }'],
  ['base of groups', 'domain "example.com"\ndirectory "h" {\nbasedn "dc=x"\ngroupdn "dc=y"\n}'],
  ['filter', 'domain "example.com"\ndirectory "h" {\nbasedn "dc=x"\npasswd filter "(uid=*)"\n}'],
  ['filter of groups', 'domain "example.com"\ndirectory "h" {\nbasedn "dc=x"\ngroup filter "(cn=*)"\n}'],
  ['field', 'domain "example.com"\ndirectory "h" {\nbasedn "dc=x"\nattribute shell maps to "s"\n}'],
  ['fixed field', 'domain "example.com"\ndirectory "h" {\nbasedn "dc=x"\nfixed attribute shell "s"\n}'],
  ['group of maps', withLines('provide maps netgroups')],
  ['map that is found', withLines('provide maps automount')],
  ['other map that is found', withLines('provide maps nisobject')],
  ['map of its name', withLines('provide map auto.home')],
  ['map block', withLines(`map "x" { ${MAP} }`)],
  ['name of a map block', withLines(`map "y" { ${MAP} }`)],
  ['base of a map', withLines(`map "x" { base "dc=y" ${MAP} }`)],
  ['filter of a map', withLines(`map "x" { ${MAP} filter "(f=2)" }`)],
  ['list of a map', withLines(`map "x" { each "{e}" ${MAP} }`)],
  ['key of a map', withLines(`map "x" { ${MAP} key "{l}" }`)],
  ['list of aliases of a map', withLines(`map "x" { aliases "{a}" ${MAP} }`)],
  ['value of a map', withLines(`map "x" { ${MAP} value "{w}" }`)],
  ['limit of a map', withLines(`map "x" { ${MAP} record limit 300 }`)],
  ['overflow of a map', withLines(`map "x" { ${MAP} overflow keep }`)],
  ['port of a map', withLines(`map "x" { ${MAP} port reserved }`)],
  ['map for hashes', withLines('provide map shadow.byname')],
  ['schema', withLines('', 'schema rfc2307bis')],
  ['other schema', withLines('', 'schema ad')],
  ['source of ids', withLines('', 'schema ad\nidmap sid')],
  ['template', withLines('', 'template shell "{s}"')],
  ['other template', withLines('', 'template shell "{t}"')],
  [
    'number of directories',
    'domain "example.com"\ndirectory "h" { basedn "dc=x" }\ndirectory "h" { basedn "dc=x" }',
  ],
]

describe('the fingerprint of a configuration', () => {
  test('has the size that an image has room for', () => {
    expect(plain).toHaveLength(2 * FINGERPRINT_BYTES)
  })

  test.each(same)('does not depend on %s', (_, text) => {
    expect(of(text)).toBe(plain)
  })

  test.each(other)('is another for another %s', (_, text) => {
    expect(of(text)).not.toBe(plain)
  })

  test('is a different one for each of these', () => {
    expect(new Set(other.map(([, text]) => of(text))).size).toBe(other.length)
  })

  test('does not depend on where a map block stands, nor on how it is laid out', () => {
    const [before, after] = [`map "x" { ${MAP} }`, `\n\nmap x {\n\n${MAP.replaceAll(' ', '\t')}\n}`]
    expect(of(`${withLines('', 'template shell "{s}"')}${after}\n`)).toBe(
      of(withLines(before, '\n\n  template   shell "{s}"')),
    )
  })

  test('does not depend on the order of names that are refused', () => {
    expect(of(withLines('refuse names b a a'))).toBe(of(withLines('refuse names a\nrefuse names b')))
  })

  test('depends on the order of directories, of which the first wins', () => {
    const [g, h] = ['directory "g" { basedn "x" }\n', 'directory "h" { basedn "x" }\n']
    expect(of(`domain "d"\n${g}${h}`)).not.toBe(of(`domain "d"\n${h}${g}`))
  })
})
