/** What a connection is closed for, look by look: no time passes here but what the test lets pass. */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { MARK_BYTES, writeMark } from '../../rpc/record.ts'
import { YpProcedure as P } from '../../rpc/yp.ts'
import { DEFAULT_LIMITS } from '../../src/config/limit-table.ts'
import type { ServerLimits } from '../../src/messages/server.ts'
import { Connections } from '../../src/server/connections.ts'
import { createCounters } from '../../src/server/counters.ts'
import { LOOK_MS } from '../../src/server/limits.ts'
import { Responder } from '../../src/server/responder.ts'
import { Served } from '../../src/server/served.ts'
import type { Service } from '../../src/server/service.ts'
import { serveTcp } from '../../src/server/tcp.ts'
import { imageOf, rows, user } from '../support/rows.ts'
import { writeCall } from '../support/rpc-codec.ts'

const domain = 'example.com'
const image = imageOf([
  rows(Array.from({ length: 50_000 }, (_, i) => user({ name: `user${i}`, uid: String(1000 + i) }))),
])

const silent = () => {}

let server: Server
let service: Service
let limits: ServerLimits
let counters = createCounters()
let clients: Socket[]

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  limits = DEFAULT_LIMITS
  counters = createCounters()
  clients = []
  server = createServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const served = new Served()
  served.serve(image)
  served.admit(domain, [])
  service = serveTcp(server, {
    served,
    responder: new Responder(served),
    stranger() {},
    limits: () => limits,
    counters,
    connections: new Connections({ limits: () => limits, counters: counters.tcp, log: silent }),
    log: silent,
  })
})

afterEach(async () => {
  vi.useRealTimers()
  for (const client of clients) client.destroy()
  const closed = once(server, 'close')
  service.close()
  await closed
})

/** A connection, and the server's side of it. */
async function open() {
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const client = connect({
    host: '127.0.0.1',
    port: (server.address() as { port: number }).port,
    allowHalfOpen: true,
  })
  client.on('error', () => {})
  clients.push(client)
  await once(client, 'connect')
  const [side] = await accepted
  return { client, side }
}

/** So many looks at all connections, and what they had to wait for. */
async function looks(count: number): Promise<void> {
  vi.advanceTimersByTime(count * LOOK_MS)
  await new Promise(setImmediate)
  await new Promise(setImmediate)
}

/** Sends it and waits until the other side has it. */
async function send(client: Socket, side: Socket, bytes: Buffer): Promise<void> {
  const before = side.bytesRead
  client.write(bytes)
  while (side.bytesRead < before + bytes.length) await once(side, 'data')
}

function record(call: Buffer): Buffer {
  const bytes = Buffer.alloc(MARK_BYTES + call.length)
  writeMark(bytes, 0, call.length, true)
  call.copy(bytes, MARK_BYTES)
  return bytes
}

const call = (procedure: number, xid = 1) =>
  record(
    writeCall(
      { xid, program: 100004, version: 2, procedure },
      { domain, map: 'passwd.byname', key: 'user7' },
    ),
  )

/** Holds back what the server writes there, as a kernel does whose client reads nothing; gives how to let it go. */
function freeze(side: Socket): () => void {
  const held: (() => void)[] = []
  const internals = side as unknown as Record<'_write' | '_writev', (...args: unknown[]) => void>
  const spies = (['_write', '_writev'] as const).map((name) => {
    const original = internals[name].bind(side)
    return vi.spyOn(internals, name).mockImplementation((...args) => held.push(() => original(...args)))
  })
  return () => {
    for (const spy of spies) spy.mockRestore()
    for (const write of held.splice(0)) write()
  }
}

describe('a call', () => {
  test('must be whole so long after its first byte, however steadily the others come', async () => {
    limits = { ...DEFAULT_LIMITS, tcpUnfinished: 0.5 }
    const { client, side } = await open()
    const bytes = call(P.MATCH)
    for (let at = 0; at < 4; at++) {
      await send(client, side, bytes.subarray(at, at + 1))
      await looks(1)
      expect(side.destroyed).toBe(false)
    }
    await send(client, side, bytes.subarray(4, 5))
    await looks(1)
    expect(side.destroyed).toBe(true)
    expect(counters.tcp.closedUnfinished).toBe(1)
  })

  test('that follows another has its own time', async () => {
    limits = { ...DEFAULT_LIMITS, tcpUnfinished: 0.3 }
    const { client, side } = await open()
    const bytes = call(P.MATCH)
    await send(client, side, bytes.subarray(0, 9))
    await looks(2)
    await send(client, side, Buffer.concat([bytes.subarray(9), bytes.subarray(0, 9)]))
    await looks(2)
    await send(client, side, bytes.subarray(9))
    expect(counters.tcp).toMatchObject({ replies: 2, closedUnfinished: 0 })
    expect(side.destroyed).toBe(false)
  })

  test('longer than the limit closes its connection at the header, and one of that length does not', async () => {
    limits = { ...DEFAULT_LIMITS, tcpRequest: 2048 }
    const one = await open()
    const header = Buffer.alloc(MARK_BYTES)
    writeMark(header, 0, 2048, true)
    await send(one.client, one.side, header)
    expect(one.side.writableEnded).toBe(false)
    const other = await open()
    writeMark(header, 0, 2049, true)
    await send(other.client, other.side, header)
    expect(other.side.writableEnded).toBe(true)
    expect(counters.tcp.closedTooLong).toBe(1)
  })

  test('of more fragments than the limit closes its connection, and so does an empty fragment', async () => {
    limits = { ...DEFAULT_LIMITS, tcpFragments: 2 }
    const fragment = Buffer.alloc(MARK_BYTES + 1)
    writeMark(fragment, 0, 1, false)
    const one = await open()
    await send(one.client, one.side, Buffer.concat([fragment, fragment]))
    expect(one.side.writableEnded).toBe(false)
    await send(one.client, one.side, fragment)
    expect(one.side.writableEnded).toBe(true)
    const other = await open()
    await send(other.client, other.side, Buffer.alloc(MARK_BYTES))
    expect(other.side.writableEnded).toBe(true)
    expect(counters.tcp).toMatchObject({ closedFragments: 2, closedTooLong: 0, undecodable: 0 })
  })

  test('that is none closes its connection and is counted as that', async () => {
    const { client, side } = await open()
    await send(client, side, record(Buffer.from('nonsense')))
    expect(side.writableEnded).toBe(true)
    expect(counters.tcp).toMatchObject({ calls: 1, undecodable: 1, closedFragments: 0 })
  })
})

