import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { truncate } from 'node:fs/promises'
import { connect } from 'node:net'
import { duplexPair } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { YpProcedure as P, YpStat } from '../../rpc/yp.ts'
import { collectAll } from '../../src/garbage.ts'
import type { LogLevel } from '../../src/log.ts'
import { PART_CHARACTERS, PART_ITEMS } from '../../src/messages/limits.ts'
import { packClients, unpackClients } from '../../src/messages/packed-clients.ts'
import { OPEN_LOOKUPS } from '../../src/server/limits.ts'
import { runServer } from '../../src/server/process.ts'
import { waitUntil } from '../support/lab-wait.ts'
import { contents } from '../support/map-contents.ts'
import { build, group, imageOf, rows, user } from '../support/rows.ts'
import { readReply, writeCall } from '../support/rpc-codec.ts'
import {
  bindBoth,
  type ImageFolder,
  imageFolder,
  loading,
  openServerChannel,
  type ServerChannel,
  settings,
} from '../support/server-side.ts'
import { openYpClient, type Transport, type YpClient } from '../support/yp-client.ts'

const domain = 'example.com'
const map = 'passwd.byname'
const alice = (shell: string) => `alice:*:10001:20001:Alice Adams:/home/alice:${shell}`
const staff = rows([user()], [group()])
const small = (generation: number, shell = `/bin/sh${generation}`) =>
  build([rows([user({ shell })], [group()])], { generation }).bytes

let folder: ImageFolder
let clients: { close: () => void }[]
let supervisor: ServerChannel
let over: Promise<void>
let levels: LogLevel[]
let logged: (id: string) => Promise<string>
let port: number

/** Starts one with sockets on this address; nothing is said to it yet. */
function start(address = '127.0.0.1'): void {
  const { kinds, tcp, udp, port: bound } = bindBoth(address)
  port = bound
  // The descriptors are the server's now: the handles that made them are never closed.
  run(kinds.map((kind, index) => ({ kind, fd: [tcp, udp][index]!.fd })))
}

function run(descriptors: readonly { kind: string; fd: number }[]): void {
  const [here, there] = duplexPair()
  const lines: { id: string; line: string }[] = []
  let heard = Promise.withResolvers<void>()
  logged = async (id) => {
    for (;;) {
      const found = lines.find((line) => line.id === id)
      if (found !== undefined) return found.line
      await heard.promise
    }
  }
  levels = []
  over = runServer(
    there,
    descriptors,
    (level, id, text) => {
      lines.push({ id, line: `${level}: ${text}` })
      heard.resolve()
      heard = Promise.withResolvers()
    },
    (level) => levels.push(level),
  )
  supervisor = openServerChannel(here)
}

/** Starts one that serves this image. */
async function serve(bytes: ArrayBuffer = small(1)): Promise<void> {
  start()
  supervisor.send(settings())
  supervisor.send(loading(await folder.commit('first', bytes), now()))
  supervisor.send({ kind: 'open' })
  await supervisor.next('ready')
  await supervisor.next('loaded')
}

function loopback(verdict: 'allow' | 'deny') {
  return settings({ access: [{ verdict, prefix: [127, 0, 0, 1], bits: 32, reserved: false }] })
}

/** Bytes, without those that this test itself has left. */
function memoryOfBuffers(): number {
  collectAll()
  return process.memoryUsage().arrayBuffers
}

function now(): number {
  return Math.floor(Date.now() / 1000)
}

async function client(transport: Transport = 'udp', host = '127.0.0.1', patience = 3000): Promise<YpClient> {
  const opened = await openYpClient({ transport, host, port, patience })
  clients.push(opened)
  return opened
}

async function shellOfAlice(of: YpClient): Promise<string | undefined> {
  const { status, value } = await of.match(domain, map, 'alice')
  return status === YpStat.TRUE ? value.split(':').at(-1) : `status ${status}`
}

/** Waits until everything that was said before has been done. */
async function settled(): Promise<void> {
  supervisor.send({ kind: 'ping', id: 4711 })
  expect(await supervisor.next('pong')).toEqual({ kind: 'pong', id: 4711 })
}

beforeEach(async () => {
  folder = await imageFolder()
  clients = []
})

