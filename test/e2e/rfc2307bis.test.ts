import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LabProcess, Slapd, Ypldap } from '../support/lab.ts'
import {
  anyOrder,
  BIS_LDIF,
  BIS_MAPS,
  BIS_SUFFIX,
  byKey,
  exampleConf,
  recordsOf,
  startSlapd,
  startYpldap,
  untilLogged,
} from '../support/lab.ts'
import { openYpClient, type YpClient } from '../support/yp-client.ts'

// Groups whose members are DNs, in slapd with the schema of the draft that follows RFC 2307.

const PORT = 834
const running: (Slapd | LabProcess)[] = []
let ypldap: Ypldap
let client: YpClient

beforeAll(async () => {
  const slapd = await startSlapd({ suffix: BIS_SUFFIX, ldif: BIS_LDIF, schema: 'rfc2307bis' })
  running.unshift(slapd)
  ypldap = await startYpldap(
    exampleConf(slapd, {
      global: ['bind local', `listen on 127.0.0.1 port ${PORT}`, 'provide maps accounts'],
      block: ['schema rfc2307bis', `basedn "ou=people,${BIS_SUFFIX}"`, `groupdn "ou=groups,${BIS_SUFFIX}"`],
    }).replace(`  basedn "${BIS_SUFFIX}"\n`, ''),
  )
  running.unshift(ypldap)
  await untilLogged(ypldap, 'published')
  client = await openYpClient({ transport: 'tcp', port: PORT })
})

afterAll(async () => {
  client.close()
  for (const daemon of running.splice(0)) await daemon.stop()
})

test.each(['passwd.byname', 'passwd.byuid', 'netid.byname'] as const)('%s is as it must be', async (map) => {
  expect(await recordsOf(client, map)).toEqual(byKey(BIS_MAPS[map]))
})

test.each(['group.byname', 'group.bygid'] as const)(
  '%s has the members of members, through cycles and groups without a number',
  async (map) => {
    expect(anyOrder(byKey(await recordsOf(client, map)))).toEqual(anyOrder(byKey(BIS_MAPS[map])))
  },
)

test('members that are no users are counted, and one of them is named', async () => {
  const { stdout } = await ypldap.ctl('rejected')
  expect(stdout + ypldap.output()).toContain('visiting')
})
