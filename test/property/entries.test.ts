/**
 * Whatever the entries of a directory say, whoever wrote them, each record of each map has as many fields as a client
 * reads there, and no more records are there than entries have names and numbers for.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SECURE_MAPS } from '../../src/config/builtin-maps.ts'
import type { DomainConfig } from '../../src/config/config.ts'
import type { Entry } from '../../src/directory/entry.ts'
import { parseFilter } from '../../src/directory/filter.ts'
import { createGatherer } from '../../src/directory/gather.ts'
import { createMatcher } from '../../src/directory/matcher.ts'
import { buildImage } from '../../src/maps/build.ts'
import { type Image, openImage } from '../../src/maps/image.ts'
import { DOMAIN, domainOf } from '../config/check.ts'
import { contents } from '../support/map-contents.ts'

const BASE = 'dc=x'
const HASHES = SECURE_MAPS.map((name) => `provide map "${name}"\n`).join('')
const GROUPS = ['rfc2307', 'mail', 'automount', 'nisobject']
const ALL = `${GROUPS.map((group) => `provide maps ${group}\n`).join('')}provide map publickey.byname\nprovide map ypservers\n${HASHES}`

const configs: readonly (readonly [what: string, config: DomainConfig])[] = [
  ['rfc2307', 'attribute passwd maps to userPassword'],
  ['rfc2307, by templates', 'template gecos "{cn | join \',\'}, {gecos}"\ntemplate name "{uid}"'],
  ['rfc2307bis', 'schema rfc2307bis'],
  ['ipa', 'schema ipa'],
  ['ad', 'schema ad'],
  ['ad, of SIDs', 'schema ad\nidmap sid'],
].map(
  ([what = '', block]) =>
    [what, domainOf(`${DOMAIN}${ALL}directory h {\nbasedn "${BASE}"\n${block}\n}\n`)] as const,
)

/** What ends a field, a line, a list or a string somewhere, and what begins something else. */
const SIGNS = [
  ':',
  '\n',
  '\r',
  '\0',
  '+',
  '-',
  '#',
  ',',
  '(',
  ')',
  ' ',
  '\t',
  '@',
  '/',
  '*',
  '"',
  '\\',
  '=',
  '$',
]

const bytes = fc.uint8Array({ maxLength: 10 }).map((some) => Buffer.from(some).toString('latin1'))
const hostile = fc.oneof(
  fc.constantFrom(...SIGNS, ''),
  fc
    .tuple(
      fc.constantFrom('a', 'b1', '0', '\xe4', '\xc3\xa4', ''),
      fc.constantFrom(...SIGNS),
      fc.constantFrom('a', '0', 'root', ''),
    )
    .map((parts) => parts.join('')),
  fc.constantFrom(
    'x:0:0:root:/:/bin/sh',
    'a\nroot::0:0:::',
    '+::0:0:::',
    '+@all',
    '-root',
    'a,root',
    '(a,b,c)',
    '(,root,)',
    'YP_MASTER_NAME',
    'unix.0@example.com',
    '*.*',
    '10.0.0.1 a b',
    'tcp/6',
    '|/bin/sh',
    '12',
    'x'.repeat(1020),
    'x'.repeat(1025),
    '\xff'.repeat(300),
    '\xe2\x80\xa8',
  ),
  bytes,
)
const word = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('a', 'b', 'c', 'root', 'daemon', 'A', 'x1', 'a-1', '7', '\xc3\xa4'),
  },
  { weight: 2, arbitrary: hostile },
)
const number = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 30 }).map(String) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '00',
      '0x0',
      '-1',
      '4294967295',
      '4294967296',
      '1e1',
      ' 1',
      '1\n',
      '\xef\xbc\x91',
    ),
  },
  { weight: 1, arbitrary: hostile },
)
const some = (value: fc.Arbitrary<string>) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.array(value, { minLength: 1, maxLength: 2 }) },
    { weight: 1, arbitrary: fc.array(value, { maxLength: 4 }) },
  )
