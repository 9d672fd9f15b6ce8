import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { RESERVED } from '../../src/config/reserved.ts'
import { check, configOf, DIRECTORY, DOMAIN, domainOf } from './check.ts'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const sample = read('../../etc/ypldap.conf')
const lines = sample.split('\n')

/** An example is a word, or a brace, right after the # that keeps it from counting. */
const EXAMPLE = /^(\t?)#(?=[a-z\t}])/

/** Examples on lines of their own; those of one paragraph belong together. */
function paragraphs(): number[][] {
  const found: number[][] = []
  let last = -2
  for (const [index, line] of lines.entries()) {
    if (!EXAMPLE.test(line)) continue
    if (index === last + 1) found.at(-1)?.push(index)
    else found.push([index])
    last = index
  }
  return found
}

function enabled(...indexes: number[]): string {
  return lines.map((line, index) => (indexes.includes(index) ? line.replace(EXAMPLE, '$1') : line)).join('\n')
}

/** What the commented-out lines under a line that ends in "Default:" say: what holds without them. */
function defaults(): number[] {
  return paragraphs()
    .filter(([first = 0]) => lines[first - 1]?.endsWith('Default:'))
    .flat()
}

const files = { '/etc/ypldap.macros': '' }

/** Positions shift with what stands on a line. */
const withoutPlaces = (text: string) =>
  JSON.parse(
    JSON.stringify(configOf(text, { files }), (key, value: unknown) => (key === 'at' ? undefined : value)),
  )

describe('the sample ypldap.conf', () => {
  test('works as it is', () => {
    const { config, problems, warnings } = check(sample)
    expect({ problems, warnings }).toEqual({ problems: [], warnings: [] })
    expect(config?.domains).toMatchObject([
      { domain: 'example.com', directories: [{ userBase: { value: 'dc=example,dc=com' } }] },
    ])
  })

  test('says only what holds anyway where it says "Default:"', () => {
    expect(defaults().length).toBeGreaterThan(20)
    expect(withoutPlaces(enabled(...defaults()))).toEqual(withoutPlaces(sample))
  })

  test.each(
    paragraphs().map(
      (indexes) => [indexes.map((index) => lines[index]?.trim()).join(' | '), indexes] as const,
    ),
  )('still works with: %s', (_text, indexes) => {
    expect(check(enabled(...indexes), { files }).problems).toEqual([])
  })

  test.each(
    paragraphs()
      .filter((indexes) => !/binddn|certfile|directory|\{$/.test(lines[indexes[0] ?? 0] ?? ''))
      .flat()
      .map((index) => [lines[index]?.trim(), index] as const),
  )('still works with the one line %s', (_line, index) => {
    expect(check(enabled(index), { files }).problems).toEqual([])
  })

  test('shows every word of the language that means something', () => {
    const shown = new Set(lines.join(' ').match(/[a-z]+/g))
    const words = [
      ...RESERVED,
      'listen',
      'on',
      'record',
      'limit',
      'allow',
      'deny',
      'from',
      'any',
      'page',
      'size',
      'file',
      'state',
      'guard',
      'shrink',
      'memory',
      'control',
      'socket',
      'required',
      'minimum',
      'refuse',
      'system',
      'names',
    ]
    expect(words.filter((word) => !shown.has(word) && word !== 'server')).toEqual([])
  })
})

describe("a file in the style of the original's example", () => {
  test('works unchanged', () => {
    const { config, problems, warnings } = check(read('fixtures/openbsd-example.conf'))
    expect({ problems, warnings }).toEqual({ problems: [], warnings: [] })
    expect(config).toMatchObject({ bind: 'portmap', listen: [] })
    expect(config?.domains[0]).toMatchObject({
      domain: 'example.com',
      interval: 60,
      maps: ['passwd.byname', 'passwd.byuid', 'group.byname', 'group.bygid', 'netid.byname'].map((name) => ({
        name,
        made: 'rows',
      })),
      access: [],
      directories: [
        {
          label: '127.0.0.1',
          location: { kind: 'ldap', host: '127.0.0.1', port: 389, security: 'none' },
          credentials: { kind: 'simple', dn: 'cn=ldapadmin,dc=example,dc=com', password: 'secret' },
          userBase: { value: 'dc=example,dc=com' },
          groupBase: { value: 'dc=example,dc=com' },
          userFilter: { value: '(objectClass=posixAccount)' },
          groupFilter: { value: '(objectClass=posixGroup)' },
          fields: {
            name: { kind: 'first', attributes: ['uid'] },
            passwd: { kind: 'fixed', value: '*' },
            gecos: { kind: 'first', attributes: ['cn'] },
            class: { kind: 'fixed', value: '' },
            groupmembers: { kind: 'list', attribute: 'memberUid' },
          },
        },
      ],
    })
  })

  test('may use every statement of the original at once', () => {
    const text = `${DOMAIN}bind local\ncafile "/ca"\n${DIRECTORY}directory h port "ldap-alt" tls { bindext ""\ncertfile "/c"\nkeyfile "/k"\nbasedn b\ngroupdn g\n}\n`
    expect(domainOf(text).directories).toHaveLength(2)
  })
})