afterEach(async () => {
  for (const one of clients) one.close()
  supervisor.end()
  await over
  await folder[Symbol.asyncDispose]()
})

describe('its sockets', () => {
  test.each(['127.0.0.1', '::1'])('open on %s when it is told so, over UDP and TCP', async (address) => {
    start(address)
    supervisor.send(settings())
    supervisor.send({ kind: 'open' })
    await supervisor.next('ready')
    for (const transport of ['udp', 'tcp'] as const) {
      const one = await client(transport, address)
      expect(await one.domain(domain)).toBe(false)
      expect(await shellOfAlice(one)).toBe(`status ${YpStat.NODOM}`)
    }
  })

  test('open behind the image that was asked for first: a call that waited in them is answered from it', async () => {
    start()
    const waiting = createSocket('udp4')
    clients.push(waiting)
    const header = { xid: 5, program: 100004, version: 2, procedure: P.MATCH }
    const reply = once(waiting, 'message')
    waiting.send(writeCall(header, { domain, map, key: 'alice' }), port, '127.0.0.1')
    supervisor.send(settings())
    supervisor.send(loading(await folder.commit('first', small(1)), now()))
    supervisor.send({ kind: 'open' })
    expect(readReply(header, ((await reply) as [Buffer])[0]).fields).toMatchObject({
      status: YpStat.TRUE,
      value: alice('/bin/sh1'),
    })
    await supervisor.next('ready')
    expect(await supervisor.next('loaded')).toMatchObject({ domain, generation: 1 })
  })

  test('open too when that image is refused', async () => {
    start()
    supervisor.send(settings())
    supervisor.send(loading(folder.path('none'), now()))
    supervisor.send({ kind: 'open' })
    await supervisor.next('ready')
    expect((await supervisor.next('refused')).reason).toContain('ENOENT')
    expect(await (await client()).domain(domain)).toBe(false)
  })

  test('that are of no use end it, with a line that names the descriptor', async () => {
    const fd = openSync('/dev/null', 'r')
    run([{ kind: 'udp4', fd }])
    supervisor.send(settings())
    supervisor.send({ kind: 'open' })
    expect(await logged('not-listening')).toMatch(
      new RegExp(`^error: descriptor ${fd} is of no use as udp4: `),
    )
    await over
    closeSync(fd)
  })

  test('of a kind that there is not end it, and those opened before it are closed', async () => {
    const { tcp, port: bound } = bindBoth('127.0.0.1')
    run([
      { kind: 'tcp', fd: tcp.fd },
      { kind: 'sctp', fd: 0 },
    ])
    supervisor.send(settings())
    supervisor.send({ kind: 'open' })
    expect(await logged('not-listening')).toBe(
      'error: descriptor 0 is of no use as sctp: tcp, udp4 or udp6 expected',
    )
    await over
    const refused = connect(bound, '127.0.0.1')
    expect(((await once(refused, 'error')) as [NodeJS.ErrnoException])[0].code).toBe('ECONNREFUSED')
  })
})

describe('access rules', () => {
  test('change in place, for open connections too: nobody whom they deny gets another answer', async () => {
    await serve()
    const [udp, tcp] = [await client('udp', '127.0.0.1', 200), await client('tcp')]
    expect(await shellOfAlice(udp)).toBe('/bin/sh1')
    expect(await shellOfAlice(tcp)).toBe('/bin/sh1')

    supervisor.send(loopback('deny'))
    await settled()
    expect(await udp.domainNonack(domain)).toBeUndefined()
    expect(await logged('stranger')).toContain('127.0.0.1')
    await expect(tcp.match(domain, map, 'alice')).rejects.toThrow('closed')
    const late = connect(port, '127.0.0.1')
    late.on('error', () => {})
    await once(late, 'close')

    supervisor.send(loopback('allow'))
    await settled()
    expect(await shellOfAlice(udp)).toBe('/bin/sh1')
  })
})