const often = (value: fc.Arbitrary<string>) => fc.array(value, { minLength: 1, maxLength: 3 })
const dnOf = (at: number) => `uid=e${at},${BASE}`
const dn = fc.oneof(
  { weight: 4, arbitrary: fc.nat({ max: 15 }).map(dnOf) },
  { weight: 1, arbitrary: hostile },
)
const hash = fc.oneof(
  fc.constantFrom(
    '{CRYPT}$6$a$b',
    '$6$salt$hash',
    '{crypt}a:0:0',
    '{crypt}x\ny',
    'clear',
    '{SSHA}abc=',
    '{crypt}',
  ),
  hostile.map((text) => `{crypt}${text}`),
)
const sid = fc.oneof(
  fc.nat({ max: 40 }).map((rid) =>
    Buffer.from(
      `010500000000000515000000010000000200000003000000${(rid + 1000)
        .toString(16)
        .padStart(4, '0')
        .replace(/(..)(..)/, '$2$1')}0000`,
      'hex',
    ).toString('latin1'),
  ),
  bytes,
)

const CLASSES = [
  'posixAccount',
  'posixGroup',
  'shadowAccount',
  'ipHost',
  'ieee802Device',
  'bootableDevice',
  'ipNetwork',
  'ipProtocol',
  'oncRpc',
  'ipService',
  'nisNetgroup',
  'nisMailAlias',
  'nisKeyObject',
  'nisObject',
  'nisMap',
  'automountMap',
  'automount',
  'user',
  'group',
  'person',
  'ipaNISNetgroup',
  'top',
] as const

const FIELDS: Readonly<Record<string, fc.Arbitrary<readonly string[]>>> = {
  objectClass: fc.subarray([...CLASSES], { minLength: 4 }),
  uid: often(word),
  cn: often(word),
  sAMAccountName: often(word),
  uidNumber: some(number),
  gidNumber: some(number),
  homeDirectory: often(word),
  unixHomeDirectory: often(word),
  loginShell: some(word),
  gecos: some(word),
  userPassword: some(hash),
  unixUserPassword: some(hash),
  shadowLastChange: some(number),
  shadowMax: some(number),
  shadowFlag: some(number),
  memberUid: some(word),
  member: some(dn),
  uniqueMember: some(dn),
  objectSid: some(sid),
  primaryGroupID: some(number),
  groupType: fc.constantFrom([], ['2']),
  ipHostNumber: some(fc.oneof(fc.ipV4(), fc.ipV6(), hostile)),
  macAddress: some(fc.oneof(fc.constantFrom('0:0:0:0:0:1', 'aa:bb:cc:dd:ee:ff'), hostile)),
  bootParameter: some(word),
  ipNetworkNumber: some(fc.oneof(fc.constantFrom('10.0.0.0', '127'), hostile)),
  ipNetmaskNumber: some(fc.oneof(fc.constantFrom('255.0.0.0'), hostile)),
  ipProtocolNumber: some(number),
  oncRpcNumber: some(number),
  ipServicePort: some(number),
  ipServiceProtocol: some(fc.oneof(fc.constantFrom('tcp', 'udp'), hostile)),
  nisNetgroupTriple: some(
    fc.oneof(
      fc.tuple(word, word, word).map(([a, b, c]) => `(${a},${b},${c})`),
      hostile,
    ),
  ),
  memberNisNetgroup: some(word),
  rfc822MailMember: some(word),
  nisPublicKey: some(fc.oneof(fc.constantFrom('ab12'), hostile)),
  nisSecretKey: some(fc.oneof(fc.constantFrom('cd34'), hostile)),
  nisDomainName: some(word),
  memberUser: some(dn),
  memberHost: some(dn),
  externalHost: some(word),
  nisMapName: some(word),
  nisMapEntry: some(word),
  automountMapName: some(fc.oneof(fc.constantFrom('auto.a', 'auto.b'), word)),
  automountKey: some(word),
  automountInformation: some(word),
  ou: some(word),
  fqdn: some(word),
  serverHostName: some(word),
}

const entries = fc.array(fc.record(FIELDS), { minLength: 1, maxLength: 12 }).map((all) =>
  all.map(
    (values, at): Entry => ({
      dn: dnOf(at),
      attributes: new Map(Object.entries(values).map(([name, list]) => [name.toLowerCase(), list])),
    }),
  ),
)

