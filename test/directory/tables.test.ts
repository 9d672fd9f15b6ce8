import { describe, expect, test } from 'vitest'
import type { Entry } from '../../src/directory/entry.ts'
import { createGatherer, type Gatherer } from '../../src/directory/gather.ts'
import type { Table } from '../../src/maps/rows.ts'
import { textOf } from '../../src/maps/tables.ts'
import { DIRECTORY, DOMAIN, domainOf } from '../config/check.ts'
import { makeEntry } from './samples.ts'

const directoryOf = (lines: string, block = 'basedn "dc=x"') =>
  domainOf(`${DOMAIN}${lines}\ndirectory h {\n${block}\n}\n`).directories[0]!

function gathererOf(lines: string, block?: string): Gatherer {
  return createGatherer(directoryOf(lines, block), 'example.com')
}

/** The records of each table, and why entries were left out. */
function recordsOf(gatherer: Gatherer) {
  const { tables, rejected } = gatherer.gathered()
  return { tables: Object.fromEntries(tables.map(shown)), rejected: rejected.map(({ reason }) => reason) }
}

function shown({ name, found, rows }: Table) {
  const records = rows.map(({ key, value, alias }) => `${alias ? '~' : ''}${key}: ${textOf(value)}`)
  return [found ? `${name} (found)` : name, records] as const
}

const OWN = 'map "own" { filter "(cn=*)"'
const one = (attributes: Readonly<Record<string, readonly string[]>>): Entry =>
  makeEntry('cn=a,dc=x', attributes)

describe("a map of one's own", () => {
  test('has a record for each key, with the value of all or of its place', () => {
    const single = gathererOf(`${OWN} key "{cn}" value "{sn}" }`)
    single.others[0]?.add(one({ cn: ['a', 'b'], sn: ['s'] }))
    expect(recordsOf(single).tables).toEqual({ own: ['a: s', 'b: s'] })
    const paired = gathererOf(`${OWN} key "{cn}" value "{cn}={sn}" }`)
    paired.others[0]?.add(one({ cn: ['a', 'b'], sn: ['s'] }))
    expect(recordsOf(paired).tables).toEqual({ own: ['a: a=s', 'b: b=s'] })
  })

  test('has none of an entry whose keys and values are not as many', () => {
    const gatherer = gathererOf(`${OWN} key "{cn}" value "{sn}" }`)
    gatherer.others[0]?.add(one({ cn: ['a', 'b', 'c'], sn: ['s', 't'] }))
    expect(recordsOf(gatherer)).toEqual({
      tables: { own: [] },
      rejected: ['3 keys and 2 values: one for all, or one for each, left out of own'],
    })
  })

  test('has none of an entry that a template has no value of, and says which', () => {
    const gatherer = gathererOf(`${OWN} key "{cn}" value "{sn}" }`)
    gatherer.others[0]?.add(one({ cn: ['a'] }))
    expect(recordsOf(gatherer)).toEqual({
      tables: { own: [] },
      rejected: ['no value of sn, left out of own'],
    })
  })

  test('has a record for each of several values, and none of an entry without one', () => {
    const gatherer = gathererOf(`${OWN} each "{sn | match /^s/}" key "{it}" value "{it} of {cn}" }`)
    gatherer.others[0]?.add(one({ cn: ['a'], sn: ['s1', 't', 's2'] }))
    gatherer.others[0]?.add(one({ cn: ['b'] }))
    expect(recordsOf(gatherer)).toEqual({
      tables: { own: ['s1: s1 of a', 's2: s2 of a'] },
      rejected: [],
    })
  })

  test('has aliases that yield', () => {
    const gatherer = gathererOf(`${OWN} key "{cn | first}" aliases "{cn | rest}" value "{sn}" }`)
    gatherer.others[0]?.add(one({ cn: ['a', 'b'], sn: ['s'] }))
    expect(recordsOf(gatherer).tables).toEqual({ own: ['a: s', '~b: s'] })
  })

  test('is there without any entry', () => {
    expect(recordsOf(gathererOf(`${OWN} key "{cn}" value "{sn}" }`)).tables).toEqual({ own: [] })
  })

  test('shares a search with others of its base and filter, which asks for the attributes of all', () => {
    const { others } = gathererOf(
      `${OWN} key "{cn}" value "{sn}" }\nmap "other" { filter "(cn=*)" key "{CN}" value "{l}" }\n` +
        'map "elsewhere" { base "dc=y" filter "(cn=*)" key "{cn}" value "{l}" }',
    )
    expect(others.map(({ base, filter, attributes }) => [base, filter, attributes])).toEqual([
      ['dc=x', '(cn=*)', ['CN', 'sn', 'l']],
      ['dc=y', '(cn=*)', ['cn', 'l']],
    ])
  })

  test('knows the domain', () => {
    const gatherer = gathererOf(`${OWN} key "{cn}@{domain}" value "{cn}" }`)
    gatherer.others[0]?.add(one({ cn: ['a'] }))
    expect(recordsOf(gatherer).tables).toEqual({ own: ['a@example.com: a'] })
  })

  test('of the name of a map of users is made of the entries of users', () => {
    const [table] = directoryOf(
      'map "passwd.byname" { key "{uid}" value "{uid}:x" }',
      'basedn "dc=x"\npasswd filter "(uid=*)"',
    ).tables
    expect(table).toMatchObject({ base: { value: 'dc=x' }, filter: { value: '(uid=*)' } })
  })
})

