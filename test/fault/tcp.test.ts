/**
 * Hostile clients over TCP against a server process: what they do is ended at its limit, and others are answered
 * meanwhile.
 */
import type { ChildProcess } from 'node:child_process'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { YpStat } from '../../rpc/yp.ts'
import { DEFAULT_LIMITS } from '../../src/config/limit-table.ts'
import type { TcpCounts } from '../../src/messages/counts.ts'
import type { ServerLimits } from '../../src/messages/server.ts'
import { YOUNG_SPACE } from '../../src/supervisor/child.ts'
import { serverLimits } from '../../src/supervisor/settings.ts'
import { cpuSeconds } from '../bench/processes.ts'
import { figure } from '../support/figure.ts'
import { waitUntil } from '../support/lab-wait.ts'
import { socketsOf } from '../support/proc.ts'
import { build, rows, user } from '../support/rows.ts'
import {
  bindBoth,
  type ImageFolder,
  imageFolder,
  loading,
  type ServerChannel,
  settings,
  spawnServer,
} from '../support/server-side.ts'
import {
  allRecord,
  type Crowd,
  drip,
  MANNERS,
  matchRecord,
  openToxic,
  sip,
  slice,
  startCrowd,
} from '../support/toxic.ts'
import { openYpClient, type Transport, type YpClient } from '../support/yp-client.ts'

/** The whole times and numbers are for `scripts/test --long`. */
const LONG = process.env['YPLDAP_LONG'] === '1'

const domain = 'example.com'
const map = 'passwd.byname'
const USERS = 20_000
const ADMITTED = [{ verdict: 'allow' as const, prefix: [127, 0, 0, 0], bits: 8, reserved: false }]
const KIB = 1024
const MIB = 1024 * KIB
/** What V8 lets lie of memory outside of its heap, such as chunks that were read, before it collects. */
const UNCOLLECTED = 64 * MIB

let folder: ImageFolder
let image: string
let server: { readonly child: ChildProcess; readonly channel: ServerChannel; readonly port: number }
let ending: (() => unknown)[]

beforeAll(async () => {
  folder = await imageFolder()
  const users = Array.from({ length: USERS }, (_, i) => user({ name: `user${i}`, uid: String(1000 + i) }))
  image = await folder.commit('image', build([rows(users)]).bytes)
})

afterAll(() => folder[Symbol.asyncDispose]())

beforeEach(() => {
  ending = []
})

afterEach(async () => {
  for (const end of ending.reverse()) await end()
})

const limited = (limits: Partial<ServerLimits>) =>
  server.channel.send({ kind: 'limits', ...serverLimits({ limits: DEFAULT_LIMITS }), ...limits })

/** A server process that answers, with these limits and at most so many descriptors. */
async function serve(limits: Partial<ServerLimits> = {}, openFiles?: number): Promise<void> {
  const sockets = bindBoth('127.0.0.1')
  const { child, channel } = spawnServer(sockets, [YOUNG_SPACE], openFiles)
  server = { child, channel, port: sockets.port }
  ending.push(async () => {
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
    sockets.tcp.close()
    sockets.udp.close()
  })
  limited(limits)
  channel.send(settings({ access: ADMITTED }))
  channel.send(loading(image))
  channel.send({ kind: 'open' })
  await channel.next('ready')
  await channel.next('loaded')
}

async function counts(): Promise<TcpCounts> {
  server.channel.send({ kind: 'count' })
  return (await server.channel.next('counts')).counts.tcp
}

async function client(transport: Transport): Promise<YpClient> {
  const opened = await openYpClient({ transport, port: server.port, patience: 20_000 })
  ending.push(() => opened.close())
  return opened
}

async function toxic(): Promise<Socket> {
  const socket = await openToxic(server.port)
  ending.push(() => socket.destroy())
  return socket
}

async function crowd(order: Partial<Parameters<typeof startCrowd>[0]>): Promise<Crowd> {
  const { port } = server
  const started = await startCrowd({ port, count: 1, manners: ['idle'], again: false, domain, map, ...order })
  ending.push(started.leave)
  return started
}

/** How many of so many MATCH calls, one after the other, are answered right. */
async function answered(asker: YpClient, calls: number): Promise<number> {
  let right = 0
  for (let index = 0; index < calls; index++) {
    const { status, value } = await asker.match(domain, map, `user${index % USERS}`)
    if (status === YpStat.TRUE && value.startsWith(`user${index % USERS}:`)) right += 1
  }
  return right
}

const pid = () => server.child.pid!

const socketsHeld = () => socketsOf(pid()).length

