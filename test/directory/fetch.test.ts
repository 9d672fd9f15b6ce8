import { describe, expect, test } from 'vitest'
import type { DirectoryConfig } from '../../src/config/config.ts'
import { fetchDirectory } from '../../src/directory/fetch.ts'
import type { Log } from '../../src/log.ts'
import { textOf } from '../../src/maps/tables.ts'
import { DOMAIN, domainOf } from '../config/check.ts'
import { entry, type LdapRequest, reference, searchDone } from '../support/ldap-peer.ts'
import { failure, usePeer } from './peer-scripts.ts'

const never = new AbortController().signal
const REFERRAL = 10
const NO_SUCH_OBJECT = 32

type Answers = Readonly<Record<string, (request: LdapRequest) => readonly Buffer[]>>

/** A server that answers a search by its base, and any other with nothing but success; and what it was asked. */
async function serve(answers: Answers) {
  const asked: LdapRequest[] = []
  const peer = await usePeer(async (client) => {
    for (;;) {
      const request = await client.next()
      if (request.operation !== 'search') continue
      asked.push(request)
      const answer = answers[request.base ?? ''] ?? (({ id }) => [searchDone(id)])
      client.send(...answer(request))
    }
  })
  const at = (block: string, lines = ''): DirectoryConfig => ({
    ...domainOf(`${DOMAIN}${lines}\ndirectory h {\nbasedn "dc=x"\n${block}\n}\n`).directories[0]!,
    location: { kind: 'ldap', host: '127.0.0.1', port: peer.port, security: 'none' },
  })
  return { asked, at }
}

const PERSON = { uidNumber: ['1'], gidNumber: ['1'], homeDirectory: ['/'] }

describe('the tables of a directory', () => {
  const OWN = 'map own { base "ou=own,dc=x" filter "(cn=*)" key "{cn}@{domain}" value "{sn}" }'

  test('are searched for behind users and groups, each with its base, filter and attributes', async () => {
    const { asked, at } = await serve({
      'ou=own,dc=x': ({ id }) => [entry(id, 'cn=a,ou=own,dc=x', { cn: ['a'], sn: ['s'] }), searchDone(id)],
    })
    const { tables, entries } = await fetchDirectory(at('', OWN), never, { domain: 'example.com' })
    expect(
      tables.map(({ name, rows }) => [name, rows.map(({ key, value }) => [key, textOf(value)])]),
    ).toEqual([['own', [['a@example.com', 's']]]])
    expect(entries).toBe(1)
    expect(asked).toHaveLength(3)
    expect(asked[2]).toMatchObject({ base: 'ou=own,dc=x', scope: 2, attributes: ['cn', 'sn'] })
  })

  test.each([
    ['is not there', NO_SUCH_OBJECT, 'noSuch'],
    ['is with another server', REFERRAL, 'referral'],
  ])('are empty where their base %s, and the log says so', async (_what, status, words) => {
    const { at } = await serve({ 'ou=own,dc=x': ({ id }) => [searchDone(id, status)] })
    const logged: string[] = []
    const log: Log = (level, event, text) => void logged.push(`${level} ${event} ${text}`)
    const { tables } = await fetchDirectory(at('', OWN), never, { log })
    expect(tables).toEqual([{ name: 'own', found: false, rows: [] }])
    const warnings = logged.filter((line) => line.startsWith('warning'))
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('base-missing directory "h": ')
    expect(warnings[0]).toContain(`the search below "ou=own,dc=x" ended in ${words}`)
  })

  test('are empty where nothing but references is found, as at the root of Active Directory', async () => {
    const { at } = await serve({
      'ou=own,dc=x': ({ id }) => [reference(id, 'ldap://x/DC=DomainDnsZones,DC=x'), searchDone(id)],
    })
    const { tables, references } = await fetchDirectory(at('', OWN), never)
    expect(tables).toEqual([{ name: 'own', found: false, rows: [] }])
    expect(references).toBe(1)
  })

  test('are a reason to fail when their base goes in the midst of the search', async () => {
    const { at } = await serve({
      'ou=own,dc=x': ({ id }) => [
        entry(id, 'cn=a,ou=own,dc=x', { cn: ['a'], sn: ['s'] }),
        searchDone(id, NO_SUCH_OBJECT),
      ],
    })
    expect((await failure(fetchDirectory(at('', OWN), never))).code).toBe('search-failed')
  })

  test('are a reason to fail when they can not be read whole', async () => {
    const { at } = await serve({ 'ou=own,dc=x': ({ id }) => [searchDone(id, 4)] })
    const error = await failure(fetchDirectory(at('', OWN), never))
    expect(error.message).toContain('sizeLimitExceeded')
  })
})

