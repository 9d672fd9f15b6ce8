import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { YpProcedure as P, YpStat } from '../../rpc/yp.ts'
import { DEFAULT_LIMITS } from '../../src/config/limit-table.ts'
import type { Image } from '../../src/maps/image.ts'
import { viewImage } from '../../src/maps/image.ts'
import type { UdpCounts } from '../../src/messages/counts.ts'
import type { ServerLimits } from '../../src/messages/server.ts'
import type { Latency } from '../../src/messages/usage.ts'
import { launchBatched } from '../../src/server/batched-udp.ts'
import { createCounters, sumOf } from '../../src/server/counters.ts'
import { createLedger, type Ledger } from '../../src/server/ledger.ts'
import { UDP_CALL_BYTES } from '../../src/server/limits.ts'
import type { News } from '../../src/server/news.ts'
import { createNotices } from '../../src/server/notices.ts'
import { Responder } from '../../src/server/responder.ts'
import { Served } from '../../src/server/served.ts'
import type { Service } from '../../src/server/service.ts'
import { chooseTransport } from '../../src/server/transport.ts'
import { serveUdp } from '../../src/server/udp.ts'
import { Usage } from '../../src/server/usage.ts'
import {
  argumentCases,
  askingCases,
  headerCases,
  misdirectedCases,
  transferCases,
} from '../e2e/ypserv-cases.ts'
import { contents } from '../support/map-contents.ts'
import { group, imageOf, rows, user } from '../support/rows.ts'
import { type Fields, readReply, writeCall } from '../support/rpc-codec.ts'
import { ruleOf } from '../support/rules.ts'
import { bindBoth } from '../support/server-side.ts'
import { openYpClient } from '../support/yp-client.ts'

// Both ways to answer datagrams keep the same promises, byte for byte.

const domain = 'example.com'
const staff = (shell: string) =>
  imageOf(
    [
      rows(
        Array.from({ length: 300 }, (_, i) => user({ name: `user${i}`, uid: String(10_000 + i), shell })),
        [group({ members: Array.from({ length: 2000 }, (_, i) => `user${i}`) })],
      ),
    ],
    { recordLimit: 65_536 },
  )
const image = staff('/bin/sh')
const huge = [...contents(image, 'group.byname')[0]!]
  .slice(0, 1)
  .concat(contents(image, 'group.bygid')[0]![0])

/** The same in memory that threads share. */
function shared({ bytes }: Image): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(bytes.length)
  Buffer.from(memory).set(bytes)
  return memory
}

const other = imageOf([rows([user()])], { domain: 'other.example' })

interface Answering {
  readonly port: number
  readonly service: Service
  /** addresses that were told of as strangers' */
  readonly strangers: string[]
  /** lines of the log about limits */
  readonly notices: string[]
  readonly inform: (...news: readonly News[]) => void
  readonly counts: () => UdpCounts
  readonly latency: () => Latency
  readonly ledger: Ledger
}

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end()
})

const news = (one: Image, ...more: readonly News[]): readonly News[] => [
  { kind: 'domain', domain: one.domain, rules: [] },
  ...more,
  { kind: 'image', bytes: shared(one) },
]

/** One that waits for its socket to be closed. */
const batched = async (address: string, first: readonly News[]): Promise<Answering> => {
  const { tcp, udp, port } = bindBoth(address)
  tcp.close()
  const strangers: string[] = []
  const notices: string[] = []
  const thread = launchBatched(
    udp.fd,
    address.includes(':'),
    (one, of) => strangers.push(of === undefined ? one : `${one} of ${of}`),
    createNotices((_level, id, text) => notices.push(`${id}: ${text}`)),
    () => {},
  )
  const service = await thread.begin(first)
  ending.push(async () => {
    await service.drain()
    udp.close()
  })
  return {
    port,
    service,
    strangers,
    notices,
    inform: (...all) => {
      for (const one of all) service.inform(one)
    },
    counts: () => sumOf(createCounters(), [thread.counters]).udp,
    latency: () => sumOf(createCounters(), [thread.counters]).latency.udp,
    ledger: createLedger(new Usage(), [thread]),
  }
}