/** All maps of these entries, with the names and ids of nobody refused but 0. */
function imageOf(config: DomainConfig, given: readonly Entry[]): Image {
  const gatherer = createGatherer(config.directories[0]!, config.domain)
  for (const { filter, add } of [gatherer.users, gatherer.groups, ...gatherer.others]) {
    const isWanted = createMatcher(parseFilter(filter))
    for (const entry of given) if (isWanted(entry)) add(entry)
  }
  const { bytes } = buildImage([{ directory: 'h', ...gatherer.gathered() }], {
    ...config,
    admission: { minimumUid: 1, minimumGid: 1, refusedNames: new Set(['daemon']) },
    hashMaps: SECURE_MAPS,
    master: 'nis',
    created: 1,
    generation: 1,
    fingerprint: new Uint8Array(32),
  })
  return openImage(bytes)
}

/** A form as a whole: F is a field between colons, N a number of no zeros before it, L a list of names. */
function form(text: string): RegExp {
  const source = text
    .replaceAll('F', String.raw`[^:\n\r\0]*`)
    .replaceAll('N', String.raw`(?:0|[1-9]\d{0,9})`)
    .replaceAll('M', String.raw`[^:,\n\r\0+-][^:,\n\r\0]*`)
  return new RegExp(`^${source}$`)
}

const NAME = '(?![+-]|YP_|daemon:)[^:\\n\\r\\0]+'
const ID = '[1-9]\\d{0,9}'
const TIME = '-?\\d{1,15}'
const W = String.raw`[^\x00-\x20#]+`

const PASSWD = form(`${NAME}:F:${ID}:${ID}:F:F:F`)
const MASTER = form(`${NAME}:F:${ID}:${ID}:F:${TIME}:${TIME}:F:F:F`)
const GROUP = form(`${NAME}:F:${ID}:(?:M(?:,M)*)?`)
const PART = String.raw`[^(),#\0\n\r]*`
const NETGROUP = String.raw`[^\x00-\x20#(),]+`
const REVERSE = new RegExp(`^${NETGROUP}(?:,${NETGROUP})*$`)

