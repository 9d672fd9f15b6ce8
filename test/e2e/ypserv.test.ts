import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LabProcess } from '../support/lab.ts'
import {
  LAB_DOMAIN,
  LAB_MAPS,
  LAB_ORDER,
  run,
  runOrFail,
  startRpcbind,
  startSlapd,
  startYpbind,
  startYpserv,
} from '../support/lab.ts'

// The reference server alone: what is promised here holds for the lab, and shows how real clients behave.

const running: LabProcess[] = []

beforeAll(async () => {
  running.unshift(await startRpcbind())
  running.unshift(await startYpserv({ domain: LAB_DOMAIN, maps: LAB_MAPS, port: 834 }))
  running.unshift(await startYpbind())
})

afterAll(async () => {
  for (const daemon of running) await daemon.stop()
})

const lines = (text: string) => text.split('\n').filter(Boolean).sort()
const values = (map: keyof typeof LAB_MAPS) => LAB_MAPS[map].map(([, value]) => value).sort()

test('ypbind binds the domain to the server on loopback', async () => {
  expect(await runOrFail('ypwhich')).toBe('127.0.0.1\n')
})

test('ypcat by a nickname prints every value of the map', async () => {
  expect(lines(await runOrFail('ypcat', ['passwd']))).toEqual(values('passwd.byname'))
})

test('ypcat -k prints key and value', async () => {
  const expected = LAB_MAPS['group.bygid'].map(([key, value]) => `${key} ${value}`)
  expect(lines(await runOrFail('ypcat', ['-k', 'group.bygid']))).toEqual([...expected].sort())
})

test('ypmatch finds a key', async () => {
  expect(await runOrFail('ypmatch', ['alice', 'passwd'])).toBe(
    'alice:*:10001:20001:Alice Adams,Room 1,,:/home/alice:/bin/bash\n',
  )
})

test('ypmatch of a key that is not there says so', async () => {
  const { status, stderr } = await run('ypmatch', ['nobody-here', 'passwd'])
  expect(status).toBe(1)
  expect(stderr).toContain('No such key in map')
})

test('ypmatch in a map that is not there says so', async () => {
  const { status, stderr } = await run('ypmatch', ['alice', 'shadow.byname'])
  expect(status).toBe(1)
  expect(stderr).toContain('No such map in server')
})

test('ypwhich -m lists every map with its master', async () => {
  const expected = Object.keys(LAB_MAPS).map((map) => `${map} lab`)
  expect(lines(await runOrFail('ypwhich', ['-m']))).toEqual(expected.sort())
})

test('yppoll tells the order number and the master', async () => {
  const text = await runOrFail('yppoll', ['-h', '127.0.0.1', '-d', LAB_DOMAIN, 'passwd.byname'])
  expect(text).toContain(`Map passwd.byname has order number ${LAB_ORDER}.`)
  expect(text).toContain('The master server is lab.')
})

const nis = (...keys: string[]) => runOrFail('getent', ['-s', 'passwd:nis', 'passwd', ...keys])

test('getent finds a user by name and by number, and enumerates', async () => {
  expect(await nis('bob')).toBe('bob:*:10002:20001:Bob:/home/bob:/bin/sh\n')
  expect(await nis('10003')).toBe('carol:*:10003:20002::/home/carol:/bin/bash\n')
  expect(lines(await nis())).toEqual(values('passwd.byname'))
})

test('getent knows no user that the map has not', async () => {
  expect((await run('getent', ['-s', 'passwd:nis', 'passwd', 'nobody-here'])).status).toBe(2)
})

test('id collects the groups of a user from group.byname', async () => {
  expect((await runOrFail('id', ['-G', 'alice'])).trim().split(' ').sort()).toEqual([
    '20001',
    '20002',
    '20003',
  ])
})

test('slapd keeps its data and port over a restart, and takes changes', async () => {
  const suffix = 'dc=lab,dc=example'
  const slapd = await startSlapd({
    ldif: `dn: ${suffix}\nobjectClass: dcObject\nobjectClass: organization\no: lab\n`,
  })
  try {
    await slapd.modify(`dn: ou=people,${suffix}\nchangetype: add\nobjectClass: organizationalUnit\n`)
    await slapd.stop()
    expect((await run('ldapsearch', ['-x', '-H', slapd.url, '-b', suffix])).status).not.toBe(0)
    await slapd.start()
    const found = await runOrFail('ldapsearch', ['-x', '-LLL', '-H', slapd.url, '-b', suffix, '(ou=*)', 'ou'])
    expect(found.trim()).toBe(`dn: ou=people,${suffix}\nou: people`)
  } finally {
    await slapd.stop()
  }
})
