import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket as TcpSocket } from 'node:net'
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { MARK_BYTES, RecordAssembler, writeMark } from '../../rpc/record.ts'
import { YpProcedure as P, YpStat } from '../../rpc/yp.ts'
import type { AccessRule } from '../../src/config/config.ts'
import { DEFAULT_LIMITS, MOST_UDP_REPLY } from '../../src/config/limit-table.ts'
import type { Log } from '../../src/log.ts'
import type { Image } from '../../src/maps/image.ts'
import type { ServerLimits } from '../../src/messages/server.ts'
import { Connections } from '../../src/server/connections.ts'
import { createCounters } from '../../src/server/counters.ts'
import { DRAIN_IDLE_MS, DRAIN_MS, FRAGMENT_BYTES, LOOK_MS, ROUND_FRAGMENTS } from '../../src/server/limits.ts'
import { createNotices } from '../../src/server/notices.ts'
import { Responder } from '../../src/server/responder.ts'
import { Served } from '../../src/server/served.ts'
import type { Service } from '../../src/server/service.ts'
import { serveTcp } from '../../src/server/tcp.ts'
import { serveUdp } from '../../src/server/udp.ts'
import { contents } from '../support/map-contents.ts'
import { group, imageOf, rows, user } from '../support/rows.ts'
import { type Fields, readReply, writeCall } from '../support/rpc-codec.ts'
import { ruleOf } from '../support/rules.ts'

const domain = 'example.com'
const many = rows(
  Array.from({ length: 20_000 }, (_, i) => user({ name: `user${i}`, uid: String(10_000 + i) })),
  [group({ members: Array.from({ length: 2000 }, (_, i) => `user${i}`) })],
)
const options = { recordLimit: 65_536 }

/** What waits in the process for a reader: the fragments of one round, the one before them, and their marks. */
const MOST_WAITING = (ROUND_FRAGMENTS + 1) * FRAGMENT_BYTES + 1024
const image: Image = imageOf([many], options)

let udp: Socket
let tcp: Server
let clients: (Socket | TcpSocket)[]
let lines: string[]
let served: Served
let services: { readonly udp: Service; readonly tcp: Service }

const log: Log = (_level, id) => lines.push(id)

const stranger = (_address: string, of?: string) => {
  lines.push(of === undefined ? 'stranger' : `stranger to ${of}`)
}

let limits: ServerLimits = DEFAULT_LIMITS
let counters = createCounters()
let connections: Connections

async function serve(family: 4 | 6, rules: readonly AccessRule[] = []) {
  const address = family === 4 ? '127.0.0.1' : '::1'
  udp = createSocket({ type: family === 4 ? 'udp4' : 'udp6' })
  udp.bind(0, address)
  await once(udp, 'listening')
  tcp = createServer({ allowHalfOpen: true })
  tcp.listen(0, address)
  await once(tcp, 'listening')
  served = new Served()
  served.serve(image)
  const responder = new Responder(served)
  served.admit(domain, rules)
  const notices = createNotices(log)
  const serving = { served, responder, stranger, limits: () => limits, counters, notices, log }
  connections = new Connections({ limits: () => limits, counters: counters.tcp, log })
  services = { udp: serveUdp(udp, serving), tcp: serveTcp(tcp, { ...serving, connections }) }
  return { address, udpPort: udp.address().port, tcpPort: (tcp.address() as { port: number }).port }
}

beforeEach(() => {
  clients = []
  lines = []
  limits = DEFAULT_LIMITS
  counters = createCounters()
})

afterEach(async () => {
  vi.useRealTimers()
  for (const client of clients) {
    if ('destroy' in client) client.destroy()
    else client.close()
  }
  const closed = tcp.listening ? once(tcp, 'close') : undefined
  services.udp.close()
  services.tcp.close()
  await closed
})

function header(procedure: number, xid = 1) {
  return { xid, program: 100004, version: 2, procedure }
}

