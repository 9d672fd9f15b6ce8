import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { createServer, isIPv6, type Server } from 'node:net'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Listen } from '../../src/config/config.ts'
import type { Log } from '../../src/log.ts'
import { StartError } from '../../src/start-error.ts'
import {
  bindSockets,
  closeSockets,
  type Endpoint,
  endpointsOf,
  pairsOf,
  type Sockets,
} from '../../src/supervisor/sockets.ts'
import { accepts, freePort } from '../support/lab-port.ts'
import { waitUntil } from '../support/lab-wait.ts'

const isRoot = process.getuid?.() === 0
const log: Log = () => {}

const ending: (() => unknown)[] = []
let idle: number
beforeAll(() => {
  idle = openSockets()
})
// Each test gives back what it took, so that the next can count.
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end()
  await waitUntil('all sockets are closed', () => openSockets() === idle)
})

const at = { file: 'ypldap.conf', line: 1, column: 1 }

function listen(port: number, address?: string): Listen {
  return address === undefined ? { at, port } : { at, port, address }
}

function bind(wanted: readonly Listen[], local = true): readonly Endpoint[] {
  const sockets = bindSockets(wanted, local, 1, log)
  ending.push(() => closeSockets(sockets))
  return endpointsOf(sockets)
}

/** The error of a start that must fail. */
function failure(wanted: readonly Listen[], local = true): StartError {
  try {
    bind(wanted, local)
  } catch (error) {
    if (error instanceof StartError) return error
    throw error
  }
  throw new Error('all was bound')
}

/** A listener of TCP that is closed when the test ends. */
async function occupyTcp(port: number, host: string): Promise<Server> {
  const server = createServer()
  server.listen({ port, host, ipv6Only: isIPv6(host) })
  await once(server, 'listening')
  ending.push(() => new Promise((closed) => server.close(closed)))
  return server
}

async function occupyUdp(port: number, address: string): Promise<Socket> {
  const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', ipv6Only: isIPv6(address) })
  ending.push(() => new Promise<void>((closed) => socket.close(closed)))
  socket.bind(port, address)
  await once(socket, 'listening')
  return socket
}

/** Takes the first reserved port from 600 up that can be had, for UDP over IPv6 only; gives it. */
async function occupyFirst(port = 600): Promise<number> {
  try {
    await occupyUdp(port, '::1')
    return port
  } catch {
    return occupyFirst(port + 1)
  }
}

/** Descriptors of this process that are sockets. */
function openSockets(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')
    } catch {
      return false
    }
  }).length
}

describe('without a listen statement', () => {
  test('all four transports have one port number', async () => {
    const endpoints = bind([])
    const [{ port } = { port: 0 }] = endpoints
    expect(port).toBeGreaterThan(0)
    expect(endpoints).toEqual([
      { netid: 'udp', address: '127.0.0.1', port },
      { netid: 'tcp', address: '127.0.0.1', port },
      { netid: 'udp6', address: '::1', port },
      { netid: 'tcp6', address: '::1', port },
    ])
  })

  test('"bind local" is on loopback alone, anything else on every address', async () => {
    expect(bind([]).map(({ address }) => address)).toEqual(['127.0.0.1', '127.0.0.1', '::1', '::1'])
    expect(bind([], false).map(({ address }) => address)).toEqual(['0.0.0.0', '0.0.0.0', '::', '::'])
  })

  test('nothing is read and nobody is answered by the process that binds', async () => {
    const [{ port } = { port: 0 }] = bind([])
    // Bound, but not listening: that is for the process that answers.
    expect(await accepts(port)).toBe(false)
  })

  test.runIf(isRoot)(
    'root has a reserved port from 600 up, which is what ypbind takes answers from',
    async () => {
      const [{ port } = { port: 0 }] = bind([])
      expect(port).toBeGreaterThanOrEqual(600)
      expect(port).toBeLessThan(1024)
    },
  )

  test.runIf(isRoot)('a port that is taken on one transport is passed over on all', async () => {
    const port = await occupyFirst()
    const endpoints = bind([])
    expect(endpoints).toHaveLength(4)
    expect(endpoints.map((endpoint) => endpoint.port)).not.toContain(port)
  })
})

describe('a listen statement', () => {
  test('fixes the port, of both families when it names no address', async () => {
    const port = await freePort()
    const endpoints = bind([listen(port)])
    expect(endpoints.map(({ netid, port }) => [netid, port])).toEqual([
      ['udp', port],
      ['tcp', port],
      ['udp6', port],
      ['tcp6', port],
    ])
  })

  test('may stand several times, each with its own address and port', async () => {
    const [one, two] = [await freePort(), await freePort()]
    const endpoints = bind([listen(one, '127.0.0.1'), listen(two, '::1')])
    expect(endpoints).toEqual([
      { netid: 'udp', address: '127.0.0.1', port: one },
      { netid: 'tcp', address: '127.0.0.1', port: one },
      { netid: 'udp6', address: '::1', port: two },
      { netid: 'tcp6', address: '::1', port: two },
    ])
  })

  test('addresses without a port share one, since rpcbind can name only one', async () => {
    const endpoints = bind([listen(0, '127.0.0.1'), listen(0, '127.0.0.2'), listen(0, '::1')])
    expect(endpoints).toHaveLength(6)
    expect(new Set(endpoints.map(({ port }) => port)).size).toBe(1)
  })
})

