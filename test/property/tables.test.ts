/** Whatever a directory holds, the maps of the network are lines that a client reads as they were meant. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BUILTIN_TABLES } from '../../src/config/builtin-maps.ts'
import type { Entry } from '../../src/directory/entry.ts'
import { parseFilter } from '../../src/directory/filter.ts'
import { createGatherer } from '../../src/directory/gather.ts'
import { createMatcher } from '../../src/directory/matcher.ts'
import { buildImage } from '../../src/maps/build.ts'
import { type Image, openImage } from '../../src/maps/image.ts'
import { DOMAIN, domainOf } from '../config/check.ts'
import { contents, match } from '../support/map-contents.ts'
import { EVERYONE } from '../support/rows.ts'

const config = domainOf(
  `${DOMAIN}provide maps rfc2307\nprovide maps mail\nprovide maps automount\nprovide maps nisobject\n` +
    'provide map publickey.byname\nprovide map ypservers\ndirectory h { basedn "dc=x" }\n',
)

/** Any bytes, and what a line would take for something else. */
const octets = fc
  .oneof(
    { weight: 3, arbitrary: fc.uint8Array({ maxLength: 8 }) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
  )
  .map((bytes) => Buffer.from(bytes).toString('latin1'))
const awkward = fc.constantFrom(
  '',
  ' ',
  'a b',
  'a\tb',
  '#',
  'a#b',
  'x,y',
  '(a,b',
  ')',
  'a\nb',
  'a\rb',
  'a\0b',
  '+',
  '-',
  'YP_X',
  'a/b',
  '{a}',
  '\\',
  '"',
)
const name = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.constantFrom('a', 'b', 'ab', 'B', 'a-1', '\xe4', 'auto.a', 'auto.master', 'hosts.byname'),
  },
  { weight: 1, arbitrary: awkward },
  { weight: 1, arbitrary: octets },
)
const number = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 70_000 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom('007', '-1', '', '1e3', ' 1', '0x10') },
  { weight: 1, arbitrary: awkward },
)
const address = fc.oneof(
  { weight: 6, arbitrary: fc.ipV4() },
  { weight: 2, arbitrary: fc.ipV6() },
  { weight: 1, arbitrary: fc.constantFrom('1.2.3', '01.2.3.4', '::FFFF:1.2.3.4', 'fe80::1%eth0') },
  { weight: 1, arbitrary: awkward },
)
const network = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('10.0.0.0', '127', '192.0.2.0') },
  { weight: 1, arbitrary: awkward },
)
const mac = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('00:00:00:00:00:01', 'AA:bb:0c:0:1:2', '8:0:20:1:2:3') },
  { weight: 1, arbitrary: awkward },
)
const triple = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(name, name, name).map(([host, user, domain]) => `(${host},${user},${domain})`),
  },
  { weight: 2, arbitrary: fc.constantFrom('(,,)', '(-,a,)', '( a , b , c )') },
  { weight: 1, arbitrary: awkward },
)
const some = <T>(value: fc.Arbitrary<T>) => fc.array(value, { maxLength: 4 })

const CLASSES = [
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
] as const

const attributes = fc.record({
  objectClass: fc.subarray([...CLASSES], { minLength: 1, maxLength: 3 }),
  cn: fc.array(name, { minLength: 1, maxLength: 4 }),
  ipHostNumber: some(address),
  macAddress: some(mac),
  bootParameter: some(name),
  ipNetworkNumber: some(network),
  ipNetmaskNumber: some(network),
  ipProtocolNumber: some(number),
  oncRpcNumber: some(number),
  ipServicePort: some(number),
  ipServiceProtocol: some(fc.oneof(fc.constantFrom('tcp', 'udp'), name)),
  nisNetgroupTriple: some(triple),
  memberNisNetgroup: some(name),
  rfc822MailMember: some(name),
  uidNumber: some(number),
  nisPublicKey: some(fc.oneof(fc.constantFrom('ab12', '{dh192-0}ff'), awkward)),
  nisSecretKey: some(fc.oneof(fc.constantFrom('ab12', '{dh192-0}ff'), awkward)),
  nisMapName: some(name),
  nisMapEntry: some(octets),
  automountMapName: some(name),
  automountKey: some(name),
  automountInformation: some(octets),
})