function record(call: Buffer): Buffer {
  const bytes = Buffer.alloc(MARK_BYTES + call.length)
  writeMark(bytes, 0, call.length, true)
  call.copy(bytes, MARK_BYTES)
  return bytes
}

/** From now on connections are looked at only when the test says that time has passed. */
function holdLooks(): void {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
}

/** As many looks at all connections as come in so many milliseconds, and what they had to wait for. */
async function looks(milliseconds: number): Promise<void> {
  vi.advanceTimersByTime(milliseconds)
  await new Promise(setImmediate)
  await new Promise(setImmediate)
}

async function askUdp(address: string, port: number, call: Buffer): Promise<Buffer> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  clients.push(socket)
  socket.send(call, port, address)
  const [reply] = (await once(socket, 'message')) as [Buffer]
  return reply
}

async function open(address: string, port: number): Promise<TcpSocket> {
  const socket = connect({ host: address, port, allowHalfOpen: true })
  socket.on('error', () => {})
  clients.push(socket)
  await once(socket, 'connect')
  return socket
}

/** A connection, and the server's side of it. */
async function connected(tcpPort: number) {
  const accepted = once(tcp, 'connection')
  const socket = await open('127.0.0.1', tcpPort)
  const [serverSide] = (await accepted) as [TcpSocket]
  return { socket, serverSide }
}

/** How many bytes come until our side and theirs have ended, and their checksum. */
async function sumOfStream(socket: TcpSocket): Promise<string> {
  socket.end()
  let [length, sum] = [0, 0]
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    length += chunk.length
    sum = crc32(chunk, sum)
  }
  return `${length} ${sum}`
}

/** The next `count` replies on a stream. */
function replies(socket: TcpSocket, count: number): Promise<readonly Buffer[]> {
  const assembler = new RecordAssembler({ bytes: 1 << 26, fragments: 1 << 20 })
  const found: Buffer[] = []
  return new Promise((resolve, reject) => {
    const onData = (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; ) {
        at = assembler.take(chunk, at)
        if (assembler.complete) found.push(Buffer.from(assembler.record))
      }
      if (found.length >= count) {
        socket.off('data', onData)
        socket.off('close', onClose)
        resolve(found)
      }
    }
    const onClose = () => reject(new Error(`closed after ${found.length} of ${count} replies`))
    socket.on('data', onData)
    socket.on('close', onClose)
  })
}

const matchAlice = (xid = 1, key = 'user7') =>
  writeCall(header(P.MATCH, xid), { domain, map: 'passwd.byname', key })

function read(procedure: number, reply: Buffer): Fields {
  return readReply(header(procedure), reply).fields
}

describe.each([4, 6] as const)('over IPv%i', (family) => {
  test('a datagram is answered', async () => {
    const { address, udpPort } = await serve(family)
    const fields = read(P.MATCH, await askUdp(address, udpPort, matchAlice(0xdeadbeef)))
    expect(fields).toMatchObject({ xid: 0xdeadbeef, status: YpStat.TRUE })
  })

  test('a connection carries several calls, in one piece or byte by byte', async () => {
    const { address, tcpPort } = await serve(family)
    const socket = await open(address, tcpPort)
    const calls = Buffer.concat([1, 2, 3].map((xid) => record(matchAlice(xid))))
    const together = replies(socket, 3)
    socket.write(calls)
    expect((await together).map((reply) => read(P.MATCH, reply)['xid'])).toEqual([1, 2, 3])
    socket.setNoDelay(true)
    const bytewise = replies(socket, 3)
    for (const byte of calls) socket.write(Buffer.of(byte))
    expect((await bytewise).map((reply) => read(P.MATCH, reply)['xid'])).toEqual([1, 2, 3])
  })

  test('ALL over TCP is the whole map', async () => {
    const { address, tcpPort } = await serve(family)
    const socket = await open(address, tcpPort)
    const all = replies(socket, 1)
    socket.write(record(writeCall(header(P.ALL), { domain, map: 'passwd.byname' })))
    const { records } = read(P.ALL, (await all)[0]!) as { records: readonly Fields[] }
    const got = records.slice(0, -1).map(({ key, value }) => [key, value])
    expect(got).toEqual(contents(image, 'passwd.byname'))
    expect(records.at(-1)).toEqual({ status: YpStat.NOMORE, value: '', key: '' })
  })
})