describe('a template that looks at other entries', () => {
  const FOLLOWING = `${OWN} key "{cn}" value "{follow manager | get uid}" }`

  test('finds them among all that the directory gives', () => {
    const gatherer = gathererOf(FOLLOWING)
    expect(gatherer.users.attributes).toContain('uid')
    gatherer.users.add(
      makeEntry('uid=boss,dc=x', { uid: ['boss'], uidNumber: ['1'], gidNumber: ['1'], homeDirectory: ['/'] }),
    )
    gatherer.others[0]?.add(one({ cn: ['a'], manager: ['UID=Boss,dc=x'] }))
    expect(gatherer.named[0]?.missing()).toEqual([])
    expect(recordsOf(gatherer)).toEqual({ tables: { own: ['a: boss'] }, rejected: [] })
  })

  test('says which it missed, and sees those that are found then', () => {
    const gatherer = gathererOf(FOLLOWING)
    gatherer.others[0]?.add(one({ cn: ['a'], manager: ['uid=boss,dc=y'] }))
    expect(gatherer.named[0]?.missing()).toEqual(['uid=boss,dc=y'])
    expect(gatherer.named[0]?.attributes).toEqual(['uid'])
    gatherer.named[0]?.add(makeEntry('uid=boss,dc=y', { uid: ['boss'] }))
    expect(gatherer.named[0]?.missing()).toEqual([])
    expect(recordsOf(gatherer)).toEqual({ tables: { own: ['a: boss'] }, rejected: [] })
  })

  test('finds those that refer to it', () => {
    const gatherer = gathererOf(`${OWN} key "{cn}" value "{referrers member | get gidNumber | join ','}" }`)
    expect(gatherer.groups.attributes).toEqual(expect.arrayContaining(['member', 'gidNumber']))
    for (const gid of ['7', '8']) {
      gatherer.groups.add(
        makeEntry(`cn=g${gid},dc=x`, { cn: [`g${gid}`], gidNumber: [gid], member: ['cn=a,dc=x'] }),
      )
    }
    gatherer.others[0]?.add(one({ cn: ['a'] }))
    expect(recordsOf(gatherer).tables).toEqual({ own: ['a: 7,8'] })
  })

  test('finds them in one order, whichever of users and groups come first', () => {
    const gatherer = gathererOf(`${OWN} key "{cn}" value "{referrers owner | get dn | join ' '}" }`)
    gatherer.groups.add(makeEntry('cn=g,dc=x', { owner: ['cn=a,dc=x'] }))
    gatherer.users.add(makeEntry('cn=u,dc=x', { owner: ['cn=a,dc=x'] }))
    gatherer.others[0]?.add(one({ cn: ['a'] }))
    expect(recordsOf(gatherer).tables).toEqual({ own: ['a: cn=u,dc=x cn=g,dc=x'] })
  })

  test('has forgotten them when another address is tried', () => {
    const gatherer = gathererOf(FOLLOWING)
    gatherer.others[0]?.add(one({ cn: ['a'], manager: ['uid=boss,dc=y'] }))
    gatherer.clear()
    expect(recordsOf(gatherer)).toEqual({ tables: { own: [] }, rejected: [] })
  })
})