describe('an image', () => {
  test('is served from the moment on when it is told to be loaded', async () => {
    await serve()
    const one = await client()
    expect(await shellOfAlice(one)).toBe('/bin/sh1')
    const bytes = build([staff], {
      generation: 2,
      created: 1_800_000_000,
      maps: [map, 'master.passwd.byname'],
    })
    const fresh = now()
    supervisor.send(loading(await folder.commit('second', bytes.bytes), fresh))
    expect(await supervisor.next('loaded')).toEqual({
      kind: 'loaded',
      id: 1,
      domain,
      generation: 2,
      created: 1_800_000_000,
      contents: bytes.contents,
      fresh,
      users: 1,
      groups: 1,
      maps: [
        { name: map, records: 1, secure: false },
        { name: 'master.passwd.byname', records: 1, secure: true },
      ],
    })
    expect(await shellOfAlice(one)).toBe('/bin/sh')
    expect((await one.match(domain, 'group.byname', 'staff')).status).toBe(YpStat.NOMAP)
  })

  test.each([
    ['of another domain', 'made for the domain other.example', { domain: 'other.example' }],
    [
      'of another configuration',
      'made for another configuration',
      { fingerprint: new Uint8Array(32).fill(1) },
    ],
  ])('%s is refused, and the old one stays', async (_, reason, options) => {
    await serve()
    const path = await folder.commit('second', build([staff], options).bytes)
    supervisor.send(loading(path, now()))
    expect(await supervisor.next('refused')).toEqual({ kind: 'refused', id: 1, domain, path, reason })
    expect(await shellOfAlice(await client())).toBe('/bin/sh1')
  })

  test.each([
    ['cut', async (path: string) => truncate(path, 1000), /1000 bytes where \d+ were written/],
    ['empty', async (path: string) => truncate(path, 0), /0 bytes/],
  ])('that is %s is refused, and the old one stays', async (_, damage, reason) => {
    await serve()
    const path = await folder.commit('second', small(2))
    await damage(path)
    supervisor.send(loading(path, now()))
    expect((await supervisor.next('refused')).reason).toMatch(reason)
    expect(await shellOfAlice(await client())).toBe('/bin/sh1')
  })

  test('is loaded behind the one before; of those that wait only the last counts', async () => {
    await serve()
    const paths = await Promise.all([2, 3, 4].map((number) => folder.commit(`${number}`, small(number))))
    for (const path of paths) supervisor.send(loading(path, now()))
    expect((await supervisor.next('loaded')).generation).toBe(2)
    expect((await supervisor.next('loaded')).generation).toBe(4)
    await settled()
    expect(await shellOfAlice(await client())).toBe('/bin/sh4')
  })

  test('that is good is loaded behind one that is refused', async () => {
    await serve()
    const path = await folder.commit('second', small(2))
    supervisor.send(loading(folder.path('none'), now()))
    supervisor.send(loading(path, now()))
    await supervisor.next('refused')
    expect((await supervisor.next('loaded')).generation).toBe(2)
  })

  test('that is served no longer goes from memory, while calls come and though it was the last to be answered from', async () => {
    const users = Array.from({ length: 20_000 }, (_, i) => user({ name: `user${i}`, uid: `${i}` }))
    const commit = async (generation: number) => {
      const { bytes } = build([rows(users, [])], { generation })
      return { size: bytes.byteLength, path: await folder.commit(`${generation}`, bytes) }
    }
    await serve()
    const images = [await commit(2), await commit(3), await commit(4)]
    const [udp, tcp] = [await client(), await client('tcp')]
    const before = memoryOfBuffers()
    for (const { path } of images) {
      supervisor.send(loading(path, now()))
      await supervisor.next('loaded')
      if (path !== images.at(-1)!.path) for (const one of [udp, tcp]) await one.match(domain, map, 'user1')
    }
    const gone = waitUntil('the old ones have gone', async () => {
      await udp.match(domain, map, 'user1')
      return memoryOfBuffers() < before + 1.5 * images[0]!.size
    })
    await expect(gone).resolves.toBeUndefined()
  })

  test('of another domain is served beside it, and goes with that domain', async () => {
    await serve()
    const one = await client()
    expect(await one.domain('new.example')).toBe(false)
    const bytes = build([staff], { domain: 'new.example', fingerprint: new Uint8Array(32).fill(1) }).bytes
    const made = { domain: 'new.example', fingerprint: '01'.repeat(32) }
    supervisor.send(settings({ domain: 'new.example' }))
    supervisor.send(loading(await folder.commit('new', bytes), now(), made))
    expect((await supervisor.next('loaded')).domain).toBe('new.example')
    expect(await one.domain('new.example')).toBe(true)
    expect(await shellOfAlice(one)).toBe('/bin/sh1')
    expect(await one.match('new.example', map, 'alice')).toMatchObject({ value: alice('/bin/sh') })
    supervisor.send({ kind: 'remove', domain })
    await settled()
    expect(await one.domain('new.example')).toBe(true)
    expect(await one.domain(domain)).toBe(false)
    expect(await shellOfAlice(one)).toBe(`status ${YpStat.NODOM}`)
  })

  test('of a domain that was removed while it was loaded is not served', async () => {
    await serve()
    const path = await folder.commit('second', small(2))
    supervisor.send(loading(path, now()))
    supervisor.send({ kind: 'remove', domain })
    supervisor.send(settings({ domain: 'other.example' }))
    supervisor.send(loading(folder.path('none'), now(), { domain: 'other.example' }))
    expect(await supervisor.next('refused')).toMatchObject({ domain: 'other.example' })
    expect(await (await client()).domain(domain)).toBe(false)
  })
})

