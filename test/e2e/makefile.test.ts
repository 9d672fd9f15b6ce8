import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LabProcess, Slapd } from '../support/lab.ts'
import {
  byKey,
  exampleConf,
  FLAT_FILES,
  labFolder,
  makeMaps,
  RFC2307_LDIF,
  RFC2307BIS_LDIF,
  recordsOf,
  runOrFail,
  SERVICES_SUFFIX,
  squeezed,
  startSlapd,
  startYpldap,
  untilLogged,
} from '../support/lab.ts'
import { openYpClient, type YpClient } from '../support/yp-client.ts'

// Maps made of entries, beside those that Debian's /var/yp/Makefile makes of files which say the same. White space is
// all that may differ; what files and entries can't both say is told in test/support/lab-services.ts.

const PORT = 834

const PROVIDED = [
  `listen on 127.0.0.1 port ${PORT}`,
  'bind local',
  'provide maps rfc2307',
  'provide map "shadow.byname"',
  'provide maps mail',
  'provide map "publickey.byname"',
]

const MAPS = [
  'auto.home',
  'auto.master',
  'bootparams',
  'ethers.byaddr',
  'ethers.byname',
  'group.bygid',
  'group.byname',
  'hosts.byaddr',
  'hosts.byname',
  'mail.aliases',
  'netgroup',
  'netgroup.byhost',
  'netgroup.byuser',
  'netid.byname',
  'netmasks.byaddr',
  'networks.byaddr',
  'networks.byname',
  'passwd.byname',
  'passwd.byuid',
  'protocols.byname',
  'protocols.bynumber',
  'publickey.byname',
  'rpc.byname',
  'rpc.bynumber',
  'services.byname',
  'services.byservicename',
  'shadow.byname',
] as const

type Records = Awaited<ReturnType<typeof recordsOf>>

/** Records of our own: hosts by their other names, networks without the zeros that some clients leave out. */
const FURTHER: Readonly<Record<string, Records>> = {
  'ethers.byname': [
    ['Files', '0:c:29:ab:cd:ef Server.lab.example'],
    ['server', '0:c:29:ab:cd:ef Server.lab.example'],
    ['ws1.lab.example', '8:0:20:1:2:3 ws1'],
  ],
  'networks.byaddr': [
    ['127', 'loopback 127.0.0.0'],
    ['192.0.2', 'labnet 192.0.2.0 testnet-1'],
    ['198.51.100', 'backbone 198.51.100.0'],
  ],
}

/** What makedbm adds to aliases by itself, as a mark that all are there: sendmail does without. */
const MARK: Readonly<Record<string, string>> = { 'mail.aliases': '@' }

const BY_OBJECT = [
  'provide maps nisobject',
  // RFC 2307 has no class for keys.
  'map "publickey.byname" { filter "(&(objectClass=nisObject)(nisMapName=publickey.byname))"',
  '  key "{cn}" value "{nisMapEntry}" }',
]

/** What the script of the example without a directory writes of the files themselves. */
async function filesLdif(): Promise<string> {
  const folder = labFolder('files')
  for (const [name, text] of Object.entries(FLAT_FILES)) writeFileSync(join(folder, name), text)
  const script = join(import.meta.dirname, '../../examples/ldif/files2ldif')
  return await runOrFail(script, [SERVICES_SUFFIX, folder], { env: { HASHES: 'yes' } })
}

describe.each([
  ['rfc2307', 'entries by the schema rfc2307', () => RFC2307_LDIF, BY_OBJECT],
  ['rfc2307bis', 'entries by the schema rfc2307bis', () => RFC2307BIS_LDIF, ['provide maps automount']],
  ['rfc2307', 'what files2ldif writes of the files', filesLdif, BY_OBJECT],
] as const)('schema %s: %s', (schema, _of, ldif, further) => {
  const running: (Slapd | LabProcess)[] = []
  let client: YpClient
  let made: Readonly<Record<string, Records>>

  beforeAll(async () => {
    made = await makeMaps(FLAT_FILES)
    const slapd = await startSlapd({ suffix: SERVICES_SUFFIX, ldif: await ldif(), schema })
    running.unshift(slapd)
    const attribute = 'attribute passwd maps to "userPassword"'
    const block = [`schema ${schema}`, attribute]
    const ypldap = await startYpldap(exampleConf(slapd, { global: [...PROVIDED, ...further], block }))
    running.unshift(ypldap)
    await untilLogged(ypldap, 'published')
    client = await openYpClient({ transport: 'tcp', port: PORT, reserved: true })
  })

  afterAll(async () => {
    client.close()
    for (const daemon of running.splice(0)) await daemon.stop()
  })

  test.each(MAPS)('%s is the same', async (map) => {
    const expected = (made[map] ?? []).filter(([key]) => key !== MARK[map])
    expect(expected.length).toBeGreaterThan(0)
    expect(squeezed(byKey(await recordsOf(client, map)))).toEqual(
      byKey([...squeezed(expected), ...(FURTHER[map] ?? [])]),
    )
  })

  test('no map of the Makefile is left out here', () => {
    expect(Object.keys(made).sort()).toEqual([...MAPS])
  })
})