const AUTO = makeEntry('automountMapName=auto.home,dc=x', { automountMapName: ['auto.home'] })
const KEY = makeEntry('automountKey=ann,automountMapName=auto.home,dc=x', {
  automountKey: ['ann'],
  automountInformation: ['-rw nas:/home/ann'],
})

/** Gives each entry to the searches of its class. */
function give(gatherer: Gatherer, objectClass: string, ...entries: readonly Entry[]): void {
  for (const { filter, add } of gatherer.others) {
    if (filter === `(objectClass=${objectClass})`) for (const entry of entries) add(entry)
  }
}

/** A nisObject of that map. */
function object(map: string): Entry {
  return makeEntry(`cn=k,nisMapName=${map},dc=x`, { cn: ['k'], nisMapName: [map], nisMapEntry: ['v'] })
}

describe('a map that the directory names', () => {
  test('has the entries below an automountMap, and is there without any', () => {
    const gatherer = gathererOf('provide maps automount')
    const empty = makeEntry('automountMapName=auto.empty,dc=x', { automountMapName: ['auto.empty'] })
    give(gatherer, 'automount', KEY)
    give(gatherer, 'automountMap', AUTO, empty)
    expect(recordsOf(gatherer).tables).toEqual({
      'auto.home (found)': ['ann: -rw nas:/home/ann'],
      'auto.empty (found)': [],
    })
  })

  test('of nisObject entries is an automount map when it is called like one, and any under nisobject', () => {
    for (const [lines, names] of [
      ['provide maps automount', ['auto.a (found)', 'auto_b (found)']],
      ['provide maps nisobject', ['auto.a (found)', 'auto_b (found)', 'printers (found)']],
      ['provide map auto_b', ['auto_b (found)']],
    ] as const) {
      const gatherer = gathererOf(lines)
      give(gatherer, 'nisObject', object('auto.a'), object('auto_b'), object('printers'))
      expect(Object.keys(recordsOf(gatherer).tables)).toEqual(names)
    }
  })

  test('is left out when its name is that of a map which is made otherwise, or none at all', () => {
    const gatherer = gathererOf('provide maps nisobject\nprovide map hosts.byname')
    give(gatherer, 'nisObject', object('hosts.byname'), object('a b'), object('x'.repeat(65)))
    const { tables, rejected } = recordsOf(gatherer)
    expect(tables).toEqual({ 'hosts.byname': [] })
    expect(rejected).toEqual([
      'the map hosts.byname is made of other entries, left out of the maps found in the directory',
      'its name of a map is longer than 64 bytes, or has blanks or a slash, left out of the maps found in the directory',
      'its name of a map is longer than 64 bytes, or has blanks or a slash, left out of the maps found in the directory',
    ])
  })

  test('is no map of users because who writes automount entries calls it so', () => {
    const gatherer = gathererOf('provide maps automount')
    const forged = (
      objectClass: string,
      dn: string,
      attributes: Readonly<Record<string, readonly string[]>>,
    ) => give(gatherer, objectClass, makeEntry(dn, attributes))
    const map = 'automountMapName=passwd.byname,dc=x'
    forged('automountMap', map, { automountMapName: ['passwd.byname'] })
    forged('automount', `automountKey=joe,${map}`, {
      automountKey: ['joe'],
      automountInformation: ['joe::0:0::/:'],
    })
    const { tables, rejected } = recordsOf(gatherer)
    expect(tables).toEqual({})
    expect(rejected).toHaveLength(2)
    expect(rejected[0]).toMatch(/passwd\.byname is no automount map/)
  })

  test('of one name is that which a block of that name stands for', () => {
    const gatherer = gathererOf('map "printers" { base "ou=p,dc=x" }')
    expect(gatherer.others[0]).toMatchObject({
      base: 'ou=p,dc=x',
      filter: '(&(objectClass=nisObject)(nisMapName=printers))',
    })
    gatherer.others[0]?.add(one({ cn: ['lp'], nisMapEntry: ['lp: srv'] }))
    expect(recordsOf(gatherer).tables).toEqual({ printers: ['lp: lp: srv'] })
  })
})

