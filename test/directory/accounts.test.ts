import { describe, expect, test } from 'vitest'
import type { DirectoryConfig } from '../../src/config/config.ts'
import type { Entry } from '../../src/directory/entry.ts'
import { createGatherer, type Gatherer } from '../../src/directory/gather.ts'
import { directoryOf } from '../config/check.ts'
import { makeEntry } from './samples.ts'

function gathererOf(block: string): Gatherer {
  return createGatherer(directoryOf('h', `basedn "dc=x"\n${block}`), 'example.com')
}

function user(name: string, more: Readonly<Record<string, readonly string[]>> = {}): Entry {
  return makeEntry(`uid=${name},ou=people,dc=x`, {
    uid: [name],
    uidNumber: ['1000'],
    gidNumber: ['100'],
    homeDirectory: [`/home/${name}`],
    ...more,
  })
}

function group(
  name: string,
  member: readonly string[],
  more: Readonly<Record<string, readonly string[]>> = {},
): Entry {
  return makeEntry(`cn=${name},ou=groups,dc=x`, { cn: [name], gidNumber: ['200'], member, ...more })
}

const person = (name: string) => `uid=${name},ou=people,dc=x`
const team = (name: string) => `cn=${name},ou=groups,dc=x`

/** The members of each group, and why others were left out. */
function membersOf(gatherer: Gatherer) {
  const { groups, rejected } = gatherer.gathered()
  return {
    ...Object.fromEntries(groups.map(({ name, members }) => [name, members.join(',')])),
    rejected: rejected.map(({ reason }) => reason),
  }
}

describe('members that are DNs', () => {
  test('are the users that have them, however they are written', () => {
    const gatherer = gathererOf('schema rfc2307bis')
    for (const name of ['ann', 'bob']) gatherer.users.add(user(name))
    gatherer.groups.add(group('staff', ['UID=Ann, OU=People,dc=X', 'uid=\\62ob,ou=people,dc=x']))
    expect(membersOf(gatherer)).toEqual({ staff: 'ann,bob', rejected: [] })
  })

  test('stand behind those that are named by memberUid, each once', () => {
    const gatherer = gathererOf('schema rfc2307bis')
    for (const name of ['ann', 'bob', 'cid']) gatherer.users.add(user(name))
    const names = { memberUid: ['zoe', 'bob'], uniqueMember: [person('cid')] }
    gatherer.groups.add(group('staff', [person('ann'), person('bob')], names))
    expect(membersOf(gatherer)).toEqual({ staff: 'zoe,bob,ann,cid', rejected: [] })
  })

  test('are nobody, and not missed, where a group without members has the empty DN for one', () => {
    const gatherer = gathererOf('schema rfc2307bis')
    gatherer.groups.add(group('staff', ['']))
    expect(gatherer.named[0]?.missing()).toEqual([])
    expect(membersOf(gatherer)).toEqual({ staff: '', rejected: [] })
  })

  test('of groups in groups count, also of groups that no map shows', () => {
    const gatherer = gathererOf('schema rfc2307bis')
    for (const name of ['ann', 'bob', 'cid']) gatherer.users.add(user(name))
    gatherer.groups.add(group('top', [team('low'), team('plain')]))
    gatherer.groups.add(group('low', [person('ann'), team('top')]))
    const [nested] = gatherer.others
    expect(nested?.filter).toBe('(&(|(member=*)(uniqueMember=*))(!(objectClass=posixGroup)))')
    nested?.add(makeEntry(team('plain'), { cn: ['plain'], member: [person('cid')] }))
    expect(membersOf(gatherer)).toEqual({ top: 'ann,cid', low: 'ann,cid', rejected: [] })
  })

  test('that nobody has are asked for, resolved when they are found and counted when they are not', () => {
    const gatherer = gathererOf('schema rfc2307bis')
    gatherer.users.add(user('ann'))
    const outside = 'uid=Out,ou=elsewhere,dc=y'
    gatherer.groups.add(group('staff', [person('ann'), outside, 'cn=gone,dc=y', outside, 'cn=far,dc=y']))
    const [named] = gatherer.named
    expect(named?.missing()).toEqual([outside, 'cn=gone,dc=y', 'cn=far,dc=y'])
    expect(named?.filter).toBe('(|(objectClass=posixAccount)(|(member=*)(uniqueMember=*)))')
    named?.add(makeEntry(outside, { uid: ['out'] }))
    named?.add(makeEntry('cn=far,dc=y', { cn: ['far'], member: ['uid=deep,dc=y'] }))
    expect(named?.missing()).toEqual(['cn=gone,dc=y', 'uid=deep,dc=y'])
    named?.add(makeEntry('uid=deep,dc=y', { uid: ['deep'] }))
    expect(membersOf(gatherer)).toEqual({
      staff: 'ann,out,deep',
      rejected: ['1 members of group "staff" are no users that are known, such as cn=gone,dc=y'],
    })
    expect(gatherer.gathered().users.map(({ name }) => name)).toEqual(['ann'])
  })

  test('are those of another attribute, when a list of the block says so', () => {
    const gatherer = gathererOf('schema rfc2307bis\nlist groupmembers maps to "owner"')
    gatherer.users.add(user('ann'))
    gatherer.groups.add(group('staff', [], { owner: [person('ann')] }))
    expect(membersOf(gatherer)).toEqual({ staff: 'ann', rejected: [] })
  })

  test('are names when the block says memberUid', () => {
    const gatherer = gathererOf('schema rfc2307bis\nlist groupmembers maps to memberuid')
    gatherer.groups.add(group('staff', [person('ann')], { memberUid: ['bob'] }))
    expect(membersOf(gatherer)).toEqual({ staff: 'bob', rejected: [] })
    expect(gatherer.others).toEqual([])
    expect(gatherer.named).toEqual([])
  })

  test('are forgotten when another address is tried', () => {
    const gatherer = gathererOf('schema rfc2307bis')
    gatherer.users.add(user('ann'))
    gatherer.groups.add(group('staff', [person('ann')]))
    gatherer.clear()
    gatherer.groups.add(group('other', [person('ann')]))
    expect(gatherer.named[0]?.missing()).toEqual([person('ann')])
    expect(gatherer.gathered().users).toEqual([])
  })
})

