import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { YpStat } from '../../rpc/yp.ts'
import { figure } from '../support/figure.ts'
import type { LabProcess } from '../support/lab.ts'
import {
  EXAMPLE_LDIF,
  EXAMPLE_SUFFIX,
  LAB_DOMAIN,
  labFolder,
  makeYpservMaps,
  startRpcbind,
  startYpldap,
  startYpserv,
  untilLogged,
} from '../support/lab.ts'
import { openYpClient, type Transport, type YpClient } from '../support/yp-client.ts'
import { answerOf } from './ypserv-answers.ts'
import {
  argumentCases,
  askingCases,
  emptyMapCases,
  headerCases,
  misdirectedCases,
  type Served,
  transferCases,
  type YpCase,
} from './ypserv-cases.ts'
import { covers, DIFFERENCES, type Made, markdown } from './ypserv-differences.ts'

// Debian's ypserv with the maps that ypldap serves, and every kind of call made to both: the answers are the same
// but for the differences of the table.

const OURS = 834
const OURS_WITHOUT_GROUPS = 836
const THEIRS = 838

/** A domain that has users and no groups. */
const NO_GROUPS = 'no-groups.example'

/** Longer than 1024 bytes, and longer than any answer by UDP. */
const LARGE_GROUPS = (
  [
    ['wide', 10200, 250],
    ['huge', 10201, 1500],
  ] as const
)
  .map(
    ([name, gid, members]) => `
dn: cn=${name},ou=groups,${EXAMPLE_SUFFIX}
objectClass: posixGroup
cn: ${name}
gidNumber: ${gid}
${Array.from({ length: members }, (_, number) => `memberUid: member${number}`).join('\n')}
`,
  )
  .join('')

const HUGE = ['huge', '10201']

// The hashes as /etc/ypserv.conf ships it for shadow.byname.
const YPSERV_CONF = `files: 30
xfr_check_port: yes
* : * : master.passwd.byname : port
* : * : master.passwd.byuid : port
* : * : * : none
`

type Records = readonly (readonly [key: string, value: string])[]

const running: LabProcess[] = []
const labConf = readFileSync('/etc/ypserv.conf')
let maps: Readonly<Record<string, Records>>
let served: Served

async function startOurs(domain: string, port: number, ...block: readonly string[]): Promise<LabProcess> {
  const file = join(labFolder('ldif'), 'large.ldif')
  writeFileSync(file, EXAMPLE_LDIF + LARGE_GROUPS)
  const lines = [
    `domain "${domain}"`,
    'bind local',
    `listen on 127.0.0.1 port ${port}`,
    'record limit 65536',
    'limit udp reply 8800',
    `directory file "${file}" {`,
    `basedn "${EXAMPLE_SUFFIX}"`,
    ...block,
    '}',
    '',
  ]
  const ypldap = await startYpldap(lines.join('\n'))
  running.unshift(ypldap)
  await untilLogged(ypldap, 'published')
  return ypldap
}

const utf8 = (octets: string) => Buffer.from(octets, 'latin1').toString('utf8')

/** What a server of ours has of a domain, for makedbm, which reads UTF-8. */
async function readOurs(domain: string, port: number) {
  const client = await openYpClient({ transport: 'tcp', port, reserved: true })
  const read: Record<string, Records> = {}
  for (const map of (await client.mapList(domain)).maps) read[map] = await records(client, domain, map)
  const { order } = await client.order(domain, 'passwd.byname')
  client.close()
  const forMakedbm = Object.fromEntries(
    Object.entries(read).map(([map, own]) => [
      map,
      // What /var/yp/Makefile has makedbm add.
      [
        ...own.map(([key, value]) => [utf8(key), utf8(value)] as const),
        ['YP_INPUT_NAME', '/etc/passwd'] as const,
      ],
    ]),
  )
  return { maps: read, forMakedbm, order }
}

/** The records of ALL in the order they come. */
async function records(client: YpClient, domain: string, map: string): Promise<Records> {
  const steps = await client.all(domain, map)
  return steps.filter(({ status }) => status === YpStat.TRUE).map(({ key, value }) => [key, value] as const)
}

/** The records of FIRST and NEXT in the order they come. */
async function walk(client: YpClient, domain: string, map: string): Promise<Records> {
  const found: [string, string][] = []
  let step = await client.first(domain, map)
  while (step.status === YpStat.TRUE) {
    found.push([step.key, step.value])
    step = await client.next(domain, map, step.key)
  }
  expect(step).toEqual({ status: YpStat.NOMORE, key: '', value: '' })
  return found
}

const sorted = (list: Records) => list.toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)))

beforeAll(async () => {
  running.unshift(await startRpcbind())
  await startOurs(LAB_DOMAIN, OURS)
  await startOurs(NO_GROUPS, OURS_WITHOUT_GROUPS, 'group filter "(cn=nothing)"')
  const ours = await readOurs(LAB_DOMAIN, OURS)
  maps = ours.maps
  served = {
    domain: LAB_DOMAIN,
    maps: Object.fromEntries(Object.entries(maps).map(([map, own]) => [map, own.map(([key]) => key)])),
    huge: HUGE,
  }
  const withoutGroups = await readOurs(NO_GROUPS, OURS_WITHOUT_GROUPS)
  writeFileSync('/etc/ypserv.conf', YPSERV_CONF)
  await makeYpservMaps({ domain: NO_GROUPS, maps: withoutGroups.forMakedbm, order: withoutGroups.order })
  running.unshift(
    await startYpserv({ domain: LAB_DOMAIN, maps: ours.forMakedbm, order: ours.order, port: THEIRS }),
  )
})

