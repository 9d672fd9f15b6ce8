import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../../src/config/limit-table.ts'
import { explainUser, type Finding } from '../../src/directory/explain.ts'
import type { Rejected } from '../../src/maps/merge.ts'
import { directoryLimits, directorySettings } from '../../src/supervisor/settings.ts'
import { domainOf } from '../config/check.ts'
import { bindDone, entry, searchDone } from '../support/ldap-peer.ts'
import { usePeer } from './peer-scripts.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ypldap-explain-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

function ldif(name: string, ...entries: readonly string[]): string {
  const path = join(folder, name)
  writeFileSync(path, `${entries.join('\n\n')}\n`)
  return path
}

function user(uid: string, ...lines: readonly string[]): string {
  return [`dn: uid=${uid},dc=x`, 'objectClass: posixAccount', `uid: ${uid}`, ...lines].join('\n')
}

const ALICE = user('alice', 'uidNumber: 1000', 'gidNumber: 100', 'homeDirectory: /home/alice', 'cn: Alice')

async function explained(
  name: string,
  directories: readonly string[],
  rejected: readonly Rejected[] = [],
  ...lines: readonly string[]
): Promise<readonly Finding[]> {
  const config = domainOf(['domain "d"', ...lines, ...directories].join('\n'))
  const settings = directorySettings(config, directoryLimits({ limits: DEFAULT_LIMITS }), folder)
  return explainUser(name, { settings, rejected, signal: new AbortController().signal })
}

const fromFile = (path: string, ...lines: readonly string[]) =>
  `directory file "${path}" {\nbasedn "dc=x"\n${lines.join('\n')}\n}`

/** In base64, as LDIF has it. */
function sid(rid: number): string {
  const bytes = Buffer.alloc(28)
  bytes.set([1, 5, 0, 0, 0, 0, 0, 5])
  for (const [index, part] of [21, 0xfffefdfc, 0xc7353a42, 3, rid].entries())
    bytes.writeUInt32LE(part, 8 + 4 * index)
  return bytes.toString('base64')
}