describe('another set of wishes', () => {
  test('gets the sockets that it still wants, and new ones for what is new', async () => {
    const [one, two, three] = [await freePort(), await freePort(), await freePort()]
    const before = bindSockets([listen(one), listen(two, '127.0.0.1')], true, 1, log)
    ending.push(() => closeSockets(before))
    const after = bindSockets([listen(two, '127.0.0.1'), listen(three, '127.0.0.1')], true, 1, log, before)
    ending.push(() => closeSockets(after, before))
    expect(endpointsOf(after).map(({ port }) => port)).toEqual([two, two, three, three])
    expect(pairsOf(after)[0]).toBe(pairsOf(before)[2])
    // What is no longer wanted stays open until its owner closes it.
    closeSockets(before, after)
    expect(openSockets()).toBe(idle + 4)
  })

  test('that can not be had leaves those that were there as they were', async () => {
    const [one, taken] = [await freePort(), await freePort()]
    const before = bindSockets([listen(one)], true, 1, log)
    ending.push(() => closeSockets(before))
    await occupyUdp(taken, '::1')
    expect(() => bindSockets([listen(one), listen(taken)], true, 1, log, before)).toThrow(StartError)
    await vi.waitFor(() => expect(openSockets()).toBe(idle + 5))
  })

  test('of any port keeps the port it has', () => {
    const before: Sockets = bindSockets([], true, 1, log)
    ending.push(() => closeSockets(before))
    expect(endpointsOf(bindSockets([], true, 1, log, before))).toEqual(endpointsOf(before))
  })
})

describe('a port that is taken', () => {
  test.each([
    ['TCP', occupyTcp, '127.0.0.1'],
    ['UDP', occupyUdp, '127.0.0.1'],
    ['TCP over IPv6', occupyTcp, '::1'],
    ['UDP over IPv6', occupyUdp, '::1'],
  ] as const)(
    'on %s is an error that names the address, the port and who has it',
    async (_, occupy, address) => {
      const port = await freePort()
      await occupy(port, address)
      const error = failure([listen(port)])
      expect(error.code).toBe('address-in-use')
      expect(error.message).toMatch(
        new RegExp(`^${address} port ${port} is taken by .+ \\(pid ${process.pid}\\): `),
      )
      expect(error.message).toContain('stop it or listen elsewhere')
    },
  )

  test('leaves no descriptor behind, also of addresses that were bound before', async () => {
    const [free, taken] = [await freePort(), await freePort()]
    await occupyUdp(taken, '::1')
    failure([listen(free), listen(taken)])
    // Only the one that was taken before.
    await vi.waitFor(() => expect(openSockets()).toBe(idle + 1))
    // And so the port can be had again.
    bind([listen(free)])
  })
})

test('an address that this host has not is an error that says so', async () => {
  const error = failure([listen(await freePort(), '2001:db8::1')], false)
  expect(error.code).toBe('address-not-bound')
  expect(error.message).toMatch(/^can't listen on 2001:db8::1 port \d+: /)
})

test('close gives every descriptor back', async () => {
  const sockets = bindSockets([], true, 1, log)
  expect(openSockets()).toBe(idle + 4)
  closeSockets(sockets)
  await vi.waitFor(() => expect(openSockets()).toBe(idle))
})

describe('several UDP sockets for each address', () => {
  test('have one port, and a stranger is neither joined nor let in', async () => {
    const sockets = bindSockets([], true, 3, log)
    ending.push(() => closeSockets(sockets))
    const pairs = [...sockets.values()].flat()
    expect(pairs.map(({ udp }) => udp.length)).toEqual(pairs.map(() => 3))
    const { port } = pairs[0]!
    expect(() => bindSockets([listen(port, '127.0.0.1')], true, 1, log)).toThrow(StartError)
    expect(() => bindSockets([listen(port, '127.0.0.1')], true, 3, log)).toThrow(StartError)
    const lone = bindSockets([listen(await freePort(), '127.0.0.1')], true, 1, log)
    ending.push(() => closeSockets(lone))
    const [{ port: taken } = { port: 0 }] = endpointsOf(lone)
    expect(() => bindSockets([listen(taken, '127.0.0.1')], true, 3, log)).toThrow(StartError)
  })
})
