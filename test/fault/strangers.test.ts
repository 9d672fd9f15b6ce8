/** What callers cost whom no rule allows: nothing that is answered, and less than those who are. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { MARK_BYTES, writeMark } from '../../rpc/record.ts'
import { YpProcedure } from '../../rpc/yp.ts'
import { encodeKey } from '../../rpc/yp-arguments.ts'
import { cpuSeconds } from '../bench/processes.ts'
import { startDaemon, type TestDaemon } from '../support/fault-daemon.ts'
import { encodeYpCall } from '../support/yp-client.ts'

const LONG = process.env['YPLDAP_LONG'] === '1'
const DATAGRAMS = LONG ? 1_000_000 : 20_000
const CONNECTIONS = LONG ? 50_000 : 1500

/** Sent before anything is waited for: what the kernel keeps for a server that is late. */
const BURST = 400

/** As many rules as a fleet may have, none of which covers anybody here. */
const FLEET = Array.from({ length: 4000 }, (_, index) => `10.${index >> 8}.${index & 255}.0/24`).join(' ')

const match = encodeYpCall({
  procedure: YpProcedure.MATCH,
  encode: (writer) => encodeKey(writer, 'example.com', 'passwd.byname', 'user7'),
})

const ending: (() => unknown)[] = []
afterEach(() => {
  for (const end of ending.splice(0)) end()
})

async function boundTo(address: string): Promise<Socket> {
  const socket = createSocket('udp4')
  ending.push(() => socket.close())
  socket.bind(0, address)
  await once(socket, 'listening')
  return socket
}

/** Addresses of this host that are another one each time. */
const many = Array.from({ length: 100 }, (_, index) => `127.1.${index}.${index + 1}`)

/** Microseconds of CPU that the server process took for one of so many. */
async function costOf(daemon: TestDaemon, count: number, work: () => Promise<void>): Promise<number> {
  const pid = await daemon.pidOf('server')
  const before = cpuSeconds(pid)
  await work()
  return ((cpuSeconds(pid) - before) / count) * 1e6
}

/** Sends calls in bursts, behind each of which one is answered: what was sent before it has been looked at by then. */
async function flood(callers: readonly Socket[], friend: Socket, port: number): Promise<number> {
  let answered = 0
  for (const caller of callers) caller.on('message', () => void (answered += 1))
  for (let sent = 0; sent < DATAGRAMS; ) {
    for (let one = 0; one < BURST; one++, sent++)
      callers[sent % callers.length]!.send(match, port, '127.0.0.1')
    const looked = once(friend, 'message')
    friend.send(match, port, '127.0.0.1')
    await looked
  }
  return answered
}

describe('a stranger', () => {
  test(`costs less than one who is answered, by UDP, whatever address it forges`, async () => {
    const daemon = await startDaemon('deny from 127.1.0.0/16', `allow from ${FLEET}`)
    const friend = await boundTo('127.0.0.1')
    const [known, one, others] = [
      [await boundTo('127.0.0.3')],
      [await boundTo('127.1.2.3')],
      await Promise.all(many.map(boundTo)),
    ]
    // What is compiled once, and the memory of the first calls.
    await flood(known, friend, daemon.port)
    const before = (await daemon.status()).requests!.udp
    let [answers, none] = [0, 0]
    const answer = await costOf(daemon, DATAGRAMS, async () => {
      answers = await flood(known, friend, daemon.port)
    })
    const stranger = await costOf(daemon, DATAGRAMS, async () => {
      none = await flood(one, friend, daemon.port)
    })
    const forged = await costOf(daemon, DATAGRAMS, async () => {
      none += await flood(others, friend, daemon.port)
    })
    const { strangers } = (await daemon.status()).requests!.udp
    console.log(
      `CPU by UDP: ${answer.toFixed(2)} µs an answer, ${stranger.toFixed(2)} µs a stranger, ` +
        `${forged.toFixed(2)} µs one of ${many.length} addresses`,
    )
    expect(answers).toBeGreaterThan(0)
    expect(none).toBe(0)
    expect(strangers - before.strangers).toBe(2 * DATAGRAMS)
    expect(stranger).toBeLessThan(answer)
    expect(forged).toBeLessThan(answer)
    expect(daemon.logged('stranger')).toHaveLength(1)
  }, 120_000)

  test('costs less than one who is answered, by TCP', async () => {
    const daemon = await startDaemon('deny from 127.1.0.0/16')
    const record = Buffer.alloc(MARK_BYTES + match.length)
    writeMark(record, 0, match.length, true)
    match.copy(record, MARK_BYTES)
    const call = async (localAddress: string): Promise<number> => {
      const socket = connect({ port: daemon.port, host: '127.0.0.1', localAddress })
      let received = 0
      // As a rule a stranger's connection is reset: what it had sent was not read.
      socket.on('error', () => {})
      socket.on('data', (chunk) => {
        received += chunk.length
        socket.end()
      })
      socket.write(record)
      await new Promise((resolve) => socket.once('close', resolve))
      return received
    }
    const calls = async (localAddress: string) => {
      let received = 0
      for (let one = 0; one < CONNECTIONS; one++) received += await call(localAddress)
      return received
    }
    await calls('127.0.0.1')
    let [answers, none] = [0, 0]
    const answer = await costOf(daemon, CONNECTIONS, async () => {
      answers = await calls('127.0.0.1')
    })
    const stranger = await costOf(daemon, CONNECTIONS, async () => {
      none = await calls('127.1.2.3')
    })
    console.log(`CPU by TCP: ${answer.toFixed(0)} µs an answer, ${stranger.toFixed(0)} µs a stranger`)
    expect(answers).toBeGreaterThan(CONNECTIONS)
    expect(none).toBe(0)
    expect(stranger).toBeLessThan(answer)
  }, 300_000)
})