const oneByOne = async (address: string, first: readonly News[]): Promise<Answering> => {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  socket.bind(0, address)
  await once(socket, 'listening')
  const strangers: string[] = []
  const notices: string[] = []
  let limits: ServerLimits = DEFAULT_LIMITS
  const served = new Served()
  const stranger = (address: string, of?: string) => {
    strangers.push(of === undefined ? address : `${address} of ${of}`)
  }
  const counters = createCounters()
  const take = (one: News) => {
    if (one.kind === 'image') {
      served.serve(viewImage(one.bytes))
    } else if (one.kind === 'expired') {
      served.add(one.domain).expired = one.expired
    } else if (one.kind === 'domain') {
      served.admit(one.domain, one.rules)
      if (one.maps !== undefined) served.add(one.domain).restrict(one.maps)
    } else if (one.kind === 'gone') {
      served.remove(one.domain)
    } else if (one.kind === 'limits') {
      ;({ limits } = one)
    }
  }
  for (const one of first) take(one)
  const service = serveUdp(socket, {
    served,
    responder: new Responder(served),
    stranger,
    limits: () => limits,
    notices: createNotices((_level, id, text) => notices.push(`${id}: ${text}`)),
    counters,
    log: () => {},
  })
  ending.push(() => service.close())
  return {
    port: socket.address().port,
    service,
    strangers,
    notices,
    inform: (...all) => {
      for (const one of all) take(one)
    },
    counts: () => counters.udp,
    latency: () => sumOf(counters, []).latency.udp,
    ledger: createLedger(served.usage, []),
  }
}

const replies = (udpReply: number): News => ({ kind: 'limits', limits: { ...DEFAULT_LIMITS, udpReply } })

function header(procedure: number, xid = 1) {
  return { xid, program: 100004, version: 2, procedure }
}

const call = (procedure: number, fields: Fields, xid = 1) => writeCall(header(procedure, xid), fields)
const match = (key: string, xid = 1, map = 'passwd.byname') => call(P.MATCH, { domain, map, key }, xid)
const read = (procedure: number, reply: Buffer) => readReply(header(procedure), reply).fields

function client(address: string): Socket {
  const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 1 << 22 })
  ending.push(() => socket.close())
  return socket
}

async function ask(address: string, port: number, message: Buffer): Promise<Buffer> {
  const socket = client(address)
  socket.send(message, port, address)
  const [reply] = (await once(socket, 'message')) as [Buffer]
  return reply
}

/** Until the answer is another one: news are taken between two calls. */
async function until(answer: () => Promise<boolean>): Promise<void> {
  while (!(await answer())) await new Promise(setImmediate)
}

test('many datagrams at a time are answered on this machine', () => {
  expect(chooseTransport()).toMatchObject({ batched: true })
})

