import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DirectoryServer, SambaAd } from '../support/lab.ts'
import {
  AD_BULK,
  AD_BULK_LDIF,
  AD_BULK_NAMES,
  AD_LAB,
  AD_LDIF,
  AD_READER,
  AD_SID,
  AD_SUFFIX,
  BIS_LDIF,
  BIS_MAPS,
  BIS_SUFFIX,
  IPA_LDIF,
  IPA_MAPS,
  IPA_SCHEMA,
  IPA_SUFFIX,
  RFC2307_LDIF,
  RFC2307BIS_LDIF,
  runOrFail,
  SERVICES_SUFFIX,
  start389,
  startRangedPort,
  startSambaAd,
  startSlapd,
} from '../support/lab.ts'

// The directories of other makers alone: what is promised here holds for the lab, and shows what such servers answer.

interface Found {
  readonly dn: string
  readonly attributes: ReadonlyMap<string, readonly string[]>
}

/** What ldapsearch(1) finds; values that are no plain text stay in base64. */
async function search(url: string, as: readonly string[], base: string, ...words: readonly string[]) {
  const options = ['-x', '-LLL', '-o', 'ldif-wrap=no', '-E', 'pr=1000/noprompt', '-H', url, '-b', base]
  const text = await runOrFail('ldapsearch', [...options, ...as, ...words])
  const found: Found[] = []
  for (const block of text.split('\n\n')) {
    const lines = block.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    const [dn, ...rest] = lines.map((line) => /^([^:]*)::? ?(.*)$/.exec(line)?.slice(1) as [string, string])
    if (dn?.[0] !== 'dn') continue
    const attributes = new Map<string, string[]>()
    for (const [name, value] of rest) attributes.set(name, [...(attributes.get(name) ?? []), value])
    found.push({ dn: dn[1], attributes })
  }
  return found
}

function sidOf(base64 = ''): string {
  const bytes = Buffer.from(base64, 'base64')
  const parts = Array.from({ length: bytes[1] ?? 0 }, (_, i) => bytes.readUInt32LE(8 + 4 * i))
  return ['S', bytes[0], bytes.readUIntBE(2, 6), ...parts].join('-')
}

describe('Samba as controller of an Active Directory domain', () => {
  let samba: SambaAd
  const reader = ['-D', AD_READER.dn, '-w', AD_READER.password]
  const find = (base: string, ...words: readonly string[]) => search(samba.url, reader, base, ...words)

  beforeAll(async () => {
    samba = await startSambaAd({ ldif: AD_LDIF + AD_BULK_LDIF })
  })

  afterAll(async () => {
    await samba.stop()
  })

  test('gives its entries SIDs in the order in which they were added', async () => {
    const filter = '(|(objectClass=user)(objectClass=group))'
    const entries = await find(AD_LAB, filter, 'sAMAccountName', 'objectSid')
    const rids = entries.map(({ attributes }) => {
      const [name] = attributes.get('sAMAccountName') ?? []
      return [Number(sidOf(attributes.get('objectSid')?.[0]).replace(`${AD_SID}-`, '')), name] as const
    })
    expect(rids.sort(([a], [b]) => a - b)).toEqual([
      [1103, 'alice'],
      [1104, 'bob'],
      [1105, 'carol'],
      [1106, 'dave'],
      [1107, 'erin'],
      [1108, 'grace'],
      [1109, 'engineering'],
      [1110, 'operations'],
      [1111, 'building'],
      [1112, 'staff'],
      [1113, 'circle-a'],
      [1114, 'circle-b'],
      [1115, 'visiting'],
      [1116, 'empty'],
      [1117, 'newsletter'],
    ])
  })

  test('leaves a member out of the group that is its primary one', async () => {
    const [engineering] = await find(AD_LAB, '(cn=Engineering)', 'member')
    expect([...(engineering?.attributes.get('member') ?? [])].sort()).toEqual([
      `CN=Alice Archer,OU=People,${AD_LAB}`,
      `CN=Bob Baker,OU=People,${AD_LAB}`,
    ])
    const [grace] = await find(AD_LAB, '(cn=Grace Green)', 'primaryGroupID')
    expect(grace?.attributes.get('primaryGroupID')).toEqual(['1109'])
  })

  test('keeps a member of another domain by its SID', async () => {
    const [visiting] = await find(AD_LAB, '(cn=Visiting)', 'member')
    expect(visiting?.attributes.get('member')).toContain(
      `CN=S-1-5-21-1-2-3-1105,CN=ForeignSecurityPrincipals,${AD_SUFFIX}`,
    )
  })

  test('knows a disabled account by a bit, and members of members by rules of its own', async () => {
    const disabled = await find(AD_LAB, '(userAccountControl:1.2.840.113556.1.4.803:=2)', '1.1')
    expect(disabled.map(({ dn }) => dn)).toEqual([`CN=Dave Dunn,OU=People,${AD_LAB}`])
    const staff = `CN=Staff,OU=Groups,${AD_LAB}`
    const within = await find(AD_LAB, `(&(uidNumber=*)(memberOf:1.2.840.113556.1.4.1941:=${staff}))`, 'cn')
    expect(within.flatMap(({ attributes }) => attributes.get('cn') ?? []).sort()).toEqual([
      'Alice Archer',
      'Bob Baker',
      'Erin',
      'Grace Green',
    ])
  })

  test('refers to other parts of the forest when all of the domain is searched', async () => {
    const options = ['-x', '-LLL', '-H', samba.url, '-b', AD_SUFFIX]
    const text = await runOrFail('ldapsearch', [...options, ...reader, '(cn=Staff)', '1.1'])
    expect(text).toContain(`# refldap://corp.example/CN=Configuration,${AD_SUFFIX}`)
  })

  test('gives all members at once unless it is asked for a range of them', async () => {
    const [all] = await find(AD_BULK, '(cn=everyone)', 'member')
    expect(all?.attributes.get('member')).toHaveLength(AD_BULK_NAMES.length)
    const [some] = await find(AD_BULK, '(cn=everyone)', 'member;range=0-499')
    expect(some?.attributes.get('member;range=0-499')).toHaveLength(500)
    const [rest] = await find(AD_BULK, '(cn=everyone)', 'member;range=1500-*')
    expect(rest?.attributes.get('member;range=1500-*')).toHaveLength(100)
  })

  test('behind a port that limits values gives the first 1,500 members, and the others by a range', async () => {
    const ranged = await startRangedPort(samba.port)
    const throughPort = (...words: readonly string[]) =>
      search(`ldap://127.0.0.1:${ranged.port}`, reader, AD_BULK, '(cn=everyone)', ...words)
    try {
      const [head] = await throughPort('member')
      expect([...(head?.attributes.keys() ?? [])]).toEqual(['member;range=0-1499'])
      expect(head?.attributes.get('member;range=0-1499')).toHaveLength(1500)
      const [tail] = await throughPort('member;range=1500-*')
      const members = [
        ...(head?.attributes.get('member;range=0-1499') ?? []),
        ...(tail?.attributes.get('member;range=1500-*') ?? []),
      ]
      expect(members.sort()).toEqual(AD_BULK_NAMES.map((name) => `CN=${name},${AD_BULK}`))
      expect(ranged.cut).toBe(1)
    } finally {
      await ranged.stop()
    }
  })
})

