/**
 * No reply carries bytes of another request, of another's answer, or of memory that was not written for it. The server
 * process runs with its memory poisoned; before each call others have secrets answered to them and send secrets
 * themselves; and every byte of every reply is accounted for: it is decoded, encoded again, and its texts are those of
 * the record that was asked for.
 */
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeDenied } from '../../rpc/reply.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import { YP_PROGRAM, YP_VERSION, YpProcedure, YpStat } from '../../rpc/yp.ts'
import { encodeKey } from '../../rpc/yp-arguments.ts'
import type { Image } from '../../src/maps/image.ts'
import { openImage } from '../../src/maps/image.ts'
import {
  argumentCases,
  askingCases,
  headerCases,
  misdirectedCases,
  transferCases,
  type YpCase,
} from '../e2e/ypserv-cases.ts'
import { contents } from '../support/map-contents.ts'
import { build, group, rows, user } from '../support/rows.ts'
import { type Fields, readCall, readReply, writeReply } from '../support/rpc-codec.ts'
import { bindBoth, imageFolder, loading, settings, spawnServer } from '../support/server-side.ts'
import { encodeYpCall, openYpClient, type Transport, type YpClient } from '../support/yp-client.ts'

/** In memory that nobody has written to. */
const POISON = 'never-written,'

/** In the maps of the other domain, and in calls of others. */
const SECRET = 'secret-of-another'

const domain = 'example.com'
const other = 'other.example'

const image = build([
  rows(
    Array.from({ length: 40 }, (_, i) => user({ name: `user${i}`, uid: String(10_000 + i) })),
    [group({ members: Array.from({ length: 40 }, (_, i) => `user${i}`) })],
  ),
]).bytes

const secrets = build(
  [
    rows(
      Array.from({ length: 300 }, (_, i) =>
        user({ name: `${SECRET}${i}`, uid: String(20_000 + i), gecos: SECRET }),
      ),
      [group({ members: Array.from({ length: 50 }, (_, i) => `${SECRET}${i}`) })],
    ),
  ],
  { domain: other },
).bytes

/** What the fields of a reply may say, from the image itself. */
const own: Image = openImage(image)
const records = new Map(own.maps.map(({ name }) => [name, new Map(contents(own, name))]))
const special: ReadonlyMap<string, string> = new Map([
  ['YP_MASTER_NAME', 'nis.example.com'],
  ['YP_LAST_MODIFIED', '1700000000'],
  ['YP_DOMAIN_NAME', domain],
])

const PRELOAD = new URL(`../support/poison.ts?text=${POISON}`, import.meta.url).href

interface Running {
  readonly port: number
  readonly end: () => Promise<void>
}