describe('UDP', () => {
  test('an answer too long for a datagram is YP_YPERR there, and right over TCP', async () => {
    const { address, udpPort, tcpPort } = await serve(4)
    const call = writeCall(header(P.MATCH), { domain, map: 'group.byname', key: 'staff' })
    expect(read(P.MATCH, await askUdp(address, udpPort, call))).toMatchObject({
      status: YpStat.YPERR,
      value: '',
    })
    const socket = await open(address, tcpPort)
    const reply = replies(socket, 1)
    socket.write(record(call))
    const { value } = read(P.MATCH, (await reply)[0]!) as { value: string }
    expect(value.length).toBeGreaterThan(MOST_UDP_REPLY)
    expect(value.split(',')).toHaveLength(2000)
  })

  test('bytes that are no call, and calls that get no answer, leave the next one unharmed', async () => {
    const { address, udpPort } = await serve(4)
    const socket = createSocket('udp4')
    clients.push(socket)
    for (const junk of [
      Buffer.alloc(0),
      Buffer.from('junk'),
      writeCall(header(P.DOMAIN_NONACK), { domain: 'other' }),
    ]) {
      socket.send(junk, udpPort, address)
    }
    socket.send(matchAlice(99), udpPort, address)
    const [reply] = (await once(socket, 'message')) as [Buffer]
    expect(read(P.MATCH, reply)['xid']).toBe(99)
  })

  test('a datagram that claims to come from port 0 is no reason to end', async () => {
    const { address, udpPort } = await serve(4)
    udp.emit('message', matchAlice(), { address: '127.0.0.1', family: 'IPv4', port: 0, size: 100 })
    expect(read(P.MATCH, await askUdp(address, udpPort, matchAlice(7)))['xid']).toBe(7)
  })

  test('thousands of requests at once are answered each with its own xid and key', async () => {
    const { address, udpPort } = await serve(4)
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 22 })
    clients.push(socket)
    const waiting = new Map<number, string>()
    let wrong = 0
    const done = new Promise<void>((resolve) => {
      socket.on('message', (reply: Buffer) => {
        const { xid, value } = read(P.MATCH, reply) as { xid: number; value: string }
        if (value.split(':')[0] !== waiting.get(xid)) wrong += 1
        waiting.delete(xid)
        sendMore()
        if (waiting.size === 0) resolve()
      })
    })
    let next = 0
    const sendMore = () => {
      while (waiting.size < 50 && next < 5000) {
        const key = `user${(next * 7919) % 20_000}`
        waiting.set(next, key)
        socket.send(matchAlice(next, key), udpPort, address)
        next += 1
      }
    }
    sendMore()
    await done
    expect({ wrong, answered: next }).toEqual({ wrong: 0, answered: 5000 })
  })
})