afterAll(async () => {
  for (const daemon of running) await daemon.stop()
  writeFileSync('/etc/ypserv.conf', labConf)
})

interface Found {
  readonly made: Made
  readonly ypserv: string
  readonly ypldap: string
  readonly message: string
}

/** Makes each call to both servers, one after the other; where the answers differ, what they are. */
async function compare(
  cases: readonly YpCase[],
  ours: number,
  transport: Transport,
  reserved: boolean,
): Promise<readonly Found[]> {
  const found: Found[] = []
  const us = await openYpClient({ transport, port: ours, reserved })
  const them = await openYpClient({ transport, port: THEIRS, reserved })
  for (const ypCase of cases) {
    const { message, procedure, domain, map, key, what } = ypCase
    const [ypldap, ypserv] = [
      answerOf(ypCase, await us.send(message)),
      answerOf(ypCase, await them.send(message)),
    ]
    if (ypldap.whole === ypserv.whole) continue
    const parts = Object.entries({ domain, map, key, what }).filter(([, words]) => words !== undefined)
    const made: Made = {
      procedure,
      ...Object.fromEntries(parts),
      transport,
      port: reserved ? 'reserved' : 'unreserved',
    }
    // The same words with other data can't be told from each other in the table.
    const [theirWords, ourWords] =
      ypserv.words === ypldap.words ? [ypserv.whole, ypldap.whole] : [ypserv.words, ypldap.words]
    found.push({ made, ypserv: theirWords, ypldap: ourWords, message: message.toString('hex') })
  }
  us.close()
  them.close()
  return found
}

test('ypserv and ypldap differ in nothing but what the table says, and in all that it says', async () => {
  const cases = [
    ...askingCases(served),
    ...transferCases(served),
    ...misdirectedCases(LAB_DOMAIN),
    ...argumentCases(LAB_DOMAIN, 'passwd.byname'),
    ...headerCases(LAB_DOMAIN),
  ]
  const ofEmpty = emptyMapCases(NO_GROUPS, 'group.byname')
  const found: Found[] = []
  // ypserv may take a call for one of a reserved port when one of those for the same map came just before it.
  for (const reserved of [false, true]) {
    const runs = (['udp', 'tcp'] as const).flatMap((transport) => [
      compare(cases, OURS, transport, reserved),
      compare(ofEmpty, OURS_WITHOUT_GROUPS, transport, reserved),
    ])
    found.push(...(await Promise.all(runs)).flat())
  }
  const decided = found.map((one) => ({
    ...one,
    row: DIFFERENCES.find((row) => covers(row, one.made, one.ypserv, one.ypldap)),
  }))
  const unexplained = decided.filter(({ row }) => row === undefined)
  figure(
    'G15',
    `${(4 * (cases.length + ofEmpty.length)).toLocaleString('en-US')} calls to both: ${found.length.toLocaleString('en-US')} ` +
      `answered otherwise, ${unexplained.length} of them unexplained, ${DIFFERENCES.length} rows of explanation`,
  )
  expect(unexplained).toEqual([])
  const met = new Set(decided.map(({ row }) => row))
  expect(DIFFERENCES.filter((row) => !met.has(row)).map((row) => row.case)).toEqual([])
}, 60_000)

test.each(['udp', 'tcp'] as const)(
  'over %s, ALL and FIRST/NEXT give the same records of every map',
  async (transport) => {
    const us = await openYpClient({ transport, port: OURS, reserved: true })
    const them = await openYpClient({ transport, port: THEIRS, reserved: true })
    // A record that is too long for UDP ends the walk there.
    const whole = Object.keys(maps).filter((map) => transport === 'tcp' || !map.startsWith('group.'))
    expect(whole.length).toBeGreaterThan(4)
    for (const map of whole) {
      const expected = maps[map] ?? []
      expect(await records(us, LAB_DOMAIN, map)).toEqual(expected)
      expect(await walk(us, LAB_DOMAIN, map)).toEqual(expected)
      expect(sorted(await records(them, LAB_DOMAIN, map))).toEqual(expected)
      expect(sorted(await walk(them, LAB_DOMAIN, map))).toEqual(expected)
    }
    us.close()
    them.close()
  },
)

test('a key with a NUL behind gives the very record of the key', async () => {
  const client = await openYpClient({ transport: 'udp', port: OURS })
  for (const [key] of maps['passwd.byname'] ?? []) {
    expect(await client.match(LAB_DOMAIN, 'passwd.byname', `${key}\0`)).toEqual(
      await client.match(LAB_DOMAIN, 'passwd.byname', key),
    )
  }
  client.close()
})

test('docs/ypserv.md shows the table', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/ypserv.md'), 'utf8')
  expect(text).toContain(`\n${markdown(DIFFERENCES)}\n`)
})