/** The server process with both domains. */
async function start(preload: string): Promise<Running> {
  const folder = await imageFolder()
  const sockets = bindBoth('127.0.0.1')
  const { child, channel } = spawnServer(sockets, ['--import', preload])
  channel.send(settings())
  channel.send(settings({ domain: other }))
  channel.send(loading(await folder.commit('own', image)))
  channel.send(loading(await folder.commit('other', secrets), 0, { domain: other }))
  channel.send({ kind: 'open' })
  const { transport } = await channel.next('ready')
  expect(transport).toContain(preload.endsWith('koffi=no') ? 'node:dgram' : 'recvmmsg')
  await channel.next('loaded')
  await channel.next('loaded')
  return {
    port: sockets.port,
    async end() {
      channel.end()
      await once(child, 'exit')
      sockets.tcp.close()
      sockets.udp.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

/** Bytes of a header without credentials; headerCases cuts those. */
const HEADER_BYTES = 40

/** A whole call, its arguments cut at each of their bytes. */
function cutCases(): readonly YpCase[] {
  const number = YpProcedure.MATCH
  const whole = encodeYpCall({
    procedure: number,
    encode: (writer) => encodeKey(writer, domain, 'passwd.byname', 'user7'),
  })
  return Array.from({ length: whole.length - HEADER_BYTES }, (_, length) => ({
    procedure: 'MATCH',
    what: `arguments cut at ${length}`,
    number,
    program: YP_PROGRAM,
    version: YP_VERSION,
    message: whole.subarray(0, HEADER_BYTES + length),
  }))
}

const CASES: readonly YpCase[] = [
  ...askingCases({
    domain,
    maps: Object.fromEntries([...records].map(([map, all]) => [map, [...all.keys()].slice(0, 3)])),
    huge: [],
  }),
  ...transferCases({ domain, maps: { 'passwd.byname': [] }, huge: [] }),
  ...misdirectedCases(domain),
  ...argumentCases(domain, 'passwd.byname'),
  ...headerCases(domain),
  ...cutCases(),
]

/** What others ask and are answered just before: their secrets lie in every buffer that is used again. */
async function disturb(others: YpClient, transport: Transport, index: number): Promise<void> {
  const key = `${SECRET}${index % 300}`
  const { status, value } = await others.match(other, 'passwd.byname', key)
  expect({ status, has: value.includes(SECRET) }).toEqual({ status: YpStat.TRUE, has: true })
  // A key that is as long as keys may be, and is not there.
  expect(await others.match(other, 'passwd.byname', SECRET.repeat(60))).toMatchObject({
    status: YpStat.NOKEY,
  })
  if (transport === 'tcp' && index % 50 === 0) {
    expect((await others.all(other, 'passwd.byname')).length).toBeGreaterThan(300)
  }
}

/** Why a reply is not all accounted for; undefined when it is. */
function unaccounted({ number, program, version, message }: YpCase, reply: Buffer): string | undefined {
  const call = { procedure: number, program, version }
  const { fields, left } = readReply(call, reply)
  if (left !== 0) return `${left} bytes behind it`
  if (!encoded(call, fields).equals(reply)) return `it is not ${JSON.stringify(fields)} alone`
  if (reply.readUInt32BE(0) !== message.readUInt32BE(0)) return 'it has the xid of another'
  const { status, records: list = [] } = fields as { status?: number; records?: readonly Fields[] }
  const isDenied = fields['kind'] !== undefined
  const isRight = (status === YpStat.TRUE && !isDenied) || list.some((one) => one['status'] === YpStat.TRUE)
  return isRight ? unasked(number, fields, message) : [fields, ...list].map(withText).find(Boolean)
}

/** The same fields as a reply of their own. */
function encoded(call: Parameters<typeof readReply>[0], fields: Fields): Buffer {
  const { xid, kind, status } = fields as { xid: number; kind?: string; status: number }
  if (kind === undefined) return writeReply(call, fields)
  const writer = new XdrWriter(Buffer.alloc(32))
  encodeDenied(writer, xid, kind === 'rpc-mismatch' ? kind : (status as never))
  return writer.written()
}

/** An error has no text at all. */
function withText({ value = '', key = '', peer = '', maps = [] }: Fields): string | undefined {
  return value === '' && key === '' && peer === '' && (maps as readonly string[]).length === 0
    ? undefined
    : 'an error with a text'
}

/** A success has the texts of what was asked for, in the domain and the map that were. */
function unasked(number: number, fields: Fields, message: Buffer): string | undefined {
  const asked = readCall(message).fields as { domain: string; map: string; key: string }
  if (asked.domain !== domain) return `an answer of the domain ${asked.domain}`
  if (number === YpProcedure.MAPLIST) return same(fields['maps'], [...records.keys()])
  const all = records.get(asked.map) ?? new Map<string, string>()
  // The client has no reserved port: maps with hashes are empty for it.
  const seen = asked.map.startsWith('master.') ? new Map<string, string>() : all
  const key = asked.key?.replace(/\0$/, '')
  const { value, records: list } = fields as {
    value: string
    records: readonly { key: string; value: string }[]
  }
  switch (number) {
    case YpProcedure.MATCH:
      return same(value, seen.get(key) ?? (seen.size > 0 ? special.get(key) : undefined))
    case YpProcedure.FIRST:
      return same([fields['key'], value], [...seen][0])
    case YpProcedure.NEXT:
      return same(
        [fields['key'], value],
        [...seen].find(([one]) => one > key),
      )
    case YpProcedure.ALL:
      return same(
        list.slice(0, -1).map((one) => [one.key, one.value]),
        [...seen],
      )
    case YpProcedure.MASTER:
      return same(fields['peer'], special.get('YP_MASTER_NAME'))
    default:
      return same(fields['order'], 1_700_000_000)
  }
}

function same(found: unknown, wanted: unknown): string | undefined {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)]
  return a === b ? undefined : `${a} where ${b} was asked for`
}

describe.each([
  ['many datagrams at a time, and connections', PRELOAD],
  ['datagrams one by one, and connections', `${PRELOAD}&koffi=no`],
])('of %s', (_, preload) => {
  let server: Running
  beforeAll(async () => {
    server = await start(preload)
  })
  afterAll(() => server.end())

  test.each(['udp', 'tcp'] as const)(
    'every byte of every reply over %s was written for that call',
    async (transport) => {
      const [client, others] = await Promise.all(
        [1, 2].map(() => openYpClient({ transport, port: server.port, patience: 200 })),
      )
      let replies = 0
      for (const [index, ypCase] of CASES.entries()) {
        await disturb(others!, transport, index)
        const reply = await client!.send(ypCase.message)
        if (typeof reply === 'string') continue
        replies += 1
        const { message: _, ...words } = ypCase
        const text = reply.toString('latin1')
        const foreign = [SECRET, POISON].filter((words) => text.includes(words))
        expect({ ...words, foreign, unaccounted: unaccounted(ypCase, reply) }).toEqual({
          ...words,
          foreign: [],
        })
      }
      expect(replies).toBeGreaterThan(CASES.length * 0.7)
      client!.close()
      others!.close()
    },
    180_000,
  )
})
