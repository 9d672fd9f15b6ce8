import { readdirSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { YpStat } from '../../rpc/yp.ts'
import type { Status } from '../../src/messages/control.ts'
import type { Slapd, SlapdOptions, Ypldap } from '../support/lab.ts'
import {
  EXAMPLE_LDIF,
  EXAMPLE_MAPS,
  EXAMPLE_SUFFIX,
  exampleConf,
  LAB_DOMAIN,
  logged,
  runOrFail,
  startRpcbind,
  startSlapd,
  startYpbind,
  startYpldap,
  untilLogged,
  waitUntil,
} from '../support/lab.ts'
import { openYpClient, type YpClient } from '../support/yp-client.ts'

// How changes, failures and faults of the directory show in the answers, and in the log.

const PORT = 834
const PEOPLE = `ou=people,${EXAMPLE_SUFFIX}`
const GROUPS = `ou=groups,${EXAMPLE_SUFFIX}`

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

async function exampleSlapd(options: Partial<SlapdOptions> = {}): Promise<Slapd> {
  const slapd = await startSlapd({ ldif: EXAMPLE_LDIF, suffix: EXAMPLE_SUFFIX, ...options })
  ending.unshift(() => slapd.stop('SIGKILL'))
  return slapd
}

async function servedFrom(slapd: Slapd, interval: number): Promise<{ ypldap: Ypldap; client: YpClient }> {
  const ypldap = await startYpldap(
    exampleConf(slapd, { global: ['bind local', `listen on 127.0.0.1 port ${PORT}`], interval }),
  )
  ending.unshift(() => ypldap.stop())
  const client = await openYpClient({ transport: 'udp', port: PORT })
  ending.unshift(() => client.close())
  return { ypldap, client }
}

/** Resolves when what the directory says now is served. */
async function refresh(ypldap: Ypldap): Promise<void> {
  expect(await ypldap.ctl('refresh')).toMatchObject({ status: 0 })
}

async function statusOf(ypldap: Ypldap): Promise<Status> {
  return JSON.parse((await ypldap.ctl('status', '--json')).stdout) as Status
}

const user = async (client: YpClient, name: string) => await client.match(LAB_DOMAIN, 'passwd.byname', name)
const found = (value: string) => ({
  status: YpStat.TRUE,
  value: Buffer.from(value, 'utf8').toString('latin1'),
})
const NO_SUCH_KEY = { status: YpStat.NOKEY, value: '' }
const userNames = async (client: YpClient) =>
  (await client.all(LAB_DOMAIN, 'passwd.byname')).map(({ key }) => key).filter(Boolean)
const EXAMPLE_USERS = EXAMPLE_MAPS['passwd.byname'].map(([name]) => name)

const ADD_KATE = `dn: uid=kate,${PEOPLE}
changetype: add
objectClass: account
objectClass: posixAccount
uid: kate
cn: Kate King
uidNumber: 10013
gidNumber: 10100
homeDirectory: /home/kate
loginShell: /bin/sh
`
const KATE = 'kate:*:10013:10100:Kate King:/home/kate:/bin/sh'

const ALL_CHANGES = `${ADD_KATE}
dn: uid=ivan,${PEOPLE}
changetype: delete

dn: uid=bob,${PEOPLE}
changetype: modify
replace: gecos
gecos: Robert Baker

dn: cn=visitors,${GROUPS}
changetype: modify
add: memberUid
memberUid: kate
`

async function expectAllChanges(client: YpClient): Promise<void> {
  expect(await user(client, 'kate')).toEqual(found(KATE))
  expect(await user(client, 'ivan')).toEqual(NO_SUCH_KEY)
  expect(await user(client, 'bob')).toEqual(found('bob:*:10002:10100:Robert Baker:/home/bob:/bin/sh'))
  expect(await client.match(LAB_DOMAIN, 'passwd.byuid', '10009')).toEqual(NO_SUCH_KEY)
  expect(await client.match(LAB_DOMAIN, 'group.byname', 'visitors')).toEqual(found('visitors:*:10107:kate'))
  expect(await client.match(LAB_DOMAIN, 'netid.byname', `unix.10013@${LAB_DOMAIN}`)).toEqual(
    found('10013:10100,10107'),
  )
  expect(await userNames(client)).toEqual([...EXAMPLE_USERS.filter((name) => name !== 'ivan'), 'kate'].sort())
}

describe('a change in the directory', () => {
  test('shows after the interval: a user more, one less, another gecos, another member', async () => {
    const slapd = await exampleSlapd()
    const { ypldap, client } = await servedFrom(slapd, 1)
    await untilLogged(ypldap, 'published')
    expect(await userNames(client)).toEqual(EXAMPLE_USERS)
    const before = await client.order(LAB_DOMAIN, 'passwd.byname')
    await slapd.modify(ALL_CHANGES)
    await waitUntil('the new user is served', async () => (await user(client, 'kate')).status === YpStat.TRUE)
    await expectAllChanges(client)
    expect((await client.order(LAB_DOMAIN, 'passwd.byname')).order).toBeGreaterThan(before.order)
  })

  test('shows as soon as a refresh that was asked for is over', async () => {
    const slapd = await exampleSlapd()
    const { ypldap, client } = await servedFrom(slapd, 3600)
    await untilLogged(ypldap, 'published')
    await slapd.modify(ALL_CHANGES)
    expect(await user(client, 'kate')).toEqual(NO_SUCH_KEY)
    await refresh(ypldap)
    await expectAllChanges(client)
  })

  test('shows to the programs of a client as well', async () => {
    const rpcbind = await startRpcbind()
    ending.unshift(() => rpcbind.stop())
    const slapd = await exampleSlapd()
    const ypldap = await startYpldap(exampleConf(slapd))
    ending.unshift(() => ypldap.stop())
    await untilLogged(ypldap, 'published')
    const ypbind = await startYpbind()
    ending.unshift(() => ypbind.stop())
    await slapd.modify(ALL_CHANGES)
    await refresh(ypldap)
    expect(await runOrFail('ypmatch', ['kate', 'passwd'])).toBe(`${KATE}\n`)
    expect(await runOrFail('getent', ['-s', 'group:nis', 'group', 'visitors'])).toBe(
      'visitors:*:10107:kate\n',
    )
  })
})

test('a refresh that is asked for during another follows it', async () => {
  const slapd = await exampleSlapd()
  const { ypldap, client } = await servedFrom(slapd, 3600)
  await untilLogged(ypldap, 'published')
  const first = refresh(ypldap)
  await slapd.modify(ADD_KATE)
  await Promise.all([first, refresh(ypldap)])
  expect(await user(client, 'kate')).toEqual(found(KATE))
})

test('refreshes, good and trashed, leave no descriptor behind', async () => {
  const slapd = await exampleSlapd()
  const { ypldap } = await servedFrom(slapd, 3600)
  await refresh(ypldap)
  const pids = (await statusOf(ypldap)).processes.map(({ pid }) => pid)
  expect(pids).toHaveLength(3)
  const descriptors = () => pids.map((pid) => readdirSync(`/proc/${pid}/fd`).length)
  const before = descriptors()
  for (let count = 1; count <= 10; count++) {
    await slapd.modify(`dn: uid=bob,${PEOPLE}\nchangetype: modify\nreplace: gecos\ngecos: Bob ${count}\n`)
    await refresh(ypldap)
  }
  await slapd.stop('SIGKILL')
  for (let count = 0; count < 5; count++) expect((await ypldap.ctl('refresh')).status).toBe(1)
  await waitUntil('all descriptors are given back', () =>
    descriptors().every((count, index) => count <= before[index]!),
  )
})

describe('while slapd is down', () => {
  test('answers stay, the log says why and when it tries again; it comes back by itself', async () => {
    const slapd = await exampleSlapd()
    const { ypldap, client } = await servedFrom(slapd, 1)
    await untilLogged(ypldap, 'published')
    await slapd.stop('SIGKILL')
    const line = await untilLogged(ypldap, 'update-trashed')
    expect(line).toMatch(
      /^warning: lab\.example: directory "127\.0\.0\.1": .*ECONNREFUSED.*; next try in 1 s/,
    )
    expect(await client.domain(LAB_DOMAIN)).toBe(true)
    expect(await client.domainNonack(LAB_DOMAIN)).toBe(true)
    expect(await userNames(client)).toEqual(EXAMPLE_USERS)
    // The line would be the same, so it is not written again; but the tries go on.
    const domain = (await statusOf(ypldap)).domains[0]!
    await waitUntil(
      'it has tried again',
      async () => (await statusOf(ypldap)).domains[0]!.last!.at > domain.last!.at,
    )
    expect((await statusOf(ypldap)).domains[0]!.last).toMatchObject({ outcome: 'trashed' })
    expect(await user(client, 'alice')).toMatchObject({ status: YpStat.TRUE })

    await slapd.start()
    await slapd.modify(ADD_KATE)
    await waitUntil('the new user is served', async () => (await user(client, 'kate')).status === YpStat.TRUE)
    expect(await userNames(client)).toEqual([...EXAMPLE_USERS, 'kate'].sort())
  })

  test('a slapd that has stopped answering delays neither the answers nor the end', async () => {
    const slapd = await exampleSlapd()
    const { ypldap, client } = await servedFrom(slapd, 3600)
    await untilLogged(ypldap, 'published')
    slapd.pause()
    const refreshing = ypldap.ctl('refresh')
    // It accepts connections still: the kernel does. Whatever the refresh waits for, answers don't.
    expect(await client.domain(LAB_DOMAIN)).toBe(true)
    expect(await userNames(client)).toEqual(EXAMPLE_USERS)
    // An orderly end doesn't wait for it either.
    expect(await ypldap.stop()).toEqual({ code: 0, signal: null })
    expect((await refreshing).status).not.toBe(0)
  })
})

const everyone = (names: readonly string[], ou: string, attribute: string) =>
  names.map((name) => `dn: ${attribute}=${name},${ou}\nchangetype: delete\n`).join('\n')

describe('the guard', () => {
  const EXAMPLE_GROUPS = EXAMPLE_MAPS['group.byname'].map(([name]) => name)

  test('refuses a directory that has become empty', async () => {
    const slapd = await exampleSlapd()
    const { ypldap, client } = await servedFrom(slapd, 3600)
    await untilLogged(ypldap, 'published')
    await slapd.modify(`${everyone(EXAMPLE_USERS, PEOPLE, 'uid')}\n${everyone(EXAMPLE_GROUPS, GROUPS, 'cn')}`)
    const { status, stderr } = await ypldap.ctl('refresh')
    expect(status).toBe(1)
    expect(stderr).toContain('no users and no groups')
    expect(await userNames(client)).toEqual(EXAMPLE_USERS)
    expect(await client.match(LAB_DOMAIN, 'group.bygid', '10107')).toEqual(found('visitors:*:10107:'))
  })

  test('refuses a directory that has lost more than half of its users until it is forced', async () => {
    const slapd = await exampleSlapd()
    const { ypldap, client } = await servedFrom(slapd, 3600)
    await untilLogged(ypldap, 'published')
    await slapd.modify(everyone(EXAMPLE_USERS.slice(0, 7), PEOPLE, 'uid'))
    expect((await ypldap.ctl('refresh')).stderr).toContain('5 users where 12 were before')
    expect(await userNames(client)).toEqual(EXAMPLE_USERS)
    expect((await ypldap.ctl('refresh', '--force')).stdout).toMatch(/^published: 5 users and 8 groups /)
    expect(await userNames(client)).toEqual(EXAMPLE_USERS.slice(7))
  })

  test('takes a directory that has lost half of its users', async () => {
    const slapd = await exampleSlapd()
    const { ypldap, client } = await servedFrom(slapd, 3600)
    await untilLogged(ypldap, 'published')
    await slapd.modify(everyone(EXAMPLE_USERS.slice(0, 6), PEOPLE, 'uid'))
    await refresh(ypldap)
    expect(await userNames(client)).toEqual(EXAMPLE_USERS.slice(6))
  })
})

describe('a slapd that gives a part only', () => {
  test.each([
    [
      'its size limit is lower than what there is',
      ['sizelimit 5'],
      'ended after 5 entries in sizeLimitExceeded (4)',
    ],
    [
      'its limit over all pages is lower',
      ['limits * size.soft=5 size.hard=5 size.prtotal=5'],
      'ended after 5 entries in sizeLimitExceeded (4)',
    ],
    [
      'it refuses to page',
      ['limits * size.soft=5 size.hard=5 size.prtotal=disabled'],
      'adminLimitExceeded (11): pagedResults control not allowed',
    ],
  ])('when %s, is not believed', async (_, database, reason) => {
    const slapd = await exampleSlapd({ database })
    const { ypldap, client } = await servedFrom(slapd, 3600)
    expect(await untilLogged(ypldap, 'update-trashed')).toContain(reason)
    expect(await client.domain(LAB_DOMAIN)).toBe(false)
    expect(await user(client, 'alice')).toEqual({ status: YpStat.NODOM, value: '' })
    expect(logged(ypldap.output(), 'published')).toEqual([])
  })

  test('when its size limit falls below what there is, is not believed any more', async () => {
    const slapd = await exampleSlapd()
    const { ypldap, client } = await servedFrom(slapd, 1)
    await untilLogged(ypldap, 'published')
    await slapd.stop()
    const cut = await exampleSlapd({
      database: ['limits * size.soft=5 size.hard=5 size.prtotal=disabled'],
      port: slapd.port,
    })
    expect(cut.port).toBe(slapd.port)
    await waitUntil('the cut directory is refused', () =>
      logged(ypldap.output(), 'update-trashed').some((line) => line.includes('adminLimitExceeded (11)')),
    )
    expect(await userNames(client)).toEqual(EXAMPLE_USERS)
  })
})