describe.each([
  ['one by one', oneByOne],
  ['many at a time', batched],
] as const)('datagrams, %s', (_, start) => {
  test.each(['127.0.0.1', '::1'])('are answered at %s', async (address) => {
    const { port } = await start(address, news(image))
    const fields = read(P.MATCH, await ask(address, port, match('user7', 0xdeadbeef)))
    expect(fields).toMatchObject({ xid: 0xdeadbeef, status: YpStat.TRUE })
    expect(fields['value']).toContain('user7:')
  })

  test('before there is an image have the answers of that', async () => {
    const { port } = await start('127.0.0.1', [{ kind: 'domain', domain, rules: [] }])
    expect(read(P.MATCH, await ask('127.0.0.1', port, match('user7')))).toMatchObject({
      status: YpStat.NODOM,
    })
  })

  test('whose answer is too long for one are told so', async () => {
    const { port } = await start('127.0.0.1', news(image))
    const reply = await ask('127.0.0.1', port, match('staff', 1, 'group.byname'))
    expect(read(P.MATCH, reply)).toMatchObject({ status: YpStat.YPERR })
  })

  test('that are no calls, or longer than any call, get no answer and leave the next one unharmed', async () => {
    const { port } = await start('127.0.0.1', news(image))
    const socket = client('127.0.0.1')
    const long = Buffer.alloc(UDP_CALL_BYTES + 1)
    match('user7').copy(long)
    for (const junk of [
      Buffer.alloc(0),
      Buffer.alloc(3),
      Buffer.alloc(2000, 0xff),
      long,
      Buffer.alloc(60_000, 1),
    ]) {
      socket.send(junk, port, '127.0.0.1')
    }
    socket.send(match('user8', 99), port, '127.0.0.1')
    const [reply] = (await once(socket, 'message')) as [Buffer]
    expect(read(P.MATCH, reply)).toMatchObject({ xid: 99, status: YpStat.TRUE })
  })

  test('by the thousand are answered each with its own xid and key', async () => {
    const { port } = await start('127.0.0.1', news(image))
    const socket = client('127.0.0.1')
    const waiting = new Map<number, string>()
    let sent = 0
    let answered = 0
    const send = () => {
      sent += 1
      const key = `user${sent % 300}`
      waiting.set(sent, key)
      socket.send(match(key, sent), port, '127.0.0.1')
    }
    const all = Promise.withResolvers<void>()
    socket.on('message', (reply) => {
      const { xid, status, value } = read(P.MATCH, reply)
      const key = waiting.get(xid as number)
      if (status !== YpStat.TRUE || !(value as string).startsWith(`${key}:`))
        all.reject(new Error(`${key}: ${String(value)}`))
      waiting.delete(xid as number)
      answered += 1
      if (answered === 5000) all.resolve()
      else if (sent < 5000) send()
    })
    for (let i = 0; i < 200; i++) send()
    await all.promise
    expect(waiting.size).toBe(0)
  })

  test('are counted, each by what became of it', async () => {
    const first = news(other, { kind: 'domain', domain: other.domain, rules: [ruleOf('deny 127.0.0.1')] })
    const { port, counts } = await start('127.0.0.1', [...news(image), ...first])
    const socket = client('127.0.0.1')
    const forbidden = writeCall(header(P.MATCH), { domain: other.domain, map: 'passwd.byname', key: 'alice' })
    for (const message of [
      Buffer.alloc(0),
      Buffer.alloc(60, 0xff),
      Buffer.alloc(UDP_CALL_BYTES + 1),
      forbidden,
    ]) {
      socket.send(message, port, '127.0.0.1')
    }
    socket.send(call(P.DOMAIN_NONACK, { domain: 'elsewhere' }), port, '127.0.0.1')
    socket.send(match('staff', 1, 'group.byname'), port, '127.0.0.1')
    socket.send(match('user7'), port, '127.0.0.1')
    await until(async () => counts().replies === 2)
    expect(counts()).toMatchObject({ calls: 7, replies: 2, strangers: 1, undecodable: 3, unsent: 0 })
  })

  test.each(['127.0.0.1', '::1'])(
    'are counted by what became of them, with who sent them from %s, also when another image has come',
    async (address) => {
      const { port, inform, counts, latency, ledger } = await start(address, news(image))
      const from = Math.floor(Date.now() / 1000)
      await ask(address, port, match('user7'))
      await ask(address, port, match('nobody'))
      inform(...news(staff('/bin/other')))
      await ask(address, port, call(P.DOMAIN, { domain }))
      await ask(address, port, match('user7'))
      const named = { domain, map: 'passwd.byname', procedure: 'match' }
      expect(new Set(await ledger.usage())).toEqual(
        new Set([
          { ...named, outcome: 'true', calls: 2 },
          { ...named, outcome: 'nokey', calls: 1 },
          { domain, map: '', procedure: 'domain', outcome: 'success', calls: 1 },
        ]),
      )
      const [client, ...others] = await ledger.clients()
      expect(others).toEqual([])
      expect(client).toMatchObject({
        address,
        calls: 4,
        procedures: ['domain', 'match'],
        maps: [{ domain, map: 'passwd.byname' }],
      })
      expect(client!.first).toBeGreaterThanOrEqual(from)
      expect(client!.last).toBeGreaterThanOrEqual(client!.first)
      await until(async () => counts().replies === 4)
      const { buckets, sum } = latency()
      expect(buckets.reduce((all, calls) => all + calls, 0)).toBe(4)
      expect(sum).toBeGreaterThan(0)
    },
  )

  test('of strangers are no clients', async () => {
    const { port, strangers, ledger } = await start(
      '127.0.0.1',
      news(image, { kind: 'domain', domain, rules: [ruleOf('deny 127.0.0.1')] }),
    )
    const socket = client('127.0.0.1')
    socket.send(match('user7'), port, '127.0.0.1')
    await until(async () => strangers.length > 0)
    expect(await ledger.clients()).toEqual([])
    expect(await ledger.usage()).toEqual([])
  })

  test('whose answer is longer than the limit are told so, counted, and named in the log', async () => {
    const { port, inform, counts, notices } = await start('127.0.0.1', news(image))
    const length = 24 + 8 + Math.ceil(Buffer.byteLength(contents(image, 'passwd.byname')[0]![1]) / 4) * 4
    const status = async () => read(P.MATCH, await ask('127.0.0.1', port, match('user0')))['status']
    expect(await status()).toBe(YpStat.TRUE)
    inform(replies(length - 1))
    await until(async () => (await status()) === YpStat.YPERR)
    await until(async () => notices.length > 0)
    expect(notices[0]).toContain(`too-large: an answer from passwd.byname of ${domain} has ${length} bytes`)
    expect(counts().tooLarge).toBeGreaterThan(0)
    inform(replies(length))
    await until(async () => (await status()) === YpStat.TRUE)
    expect(await status()).toBe(YpStat.TRUE)
  })

  test('about the list of maps are told when it is too long', async () => {
    const first = news(image, replies(64))
    const { port, notices } = await start('127.0.0.1', first)
    const reply = await ask('127.0.0.1', port, call(P.MAPLIST, { domain }))
    expect(read(P.MAPLIST, reply)).toMatchObject({ status: YpStat.YPERR })
    await until(async () => notices.length > 0)
    expect(notices[0]).toContain(`the list of maps of ${domain} has `)
  })

  test('of strangers get no answer, and are told of', async () => {
    const rules = [ruleOf('allow 192.0.2.0/24')]
    const deny = [ruleOf('deny 127.0.0.1'), ...rules]
    const { port, strangers, inform } = await start(
      '127.0.0.1',
      news(image, { kind: 'domain', domain, rules: deny }),
    )
    const socket = client('127.0.0.1')
    for (let i = 0; i < 10; i++) socket.send(match('user7', i), port, '127.0.0.1')
    await until(async () => strangers.length > 0)
    expect(new Set(strangers)).toEqual(new Set(['127.0.0.1']))
    // Those before were taken, or are answered with the rules that follow.
    const answers: number[] = []
    socket.on('message', (reply) => answers.push(read(P.MATCH, reply)['xid'] as number))
    inform({ kind: 'domain', domain, rules })
    await until(async () => {
      socket.send(match('user7', 1000), port, '127.0.0.1')
      await new Promise(setImmediate)
      return answers.includes(1000)
    })
    expect(answers.every((xid) => xid < 10 || xid === 1000)).toBe(true)
  })

  test('for a domain that their sender may not ask for get no answer, whatever they ask; other domains do', async () => {
    const rules = [ruleOf('deny 127.0.0.1')]
    const first = news(other, { kind: 'domain', domain: other.domain, rules })
    const { port, strangers } = await start('127.0.0.1', [...news(image), ...first])
    const socket = client('127.0.0.1')
    const answers: number[] = []
    socket.on('message', (reply) => answers.push(reply.readUInt32BE(0)))
    const about = { domain: other.domain, map: 'passwd.byname', key: 'alice' }
    const forbidden = [
      P.DOMAIN,
      P.DOMAIN_NONACK,
      P.MATCH,
      P.FIRST,
      P.NEXT,
      P.ALL,
      P.MASTER,
      P.ORDER,
      P.MAPLIST,
    ]
    for (const [xid, procedure] of forbidden.entries()) {
      const call = writeCall({ xid, program: 100004, version: 2, procedure }, about)
      socket.send(call, port, '127.0.0.1')
    }
    // What has no map or key to ask for is no way round.
    const empty = writeCall(
      { xid: 50, program: 100004, version: 2, procedure: P.MATCH },
      { ...about, map: '' },
    )
    socket.send(empty, port, '127.0.0.1')
    socket.send(match('user7', 1000), port, '127.0.0.1')
    await until(async () => answers.length > 0 && strangers.length > 0)
    expect(answers).toEqual([1000])
    expect(strangers[0]).toBe('127.0.0.1 of other.example')
  })

  test('for a map whose own rules are not for their sender see it as empty, until other rules come', async () => {
    const withMap = (...access: readonly string[]): News => ({
      kind: 'domain',
      domain,
      rules: [],
      maps: {
        maps: [{ name: 'passwd.byname', secure: false, access: access.map(ruleOf) }],
        found: false,
      },
    })
    const { port, inform } = await start(
      '127.0.0.1',
      news(image, withMap('allow 192.0.2.0/24', 'deny 0.0.0.0/0')),
    )
    const status = async () => read(P.MATCH, await ask('127.0.0.1', port, match('user7')))['status']
    expect(await status()).toBe(YpStat.NOKEY)
    expect(
      read(P.FIRST, await ask('127.0.0.1', port, call(P.FIRST, { domain, map: 'passwd.byname' }))),
    ).toMatchObject({
      status: YpStat.NOMORE,
    })
    inform(withMap('allow 127.0.0.1 reserved', 'allow 127.0.0.0/8'))
    await until(async () => (await status()) === YpStat.TRUE)
    inform(withMap('deny 127.0.0.1'))
    await until(async () => (await status()) === YpStat.NOKEY)
    expect(await status()).toBe(YpStat.NOKEY)
  })

  test('are answered of each domain from its own image, and of one that has gone no more', async () => {
    const { port, inform } = await start('127.0.0.1', [...news(image), ...news(other)])
    const value = async (call: Buffer) => read(P.MATCH, await ask('127.0.0.1', port, call))
    const header = { xid: 7, program: 100004, version: 2, procedure: P.MATCH }
    const alice = writeCall(header, { domain: other.domain, map: 'passwd.byname', key: 'alice' })
    expect((await value(alice))['value']).toMatch(/^alice:/)
    expect((await value(match('user7')))['value']).toMatch(/^user7:/)
    inform({ kind: 'gone', domain: other.domain })
    await until(async () => (await value(alice))['status'] === YpStat.NODOM)
    expect((await value(match('user7')))['value']).toMatch(/^user7:/)
  })

  test('are answered from a new image as soon as there is one, and each from one alone', async () => {
    const { port, inform } = await start('127.0.0.1', news(image))
    const shell = async () =>
      (read(P.MATCH, await ask('127.0.0.1', port, match('user7')))['value'] as string).split(':').at(-1)
    expect(await shell()).toBe('/bin/sh')
    inform(...news(staff('/bin/other')))
    await until(async () => (await shell()) === '/bin/other')
    expect(await shell()).toBe('/bin/other')
  })

  test('are told of an image that has expired, and of one that no longer is', async () => {
    const { port, inform } = await start('127.0.0.1', news(image, { kind: 'expired', domain, expired: true }))
    const isServed = async () =>
      read(P.DOMAIN, await ask('127.0.0.1', port, call(P.DOMAIN, { domain })))['served']
    expect(await isServed()).toBe(false)
    inform({ kind: 'expired', domain, expired: false })
    await until(async () => (await isServed()) === true)
    expect(await isServed()).toBe(true)
  })

  test('that nobody waits for any more are no reason to end', async () => {
    const { port } = await start('127.0.0.1', news(image))
    for (let i = 0; i < 50; i++) {
      const socket = createSocket('udp4')
      await new Promise<void>((sent) => socket.send(match('user7', i), port, '127.0.0.1', () => sent()))
      socket.close()
    }
    expect(read(P.MATCH, await ask('127.0.0.1', port, match('user7', 77)))['xid']).toBe(77)
  })

  test('are answered no more once their server has drained', async () => {
    const { port, service } = await start('127.0.0.1', news(image))
    await ask('127.0.0.1', port, match('user7'))
    await service.drain()
    expect(await service.drain()).toBeUndefined()
  })
})