describe('TCP', () => {
  test('a client that closes its side behind its call still gets the whole answer, and then the end', async () => {
    const { address, tcpPort } = await serve(4)
    const socket = await open(address, tcpPort)
    const all = replies(socket, 1)
    const ended = once(socket, 'end')
    socket.end(record(writeCall(header(P.ALL), { domain, map: 'passwd.byname' })))
    const { records } = read(P.ALL, (await all)[0]!) as { records: readonly Fields[] }
    expect(records).toHaveLength(20_001)
    await ended
  })

  test('calls behind an ALL wait for it, and are answered in order', async () => {
    const { address, tcpPort } = await serve(4)
    const socket = await open(address, tcpPort)
    const three = replies(socket, 3)
    socket.write(
      Buffer.concat([
        record(matchAlice(1)),
        record(writeCall(header(P.ALL, 2), { domain, map: 'passwd.byname' })),
        record(matchAlice(3)),
      ]),
    )
    expect((await three).map((reply) => reply.readUInt32BE(0))).toEqual([1, 2, 3])
  })

  test('calls that come together are answered by few writes', async () => {
    const { tcpPort } = await serve(4)
    const { socket, serverSide } = await connected(tcpPort)
    const internals = serverSide as unknown as { _write: () => void; _writev: () => void }
    const [single, vector] = [vi.spyOn(internals, '_write'), vi.spyOn(internals, '_writev')]
    const all = replies(socket, 100)
    socket.write(Buffer.concat(Array.from({ length: 100 }, (_, xid) => record(matchAlice(xid)))))
    expect((await all).map((reply) => reply.readUInt32BE(0))).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    )
    // As many as may be in flight at a time, and the rest.
    expect([single.mock.calls.length, vector.mock.calls.length]).toEqual([0, 7])
  })

  test('500 clients that stream a map and do not read cost no copy of it', async () => {
    limits = { ...DEFAULT_LIMITS, tcpConnectionsPerAddress: 501 }
    const { tcpPort } = await serve(4)
    const accepted: TcpSocket[] = []
    tcp.on('connection', (socket: TcpSocket) => accepted.push(socket))
    const call = record(writeCall(header(P.ALL), { domain, map: 'passwd.byname' }))
    const before = process.memoryUsage().arrayBuffers
    const readers: TcpSocket[] = []
    for (let i = 0; i < 500; i++) {
      const socket = await open('127.0.0.1', tcpPort)
      socket.pause()
      socket.write(call)
      readers.push(socket)
    }
    const last = await open('127.0.0.1', tcpPort)
    const reply = replies(last, 1)
    last.write(record(matchAlice(1)))
    await reply
    for (const socket of accepted) expect(socket.writableLength).toBeLessThan(MOST_WAITING)
    // All of them together: less than 50 of their 500 maps of 1.6 MB.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(80e6)
    const sums = await Promise.all(readers.map(sumOfStream))
    expect(new Set(sums).size).toBe(1)
    expect(Number.parseInt(sums[0]!, 10)).toBeGreaterThan(image.maps[0]!.sectionEnd - image.maps[0]!.section)
  })

  test('a client that does not read costs a bounded amount, and others are answered meanwhile', async () => {
    const { address, tcpPort } = await serve(4)
    const accepted = once(tcp, 'connection')
    const frozen = await open(address, tcpPort)
    const [serverSide] = (await accepted) as [TcpSocket]
    frozen.pause()
    const call = record(writeCall(header(P.ALL), { domain, map: 'passwd.byname' }))
    for (let i = 0; i < 50; i++) frozen.write(call)
    const other = await open(address, tcpPort)
    for (let i = 0; i < 20; i++) {
      const reply = replies(other, 1)
      other.write(record(matchAlice(i)))
      await reply
    }
    // A few fragments and their marks wait in the process; 50 maps of 1.6 MB would be 80 MB.
    expect(serverSide.writableLength).toBeLessThan(MOST_WAITING)
    const all = replies(frozen, 50)
    frozen.resume()
    expect(new Set((await all).map((reply) => reply.toString('latin1'))).size).toBe(1)
  })

  test('a stream that announces too much is closed at the header', async () => {
    const { address, tcpPort } = await serve(4)
    const socket = await open(address, tcpPort)
    let received = 0
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    socket.write('GET / HTTP/1.1\r\n\r\n')
    await once(socket, 'end')
    expect(received).toBe(0)
  })

  test('a record that is no call closes its connection, and what came before is answered', async () => {
    const { address, tcpPort } = await serve(4)
    const socket = await open(address, tcpPort)
    const reply = replies(socket, 1)
    const ended = once(socket, 'end')
    socket.write(Buffer.concat([record(matchAlice(5)), record(Buffer.from('nonsense'))]))
    expect((await reply)[0]!.readUInt32BE(0)).toBe(5)
    await ended
  })

  test('a client that goes away in the middle of an answer harms nobody', async () => {
    const { address, tcpPort } = await serve(4)
    for (let i = 0; i < 20; i++) {
      const socket = await open(address, tcpPort)
      socket.write(record(writeCall(header(P.ALL), { domain, map: 'passwd.byname' })))
      await once(socket, 'data')
      socket.resetAndDestroy()
    }
    const socket = await open(address, tcpPort)
    const reply = replies(socket, 1)
    socket.write(record(matchAlice(6)))
    expect((await reply)[0]!.readUInt32BE(0)).toBe(6)
  })

  test('a connection that can not be accepted ends nothing, and the log tells of it once a minute', async () => {
    const { address, tcpPort } = await serve(4)
    for (let i = 0; i < 3; i++) tcp.emit('error', new Error('accept EMFILE'))
    expect(lines).toEqual(['tcp-error'])
    const socket = await open(address, tcpPort)
    const reply = replies(socket, 1)
    socket.write(record(matchAlice(8)))
    expect((await reply)[0]!.readUInt32BE(0)).toBe(8)
  })

  test('idle connections have a time limit', async () => {
    const { address, tcpPort } = await serve(4)
    limits = { ...DEFAULT_LIMITS, tcpIdle: 0.2 }
    const socket = await open(address, tcpPort)
    await once(socket, 'end')
    expect(counters.tcp.closedIdle).toBe(1)
    expect(lines).toEqual([])
  })

  test('a call that comes at the moment when its connection has been idle for too long is answered', async () => {
    const { address, tcpPort } = await serve(4)
    limits = { ...DEFAULT_LIMITS, tcpIdle: 0.1 }
    const socket = await open(address, tcpPort)
    const reply = replies(socket, 1)
    socket.write(record(matchAlice(3)))
    // Time goes by without a turn of the event loop: its timers come next, and then what was received.
    for (const start = performance.now(); performance.now() < start + 2 * LOOK_MS; );
    expect((await reply)[0]!.readUInt32BE(0)).toBe(3)
  })

  test('an image that arrives in the middle of an ALL leaves that ALL whole, and the next is of the new one', async () => {
    const { address, tcpPort } = await serve(4)
    const socket = await open(address, tcpPort)
    const all = replies(socket, 1)
    socket.write(record(writeCall(header(P.ALL), { domain, map: 'passwd.byname' })))
    await once(socket, 'data')
    served.serve(imageOf([rows([user()])], { generation: 2 }))
    expect(read(P.ALL, (await all)[0]!)['records']).toHaveLength(20_001)
    const next = replies(socket, 1)
    socket.write(record(writeCall(header(P.ALL), { domain, map: 'passwd.byname' })))
    expect(read(P.ALL, (await next)[0]!)['records']).toHaveLength(2)
  })
})