/** Entries below `dc=x` and, now and then, below each other. */
const entries = fc.array(fc.tuple(attributes, fc.nat({ max: 20 })), { maxLength: 25 }).map((all) =>
  all.map(([values, above], index): Entry => {
    const parent = above < index ? `cn=${above},dc=x` : 'dc=x'
    return {
      dn: `cn=${index},${parent}`,
      attributes: new Map(Object.entries(values).map(([key, list]) => [key.toLowerCase(), list])),
    }
  }),
)

function imageOf(given: readonly Entry[]): { readonly image: Image; readonly rejected: ReadonlySet<string> } {
  const gatherer = createGatherer(config.directories[0]!, config.domain)
  for (const { filter, add } of gatherer.others) {
    const isWanted = createMatcher(parseFilter(filter))
    for (const entry of given) if (isWanted(entry)) add(entry)
  }
  const rows = { directory: 'h', ...gatherer.gathered() }
  const { bytes, rejected } = buildImage([rows], {
    ...config,
    hashMaps: [],
    admission: EVERYONE,
    master: 'nis',
    created: 1,
    generation: 1,
    fingerprint: new Uint8Array(32),
  })
  return { image: openImage(bytes), rejected: new Set(rejected.map(({ dn }) => dn)) }
}

function assertImages(check: (image: Image, given: readonly Entry[]) => void): void {
  fc.assert(
    fc.property(entries, (given) => {
      check(imageOf(given).image, given)
    }),
    { numRuns: 200 },
  )
}

