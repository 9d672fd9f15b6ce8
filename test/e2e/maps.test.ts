import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { YpStat } from '../../rpc/yp.ts'
import type { LabProcess, Slapd } from '../support/lab.ts'
import {
  askNisForServices,
  exampleConf,
  getent,
  innetgr,
  LAB_DOMAIN,
  NETGROUP_READINGS,
  netnameToUser,
  publicKey,
  READINGS,
  RFC2307BIS_LDIF,
  recordsOf,
  run,
  runOrFail,
  SERVICES_MAPS,
  SERVICES_SUFFIX,
  startRpcbind,
  startSlapd,
  startYpbind,
  startYpldap,
  untilLogged,
} from '../support/lab.ts'
import { openYpClient, type YpClient } from '../support/yp-client.ts'

// Every map that is made of a directory, as the programs of a client read it.

const PORT = 834
const running: (Slapd | LabProcess)[] = []
let client: YpClient

beforeAll(async () => {
  running.unshift(await startRpcbind())
  const slapd = await startSlapd({ suffix: SERVICES_SUFFIX, ldif: RFC2307BIS_LDIF, schema: 'rfc2307bis' })
  running.unshift(slapd)
  const ypldap = await startYpldap(
    exampleConf(slapd, {
      global: [
        `listen port ${PORT}`,
        'provide maps rfc2307',
        'provide map "shadow.byname"',
        'provide maps mail',
        'provide maps automount',
        'provide maps nisobject',
        'provide map "publickey.byname"',
      ],
      block: ['schema rfc2307bis', 'attribute passwd maps to "userPassword"'],
    }),
  )
  running.unshift(ypldap)
  await untilLogged(ypldap, 'published')
  running.unshift(await startYpbind())
  askNisForServices()
  client = await openYpClient({ transport: 'tcp', port: PORT })
})

afterAll(async () => {
  client.close()
  for (const daemon of running.splice(0)) await daemon.stop()
})

const lines = (text: string) => text.split('\n').filter((line) => line !== '')

describe('through libnss_nis', () => {
  test.each(READINGS)('getent %s %j', async (database, keys, expected) => {
    expect(await getent(database, ...keys)).toEqual(expected)
  })

  test.each(NETGROUP_READINGS)('innetgr%j is %s', async (question, answer) => {
    expect(await innetgr(...question)).toBe(answer)
  })

  test('the library of secure RPC finds keys and users by their netnames', async () => {
    expect(await publicKey(`unix.ws1@${LAB_DOMAIN}`)).toBe('abcdef0123456789')
    expect(await publicKey(`unix.10001@${LAB_DOMAIN}`)).toBe('5a1c0de5a1c0de')
    expect(await publicKey(`unix.nobody@${LAB_DOMAIN}`)).toBe('')
    expect(await netnameToUser(`unix.10001@${LAB_DOMAIN}`)).toBe('10001:20001,20003,20002')
  })

  test('the hash of a password is in shadow.byname alone, and not for everybody', async () => {
    const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups']
    const shadow = await run('setpriv', [...nobody, 'getent', '-s', 'shadow:nis', 'shadow', 'alice'])
    expect(shadow.stdout).toBe('')
    const passwd = await run('setpriv', [...nobody, 'getent', '-s', 'passwd:nis', 'passwd', 'alice'])
    expect(passwd.stdout).toMatch(/^alice:x:/)
  })
})

describe('through yp-tools', () => {
  test('ypwhich -m names each map once', async () => {
    const maps = lines(await runOrFail('ypwhich', ['-m'])).map((line) => line.split(' ')[0])
    expect(new Set(maps).size).toBe(maps.length)
    expect(maps).toEqual(expect.arrayContaining(['netgroup.byhost', 'auto.home', 'phonebook', 'mail.byaddr']))
  })

  test.each(Object.entries(SERVICES_MAPS))('ypcat -k %s', async (map, records) => {
    const expected = records.map(([key, value]) => `${key} ${value}`)
    const shown = lines(await runOrFail('ypcat', ['-k', map])).map((line) => line.replace(/\s+/g, ' '))
    expect(shown).toEqual(expected)
  })

  test.each([
    ['files', 'hosts.byname', '192.0.2.20 Server.lab.example server Files'],
    ['www/tcp', 'services.byservicename', 'http 80/tcp www www-http'],
    ['unix.diskless@lab.example', 'netid.byname', '0:diskless'],
    ['alice.*', 'netgroup.byuser', 'trusted,everybody,admins'],
    ['diskless', 'bootparams', 'root=server:/export/root/diskless swap=server:/export/swap/diskless'],
    ['198.51.100.0', 'networks.byaddr', 'backbone 198.51.100.0'],
  ])('ypmatch %s %s', async (key, map, value) => {
    expect((await runOrFail('ypmatch', [key, map])).trim().replace(/\s+/g, ' ')).toBe(value)
  })
})

describe('as autofs asks', () => {
  test('ALL of auto.master shows the mount points', async () => {
    expect(await recordsOf(client, 'auto.master')).toEqual([
      ['/home', 'auto.home -rw,hard'],
      ['/net', '-hosts'],
    ])
  })

  test('MATCH finds a key, and no other for want of it, so that the wildcard is asked for by name', async () => {
    expect(await client.match(LAB_DOMAIN, 'auto.home', 'shared')).toEqual({
      status: YpStat.TRUE,
      value: '/docs server:/export/docs /src server:/export/src',
    })
    expect((await client.match(LAB_DOMAIN, 'auto.home', 'bob')).status).toBe(YpStat.NOKEY)
    expect(await client.match(LAB_DOMAIN, 'auto.home', '*')).toEqual({
      status: YpStat.TRUE,
      value: 'server:/export/home/&',
    })
  })

  test('a map of the old name is not there, so that it is asked for with a dot', async () => {
    expect((await client.match(LAB_DOMAIN, 'auto_home', 'alice')).status).toBe(YpStat.NOMAP)
  })

  test('MATCH of YP_LAST_MODIFIED tells whether the map has changed', async () => {
    const { status, value } = await client.match(LAB_DOMAIN, 'auto.home', 'YP_LAST_MODIFIED')
    expect(status).toBe(YpStat.TRUE)
    expect(value).toMatch(/^\d{10}$/)
    expect(value).toBe(String((await client.order(LAB_DOMAIN, 'auto.home')).order))
  })
})
