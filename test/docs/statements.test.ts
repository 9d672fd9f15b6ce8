import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Config } from '../../src/config/config.ts'
import { HEADER_WORDS } from '../../src/config/directory-header.ts'
import { DIRECTORY_SETTINGS } from '../../src/config/directory-settings.ts'
import { DIRECTORY_STATEMENTS } from '../../src/config/directory-statements.ts'
import { DOMAIN_STATEMENTS } from '../../src/config/domain-statements.ts'
import { effectiveText } from '../../src/config/effective.ts'
import { GLOBAL_STATEMENTS } from '../../src/config/global-statements.ts'
import { MAP_STATEMENTS } from '../../src/config/map-block.ts'
import { changeOf } from '../../src/directory/change.ts'
import { directoryLimits, directorySettings } from '../../src/supervisor/settings.ts'
import { configOf, problemsOf } from '../config/check.ts'
import { meaningOf } from '../config/meaning.ts'
import { columnRows, pageDefaults, parsePage, section } from './mdoc.ts'

// The tables of ypldap.conf(5), each row of which is held against what the parser and a reload make of its statement.

const page = parsePage(readFileSync(new URL('../../etc/man/ypldap.conf.5', import.meta.url), 'utf8'))
const TABLES = ['file', 'directory', 'map'] as const
type Place = (typeof TABLES)[number] | 'header'

const rows = columnRows(section(page, 'STATEMENTS AT A GLANCE')).flatMap(([table, cells], _, all) => {
  const [head = '', value = '', fallback = '', reload = ''] = cells
  const place = TABLES[[...new Set(all.map(([start]) => start))].indexOf(table)]!
  return head === 'Statement' ? [] : [{ place, head: head.replace(/ \*$/, ''), value, fallback, reload }]
})

/** Of each statement one that changes something, by the place of its row; the number that has a range is 99. */
const SAMPLES: Readonly<Record<(typeof TABLES)[number], Readonly<Record<string, string>>>> = {
  file: {
    'allow from': 'allow from 192.0.2.0/24',
    bind: 'bind local',
    cafile: 'cafile "/ca"',
    'control socket': 'control socket "/run/other"',
    'deny from': 'deny from 192.0.2.0/24',
    directory: 'directory "other" { basedn "dc=b" }',
    'directory memory': 'directory memory 999',
    'directory user': 'directory user "other"',
    domain: 'domain "other" { directory "o" { basedn "dc=b" } }',
    expire: 'expire 999',
    'guard shrink': 'guard shrink 99',
    interval: 'interval 99',
    'limit ldap ...': 'limit ldap deadline 99',
    'limit tcp ...': 'limit tcp stalled 99',
    'limit udp rate': 'limit udp rate 99',
    'limit udp rate dry run': 'limit udp rate dry run 99',
    'limit udp reply': 'limit udp reply 999',
    'listen on': 'listen on 127.0.0.1',
    'listen port': 'listen port 99',
    map: 'map "m" { filter "(a=b)" key "{a}" value "{a}" }',
    'metrics listen': 'metrics listen 127.0.0.1',
    'metrics user': 'metrics user "other"',
    'minimum gid': 'minimum gid 99',
    'minimum uid': 'minimum uid 99',
    overflow: 'overflow split',
    portmapper: 'portmapper embedded broadcast',
    'provide map': 'provide map "passwd.byname"',
    'provide maps': 'provide maps hosts',
    'record limit': 'record limit 999',
    'refuse names': 'refuse names "a"',
    'refuse system names': 'refuse system names',
    securenets: 'securenets "/nets"',
    'state directory': 'state directory "/srv/other"',
    'udp workers': 'udp workers 9',
    user: 'user "other"',
  },
  directory: {
    port: 'port 99',
    ldaps: 'ldaps',
    tls: 'tls',
    required: 'required',
    attribute: 'attribute gecos maps to "cn"',
    basedn: 'basedn "dc=c"',
    bindcred: 'binddn "cn=a"\nbindcred "other"',
    binddn: 'binddn "cn=other"\nbindcred "b"',
    bindext: 'bindext',
    certfile: 'certfile "/other"\nkeyfile "/k"',
    'fixed attribute': 'fixed attribute shell "/bin/sh"',
    'group filter': 'group filter "(a=b)"',
    groupdn: 'groupdn "dc=c"',
    idmap: 'schema ad\nidmap sid',
    keyfile: 'certfile "/c"\nkeyfile "/other"',
    list: 'list gecos maps to "cn"',
    'page size': 'page size 99',
    'passwd filter': 'passwd filter "(a=b)"',
    schema: 'schema ipa',
    template: 'template shell "{a}"',
  },
  map: {
    aliases: 'aliases "{b}"',
    'allow from': 'allow from 192.0.2.0/24',
    base: 'base "dc=c"',
    'deny from': 'deny from 192.0.2.0/24',
    each: 'each "{b}"',
    filter: 'filter "(b=c)"',
    key: 'key "{b}"',
    overflow: 'overflow keep',
    port: 'port reserved',
    'record limit': 'record limit 999',
    value: 'value "{b}"',
  },
}

