import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DirectoryConfig } from '../../src/config/config.ts'
import type { Entry } from '../../src/directory/entry.ts'
import { parseFilter } from '../../src/directory/filter.ts'
import { createIdMap } from '../../src/directory/idmap.ts'
import { systemLookup, withSession } from '../../src/directory/ldap.ts'
import { LIMITS } from '../../src/directory/limits.ts'
import { completeEntry } from '../../src/directory/ranges.ts'
import { search } from '../../src/directory/search.ts'
import { readSid, sidText } from '../../src/directory/sid.ts'
import { directory } from '../directory/samples.ts'
import {
  AD_BULK,
  AD_BULK_LDIF,
  AD_BULK_NAMES,
  AD_READER,
  AD_SID,
  type SambaAd,
  startRangedPort,
  startSambaAd,
} from '../support/lab.ts'

let samba: SambaAd

beforeAll(async () => {
  samba = await startSambaAd({
    ldif: `dn: ${AD_READER.dn}\nobjectClass: user\nsAMAccountName: reader\n\n${AD_BULK_LDIF}`,
  })
})

afterAll(async () => {
  await samba.stop()
})

/** What a search of the domain finds, completed. */
async function find(port: number, text: string, attributes: readonly string[]): Promise<readonly Entry[]> {
  const location = { kind: 'ldap', host: '127.0.0.1', port, security: 'none' } as const
  const credentials: DirectoryConfig['credentials'] = {
    kind: 'simple',
    dn: samba.rootDn,
    password: samba.rootPassword,
  }
  const context = { limits: LIMITS, lookup: systemLookup, signal: AbortSignal.timeout(20_000) }
  const { value } = await withSession(
    directory(port, { location, credentials }),
    location,
    context,
    async ({ session }) => {
      const partial: Entry[] = []
      const query = { base: AD_BULK, filter: parseFilter(text), attributes, pageSize: 500 }
      await search(session, query, LIMITS, (entry) => partial.push(entry))
      const whole: Entry[] = []
      for (const entry of partial) whole.push(await completeEntry(session, entry, LIMITS))
      return whole
    },
  )
  return value
}

test.each([1500, 99])('a group is whole from a server that gives %i members at a time', async (limit) => {
  const ranged = await startRangedPort(samba.port, limit)
  try {
    const [everyone] = await find(ranged.port, '(cn=everyone)', ['member'])
    const members = AD_BULK_NAMES.map((name) => `CN=${name},${AD_BULK}`)
    expect(everyone?.attributes.get('member')?.toSorted()).toEqual(members)
    expect([...(everyone?.attributes.keys() ?? [])]).toEqual(['member'])
    expect(ranged.cut).toBe(Math.ceil(members.length / limit) - 1)
  } finally {
    await ranged.stop()
  }
})

test('objectSid is the SID of the domain with a number, and an id follows from it', async () => {
  const entries = await find(samba.port, '(cn=bulk0000)', ['objectSid'])
  const sids = entries.flatMap(({ attributes }) => attributes.get('objectsid') ?? []).map(readSid)
  expect(sids.map(sidText)).toEqual([`${AD_SID}-1103`])
  // What SSSD's library says of this SID.
  expect(sids.map(createIdMap().id)).toEqual([311_601_103])
})