function residentBytes(): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid()}/status`, 'latin1')) ?? []
  return Number(kilobytes) * KIB
}

/** CPU of the server process while so many milliseconds pass, of one core. */
async function cpuPart(milliseconds: number): Promise<number> {
  const [begun, before] = [performance.now(), cpuSeconds(pid())]
  await setTimeout(milliseconds)
  return (cpuSeconds(pid()) - before) / ((performance.now() - begun) / 1000)
}

const percent = (part: number) => `${(100 * part).toFixed(1)} %`
const mebibytes = (bytes: number) => `${Math.round(bytes / MIB)} MiB`

describe('a client that', () => {
  test('sends a byte a second is closed while its call has hardly begun, and others are answered', async () => {
    await serve()
    const slow = await toxic()
    const dripping = drip(slow, matchRecord(domain, map, 'user7'), 1000)
    expect(await answered(await client('tcp'), 100)).toBe(100)
    expect(await dripping).toBeLessThan(10)
    expect((await counts()).closedUnfinished).toBe(1)
  })

  test('sends each byte as a segment of its own is answered as any other', async () => {
    await serve()
    const sliced = await toxic()
    const calls = [1, 2, 3].map((index) => matchRecord(domain, map, `user${index}`))
    let received = Buffer.alloc(0)
    sliced.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
    })
    await slice(sliced, Buffer.concat(calls))
    await waitUntil('all are answered', () => received.toString('latin1').includes('user3:'))
    expect(await counts()).toMatchObject({ calls: 3, replies: 3 })
  })

  test('closes its side and never the other one is no more when it has its answer', async () => {
    await serve()
    const before = socketsHeld()
    const half = await toxic()
    half.end(allRecord(domain, map))
    const total = await sip(half, 64 * KIB, 1)
    expect(total).toBeGreaterThan(USERS * 50)
    await waitUntil('its descriptor is free', () => socketsHeld() === before)
    expect(await counts()).toMatchObject({ closedIdle: 0, closedStalled: 0 })
  })

  test('reads nothing is closed after the time for that, and one that sips has all it asked for', async () => {
    await serve({ tcpStalled: 1 })
    // More than the kernel takes in place of a client.
    const calls = Buffer.concat(Array.from({ length: 16 }, () => allRecord(domain, map)))
    const [frozen, sipping] = [await toxic(), await toxic()]
    frozen.pause()
    frozen.write(calls)
    sipping.end(calls)
    const sipped = sip(sipping, MIB, 100)
    await waitUntil('the frozen one is closed', async () => (await counts()).closedStalled === 1)
    const whole = (await sipped) / 16
    expect(whole).toBe(Math.floor(whole))
    expect(whole).toBeGreaterThan(USERS * 50)
    expect((await counts()).closedStalled).toBe(1)
  })

  test('sends fragments without end, empty ones, or a length of 2 GiB is closed at the header', async () => {
    await serve()
    const endless = await toxic()
    endless.write(Buffer.concat(Array.from({ length: 100 }, () => Buffer.of(0, 0, 0, 1, 0))))
    const empty = await toxic()
    empty.write(Buffer.alloc(4000))
    const announcing = await toxic()
    announcing.write(Buffer.of(0xff, 0xff, 0xff, 0xff))
    for (const socket of [endless, empty, announcing]) socket.resume()
    await waitUntil('all three are closed', async () => {
      const { closedFragments, closedTooLong } = await counts()
      return closedFragments === 2 && closedTooLong === 1
    })
    expect(await counts()).toMatchObject({ calls: 0, replies: 0 })
  })
})

test('10,000 idle connections leave room for others, and cost a few kilobytes each', async ({ skip }) => {
  const most = 10_000
  if (spawnSync('prlimit', [`--nofile=${2 * most}:${2 * most}`, 'true']).status !== 0) {
    skip('this host gives no process 20,000 descriptors')
  }
  await serve({ tcpConnections: 65_536, tcpConnectionsPerAddress: 65_536, tcpIdle: 3600 }, 2 * most)
  await answered(await client('udp'), 1000)
  const before = residentBytes()
  const idle = await crowd({ count: most })
  await waitUntil('they are connected', async () => (await idle.report()).opened >= most, 60_000)
  await waitUntil('they are taken', () => socketsHeld() > most * 0.9)
  const open = socketsHeld()
  const perConnection = (residentBytes() - before) / open
  const cpu = await cpuPart(2000)
  expect(await answered(await client('udp'), 1000)).toBe(1000)
  expect(await answered(await client('tcp'), 100)).toBe(100)
  figure(
    'G7',
    `${open} idle connections: ${(perConnection / KIB).toFixed(1)} KiB each, ${percent(cpu)} of a CPU`,
  )
  expect(perConnection).toBeLessThan(32 * KIB)
  expect(cpu).toBeLessThan(0.1)
}, 120_000)

describe('with few descriptors', () => {
  const openFiles = 256

  test('and as many idle connections UDP is untouched, nothing spins, and TCP comes back by itself', async () => {
    await serve({ tcpConnectionsPerAddress: 65_536 }, openFiles)
    const udp = await client('udp')
    expect(await answered(udp, 1000)).toBe(1000)
    await crowd({ count: openFiles, again: true })
    await waitUntil('half of the descriptors are taken', () => socketsHeld() >= openFiles / 2)
    const cpu = await cpuPart(3000)
    const right = await answered(udp, 2000)
    expect(socketsHeld()).toBeLessThan(openFiles / 2 + 16)

    const begun = performance.now()
    expect(await answered(await client('tcp'), 1)).toBe(1)
    const seconds = (performance.now() - begun) / 1000
    figure(
      'G6',
      `${openFiles} descriptors and as many idle connections, which come again: ${right} of 2000 calls answered over ` +
        `UDP, ${percent(cpu)} of a CPU, one over TCP after ${seconds.toFixed(1)} s`,
    )
    expect({ right, spins: cpu >= 0.1 }).toEqual({ right: 2000, spins: false })
    expect(seconds).toBeLessThan(DEFAULT_LIMITS.tcpIdle)
  }, 60_000)

  test('that others have taken UDP is untouched, nothing spins, and TCP comes back with them', async () => {
    await serve({ tcpConnectionsPerAddress: 65_536 })
    // A few connections, and then no more.
    expect(allowOpenFiles(firstFree() + 4)).toBe('')
    const idle = await crowd({ count: 50, again: true })
    await waitUntil('connections are closed as they come', async () => (await idle.report()).closed > 100)
    const udp = await answered(await client('udp'), 1000)
    const cpu = await cpuPart(1000)
    await idle.leave()
    figure(
      'G6',
      `descriptors gone to others: ${udp} of 1000 calls answered over UDP, ${percent(cpu)} of a CPU`,
    )
    expect({ udp, spins: cpu >= 0.1 }).toEqual({ udp: 1000, spins: false })
    expect(allowOpenFiles(1024)).toBe('')
    expect(await answered(await client('tcp'), 100)).toBe(100)
  }, 60_000)
})

/** Gives what is wrong with it. */
function allowOpenFiles(count: number): string {
  return spawnSync('prlimit', [`--pid=${pid()}`, `--nofile=${count}:`], { encoding: 'utf8' }).stderr
}

/** The lowest number that is no descriptor of the server process. */
function firstFree(): number {
  const taken = new Set(readdirSync(`/proc/${pid()}/fd`).map(Number))
  return Array.from({ length: taken.size + 1 }, (_, number) => number).find((number) => !taken.has(number))!
}

test('1,000 hostile connections of every kind, which come again when they are closed, cost a bounded memory', async () => {
  const hostile = 1000
  const outbound = DEFAULT_LIMITS.tcpOutbound
  await serve({ tcpConnections: 2 * hostile, tcpConnectionsPerAddress: hostile })
  const udp = await client('udp')
  // What V8 takes for any load, it has taken then.
  const few = await crowd({ count: 10, manners: ['pipelining'], again: true })
  await waitUntil('it is warm', async () => (await counts()).calls > 500_000, 60_000)
  await few.leave()
  const before = residentBytes()
  const all = await crowd({ count: hostile, manners: MANNERS, again: true })
  await waitUntil('all have come', async () => (await all.report()).opened >= hostile, 60_000)
  let [peak, right, asked] = [0, 0, 0]
  const seconds = LONG ? 60 : 10
  const until = performance.now() + seconds * 1000
  while (performance.now() < until) {
    right += await answered(udp, 20)
    asked += 20
    peak = Math.max(peak, residentBytes())
    await setTimeout(20)
  }
  expect(await answered(await client('tcp'), 10)).toBe(10)
  const growth = peak - before
  const { opened } = await all.report()
  figure(
    'G7',
    `${hostile} hostile connections, ${opened} in ${seconds} s: ${mebibytes(growth)} more than before, ` +
      `${right} of ${asked} calls answered over UDP`,
  )
  expect(right).toBe(asked)
  expect(growth).toBeLessThan(hostile * 4 * KIB + outbound * MIB + UNCOLLECTED)
}, 180_000)
