import { writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { YpStat } from '../../rpc/yp.ts'
import type { Client } from '../../src/messages/usage.ts'
import type { LabProcess, Slapd, Ypldap } from '../support/lab.ts'
import {
  EXAMPLE_LDIF,
  EXAMPLE_MAPS,
  EXAMPLE_SUFFIX,
  exampleConf,
  LAB_DOMAIN,
  run,
  runOrFail,
  startRpcbind,
  startSlapd,
  startYpbind,
  startYpldap,
  untilLogged,
} from '../support/lab.ts'
import { openYpClient } from '../support/yp-client.ts'

// What the programs on a Linux client show of the example directory, which slapd holds and ypldap serves.

type MapName = keyof typeof EXAMPLE_MAPS

const lines = (text: string) => text.split('\n').filter(Boolean)
const values = (map: MapName) => EXAMPLE_MAPS[map].map(([, value]) => value)
const wire = (text: string) => Buffer.from(text, 'utf8').toString('latin1')
const onWire = (map: MapName) =>
  EXAMPLE_MAPS[map].map(([key, value]) => ({ key: wire(key), value: wire(value) }))
const valueOf = (map: MapName, key: string) => {
  const record = EXAMPLE_MAPS[map].find(([own]) => own === key)
  if (record === undefined) throw new Error(`${map} has no ${key}`)
  return record[1]
}

const running: LabProcess[] = []
let slapd: Slapd
let started: number

beforeAll(async () => {
  running.unshift(await startRpcbind())
  slapd = await startSlapd({ ldif: EXAMPLE_LDIF, suffix: EXAMPLE_SUFFIX })
})

afterAll(async () => {
  for (const daemon of running.splice(0)) await daemon.stop()
  await slapd.stop()
})

/** ypldap with a map set, and ypbind bound to it; ended with the group of tests. */
function served(global: readonly string[]): () => Ypldap {
  const own: LabProcess[] = []
  let ypldap: Ypldap
  beforeAll(async () => {
    started = Math.floor(Date.now() / 1000)
    ypldap = await startYpldap(exampleConf(slapd, { global }))
    own.unshift(ypldap)
    await untilLogged(ypldap, 'published')
    own.unshift(await startYpbind())
  })
  afterAll(async () => {
    for (const daemon of own.splice(0)) await daemon.stop()
  })
  return () => ypldap
}

/** The switches of libnss_nis, for commands started from now on. */
const nssSwitches = (...switches: string[]) => writeFileSync('/etc/default/nss', `${switches.join('\n')}\n`)

afterEach(() => nssSwitches())

const nis = (database: string, ...keys: string[]) =>
  runOrFail('getent', ['-s', `${database}:nis`, database, ...keys])

const groupIds = async (user: string) => (await runOrFail('id', ['-G', user])).trim().split(' ').sort()

describe('with all maps', () => {
  const ypldap = served(['listen port 834'])

  test('ypwhich names the server that the domain is bound to', async () => {
    expect(await runOrFail('ypwhich')).toBe('127.0.0.1\n')
  })

  test('ypwhich -m lists all seven maps, with this host as their master', async () => {
    expect(lines(await runOrFail('ypwhich', ['-m']))).toEqual(
      Object.keys(EXAMPLE_MAPS).map((map) => `${map} lab`),
    )
  })

  test.each(Object.keys(EXAMPLE_MAPS) as MapName[])(
    'ypcat -k shows every key and value of %s',
    async (map) => {
      const expected = EXAMPLE_MAPS[map].map(([key, value]) => `${key} ${value}`)
      expect(lines(await runOrFail('ypcat', ['-k', map])).sort()).toEqual(expected.sort())
    },
  )

  test('ypcat by a nickname shows the values in the order of the keys', async () => {
    expect(lines(await runOrFail('ypcat', ['passwd']))).toEqual(values('passwd.byname'))
  })

  test('ypcat -h asks the server without ypbind', async () => {
    const text = await runOrFail('ypcat', ['-h', '127.0.0.1', '-d', LAB_DOMAIN, 'group.byname'])
    expect(lines(text)).toEqual(values('group.byname'))
  })

  test('ypmatch finds a user by name and by number, and a group by both', async () => {
    expect(await runOrFail('ypmatch', ['chloe', 'passwd'])).toBe(`${valueOf('passwd.byname', 'chloe')}\n`)
    expect(await runOrFail('ypmatch', ['10010', 'passwd.byuid'])).toBe(
      `${valueOf('passwd.byname', 'judy')}\n`,
    )
    expect(await runOrFail('ypmatch', ['visitors', 'group'])).toBe('visitors:*:10107:\n')
    expect(await runOrFail('ypmatch', ['10100', 'group.bygid'])).toBe(`${valueOf('group.byname', 'staff')}\n`)
  })

  test('ypmatch takes several keys', async () => {
    const users = ['bob', 'erin', 'ivan']
    expect(lines(await runOrFail('ypmatch', ['-k', ...users, 'passwd']))).toEqual(
      users.map((name) => `${name} ${valueOf('passwd.byname', name)}`),
    )
  })

  test('ypmatch of a key that is not there says so', async () => {
    const { status, stdout, stderr } = await run('ypmatch', ['nobody-here', 'passwd'])
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toContain('nobody-here')
    expect(stderr).toContain('No such key in map')
  })

  test('ypmatch in a map that is not there says so', async () => {
    const { status, stderr } = await run('ypmatch', ['alice', 'shadow.byname'])
    expect(status).toBe(1)
    expect(stderr).toContain('No such map in server')
  })

  test('ypmatch of the special keys tells master, domain and age', async () => {
    expect(await runOrFail('ypmatch', ['YP_MASTER_NAME', 'passwd'])).toBe('lab\n')
    expect(await runOrFail('ypmatch', ['YP_DOMAIN_NAME', 'passwd'])).toBe(`${LAB_DOMAIN}\n`)
    const age = Number(await runOrFail('ypmatch', ['YP_LAST_MODIFIED', 'passwd']))
    expect(age).toBeGreaterThanOrEqual(started)
  })

  test('yppoll tells the time of the refresh as order number, and the master', async () => {
    const text = await runOrFail('yppoll', ['-h', '127.0.0.1', '-d', LAB_DOMAIN, 'group.bygid'])
    expect(text).toContain('The master server is lab.')
    const order = Number(/has order number (\d+)\./.exec(text)?.[1])
    expect(order).toBeGreaterThanOrEqual(started)
    expect(order).toBeLessThanOrEqual(Date.now() / 1000)
  })

  test('yptest runs through all calls of libnsl and finds no fault', async () => {
    const { status, stdout, stderr } = await run('yptest', ['-u', 'alice'])
    expect(stdout + stderr).toContain('All tests passed')
    expect(status).toBe(0)
    expect(stdout.split('Test 9: yp_all\n')[1]?.split('\n').slice(0, 12)).toEqual(
      EXAMPLE_MAPS['passwd.byname'].map(([key, value]) => `${key} ${value}`),
    )
  })

  test.each([
    ['udp', '127.0.0.1'],
    ['tcp', '127.0.0.1'],
    ['udp6', '::1'],
    ['tcp6', '::1'],
  ])('rpcinfo -T %s %s finds version 2 ready', async (netid, address) => {
    expect(await runOrFail('rpcinfo', ['-T', netid, address, '100004', '2'])).toBe(
      'program 100004 version 2 ready and waiting\n',
    )
  })

  test('getent finds users by name and by number', async () => {
    expect(await nis('passwd', 'dmitri')).toBe(`${valueOf('passwd.byname', 'dmitri')}\n`)
    expect(await nis('passwd', '10012')).toBe(`${valueOf('passwd.byname', 'backup')}\n`)
  })

  test('getent finds groups by name and by number', async () => {
    expect(await nis('group', 'simulation')).toBe('simulation:*:10103:judy,grace\n')
    expect(await nis('group', '10107')).toBe('visitors:*:10107:\n')
  })

  test('getent knows no user and no group that the directory has not', async () => {
    expect((await run('getent', ['-s', 'passwd:nis', 'passwd', 'nobody-here'])).status).toBe(2)
    expect((await run('getent', ['-s', 'group:nis', 'group', '4242'])).status).toBe(2)
  })

  test.each([
    ['key by key', []],
    ['in one ALL', ['SETENT_BATCH_READ=TRUE']],
  ])('getent enumerates users and groups %s', async (_, switches) => {
    nssSwitches(...switches)
    expect(lines(await nis('passwd'))).toEqual(values('passwd.byname'))
    expect(lines(await nis('group'))).toEqual(values('group.byname'))
  })

  // Debian has a backup user of its own, which nsswitch.conf finds first.
  test.each(EXAMPLE_MAPS['passwd.byname'].map(([name]) => name).filter((name) => name !== 'backup'))(
    'id collects the same groups of %s from group.byname and from netid.byname',
    async (user) => {
      const [, , uid] = valueOf('passwd.byname', user).split(':')
      const expected = valueOf('netid.byname', `unix.${uid}@${LAB_DOMAIN}`).split(':')[1]?.split(',').sort()
      expect(await groupIds(user)).toEqual(expected)
      nssSwitches('NETID_AUTHORITATIVE=TRUE')
      expect(await groupIds(user)).toEqual(expected)
    },
  )

  test.each([
    ['udp', '127.0.0.1'],
    ['udp', '::1'],
    ['tcp', '127.0.0.1'],
    ['tcp', '::1'],
  ] as const)('over %s to %s, MATCH, FIRST, NEXT and ALL show the same map', async (transport, host) => {
    const client = await openYpClient({ transport, host, port: 834 })
    const expected = onWire('passwd.byname')
    expect(await client.all(LAB_DOMAIN, 'passwd.byname')).toEqual([
      ...expected.map((record) => ({ status: YpStat.TRUE, ...record })),
      { status: YpStat.NOMORE, value: '', key: '' },
    ])
    const walk = []
    for (
      let step = await client.first(LAB_DOMAIN, 'passwd.byname');
      step.status === YpStat.TRUE;
      step = await client.next(LAB_DOMAIN, 'passwd.byname', step.key)
    ) {
      walk.push({ key: step.key, value: step.value })
    }
    expect(walk).toEqual(expected)
    for (const { key, value } of expected) {
      expect(await client.match(LAB_DOMAIN, 'passwd.byname', key)).toEqual({ status: YpStat.TRUE, value })
    }
    client.close()
  })

  test.each(['udp', 'tcp'] as const)(
    'over %s, the maps with hashes are empty for an unreserved source port and full for a reserved one',
    async (transport) => {
      const anyone = await openYpClient({ transport, port: 834 })
      const root = await openYpClient({ transport, port: 834, reserved: true })
      for (const map of ['master.passwd.byname', 'master.passwd.byuid'] as const) {
        const [first] = onWire(map)
        const { key, value } = first ?? { key: '', value: '' }
        const nothing = { status: YpStat.NOMORE, value: '', key: '' }
        expect(await anyone.match(LAB_DOMAIN, map, key)).toEqual({ status: YpStat.NOKEY, value: '' })
        expect(await anyone.first(LAB_DOMAIN, map)).toEqual(nothing)
        expect(await anyone.next(LAB_DOMAIN, map, key)).toEqual(nothing)
        expect(await anyone.all(LAB_DOMAIN, map)).toEqual([nothing])

        expect(await root.match(LAB_DOMAIN, map, key)).toEqual({ status: YpStat.TRUE, value })
        expect(await root.first(LAB_DOMAIN, map)).toEqual({ status: YpStat.TRUE, key, value })
        expect(await root.all(LAB_DOMAIN, map)).toEqual([
          ...onWire(map).map((record) => ({ status: YpStat.TRUE, ...record })),
          nothing,
        ])
      }
      anyone.close()
      root.close()
    },
  )

  test('ypcat of a map with hashes shows an ordinary user nothing', async () => {
    const { stdout } = await run('setpriv', [
      '--reuid=65534',
      '--regid=65534',
      '--clear-groups',
      'ypcat',
      'master.passwd.byname',
    ])
    expect(stdout).toBe('')
  })

  test('ypldapctl clients names who has asked and for which maps, also when the file was read again', async () => {
    await runOrFail('ypmatch', ['chloe', 'passwd'])
    await runOrFail('ypcat', ['group'])
    const here = async () => {
      const { stdout } = await ypldap().ctl('--json', 'clients')
      const clients = lines(stdout).map((line) => JSON.parse(line) as Client)
      return clients.find(({ address }) => address === '127.0.0.1')!
    }
    const before = await here()
    // ypbind asks for the domain, ypmatch over UDP, ypcat over TCP.
    expect(before.procedures).toEqual(expect.arrayContaining(['domain', 'match', 'all']))
    expect(before.maps).toEqual(
      expect.arrayContaining(['passwd.byname', 'group.byname'].map((map) => ({ domain: LAB_DOMAIN, map }))),
    )
    expect((await ypldap().ctl('reload')).status).toBe(0)
    await runOrFail('ypmatch', ['chloe', 'passwd'])
    const after = await here()
    expect(after.calls).toBeGreaterThan(before.calls)
    expect(after.first).toBe(before.first)
  })
})

describe('with passwd.byname, passwd.byuid and netid.byname only', () => {
  served(['provide map "passwd.byname"', 'provide map "passwd.byuid"', 'provide map "netid.byname"'])

  test('ypwhich -m lists the provided maps and no other', async () => {
    expect(lines(await runOrFail('ypwhich', ['-m']))).toEqual([
      'passwd.byname lab',
      'passwd.byuid lab',
      'netid.byname lab',
    ])
  })

  test('a map that is not provided is not there', async () => {
    const { status, stderr } = await run('ypcat', ['group.byname'])
    expect(status).toBe(1)
    expect(stderr).toContain('No such map in server')
  })

  test('id takes the groups from netid.byname alone, with NETID_AUTHORITATIVE', async () => {
    expect(await groupIds('alice')).toEqual(['10100'])
    nssSwitches('NETID_AUTHORITATIVE=TRUE')
    expect(await groupIds('alice')).toEqual(['10100', '10104', '10105', '10106'])
  })
})