test('of an entry that is followed for its DN alone no attributes are asked for', async () => {
  const { asked, at } = await serve({
    'dc=x': inTurn(
      (id) => [searchDone(id)],
      (id) => [searchDone(id)],
      (id) => [entry(id, 'cn=a,dc=x', { cn: ['a'], manager: ['cn=m,dc=y'] }), searchDone(id)],
    ),
    'cn=m,dc=y': ({ id }) => [entry(id, 'cn=m,dc=y', {}), searchDone(id)],
  })
  const own = 'map own { filter "(manager=*)" key "{cn}" value "{follow manager | get dn}" }'
  const { tables } = await fetchDirectory(at('', own), never)
  expect(tables[0]?.rows).toHaveLength(1)
  expect(asked.find(({ scope }) => scope === 0)?.attributes).toEqual(['1.1'])
})

/** A group of these members. */
function group(id: number, ...member: readonly string[]): Buffer {
  return entry(id, 'cn=g,dc=x', { cn: ['g'], gidNumber: ['7'], member })
}

/** The first search there is for groups, the second for those that no map shows. */
function inTurn(...answers: readonly ((id: number) => readonly Buffer[])[]): Answers[string] {
  let next = 0
  return ({ id }) => answers[next++]?.(id) ?? [searchDone(id)]
}

const BIS = 'schema rfc2307bis\ngroupdn "ou=g,dc=x"'

test('a base of which users are here and no groups is that of the right server, whatever it refers to', async () => {
  const { at } = await serve({
    'dc=x': ({ id, attributes = [] }) =>
      attributes.includes('homeDirectory')
        ? [entry(id, 'uid=ann,dc=x', { uid: ['ann'], ...PERSON }), searchDone(id)]
        : [reference(id, 'ldap://other/dc=y'), searchDone(id)],
  })
  const { users, references } = await fetchDirectory(at(''), never)
  expect(users).toHaveLength(1)
  expect(references).toBe(1)
})

describe('members that no search finds', () => {
  test('are read by their DNs', async () => {
    const { asked, at } = await serve({
      'dc=x': ({ id }) => [entry(id, 'uid=ann,dc=x', { uid: ['ann'], ...PERSON }), searchDone(id)],
      'ou=g,dc=x': inTurn((id) => [
        group(id, 'uid=ann,dc=x', 'uid=out,dc=y', 'uid=gone,dc=y'),
        searchDone(id),
      ]),
      'uid=out,dc=y': ({ id }) => [entry(id, 'uid=out,dc=y', { uid: ['out'] }), searchDone(id)],
      'uid=gone,dc=y': ({ id }) => [searchDone(id, NO_SUCH_OBJECT)],
    })
    const { groups, users, rejected } = await fetchDirectory(at(BIS), never)
    expect(groups).toMatchObject([{ members: ['ann', 'out'] }])
    expect(users).toHaveLength(1)
    expect(rejected).toMatchObject([{ reason: expect.stringContaining('1 members of group "g"') }])
    const byDn = asked.filter(({ scope }) => scope === 0)
    expect(byDn.map(({ base }) => base)).toEqual(['uid=out,dc=y', 'uid=gone,dc=y'])
  })

  test('are read up to a bound', async () => {
    const { asked, at } = await serve({
      'ou=g,dc=x': inTurn((id) => [
        group(id, ...Array.from({ length: 5 }, (_, index) => `uid=u${index},dc=y`)),
        searchDone(id),
      ]),
    })
    const { rejected } = await fetchDirectory(at(BIS), never, { limits: { named: 2 } })
    expect(asked.filter(({ scope }) => scope === 0)).toHaveLength(2)
    expect(rejected).toMatchObject([{ reason: expect.stringContaining('5 members of group "g"') }])
  })

  test('are a reason to fail when the server fails', async () => {
    const { at } = await serve({
      'ou=g,dc=x': inTurn((id) => [group(id, 'uid=out,dc=y'), searchDone(id)]),
      'uid=out,dc=y': ({ id }) => [searchDone(id, 52)],
    })
    const error = await failure(fetchDirectory(at(BIS), never))
    expect(error.message).toContain('reading "uid=out,dc=y" ended in unavailable (52)')
  })

  test('and lists that come in parts are had whole', async () => {
    const { at } = await serve({
      'dc=x': ({ id }) => [
        entry(id, 'uid=ann,dc=x', { uid: ['ann'], ...PERSON }),
        entry(id, 'uid=bob,dc=x', { uid: ['bob'], ...PERSON, uidNumber: ['2'] }),
        searchDone(id),
      ],
      'ou=g,dc=x': inTurn((id) => [
        entry(id, 'cn=g,dc=x', { cn: ['g'], gidNumber: ['7'], 'member;range=0-0': ['uid=ann,dc=x'] }),
        searchDone(id),
      ]),
      'cn=g,dc=x': ({ id }) => [
        entry(id, 'cn=g,dc=x', { 'member;range=1-*': ['uid=bob,dc=x'] }),
        searchDone(id),
      ],
    })
    const { groups } = await fetchDirectory(at(BIS), never)
    expect(groups).toMatchObject([{ members: ['ann', 'bob'] }])
  })
})