describe('a client that has nothing to ask', () => {
  test('is let go after the idle time, which each call begins anew', async () => {
    limits = { ...DEFAULT_LIMITS, tcpIdle: 0.5 }
    const { client, side } = await open()
    for (let xid = 1; xid <= 3; xid++) {
      await looks(4)
      await send(client, side, call(P.MATCH, xid))
    }
    await looks(4)
    expect(side.destroyed).toBe(false)
    await looks(1)
    expect(side.destroyed).toBe(true)
    expect(counters.tcp).toMatchObject({ replies: 3, closedIdle: 1 })
  })
})

describe('a client that takes nothing', () => {
  test('of an ALL is closed after the time for that, and not after that for idle ones', async () => {
    limits = { ...DEFAULT_LIMITS, tcpIdle: 0.2, tcpStalled: 0.6 }
    const { client, side } = await open()
    freeze(side)
    await send(client, side, call(P.ALL))
    await looks(6)
    expect(side.destroyed).toBe(false)
    await looks(1)
    expect(side.destroyed).toBe(true)
    expect(counters.tcp).toMatchObject({ closedStalled: 1, closedIdle: 0 })
  })

  test('and then goes on, however slowly, has its time anew', async () => {
    limits = { ...DEFAULT_LIMITS, tcpStalled: 0.3 }
    const { client, side } = await open()
    client.pause()
    // More than the kernel takes for a client that does not read.
    await send(client, side, Buffer.concat(Array.from({ length: 20 }, (_, xid) => call(P.ALL, xid))))
    await looks(2)
    const queued = () => side.bytesWritten - side.writableLength
    for (let round = 0; round < 3; round++) {
      const before = queued()
      client.resume()
      while (queued() === before) await new Promise(setImmediate)
      client.pause()
      await looks(2)
      expect(side.destroyed).toBe(false)
    }
    // What was on its way when it read last may be progress yet.
    for (let count = 0; count < 50 && !side.destroyed; count++) await looks(1)
    expect(counters.tcp.closedStalled).toBe(1)
  })

  test('has no more of its calls answered than may be in flight, and the others when it reads again', async () => {
    limits = { ...DEFAULT_LIMITS, tcpInFlight: 5 }
    const { client, side } = await open()
    const thaw = freeze(side)
    await send(client, side, Buffer.concat(Array.from({ length: 23 }, (_, xid) => call(P.MATCH, xid))))
    expect(counters.tcp.replies).toBe(5)
    expect(side.isPaused()).toBe(true)
    thaw()
    let received = 0
    for await (const chunk of client as AsyncIterable<Buffer>) {
      received += chunk.length
      if (received % 23 === 0 && counters.tcp.replies === 23) break
    }
    expect(counters.tcp.replies).toBe(23)
  })

  test('is closed for what all of them hold before one that has waited less', async () => {
    limits = { ...DEFAULT_LIMITS, tcpOutbound: 2000 / 2 ** 20 }
    const longer = await open()
    const shorter = await open()
    for (const { client, side } of [longer, shorter]) {
      freeze(side)
      await send(client, side, Buffer.concat(Array.from({ length: 16 }, (_, xid) => call(P.MATCH, xid))))
      if (side === longer.side) await looks(2)
    }
    expect(counters.tcp.closedOutbound).toBe(0)
    await looks(1)
    expect(counters.tcp.closedOutbound).toBe(1)
    expect([longer.side.destroyed, shorter.side.destroyed]).toEqual([true, false])
  })
})

test('one address has so many connections and no more, and further ones are closed as they come', async () => {
  limits = { ...DEFAULT_LIMITS, tcpConnectionsPerAddress: 2 }
  const [first, second, third] = [await open(), await open(), await open()]
  expect([first.side.destroyed, second.side.destroyed, third.side.destroyed]).toEqual([false, false, true])
  const gone = once(first.side, 'close')
  first.client.destroy()
  await gone
  expect((await open()).side.destroyed).toBe(false)
  expect(counters.tcp).toMatchObject({ connections: 4, refused: 1 })
})