test('both ways answer each kind of call with the same bytes', async () => {
  const first = news(image)
  const [one, many] = [await oneByOne('127.0.0.1', first), await batched('127.0.0.1', first)]
  const served = {
    domain,
    maps: Object.fromEntries(image.maps.map(({ name }) => [name, contents(image, name).map(([key]) => key)])),
    huge,
  }
  const cases = [
    ...askingCases(served),
    ...transferCases(served),
    ...misdirectedCases(domain),
    ...argumentCases(domain, 'passwd.byname'),
    ...headerCases(domain),
  ]
  expect(cases.length).toBeGreaterThan(300)
  // Of silence there is only as much as it takes: those calls are left to the end, where one call shows that it was.
  const clients = await Promise.all(
    [one, many].map(({ port }) => openYpClient({ transport: 'udp', port, patience: 150 })),
  )
  for (const { message, procedure, what } of cases) {
    const [a, b] = await Promise.all(clients.map((client) => client.send(message)))
    expect({ procedure, what, reply: b }).toEqual({ procedure, what, reply: a })
  }
  for (const one of clients) one.close()
}, 60_000)

test('what a thread was asked is known when it has ended', async () => {
  const { port, service, ledger } = await batched('127.0.0.1', news(image))
  await ask('127.0.0.1', port, match('user7'))
  await service.drain()
  expect(await ledger.clients()).toMatchObject([{ address: '127.0.0.1', calls: 1 }])
})

test('a reply leaves from the address that was asked, on a socket of all addresses', async () => {
  const { port } = await batched('0.0.0.0', news(image))
  for (const address of ['127.0.0.1', '127.0.0.2', '127.1.2.3']) {
    const socket = client(address)
    socket.send(match('user7'), port, address)
    const [, from] = (await once(socket, 'message')) as [Buffer, { address: string }]
    expect(from.address).toBe(address)
  }
})