describe('an image that is too old', () => {
  test('is denied by DOMAIN and still answers, until it has been found true again', async () => {
    await serve()
    const one = await client()
    supervisor.send(settings({ expire: 3600 }))
    await settled()
    expect(await one.domain(domain)).toBe(true)
    supervisor.send({ kind: 'fresh', domain, at: 1_700_000_000 })
    expect(await logged('data-expired')).toMatch(
      /^warning: example\.com: .* 2023-11-14T22:13:20\.000Z, over 3600 s ago/,
    )
    expect(await one.domain(domain)).toBe(false)
    expect(await one.domainNonack(domain)).toBeUndefined()
    expect(await shellOfAlice(one)).toBe('/bin/sh1')
    supervisor.send({ kind: 'fresh', domain, at: now() })
    expect(await logged('data-renewed')).toMatch(/^info: /)
    expect(await one.domain(domain)).toBe(true)
  })

  test('is known to be so from its first answer on', async () => {
    start()
    const path = await folder.commit('first', small(1))
    supervisor.send(settings({ expire: 60 }))
    supervisor.send(loading(path, now() - 61))
    supervisor.send({ kind: 'open' })
    await supervisor.next('ready')
    await supervisor.next('loaded')
    await logged('data-expired')
    expect(await (await client()).domain(domain)).toBe(false)
  })

  test('is not, when it was found true while it was loaded', async () => {
    await serve()
    supervisor.send(settings({ expire: 60 }))
    supervisor.send(loading(await folder.commit('second', small(2)), 0))
    supervisor.send({ kind: 'fresh', domain, at: now() })
    await supervisor.next('loaded')
    expect(await (await client()).domain(domain)).toBe(true)
  })
})

