import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { LabProcess, RangedPort, SambaAd } from '../support/lab.ts'
import {
  AD_BULK,
  AD_BULK_LDIF,
  AD_BULK_NAMES,
  AD_LAB,
  AD_LDIF,
  AD_MAPS,
  AD_READER,
  AD_SID_MAPS,
  AD_SUFFIX,
  anyOrder,
  byKey,
  LAB_DOMAIN,
  recordsOf,
  startRangedPort,
  startSambaAd,
  startYpldap,
  untilLogged,
} from '../support/lab.ts'
import { openYpClient, type YpClient } from '../support/yp-client.ts'

// A domain of Active Directory that Samba keeps.

const PORT = 834
let samba: SambaAd
let ranged: RangedPort

beforeAll(async () => {
  samba = await startSambaAd({ ldif: AD_LDIF + AD_BULK_LDIF })
  ranged = await startRangedPort(samba.port)
})

afterAll(async () => {
  await ranged.stop()
  await samba.stop()
})

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

interface Served {
  readonly ypldap: LabProcess
  readonly client: YpClient
}

async function serve(
  base: string,
  block: readonly string[] = [],
  global: readonly string[] = [],
): Promise<Served> {
  const ypldap = await startYpldap(
    [
      `domain "${LAB_DOMAIN}"`,
      'bind local',
      `listen on 127.0.0.1 port ${PORT}`,
      'provide maps accounts',
      ...global,
      `directory "127.0.0.1" port ${ranged.port} {`,
      `  basedn "${base}"`,
      `  binddn "${AD_READER.dn}"`,
      `  bindcred "${AD_READER.password}"`,
      '  schema ad',
      ...block,
      '}',
      '',
    ].join('\n'),
  )
  ending.unshift(() => ypldap.stop())
  await untilLogged(ypldap, 'published')
  const client = await openYpClient({ transport: 'tcp', port: PORT })
  ending.unshift(() => client.close())
  return { ypldap, client }
}

const MAPS = ['passwd.byname', 'passwd.byuid', 'group.byname', 'group.bygid', 'netid.byname'] as const

type Maps = Readonly<Record<(typeof MAPS)[number], Awaited<ReturnType<typeof recordsOf>>>>

/** Records by key, and the members of groups in one order: a controller has none. */
const ordered = (maps: Maps) =>
  MAPS.map((map) => [map, map.startsWith('group') ? anyOrder(byKey(maps[map])) : byKey(maps[map])])

async function mapsOf({ client }: Served): Promise<Maps> {
  const maps = []
  for (const map of MAPS) maps.push([map, await recordsOf(client, map)] as const)
  return Object.fromEntries(maps) as Maps
}

describe('by the attributes of POSIX', () => {
  test('users who are enabled and groups with the members of members are served', async () => {
    expect(ordered(await mapsOf(await serve(AD_LAB)))).toEqual(ordered(AD_MAPS))
  })

  test('the whole domain is read, and what it refers to is not', async () => {
    const { ypldap, client } = await serve(AD_SUFFIX, [], ['overflow keep'])
    const users = await recordsOf(client, 'passwd.byname')
    expect(users.map(([name]) => name)).toEqual(
      [...AD_BULK_NAMES, ...AD_MAPS['passwd.byname'].map(([name]) => name)].sort(),
    )
    expect(ypldap.output()).not.toContain('trashed')
  })

  test('maps of which the whole domain has nothing are empty, though it refers to others for them', async () => {
    const { ypldap, client } = await serve(AD_SUFFIX, [], ['overflow keep', 'provide map networks.byname'])
    expect(await recordsOf(client, 'networks.byname')).toEqual([])
    expect(ypldap.output()).not.toMatch(/trashed|base-missing/)
  })

  test('a group of more members than come at a time has all of them', async () => {
    const before = ranged.cut
    const { client } = await serve(AD_BULK, [], ['overflow keep'])
    const [everyone] = anyOrder(await recordsOf(client, 'group.byname'))
    expect(everyone).toEqual(['everyone', `everyone:*:30000:${AD_BULK_NAMES.join(',')}`])
    expect(ranged.cut).toBeGreaterThan(before)
  })
})

describe('by SIDs', () => {
  test('every user who is enabled and every group of security has the number that SSSD gives', async () => {
    const served = await serve(AD_LAB, ['  idmap sid'])
    expect(ordered(await mapsOf(served))).toEqual(ordered(AD_SID_MAPS))
  })
})