/** The bytes of `S-1-5-21-1-2-3-RID`. */
function sid(rid: number): string {
  const bytes = Buffer.alloc(28)
  bytes.set([1, 5, 0, 0, 0, 0, 0, 5])
  for (const [index, part] of [21, 1, 2, 3, rid].entries()) bytes.writeUInt32LE(part, 8 + 4 * index)
  return bytes.toString('latin1')
}

const adUser = (name: string, rid: number, more: Readonly<Record<string, readonly string[]>> = {}) =>
  makeEntry(`CN=${name},CN=Users,DC=x`, {
    sAMAccountName: [name],
    objectSid: [sid(rid)],
    primaryGroupID: ['513'],
    ...more,
  })
const adGroup = (name: string, rid: number, more: Readonly<Record<string, readonly string[]>> = {}) =>
  makeEntry(`CN=${name},CN=Users,DC=x`, { sAMAccountName: [name], objectSid: [sid(rid)], ...more })

describe('an account of Active Directory', () => {
  test('has its ids of RFC 2307, and a home and a shell where it names none', () => {
    const gatherer = gathererOf('schema ad')
    gatherer.users.add(
      adUser('ann', 1104, { uidNumber: ['5000'], gidNumber: ['100'], displayName: ['Ann A.'] }),
    )
    expect(gatherer.gathered().users).toMatchObject([
      { name: 'ann', uid: '5000', gid: '100', gecos: 'Ann A.', home: '/home/ann', shell: '/bin/sh' },
    ])
  })

  test('has the gid of its primary group when it names none', () => {
    const gatherer = gathererOf('schema ad')
    gatherer.users.add(adUser('ann', 1104, { uidNumber: ['5000'] }))
    gatherer.users.add(adUser('bob', 1105, { uidNumber: ['5001'], primaryGroupID: ['999'] }))
    gatherer.groups.add(adGroup('Domain Users', 513, { gidNumber: ['700'] }))
    const { users, rejected } = gatherer.gathered()
    expect(users).toMatchObject([{ name: 'ann', gid: '700' }])
    expect(rejected).toEqual([
      { dn: 'CN=bob,CN=Users,DC=x', reason: 'no value of gidNumber, which gives the gid' },
    ])
  })

  test('has ids of its SID where it has none, under idmap sid', () => {
    const gatherer = gathererOf('schema ad\nidmap sid')
    gatherer.users.add(adUser('ann', 1104))
    gatherer.users.add(adUser('bob', 1105, { uidNumber: ['5001'] }))
    gatherer.groups.add(adGroup('Domain Users', 513))
    const { users, groups } = gatherer.gathered()
    const base = Number(users[0]?.uid) - 1104
    // The slice that a hash of S-1-5-21-1-2-3 says: libsss_idmap's vectors hold the hash itself.
    expect(base % 200_000).toBe(0)
    expect(users).toMatchObject([
      { name: 'ann', uid: String(base + 1104), gid: String(base + 513) },
      { name: 'bob', uid: '5001', gid: String(base + 513) },
    ])
    expect(groups).toMatchObject([{ name: 'Domain Users', gid: String(base + 513) }])
  })

  test('takes the gid that its primary group has, rather than that of the SID', () => {
    const gatherer = gathererOf('schema ad\nidmap sid')
    gatherer.users.add(adUser('ann', 1104))
    gatherer.groups.add(adGroup('Domain Users', 513, { gidNumber: ['700'] }))
    expect(gatherer.gathered().users).toMatchObject([{ gid: '700' }])
  })

  test('is in the groups that hold its primary group, though no list names it', () => {
    const gatherer = gathererOf('schema ad')
    gatherer.users.add(adUser('ann', 1104, { uidNumber: ['5000'], gidNumber: ['100'] }))
    const everyone = 'CN=Domain Users,CN=Users,DC=x'
    gatherer.groups.add(
      adGroup('outer', 1200, { gidNumber: ['700'], groupType: ['-2147483646'], member: [everyone] }),
    )
    expect(gatherer.others[0]?.filter).toBe('(&(|(groupType=*))(!(&(objectClass=group)(gidNumber=*))))')
    gatherer.others[0]?.add(adGroup('Domain Users', 513, { groupType: ['-2147483646'] }))
    expect(membersOf(gatherer)).toEqual({ outer: 'ann', rejected: [] })
  })

  test('is left out alone when its SID is none', () => {
    const gatherer = gathererOf('schema ad\nidmap sid')
    gatherer.users.add(adUser('ann', 1104, { objectSid: ['nonsense'] }))
    gatherer.users.add(adUser('bob', 1105))
    const { users, rejected } = gatherer.gathered()
    expect(users.map(({ name }) => name)).toEqual(['bob'])
    expect(rejected).toMatchObject([
      { dn: 'CN=ann,CN=Users,DC=x', reason: expect.stringMatching(/^not a security/) },
    ])
  })
})