describe('a stranger', () => {
  const stranger = [ruleOf('deny 127.0.0.1')]

  test('gets no answer over UDP where others do, and is told of in the log', async () => {
    const { address, udpPort } = await serve(4, stranger)
    const socket = createSocket('udp4')
    const friend = createSocket('udp4')
    clients.push(socket, friend)
    friend.bind(0, '127.0.0.2')
    let answers = 0
    socket.on('message', () => {
      answers += 1
    })
    socket.send(matchAlice(), udpPort, address)
    await once(udp, 'message')
    const friendly = once(friend, 'message')
    friend.send(matchAlice(), udpPort, address)
    await friendly
    // Answers leave in the order of the calls, so a stranger's would be here by now.
    expect(answers).toBe(0)
    expect(lines).toEqual(['stranger'])
  })

  test('has its connection closed before anything is read', async () => {
    const { address, tcpPort } = await serve(4, stranger)
    const socket = connect({ host: address, port: tcpPort })
    socket.on('error', () => {})
    clients.push(socket)
    socket.write(record(matchAlice()))
    let received = 0
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    await once(socket, 'close')
    expect(received).toBe(0)
  })
})

describe('a drain', () => {
  test('of UDP ends when the kernel has all replies', async () => {
    const { udpPort } = await serve(4)
    const send = udp.send.bind(udp)
    const held = Promise.withResolvers<() => void>()
    // A send that can't be done at once, for the socket's buffer is full.
    udp.send = ((...args: Parameters<typeof send>) => held.resolve(() => send(...args))) as never
    const reply = askUdp('127.0.0.1', udpPort, matchAlice(4))
    const letGo = await held.promise
    const closed = vi.fn<() => void>()
    udp.once('close', closed)
    const drained = services.udp.drain()
    await new Promise(setImmediate)
    expect(closed).not.toHaveBeenCalled()
    letGo()
    expect((await reply).readUInt32BE(0)).toBe(4)
    await drained
    expect(closed).toHaveBeenCalledOnce()
  })

  test('of TCP takes no new connection, and ends at once when there is none', async () => {
    const { tcpPort } = await serve(4)
    await services.tcp.drain()
    const late = connect({ host: '127.0.0.1', port: tcpPort })
    const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNREFUSED')
  })

  test('answers calls that come on a connection, and closes it when none has come for a moment', async () => {
    const { tcpPort } = await serve(4)
    const { socket } = await connected(tcpPort)
    const drained = services.tcp.drain()
    for (const xid of [1, 2, 3]) {
      const reply = replies(socket, 1)
      socket.write(record(matchAlice(xid)))
      expect((await reply)[0]!.readUInt32BE(0)).toBe(xid)
    }
    const before = performance.now()
    await once(socket, 'end')
    expect(performance.now() - before).toBeGreaterThan(DRAIN_IDLE_MS * 0.9)
    socket.end()
    await drained
  })

  test('lets an answer go to its end, however slow its reader is', async () => {
    holdLooks()
    const { tcpPort } = await serve(4)
    const { socket, serverSide } = await connected(tcpPort)
    socket.pause()
    for (let xid = 1; xid <= 20; xid++) {
      socket.write(record(writeCall(header(P.ALL, xid), { domain, map: 'passwd.byname' })))
    }
    await once(serverSide, 'data')
    const drained = services.tcp.drain()
    await looks(DRAIN_IDLE_MS + LOOK_MS)
    expect(serverSide.destroyed).toBe(false)
    const all = replies(socket, 20)
    socket.resume()
    expect((await all).map((reply) => reply.readUInt32BE(0))).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 1),
    )
    await looks(DRAIN_IDLE_MS + LOOK_MS)
    await drained
  })

  test('waits for the rest of a call that has begun', async () => {
    holdLooks()
    const { tcpPort } = await serve(4)
    const { socket, serverSide } = await connected(tcpPort)
    const call = record(matchAlice(9))
    const begun = once(serverSide, 'data')
    socket.write(call.subarray(0, 10))
    await begun
    const drained = services.tcp.drain()
    await looks(DRAIN_IDLE_MS - 2 * LOOK_MS)
    const reply = replies(socket, 1)
    socket.write(call.subarray(10))
    expect((await reply)[0]!.readUInt32BE(0)).toBe(9)
    await looks(DRAIN_IDLE_MS + LOOK_MS)
    await drained
  })

  test('does not last longer than its limit', async () => {
    const { tcpPort } = await serve(4)
    const { socket, serverSide } = await connected(tcpPort)
    socket.pause()
    for (let i = 0; i < 20; i++) {
      socket.write(record(writeCall(header(P.ALL), { domain, map: 'passwd.byname' })))
    }
    await once(serverSide, 'data')
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const drained = services.tcp.drain()
      vi.advanceTimersByTime(DRAIN_MS - 1)
      expect(serverSide.destroyed).toBe(false)
      vi.advanceTimersByTime(1)
      expect(serverSide.destroyed).toBe(true)
      await drained
    } finally {
      vi.useRealTimers()
    }
  })
})