/** What each value is, key and value with a newline between them. */
const FORMS: Readonly<Record<string, RegExp>> = {
  'passwd.byname': PASSWD,
  'passwd.byuid': PASSWD,
  'master.passwd.byname': MASTER,
  'master.passwd.byuid': MASTER,
  'shadow.byname': form(`${NAME}:[^:\\n\\r\\0]+(?::(?:-?\\d{1,10})?){7}`),
  'passwd.adjunct.byname': form(`${NAME}:[^:\\n\\r\\0]+:::::`),
  'group.byname': GROUP,
  'group.bygid': GROUP,
  'netid.byname': new RegExp(`^(?:${ID}:${ID}(?:,${ID})*|0:(?!\\d+$)[^\\x00-\\x20#:,@]+)$`),
  'netgroup.byuser': REVERSE,
  'netgroup.byhost': REVERSE,
  ypservers: new RegExp(`^${W}$`),
  'publickey.byname': /^[0-9a-f]+:[0-9a-f]+$/i,
  'netmasks.byaddr': /^[0-9.]+$/,
  'hosts.byname': new RegExp(`^[0-9.]+\\t${W}(?: ${W})*$`),
  'hosts.byaddr': new RegExp(`^[0-9.]+\\t${W}(?: ${W})*$`),
  'ipnodes.byname': new RegExp(`^[0-9a-f.:]+\\t${W}(?: ${W})*$`),
  'ipnodes.byaddr': new RegExp(`^[0-9a-f.:]+\\t${W}(?: ${W})*$`),
  'ethers.byname': new RegExp(`^(?:[0-9a-f]{1,2}(?::|(?= ))){6} ${W}$`),
  'ethers.byaddr': new RegExp(`^(?:[0-9a-f]{1,2}(?::|(?= ))){6} ${W}$`),
  'networks.byname': new RegExp(`^${W} [0-9.]+(?: ${W})*$`),
  'networks.byaddr': new RegExp(`^${W} [0-9.]+(?: ${W})*$`),
  'protocols.byname': new RegExp(`^${W} \\d+(?: ${W})*$`),
  'protocols.bynumber': new RegExp(`^${W} \\d+(?: ${W})*$`),
  'rpc.byname': new RegExp(`^${W} \\d+(?: ${W})*$`),
  'rpc.bynumber': new RegExp(`^${W} \\d+(?: ${W})*$`),
  'services.byname': new RegExp(`^${W} \\d+/[^\\x00-\\x20#/]+(?: ${W})*$`),
  'services.byservicename': new RegExp(`^${W} \\d+/[^\\x00-\\x20#/]+(?: ${W})*$`),
  bootparams: new RegExp(`^${W}(?: ${W})*$`),
  netgroup: new RegExp(`^(?:(?:\\(${PART},${PART},${PART}\\)|${NETGROUP})(?: |$))*$`),
  'mail.aliases': /^(?:(?:^|,)(?:[^,"\n\r\0]|"[^"\n\r\0]*")+)*$/,
}

/** The keys that a line of users or groups may stand under, by its fields. */
const KEYS: Readonly<Record<string, number>> = {
  'passwd.byname': 0,
  'passwd.byuid': 2,
  'master.passwd.byname': 0,
  'master.passwd.byuid': 2,
  'shadow.byname': 0,
  'passwd.adjunct.byname': 0,
  'group.byname': 0,
  'group.bygid': 2,
}

/** Records of all maps so far, by the map: a promise about none is none. */
const seen = new Map<string, number>()

function assertRecords(config: DomainConfig, check: (map: string, key: string, value: string) => void): void {
  fc.assert(
    fc.property(entries, (given) => {
      const image = imageOf(config, given)
      for (const { name } of image.maps) {
        const all = contents(image, name)
        seen.set(name, (seen.get(name) ?? 0) + all.length)
        for (const [key, value] of all) check(name, key, value)
      }
    }),
    { numRuns: 80 },
  )
}

describe.each(configs)('of any entries whatever, by %s', (_, config) => {
  test('each value has the fields of its map and no more, and stands under its own key', () => {
    assertRecords(config, (map, key, value) => {
      expect(`${key}\n${value}`.split(/[\n\r\0]/)).toHaveLength(2)
      const expected = FORMS[map]
      if (expected !== undefined)
        expect({ map, value }).toEqual({ map, value: expect.stringMatching(expected) })
      const field = KEYS[map]
      if (field !== undefined) expect(value.split(':')[field]).toBe(key)
    })
  })

  test('there are no more users, groups and netids than entries', () => {
    fc.assert(
      fc.property(entries, (given) => {
        const image = imageOf(config, given)
        const count = (map: string) => contents(image, map).length
        const hosts = new Set(contents(image, 'hosts.byaddr').map(([, value]) => value))
        for (const map of Object.keys(KEYS)) expect(count(map)).toBeLessThanOrEqual(given.length)
        expect(count('netid.byname')).toBeLessThanOrEqual(given.length + hosts.size)
        const users = new Set(contents(image, 'passwd.byuid').map(([uid]) => `unix.${uid}@example.com`))
        for (const [key, value] of contents(image, 'netid.byname'))
          expect(users.has(key)).toBe(!value.startsWith('0:'))
      }),
      { numRuns: 50 },
    )
  })
})

test('all maps had records', () => {
  const empty = Object.keys(FORMS).filter((map) => (seen.get(map) ?? 0) < 10)
  expect(empty).toEqual([])
})

const pieces = fc.array(
  fc.constantFrom(
    '{uid}',
    '{cn | first}',
    "{cn | join ','}",
    "{memberUid | join ' '}",
    ':',
    ' ',
    '#',
    '+',
    '(',
    'x',
    '{gecos or ""}',
  ),
  { minLength: 1, maxLength: 4 },
)

/** As it stands between double quotes. */
function quoted(parts: readonly string[]): string {
  return parts.join('').replaceAll('"', "'")
}

describe("of a map of one's own", () => {
  test('no entry adds a line, ends a string or takes the name of a key of the map itself, whatever the template', () => {
    let records = 0
    fc.assert(
      fc.property(pieces, pieces, entries, (key, value, given) => {
        const block = `map own {\nfilter "(objectClass=*)"\nkey "${quoted(key)}"\nvalue "${quoted(value)}"\n}\n`
        const config = domainOf(`${DOMAIN}${block}directory h { basedn "${BASE}" }\n`)
        const image = imageOf(config, given)
        for (const [name, text] of contents(image, 'own')) {
          records += 1
          expect(`${name}\n${text}`.split(/[\n\r\0]/)).toHaveLength(2)
          expect(name).toMatch(/^(?!YP_)./)
        }
      }),
      { numRuns: 150 },
    )
    expect(records).toBeGreaterThan(150)
  })
})