function searchesOf(config: DirectoryConfig): Gatherer {
  return createGatherer(config, 'd')
}

describe('the searches of a directory', () => {
  test('ask for the SID and the primary group in Active Directory alone', () => {
    const ad = searchesOf(directoryOf('h', 'basedn "dc=x"\nschema ad'))
    expect(ad.users.attributes).toEqual(
      expect.arrayContaining(['objectSid', 'primaryGroupID', 'sAMAccountName']),
    )
    expect(ad.groups.attributes).toEqual(expect.arrayContaining(['objectSid', 'member']))
    const bis = searchesOf(directoryOf('h', 'basedn "dc=x"\nschema rfc2307bis'))
    expect(bis.users.attributes).not.toContain('objectSid')
  })

  test('leave out disabled accounts, and groups that are but lists of addressees', () => {
    const ad = searchesOf(directoryOf('h', 'basedn "dc=x"\nschema ad\nidmap sid'))
    expect(ad.users.filter).toContain('(!(userAccountControl:1.2.840.113556.1.4.803:=2))')
    expect(ad.groups.filter).toContain('(groupType:1.2.840.113556.1.4.803:=2147483648)')
  })
})

describe('a field of a template', () => {
  test('is the text that it gives, empty where it has none, and a reason when it can be none', () => {
    const gatherer = gathererOf(
      'template home "/u/{uid}"\ntemplate gecos "{sn}"\ntemplate shell "{loginShell}"',
    )
    gatherer.users.add(user('ann', { loginShell: ['/bin/sh'] }))
    gatherer.users.add(user('bob', { loginShell: ['/bin/sh', '/bin/csh'] }))
    const { users, rejected } = gatherer.gathered()
    expect(users).toMatchObject([{ name: 'ann', home: '/u/ann', gecos: '', shell: '/bin/sh' }])
    expect(rejected).toEqual([{ dn: person('bob'), reason: '2 texts for one field' }])
    expect(gatherer.users.attributes).toEqual(expect.arrayContaining(['sn', 'loginShell', 'uid']))
  })

  test('may have the name of the NIS domain in it', () => {
    const gatherer = gathererOf('template home "/home/{domain}/{uid}"')
    gatherer.users.add(user('ann'))
    expect(gatherer.gathered().users).toMatchObject([{ home: '/home/example.com/ann' }])
  })

  test('can not look at other entries', () => {
    expect(() => gathererOf('template home "{parent | get ou}"')).toThrow(/looks at other entries/)
  })
})