describe('a question of the supervisor', () => {
  const members = Array.from({ length: 5000 }, (_, i) => `member${i}`)
  const many = rows(
    Array.from({ length: 1000 }, (_, i) => user({ name: `u${i}`, uid: String(10_000 + i) })),
    [
      group({ members }),
      group({ name: 'caf\xe9', gid: '20002', members }),
      group({ name: 'wheel', gid: '20003' }),
    ],
  )
  const options = { recordLimit: 65_536 }

  /** All of a map, part by part; `between` is called when the first part has come. */
  async function cat(name: string, between: () => Promise<void> = async () => {}) {
    const parts: (readonly { key: string; value: string }[])[] = []
    supervisor.send({ kind: 'cat', id: 7, domain, map: name })
    for (;;) {
      const part = await supervisor.next('records')
      expect(part.id).toBe(7)
      parts.push(part.records)
      if (parts.length === 1) await between()
      supervisor.send({ kind: 'more', id: 7 })
      if (part.records.at(-1)?.key === last(name)) break
    }
    expect(await supervisor.next('end')).toEqual({ kind: 'end', id: 7 })
    return parts
  }

  const image = imageOf([many], options)
  const last = (name: string) => contents(image, name).at(-1)![0]

  test.each(['passwd.byname', 'master.passwd.byname', 'group.byname'])(
    'for all of %s brings it in parts',
    async (name) => {
      await serve(build([many], options).bytes)
      const parts = await cat(name)
      expect(parts.flat().map(({ key, value }) => [key, value])).toEqual(contents(image, name))
      for (const part of parts) {
        expect(part.length).toBeLessThanOrEqual(PART_ITEMS)
        const characters = part
          .slice(0, -1)
          .reduce((sum, { key, value }) => sum + key.length + value.length, 0)
        expect(characters).toBeLessThan(PART_CHARACTERS)
      }
      expect(parts.length).toBeGreaterThan(1)
    },
  )

  test('is answered from one image, also when another is loaded in between', async () => {
    await serve(build([many], options).bytes)
    const parts = await cat(map, async () => {
      supervisor.send(loading(await folder.commit('second', small(2)), now()))
      await supervisor.next('loaded')
    })
    expect(parts.flat()).toHaveLength(1000)
  })

  test('for a key brings its record, hashes too, and then the end', async () => {
    await serve()
    supervisor.send({ kind: 'match', id: 1, domain, map: 'master.passwd.byname', key: 'alice' })
    const { records } = await supervisor.next('records')
    expect(records).toEqual([
      { key: 'alice', value: 'alice:$6$salt$hash:10001:20001::0:0:Alice Adams:/home/alice:/bin/sh1' },
    ])
    supervisor.send({ kind: 'more', id: 1 })
    expect(await supervisor.next('end')).toEqual({ kind: 'end', id: 1 })
  })

  test('that has no answer says why', async () => {
    start()
    supervisor.send(settings())
    supervisor.send({ kind: 'open' })
    await supervisor.next('ready')
    supervisor.send({ kind: 'cat', id: 1, domain, map })
    expect(await supervisor.next('end')).toEqual({ kind: 'end', id: 1, error: 'there are no maps yet' })
    supervisor.send(loading(await folder.commit('first', small(1)), now()))
    await supervisor.next('loaded')
    supervisor.send({ kind: 'cat', id: 2, domain, map: 'no.map' })
    expect(await supervisor.next('end')).toEqual({ kind: 'end', id: 2, error: 'no such map: no.map' })
    supervisor.send({ kind: 'match', id: 3, domain, map, key: 'bob' })
    expect(await supervisor.next('end')).toEqual({ kind: 'end', id: 3, error: `no such key in ${map}` })
    // Its characters' low bytes are `alice`.
    supervisor.send({ kind: 'match', id: 4, domain, map, key: '\u0161lice' })
    expect(await supervisor.next('end')).toMatchObject({ id: 4, error: `no such key in ${map}` })
    supervisor.send({ kind: 'more', id: 5 })
    expect(await supervisor.next('end')).toMatchObject({ id: 5, error: 'there is no such request' })
  })

  test('that is dropped is forgotten; so many may be open at a time', async () => {
    await serve()
    for (let id = 0; id < OPEN_LOOKUPS; id++) {
      supervisor.send({ kind: 'cat', id, domain, map })
      await supervisor.next('records')
    }
    supervisor.send({ kind: 'cat', id: 1000, domain, map })
    expect(await supervisor.next('end')).toMatchObject({
      id: 1000,
      error: 'too many requests at once: try again',
    })
    supervisor.send({ kind: 'drop', id: 3 })
    supervisor.send({ kind: 'cat', id: 1001, domain, map })
    expect(await supervisor.next('records')).toMatchObject({ id: 1001 })
    supervisor.send({ kind: 'more', id: 3 })
    expect(await supervisor.next('end')).toMatchObject({ id: 3, error: 'there is no such request' })
  })
})

const counted = async () => {
  supervisor.send({ kind: 'count' })
  return (await supervisor.next('counts')).counts
}