/** A configuration that has nothing but what must be there, and this statement in its place. */
function text(place: Place, statement: string): string {
  const at = (where: Place) => (where === place ? statement : '')
  const isCertificate = statement.startsWith('certfile')
  return [
    'domain d',
    at('file'),
    `map "t" { filter "(a=b)" key "{a}" value "{a}" ${at('map')} }`,
    `directory h ${at('header')} ${isCertificate || statement.startsWith('cafile') ? 'ldaps' : ''} {`,
    place === 'directory' && statement.startsWith('basedn') ? '' : 'basedn "dc=b"',
    at('directory'),
    '}',
    '',
  ].join('\n')
}

/** What it is compared with: what belongs to the statement by necessity does not count as its change. */
function without(place: Place, head: string): string {
  if (head === 'certfile' || head === 'keyfile') return text(place, 'certfile "/c"\nkeyfile "/k"')
  if (head === 'binddn' || head === 'bindcred') return text(place, 'binddn "cn=a"\nbindcred "b"')
  if (head === 'idmap') return text(place, 'schema ad')
  if (head === 'cafile') return text(place, 'cafile "/before"')
  return text(place, '')
}

const differs = (a: unknown, b: unknown) =>
  JSON.stringify(a, (key, value: unknown) => (key === 'at' ? undefined : value)) !==
  JSON.stringify(b, (key, value: unknown) => (key === 'at' ? undefined : value))

const settingsOf = ({ domains, state = '/default', ...rest }: Config) =>
  domains.map((domain) => directorySettings(domain, directoryLimits(rest), state))

/** What only a refresh asks for. */
const nextOnly = (config: Config) => [
  directoryLimits(config),
  config.domains.map(({ guardShrink, directories }) => [
    guardShrink,
    directories.map(({ required }) => required),
  ]),
]

/** What a reload from the one to the other does, as the supervisor and the directory process decide it. */
function reloadOf(before: Config, after: Config): string {
  if (before.udpWorkers !== after.udpWorkers) return 'restart'
  if (before.bind !== after.bind || differs(before.portmapper, after.portmapper)) return 'sockets'
  if (differs(before.listen, after.listen)) return 'sockets'
  if (differs(before.accounts, after.accounts)) return 'process'
  if (before.directoryMemory !== after.directoryMemory) return 'process'
  if (before.domains.length !== after.domains.length) return 'refresh'
  const [old, now] = [settingsOf(before), settingsOf(after)]
  if (now.some((one, index) => changeOf(old[index], one).contents)) return 'refresh'
  if (differs(nextOnly(before), nextOnly(after))) return 'next refresh'
  return differs(before, after) ? 'at once' : 'nothing'
}

const placeOf = (place: (typeof TABLES)[number], head: string): Place =>
  place === 'directory' && HEADER_WORDS.includes(head) ? 'header' : place

describe.each(TABLES)('the table of statements of a %s', (table) => {
  const own = rows.filter(({ place }) => place === table)
  const words = new Set(own.map(({ head }) => head.split(' ', 1)[0]!))

  test('has every statement that the parser knows there', () => {
    const known = {
      file: ['include', 'directory', ...GLOBAL_STATEMENTS.keys(), ...DOMAIN_STATEMENTS.keys()],
      directory: [...HEADER_WORDS, ...DIRECTORY_STATEMENTS.keys()],
      map: [...MAP_STATEMENTS.keys()],
    }
    expect([...words].toSorted()).toEqual([...new Set(known[table])].toSorted())
    for (const word of table === 'file' ? DIRECTORY_SETTINGS.keys() : [])
      expect(own.map(({ head }) => head)).toContain(`directory ${word}`)
  })

  const tried = own.filter(({ head }) => head !== 'include')

  test.each(tried)('$head: a reload does what the table says, $reload', ({ head, reload }) => {
    const sample = SAMPLES[table][head]
    expect(sample, `an example of ${head}`).toBeDefined()
    const place = placeOf(table, head)
    const [before, after] = [without(place, head), text(place, sample!)]
    expect(reloadOf(configOf(before), configOf(after))).toBe(reload)
  })

  test.each(tried)('$head: ypldap -n -v shows it, so that it means the same when it is read', ({ head }) => {
    const config = configOf(text(placeOf(table, head), SAMPLES[table][head] ?? ''))
    expect(meaningOf(configOf(effectiveText(config)))).toEqual(meaningOf(config))
  })

  test.each(tried)('$head: numbers have the range that the table says, if any', ({ head, value }) => {
    const sample = (SAMPLES[table][head] ?? '').replace(/\b9+\b/, '999999999999')
    const told = problemsOf(text(placeOf(table, head), sample)).flatMap(
      (problem) => / from (\d+ to \d+)/.exec(problem)?.[1] ?? [],
    )
    const shown = /\d+ to \d+/.exec(value)?.[0]
    expect(shown).toBe(value === 'see LIMITS' ? undefined : told[0])
  })
})

test('every default of one word is that of the text', () => {
  const { statements } = pageDefaults(page)
  const shown = rows.flatMap(({ head, fallback, place }) => {
    const said = statements.filter((statement) => statement.startsWith(`${head} `))
    const isWhole = said.length === 1 && place !== 'map' && !/by the schema|seven/.test(fallback)
    return isWhole ? [[head, fallback, said[0]!.slice(head.length + 1).replaceAll('"', '')] as const] : []
  })
  expect(shown.length).toBeGreaterThan(10)
  for (const [head, fallback, said] of shown) expect({ head, fallback }).toEqual({ head, fallback: said })
})