describe('an entry with more values than the limit is left out alone, and told of', () => {
  const MANY = Array.from({ length: 50 }, (_, at) => `u${at}`)
  const REASON = 'it has more values than "limit ldap values" lets through'
  const limits = { values: 40 }

  test('of users, of groups and of a table', async () => {
    const { at } = await serve({
      'ou=people,dc=x': ({ id }) => [
        entry(id, 'uid=many,ou=people,dc=x', { ...PERSON, uid: MANY }),
        entry(id, 'uid=one,ou=people,dc=x', { ...PERSON, uid: ['one'] }),
        searchDone(id),
      ],
      'ou=groups,dc=x': ({ id }) => [
        entry(id, 'cn=many,ou=groups,dc=x', { cn: ['many'], gidNumber: ['7'], memberUid: MANY }),
        entry(id, 'cn=one,ou=groups,dc=x', { cn: ['one'], gidNumber: ['8'], memberUid: ['one'] }),
        searchDone(id),
      ],
      'ou=own,dc=x': ({ id }) => [
        entry(id, 'cn=many,ou=own,dc=x', { cn: MANY }),
        entry(id, 'cn=one,ou=own,dc=x', { cn: ['one'] }),
        searchDone(id),
      ],
    })
    const config = at(
      'basedn "ou=people,dc=x"\ngroupdn "ou=groups,dc=x"',
      'map own { base "ou=own,dc=x" filter "(cn=*)" key "{cn}" value "v" }',
    )
    const { users, groups, tables, rejected } = await fetchDirectory(config, never, { limits })
    expect([users, groups, tables[0]?.rows].map((rows) => rows?.length)).toEqual([1, 1, 1])
    expect(rejected).toEqual(
      ['uid=many,ou=people', 'cn=many,ou=groups', 'cn=many,ou=own'].map((dn) => ({
        dn: `${dn},dc=x`,
        reason: REASON,
      })),
    )
  })

  test('of a list that comes in parts', async () => {
    const dn = 'cn=many,ou=groups,dc=x'
    const { at } = await serve({
      'ou=people,dc=x': ({ id }) => [
        entry(id, 'uid=one,ou=people,dc=x', { ...PERSON, uid: ['one'] }),
        searchDone(id),
      ],
      'ou=groups,dc=x': ({ id }) => [
        entry(id, dn, { cn: ['many'], gidNumber: ['7'], 'memberUid;range=0-29': MANY.slice(0, 30) }),
        searchDone(id),
      ],
      [dn]: ({ id }) => [entry(id, dn, { 'memberUid;range=30-*': MANY.slice(30) }), searchDone(id)],
    })
    const config = at('basedn "ou=people,dc=x"\ngroupdn "ou=groups,dc=x"')
    const { groups, rejected } = await fetchDirectory(config, never, { limits })
    expect([groups, rejected]).toEqual([[], [{ dn, reason: REASON }]])
  })
})

describe('an entry that is read by its DN', () => {
  const member = 'uid=far,dc=y'
  const withMember = (answer: Answers[string]) =>
    serve({
      'ou=people,dc=x': ({ id }) => [
        entry(id, 'uid=one,ou=people,dc=x', { ...PERSON, uid: ['one'] }),
        searchDone(id),
      ],
      'ou=groups,dc=x': ({ id }) => [
        entry(id, 'cn=g,ou=groups,dc=x', { cn: ['g'], gidNumber: ['7'], member: [member] }),
        searchDone(id),
      ],
      [member]: answer,
    })
  const BLOCK = 'schema rfc2307bis\nbasedn "ou=people,dc=x"\ngroupdn "ou=groups,dc=x"'

  test('and has more values than the limit is nobody', async () => {
    const { at } = await withMember(({ id }) => [
      entry(id, member, { uid: Array.from({ length: 50 }, (_, n) => `u${n}`) }),
      searchDone(id),
    ])
    const { groups, rejected } = await fetchDirectory(at(BLOCK), never, { limits: { values: 40 } })
    expect(groups).toMatchObject([{ name: 'g', members: [] }])
    expect(rejected.map(({ dn }) => dn)).toContain(member)
  })

  test.each([
    ['entries', ({ id }: LdapRequest) => entry(id, member, { uid: ['far'] })],
    ['references', ({ id }: LdapRequest) => reference(id, 'ldap://a/dc=a')],
  ])('is no other than one: %s without end are an error', async (_, part) => {
    const { at } = await withMember((request) => Array.from({ length: 200 }, () => part(request)))
    const error = await failure(fetchDirectory(at(BLOCK), never))
    expect(error.code).toBe('protocol')
    expect(error.message).toContain(`more than one entry for "${member}"`)
  })
})