function host(name: string): Entry {
  return makeEntry(`fqdn=${name},cn=computers,dc=x`, { fqdn: [name] })
}

function ipaNetgroup(name: string, attributes: Readonly<Record<string, readonly string[]>>): Entry {
  return makeEntry(`ipaUniqueID=${name},cn=ng,dc=x`, {
    cn: [name],
    objectClass: ['ipaNisNetgroup'],
    nisDomainName: ['example.com'],
    ...attributes,
  })
}

test("FreeIPA's netgroups have the triples of its own NIS server", () => {
  const gatherer = gathererOf('provide map netgroup', 'basedn "dc=x"\nschema ipa')
  const add = (filter: string, entry: Entry) =>
    gatherer.others.find((search) => search.filter === filter)!.add(entry)
  for (const name of ['h1', 'h2']) add('(objectClass=ipaHost)', host(name))
  add(
    '(objectClass=ipaHostGroup)',
    makeEntry('cn=hg,dc=x', { cn: ['hg'], member: ['fqdn=h2,cn=computers,dc=x'] }),
  )
  gatherer.users.add(
    makeEntry('uid=ann,dc=x', { uid: ['ann'], uidNumber: ['1'], gidNumber: ['1'], homeDirectory: ['/'] }),
  )
  const FILTER = '(objectClass=ipaNisNetgroup)'
  add(
    FILTER,
    ipaNetgroup('some', {
      memberHost: ['fqdn=h1,cn=computers,dc=x', 'cn=hg,dc=x'],
      externalHost: ['far'],
      memberUser: ['uid=ann,dc=x'],
      member: ['ipaUniqueID=all,cn=ng,dc=x'],
    }),
  )
  add(FILTER, ipaNetgroup('all', { hostCategory: ['all'], userCategory: ['all'] }))
  expect(recordsOf(gatherer).tables).toEqual({
    netgroup: [
      'some: (far,ann,example.com) (h1,-,example.com) (h2,-,example.com) all',
      'all: (,,example.com)',
    ],
  })
})

test('a directory that gives no maps but those of users and groups has no further searches', () => {
  const { others, named } = createGatherer(domainOf(DOMAIN + DIRECTORY).directories[0]!, 'd')
  expect({ others, named }).toEqual({ others: [], named: [] })
})

test("FreeIPA's netgroups are left out when a name in them would make another triple", () => {
  const gatherer = gathererOf('provide map netgroup', 'basedn "dc=x"\nschema ipa')
  const { add } = gatherer.others.find(({ filter }) => filter === '(objectClass=ipaNisNetgroup)')!
  add(ipaNetgroup('forged', { externalHost: ['h,,) (,root'] }))
  add(ipaNetgroup('a,b', { externalHost: ['h'] }))
  add(ipaNetgroup('good', { externalHost: ['h'] }))
  const { tables, rejected } = recordsOf(gatherer)
  expect(tables).toEqual({ netgroup: ['good: (h,-,example.com)'] })
  expect(rejected).toEqual([
    expect.stringMatching(/^a value does not match .*, left out of netgroup$/),
    expect.stringMatching(/^a value does not match .*, left out of netgroup$/),
  ])
})