describe('the server process', () => {
  test('answers a ping, also before its settings, and changes what it logs', async () => {
    start()
    await settled()
    supervisor.send({ kind: 'log-level', level: 'debug' })
    await settled()
    expect(levels).toEqual(['debug'])
  })

  test('says what it has counted, on each of its sockets', async () => {
    await serve()
    const udp = await client()
    await shellOfAlice(udp)
    await shellOfAlice(udp)
    // A reply is counted when the kernel has it, and may be here before that.
    while ((await counted()).udp.replies < 2);
    const { udp: counts, tcp } = await counted()
    expect(counts).toMatchObject({ calls: 2, replies: 2, strangers: 0, undecodable: 0 })
    expect(tcp).toMatchObject({ calls: 0, refused: 0 })
  })

  test('says what it was asked and by whom, on all its sockets, and goes on from what was known before', async () => {
    start()
    supervisor.send({
      kind: 'remember',
      clients: packClients([
        { address: '127.0.0.1', first: 5, last: 6, calls: 40, procedures: ['null'], maps: [] },
      ]),
      state: { since: 3, forgotten: 1 },
    })
    supervisor.send(settings())
    supervisor.send(loading(await folder.commit('first', small(1)), now()))
    supervisor.send({ kind: 'open' })
    await supervisor.next('ready')
    await supervisor.next('loaded')
    await shellOfAlice(await client('udp'))
    await shellOfAlice(await client('tcp'))
    supervisor.send({ kind: 'usage', id: 1 })
    expect((await supervisor.next('usage')).usage).toEqual([
      { procedure: 'match', domain, map, outcome: 'true', calls: 2 },
    ])
    supervisor.send({ kind: 'more', id: 1 })
    expect(await supervisor.next('end')).toEqual({ kind: 'end', id: 1 })
    supervisor.send({ kind: 'clients', id: 2 })
    expect(unpackClients((await supervisor.next('clients')).clients)).toMatchObject([
      { address: '127.0.0.1', first: 5, calls: 42, procedures: ['null', 'match'], maps: [{ domain, map }] },
    ])
    supervisor.send({ kind: 'more', id: 2 })
    expect(await supervisor.next('end')).toEqual({ kind: 'end', id: 2 })
    while ((await counted()).udp.replies < 1);
    const { clients: known, latency } = await counted()
    expect(known).toEqual({ since: 3, forgotten: 1 })
    for (const { buckets } of [latency.udp, latency.tcp])
      expect(buckets.reduce((all, calls) => all + calls, 0)).toBe(1)
  })

  test('lets go of everything at once when its channel ends', async () => {
    await serve()
    const idle = connect(port, '127.0.0.1')
    await once(idle, 'connect')
    const gone = once(idle, 'close')
    idle.resume()
    supervisor.end()
    await over
    await gone
    const refused = connect(port, '127.0.0.1')
    expect(((await once(refused, 'error')) as [NodeJS.ErrnoException])[0].code).toBe('ECONNREFUSED')
  })

  test('ends when its channel ends before it has been told anything', async () => {
    start()
    supervisor.end()
    expect(await over).toBeUndefined()
  })

  test('ends with a line in the log when what it is told is no message', async () => {
    await serve()
    supervisor.send({ kind: 'match', id: -1, domain, map, key: 'alice' })
    expect(await logged('bad-message')).toContain('message.id: a whole number')
    await over
  })

  test('that drains answers who is connected, closes who is idle, and ends', async () => {
    await serve()
    const connected = await client('tcp')
    expect(await shellOfAlice(connected)).toBe('/bin/sh1')
    supervisor.send({ kind: 'drain' })
    await settled()
    expect(await shellOfAlice(connected)).toBe('/bin/sh1')
    const late = connect(port, '127.0.0.1')
    expect(((await once(late, 'error')) as [NodeJS.ErrnoException])[0].code).toBe('ECONNREFUSED')
    await over
  })

  test('that drains before it has opened anything ends', async () => {
    start()
    supervisor.send({ kind: 'drain' })
    expect(await over).toBeUndefined()
  })

  test('ends at once when its channel ends in the middle of a drain', async () => {
    await serve()
    await shellOfAlice(await client('tcp'))
    supervisor.send({ kind: 'drain' })
    await settled()
    const before = performance.now()
    supervisor.end()
    await over
    expect(performance.now() - before).toBeLessThan(1000)
  })

  test('that ends while it loads opens nothing any more', async () => {
    start()
    supervisor.send(settings())
    supervisor.send(loading(await folder.commit('first', small(1)), now()))
    supervisor.send({ kind: 'open' })
    supervisor.end()
    await over
    const refused = connect(port, '127.0.0.1')
    expect(((await once(refused, 'error')) as [NodeJS.ErrnoException])[0].code).toBe('ECONNREFUSED')
  })
})