describe('389 Directory Server with the entries of FreeIPA', () => {
  let server: DirectoryServer
  const find = (base: string, ...words: readonly string[]) => search(server.url, [], base, ...words)

  beforeAll(async () => {
    server = await start389({ suffix: IPA_SUFFIX, ldif: IPA_LDIF, schema: IPA_SCHEMA })
  })

  afterAll(async () => {
    await server.stop()
  })

  test('shows everybody the users and groups that have numbers', async () => {
    const accounts = `cn=accounts,${IPA_SUFFIX}`
    const users = await find(accounts, '(objectClass=posixAccount)', 'uid')
    expect(users.flatMap(({ attributes }) => attributes.get('uid') ?? []).sort()).toEqual(
      IPA_MAPS['passwd.byname'].map(([name]) => name),
    )
    const groups = await find(accounts, '(objectClass=posixGroup)', 'cn')
    expect(groups.flatMap(({ attributes }) => attributes.get('cn') ?? []).sort()).toEqual(
      IPA_MAPS['group.byname'].map(([name]) => name),
    )
  })

  test('says all again in the compatibility tree', async () => {
    const alices = await find(IPA_SUFFIX, '(uid=alice)', '1.1')
    expect(alices.map(({ dn }) => dn).sort()).toEqual([
      `uid=alice,cn=users,cn=accounts,${IPA_SUFFIX}`,
      `uid=alice,cn=users,cn=compat,${IPA_SUFFIX}`,
    ])
  })

  test('takes changes', async () => {
    const dn = `cn=empty,cn=groups,cn=accounts,${IPA_SUFFIX}`
    await server.modify(
      `dn: ${dn}\nchangetype: modify\nadd: member\nmember: uid=bob,cn=users,${IPA_SUFFIX}\n`,
    )
    const [empty] = await find(dn, '(objectClass=*)', 'member')
    expect(empty?.attributes.get('member')).toEqual([`uid=bob,cn=users,${IPA_SUFFIX}`])
  })
})

describe('slapd', () => {
  test.each([
    ['rfc2307', RFC2307_LDIF, '(&(objectClass=nisObject)(nisMapName=auto.*))'],
    ['rfc2307bis', RFC2307BIS_LDIF, '(objectClass=automount)'],
  ] as const)(
    'holds hosts, services and automount maps by the schema %s',
    async (schema, ldif, automount) => {
      const slapd = await startSlapd({ suffix: SERVICES_SUFFIX, ldif, schema })
      try {
        expect(await search(slapd.url, [], SERVICES_SUFFIX, automount, '1.1')).toHaveLength(5)
        expect(await search(slapd.url, [], SERVICES_SUFFIX, '(objectClass=ipHost)', '1.1')).toHaveLength(4)
        const [http] = await search(slapd.url, [], SERVICES_SUFFIX, '(ipServicePort=80)', 'cn')
        expect(http?.attributes.get('cn')).toEqual(['http', 'www', 'www-http'])
      } finally {
        await slapd.stop()
      }
    },
  )

  test('holds groups of groups by the schema rfc2307bis', async () => {
    const slapd = await startSlapd({ suffix: BIS_SUFFIX, ldif: BIS_LDIF, schema: 'rfc2307bis' })
    try {
      const groups = await search(slapd.url, [], BIS_SUFFIX, '(objectClass=posixGroup)', 'cn')
      expect(groups.flatMap(({ attributes }) => attributes.get('cn') ?? []).sort()).toEqual(
        BIS_MAPS['group.byname'].map(([name]) => name),
      )
    } finally {
      await slapd.stop()
    }
  })
})