describe('a user is explained', () => {
  test('by the entry, without a password, and the row that it makes', async () => {
    const path = ldif('a', `${ALICE}\nmail: a@x\nuserPassword: {CRYPT}$6$salt$hash`)
    const [finding, ...others] = await explained('alice', [fromFile(path)], [], 'provide map "shadow.byname"')
    expect(others).toEqual([])
    expect(finding).toMatchObject({
      directory: path,
      dn: 'uid=alice,dc=x',
      row: 'alice:*:1000:100:Alice:/home/alice:',
      reasons: [],
    })
    expect(finding?.attributes).toContainEqual({ name: 'uidnumber', values: ['1000'] })
    expect(finding?.attributes).toContainEqual({ name: 'userpassword', values: ['(not shown)'] })
    expect(JSON.stringify(finding)).not.toContain('hash')
    // What no row is made of.
    expect(JSON.stringify(finding)).not.toContain('a@x')
  })

  test.each([
    [
      'an attribute is missing',
      user('alice', 'gidNumber: 100', 'homeDirectory: /'),
      [],
      /^no value of uidNumber, which gives the uid$/,
    ],
    ['an id is refused', ALICE, ['minimum uid 5000'], /^uid 1000 is refused: "minimum uid" is 5000$/],
    ['its name is refused', ALICE, ['refuse names "alice"'], /is refused by the configuration/],
  ])('when %s', async (_, text, lines, reason) => {
    const [finding] = await explained('alice', [fromFile(ldif('a', text))], [], ...lines)
    expect(finding?.row).toBe('')
    expect(finding?.reasons).toEqual([expect.stringMatching(reason)])
  })

  test('by the very part of the filter that is not true of the entry', async () => {
    const filter = 'passwd filter "(&(objectClass=posixAccount)(loginShell=*)(!(uidNumber=1000)))"'
    const [finding] = await explained('alice', [fromFile(ldif('a', ALICE), filter)])
    expect(finding).toMatchObject({
      row: '',
      reasons: [
        'the filter of users leaves it out: (loginShell=*) and (!(uidNumber=1000)) is not true of it',
      ],
    })
  })

  test('by what the last refresh said of this entry, and of no other', async () => {
    const path = ldif('a', ALICE)
    const rejected = [
      { directory: path, dn: 'uid=alice,dc=x', reason: 'a second user named "alice"' },
      { directory: path, dn: 'uid=bob,dc=x', reason: 'not hers' },
      { directory: 'another', dn: 'uid=alice,dc=x', reason: 'not this one' },
    ]
    const [finding] = await explained('alice', [fromFile(path)], rejected)
    expect(finding?.reasons).toEqual(['at the last refresh: a second user named "alice"'])
  })

  test('when the maps have the name in other letters', async () => {
    const [finding] = await explained('Alice', [fromFile(ldif('a', ALICE))])
    expect(finding?.reasons).toEqual(['in the maps its name is "alice"'])
  })

  test('when an earlier directory has the name, and when one has nobody', async () => {
    const [first, second, third] = [ldif('1', ALICE), ldif('2', ALICE), ldif('3', user('bob'))]
    const found = await explained('alice', [fromFile(first), fromFile(second), fromFile(third)])
    expect(found.map(({ reasons }) => reasons)).toEqual([
      [],
      [`uid=alice,dc=x of ${first} comes before it and has this name`],
      ['no entry below dc=x that ypldap may see has the uid "alice"'],
    ])
  })

  test('by the primary group that gives Active Directory its gid', async () => {
    const path = ldif(
      'a',
      [
        'dn: cn=Alice,dc=x',
        'objectClass: user',
        'objectCategory: person',
        'cn: Alice',
        'sAMAccountName: alice',
        'userAccountControl: 512',
        'uidNumber: 1000',
        'primaryGroupID: 513',
        `objectSid:: ${sid(1104)}`,
      ].join('\n'),
      [
        'dn: cn=Users,dc=x',
        'objectClass: group',
        'sAMAccountName: users',
        'gidNumber: 4711',
        `objectSid:: ${sid(513)}`,
      ].join('\n'),
    )
    const [finding] = await explained('alice', [fromFile(path, 'schema ad')])
    expect(finding).toMatchObject({ row: 'alice:*:1000:4711:Alice:/home/alice:/bin/sh', reasons: [] })
    expect(finding?.attributes).toContainEqual({
      name: 'objectsid',
      values: ['S-1-5-21-4294901244-3342154306-3-1104'],
    })
  })

  test('by an identifier of Active Directory that is none', async () => {
    const lines = [
      'objectCategory: person',
      'userAccountControl: 512',
      'sAMAccountName: alice',
      'primaryGroupID: 513',
    ]
    const text = ALICE.replace('posixAccount', 'user')
    const path = ldif('a', [text, ...lines, 'objectSid: x'].join('\n'))
    const [finding] = await explained('alice', [fromFile(path, 'schema ad')])
    expect(finding).toMatchObject({
      row: '',
      reasons: [expect.stringContaining('not a security identifier')],
    })
  })

  test('by each directory that answers, though one can not be asked', async () => {
    const peer = await usePeer(async (client) => {
      const bind = await client.next()
      client.send(bindDone(bind.id, 49))
      await client.next()
    })
    const broken = `directory "127.0.0.1" port ${peer.port} {\nbasedn "dc=x"\nbinddn "cn=a"\nbindcred "hush"\n}`
    const found = await explained('alice', [broken, fromFile(ldif('a', ALICE))])
    expect(found[0]?.reasons).toEqual([
      expect.stringMatching(/^it can't be asked: .*invalidCredentials \(49\)/),
    ])
    expect(found[1]?.reasons).toEqual([])
  })

  test('with nothing of the name getting into the filter but a value', async () => {
    const filters: Buffer[] = []
    const peer = await usePeer(async (client) => {
      for (;;) {
        const search = await client.next()
        if (search.operation !== 'search') return
        filters.push(search.filter!)
        client.send(
          entry(search.id, 'uid=x,dc=x', {
            uid: ['*)(uid=*'],
            uidNumber: ['1'],
            gidNumber: ['1'],
            homeDirectory: ['/'],
          }),
          searchDone(search.id),
        )
      }
    })
    const [finding] = await explained('*)(uid=*', [
      `directory "127.0.0.1" port ${peer.port} {\nbasedn "dc=x"\n}`,
    ])
    expect(filters[0]?.includes('*)(uid=*')).toBe(true)
    expect(finding?.row).toBe('*)(uid=*:*:1:1::/:')
  })
})