/** A form, in which W is a word, as a whole. */
function form(text: string): RegExp {
  return new RegExp(`^${text.replaceAll('W', String.raw`[^\x00-\x20#]+`)}$`)
}

const HOST = form(String.raw`[0-9a-f.:]+\tW(?: W)*`)
const ETHER = form(String.raw`[0-9a-f]{1,2}(?::[0-9a-f]{1,2}){5} W`)
const NETWORK = form(String.raw`W [0-9.]+(?: W)*`)
const NUMBERED = form(String.raw`W \d+(?: W)*`)
const SERVICE = form(String.raw`W \d+/[^\x00-\x20#/]+(?: W)*`)

/** Which fields each line has, by its map. */
const LINES: Readonly<Record<string, RegExp>> = {
  'hosts.byname': HOST,
  'hosts.byaddr': HOST,
  'ipnodes.byname': HOST,
  'ipnodes.byaddr': HOST,
  'ethers.byname': ETHER,
  'ethers.byaddr': ETHER,
  'networks.byname': NETWORK,
  'networks.byaddr': NETWORK,
  'netmasks.byaddr': /^[0-9.]+$/,
  'protocols.byname': NUMBERED,
  'protocols.bynumber': NUMBERED,
  'rpc.byname': NUMBERED,
  'rpc.bynumber': NUMBERED,
  'services.byname': SERVICE,
  'services.byservicename': SERVICE,
  bootparams: form('W(?: W)*'),
  netgroup: form(String.raw`(?:(?:\([^(),#]*,[^(),#]*,[^(),#]*\)|[^\x00-\x20(),#]+)(?: |$))*`),
  'publickey.byname': /^[0-9a-f]+:[0-9a-f]+$/i,
}

describe('any entries whatever', () => {
  test('give maps whose keys each come once, in order, and are found by MATCH', () => {
    assertImages((image) => {
      for (const { name, count } of image.maps) {
        const all = contents(image, name)
        expect(all).toHaveLength(count)
        for (const [index, [key, value]] of all.entries()) {
          if (index > 0) expect(all[index - 1]![0] < key).toBe(true)
          expect(match(image, name, key)).toBe(value)
        }
      }
    })
  })

  test('give lines that parse back to their fields, and no line that ends within', () => {
    assertImages((image) => {
      for (const { name } of image.maps) {
        for (const [key, value] of contents(image, name)) {
          expect(`${key}\n${value}`.split(/[\n\r\0]/)).toHaveLength(2)
          const expected = LINES[name]
          if (expected !== undefined) expect(value).toMatch(expected)
        }
      }
    })
  })

  test('give the maps that are provided, and those that the directory names, once each', () => {
    assertImages((image, given) => {
      const names = image.maps.map(({ name }) => name)
      expect(new Set(names).size).toBe(names.length)
      const provided = config.maps.map(({ name }) => name)
      expect(names.slice(0, provided.length)).toEqual(provided)
      const known = new Set(
        given.flatMap(({ attributes }) =>
          ['nismapname', 'automountmapname', 'ou'].flatMap((key) => attributes.get(key) ?? []),
        ),
      )
      for (const name of names.slice(provided.length)) expect(known).toContain(name)
    })
  })

  test.each([
    ['hosts', 'byaddr', /^([^\t]+)\t/],
    ['ipnodes', 'byaddr', /^([^\t]+)\t/],
    ['ethers', 'byaddr', /^([^ ]+) /],
    // A byte of UTF-8 may be a blank of Unicode's, which is none to clients.
    ['protocols', 'bynumber', /^[^ ]+ (\d+)/],
    ['rpc', 'bynumber', /^[^ ]+ (\d+)/],
  ])('give %s by name and %s that agree', (family, other, id) => {
    assertImages((image) => {
      const byId = contents(image, `${family}.${other}`)
      for (const [key, value] of byId) expect(id.exec(value)?.[1]).toBe(key)
      const ids = new Set(byId.map(([key]) => key))
      for (const [, value] of contents(image, `${family}.byname`)) expect(ids).toContain(id.exec(value)?.[1])
    })
  })

  test('give keys as the clients ask for them', () => {
    assertImages((image) => {
      for (const name of ['hosts.byname', 'ipnodes.byname']) {
        for (const [key, value] of contents(image, name)) {
          expect(key).toMatch(form('W'))
          expect(
            value
              .split(/[\t ]/)
              .slice(1)
              .map((one) => one.replace(/[A-Z]+/g, (c) => c.toLowerCase())),
          ).toContain(key)
        }
      }
      for (const [key, value] of contents(image, 'services.byname')) expect(value.split(' ')[1]).toBe(key)
      for (const [key, value] of contents(image, 'services.byservicename')) {
        const [official, port = '', ...aliases] = value.split(' ')
        const protocol = port.slice(port.indexOf('/'))
        expect([official, ...aliases].flatMap((one) => [one, `${one}${protocol}`])).toContain(key)
      }
    })
  })

  test('give reverse netgroups in which everyone that a netgroup names is found', () => {
    assertImages((image) => {
      const byUser = new Map(contents(image, 'netgroup.byuser'))
      for (const [name, value] of contents(image, 'netgroup')) {
        for (const [, user = '', domain = ''] of value.matchAll(/\([^(),]*,([^(),]*),([^(),]*)\)/g)) {
          const [who, where] = [user, domain].map(
            (field) => field.replace(/^[ \t-\r]+|[ \t-\r]+$/g, '') || '*',
          )
          if (who!.startsWith('-')) continue
          expect(byUser.get(`${who}.${where}`)?.split(',')).toContain(name)
        }
      }
    })
  })

  test('are each in a map that their class asks for, or left out with a reason', () => {
    expect.hasAssertions()
    fc.assert(
      fc.property(entries, (given) => {
        const { image, rejected } = imageOf(given)
        const hosts = new Set(contents(image, 'hosts.byaddr').map(([, value]) => value.split(/[\t ]/)[1]))
        for (const entry of given) {
          if (!entry.attributes.get('objectclass')!.includes('ipHost') || rejected.has(entry.dn)) continue
          const isIpv4 = entry.attributes
            .get('iphostnumber')!
            .some((one) => /^(?:(?:0|[1-9]\d{0,2})(?:\.|$)){4}$/.test(one))
          if (isIpv4) expect(entry.attributes.get('cn')!.some((one) => hosts.has(one))).toBe(true)
        }
      }),
      { numRuns: 150 },
    )
  })
})

test('every table that is brought along is among those that were tried', () => {
  expect(config.maps.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(BUILTIN_TABLES)))
})
