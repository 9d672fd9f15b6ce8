import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DirectoryServer, LabProcess } from '../support/lab.ts'
import {
  anyOrder,
  byKey,
  IPA_LDIF,
  IPA_MAPS,
  IPA_SCHEMA,
  IPA_SUFFIX,
  LAB_DOMAIN,
  recordsOf,
  start389,
  startYpldap,
  untilLogged,
} from '../support/lab.ts'
import { openYpClient, type YpClient } from '../support/yp-client.ts'

// The entries of FreeIPA in 389 Directory Server, from the top of its tree.

const PORT = 834
const running: (DirectoryServer | LabProcess)[] = []
let client: YpClient

beforeAll(async () => {
  const server = await start389({ suffix: IPA_SUFFIX, ldif: IPA_LDIF, schema: IPA_SCHEMA })
  running.unshift(server)
  const ypldap = await startYpldap(
    [
      `domain "${LAB_DOMAIN}"`,
      'bind local',
      `listen on 127.0.0.1 port ${PORT}`,
      'provide maps accounts',
      'provide maps netgroups',
      'provide maps automount',
      `directory "127.0.0.1" port ${server.port} {`,
      `  basedn "${IPA_SUFFIX}"`,
      '  schema ipa',
      '}',
      '',
    ].join('\n'),
  )
  running.unshift(ypldap)
  await untilLogged(ypldap, 'published')
  client = await openYpClient({ transport: 'tcp', port: PORT })
})

afterAll(async () => {
  client.close()
  for (const daemon of running.splice(0)) await daemon.stop()
})

test.each(['passwd.byname', 'passwd.byuid', 'netid.byname', 'netgroup', 'auto.master', 'auto.home'] as const)(
  '%s is as it must be',
  async (map) => {
    expect(byKey(await recordsOf(client, map))).toEqual(byKey(IPA_MAPS[map]))
  },
)

test.each(['group.byname', 'group.bygid'] as const)('%s has the members of members', async (map) => {
  expect(anyOrder(byKey(await recordsOf(client, map)))).toEqual(anyOrder(byKey(IPA_MAPS[map])))
})

test('netgroups are found by host and by user', async () => {
  expect(await recordsOf(client, 'netgroup.byuser')).toContainEqual(['alice.ipa.example', 'mixed,engineers'])
  expect(await recordsOf(client, 'netgroup.byhost')).toContainEqual([
    'srv1.ipa.example.ipa.example',
    'servers',
  ])
})
