import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Binding, universalAddress, universalPort } from '../../rpc/rpcbind.ts'
import type { Log } from '../../src/log.ts'
import { StartError } from '../../src/start-error.ts'
import { register, WATCH_MS } from '../../src/supervisor/registration.ts'
import type { RpcbindClient } from '../../src/supervisor/rpcbind-client.ts'
import type { Endpoint } from '../../src/supervisor/sockets.ts'
import { freePort } from '../support/lab-port.ts'

/** rpcbind's table; a program, version and transport has one entry at most. */
let table: Binding[]
let lines: string[]
let connections: number
/** transports for which SET is refused without an entry */
let forbidden: readonly string[]

const ending: (() => unknown)[] = []

beforeEach(() => {
  table = []
  lines = []
  connections = 0
  forbidden = []
})

afterEach(async () => {
  if (connections > 0) throw new Error('a connection to rpcbind was left open')
  for (const end of ending.splice(0)) await end()
})

const log: Log = (level, id, text) => lines.push(`${level} ${id}: ${text}`)

function sameTransport(a: Binding, b: Binding): boolean {
  return a.program === b.program && a.version === b.version && a.netid === b.netid
}

/** An rpcbind in memory that does with its table what the real one does. */
function rpcbind(netids = ['udp', 'tcp', 'udp6', 'tcp6']) {
  return async (): Promise<RpcbindClient> => {
    connections += 1
    return {
      netids,
      dump: async () => [...table],
      async set(binding) {
        if (forbidden.includes(binding.netid)) return false
        if (table.some((other) => sameTransport(other, binding))) return false
        table.push({ ...binding, owner: 'superuser' })
        return true
      },
      async unset(binding) {
        const before = table.length
        table = table.filter((other) => !sameTransport(other, binding))
        return table.length < before
      },
      close() {
        connections -= 1
      },
    }
  }
}

function entry(netid: string, address: string, port: number, changes: Partial<Binding> = {}): Binding {
  return {
    program: 100004,
    version: 2,
    netid,
    address: universalAddress(address, port),
    owner: 'superuser',
    ...changes,
  }
}

function all(port: number): readonly Endpoint[] {
  return [
    { netid: 'udp', address: '0.0.0.0', port },
    { netid: 'tcp', address: '0.0.0.0', port },
    { netid: 'udp6', address: '::', port },
    { netid: 'tcp6', address: '::', port },
  ]
}

const entriesOf = (port: number) => all(port).map(({ netid, address }) => entry(netid, address, port))

/** A server that answers whatever it is asked; gives its port. */
async function liveServer(transport: 'udp' | 'tcp', address: string): Promise<number> {
  if (transport === 'tcp') {
    const server = createServer((socket) => socket.on('data', () => socket.end('here')))
    ending.push(() => new Promise((closed) => server.close(closed)))
    server.listen(0, address)
    await once(server, 'listening')
    return (server.address() as { port: number }).port
  }
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  ending.push(() => new Promise<void>((closed) => socket.close(closed)))
  socket.on('message', (_call, from) => socket.send('here', from.port, from.address))
  socket.bind(0, address)
  await once(socket, 'listening')
  return socket.address().port
}

async function failure(endpoints: readonly Endpoint[]): Promise<StartError> {
  const result: unknown = await register(endpoints, log, rpcbind()).catch((error: unknown) => error)
  if (result instanceof StartError) return result
  throw new Error(`not a StartError: ${String(result)}`)
}

describe('registration', () => {
  test('names each transport with its address and port, and leaves other programs alone', async () => {
    const others = [
      entry('udp', '0.0.0.0', 111, { program: 100000 }),
      entry('tcp', '0.0.0.0', 5, { version: 1 }),
    ]
    table = [...others]
    await register(all(834), log, rpcbind())
    expect(table).toEqual([...others, ...entriesOf(834)])
    expect(lines).toEqual([])
  })

  test('keeps the address of a transport that has one, and says the wildcard where it has several', async () => {
    await register(
      [
        { netid: 'udp', address: '192.0.2.1', port: 834 },
        { netid: 'udp', address: '192.0.2.2', port: 834 },
        { netid: 'tcp', address: '192.0.2.1', port: 834 },
        { netid: 'udp6', address: '2001:db8::1', port: 834 },
        { netid: 'udp6', address: '2001:db8::2', port: 834 },
      ],
      log,
      rpcbind(),
    )
    expect(table.map(({ netid, address }) => [netid, address])).toEqual([
      ['udp', '0.0.0.0.3.66'],
      ['tcp', '192.0.2.1.3.66'],
      ['udp6', '::.3.66'],
    ])
    expect(lines).toEqual([])
  })

  test('names the first port of a transport that has several, and warns of the others', async () => {
    await register(
      [
        { netid: 'tcp', address: '127.0.0.1', port: 834 },
        { netid: 'tcp', address: '127.0.0.2', port: 835 },
      ],
      log,
      rpcbind(),
    )
    expect(table.map(({ address }) => address)).toEqual(['0.0.0.0.3.66'])
    expect(lines).toEqual([
      'warning port-not-registered: a port mapper can name one tcp port only: 834 is it',
    ])
  })

  test('with a port mapper names IPv4 alone', async () => {
    await register(all(834), log, rpcbind(['udp', 'tcp']))
    expect(table.map(({ netid }) => netid)).toEqual(['udp', 'tcp'])
  })

  test('without rpcbind fails, and says what can be done', async () => {
    const start = register(all(834), log, () =>
      Promise.reject(new Error('connect ECONNREFUSED 127.0.0.1:111')),
    )
    await expect(start).rejects.toMatchObject({ code: 'rpcbind-unreachable' })
    await expect(start).rejects.toThrow(
      /ECONNREFUSED 127\.0\.0\.1:111\): start it, say "portmapper embedded" .*"bind local"/,
    )
  })
})

describe('what stands in the table already', () => {
  test('is left where it is true of us, so that clients find us all the while', async () => {
    table = entriesOf(834)
    const standing = [...table]
    const { withdraw } = await register(all(834), log, rpcbind())
    expect(table).toEqual(standing)
    expect(table.every((one) => standing.includes(one))).toBe(true)
    expect(lines).toEqual([])
    await withdraw()
    expect(table).toEqual([])
  })

  test('is replaced when it names the ports that are now ours, but another may take it away', async () => {
    // Whoever wrote that is gone: two can't have one port. So nothing is asked, and our own server not either.
    const port = await liveServer('tcp', '127.0.0.1')
    table = entriesOf(port).map((one) => ({ ...one, owner: '1234' }))
    await register(all(port), log, rpcbind())
    expect(table).toEqual(entriesOf(port))
    expect(lines.map((line) => line.split(':')[0])).toEqual(Array(4).fill('info stale-registration'))
    expect(lines[0]).toContain('of a server that is gone: program 100004 version 2 on udp 0.0.0.0')
  })

  test('is replaced when it names our ports on another address', async () => {
    table = [entry('udp', '192.0.2.1', 834)]
    await register([{ netid: 'udp', address: '0.0.0.0', port: 834 }], log, rpcbind())
    expect(table).toEqual([entry('udp', '0.0.0.0', 834)])
    expect(lines).toHaveLength(1)
  })

  test('is replaced when nobody answers there', async () => {
    const dead = await freePort()
    table = [...entriesOf(dead), entry('tcp', '127.0.0.1', dead, { program: 100000 })]
    await register(all(834), log, rpcbind())
    expect(table).toEqual([entry('tcp', '127.0.0.1', dead, { program: 100000 }), ...entriesOf(834)])
  })

  test('is replaced also on a transport that we do not serve', async () => {
    const dead = await freePort()
    table = [entry('tcp6', '::1', dead)]
    await register([{ netid: 'udp', address: '127.0.0.1', port: 834 }], log, rpcbind())
    expect(table).toEqual([entry('udp', '127.0.0.1', 834)])
  })

  test('is replaced when it names no port at all', async () => {
    table = [entry('udp', '0.0.0.0', 0, { address: 'nonsense' })]
    await register([{ netid: 'udp', address: '127.0.0.1', port: 834 }], log, rpcbind())
    expect(table).toEqual([entry('udp', '127.0.0.1', 834)])
  })

  test.each([
    ['udp', '127.0.0.1', '0.0.0.0'],
    ['tcp', '127.0.0.1', '0.0.0.0'],
    ['tcp', '127.0.0.1', '127.0.0.1'],
    ['udp6', '::1', '::'],
    ['tcp6', '::1', '::'],
    ['tcp6', '::1', '::1'],
  ])('is left when a server answers there (%s), which is named', async (netid, listening, address) => {
    const port = await liveServer(netid.startsWith('udp') ? 'udp' : 'tcp', listening)
    const standing = entry(netid, address, port)
    table = [standing]
    const error = await failure(all(834))
    expect(error.code).toBe('already-registered')
    expect(error.message).toMatch(
      new RegExp(`\\(pid ${process.pid}\\) serves YP here already \\(.*\\): stop it`),
    )
    expect(error.message).toContain(`on ${netid} ${standing.address}`)
    expect(table).toEqual([standing])
    expect(lines).toEqual([])
  })
})

describe('SET that rpcbind refuses', () => {
  test('because another has come in between names its owner', async () => {
    const late = entry('udp', '0.0.0.0', 900, { owner: '1234' })
    const connect = async () => {
      const client = await rpcbind()()
      return {
        ...client,
        set: (binding: Binding) => {
          table.push(late)
          return client.set(binding)
        },
      }
    }
    const start = register(all(834), log, connect)
    await expect(start).rejects.toMatchObject({ code: 'already-registered' })
    await expect(start).rejects.toThrow(
      'rpcbind keeps program 100004 version 2 on udp 0.0.0.0.3.132, owned by 1234, for another server: stop that one first',
    )
  })

  test('for want of rights says what can be done', async () => {
    forbidden = ['udp']
    const error = await failure(all(834))
    expect(error.code).toBe('already-registered')
    expect(error.message).toMatch(
      /^rpcbind refused to register .*: start ypldap as root, or say "bind local"$/,
    )
    expect(table).toEqual([])
  })

  test('leaves nothing of ours in the table', async () => {
    forbidden = ['udp6']
    await failure(all(834))
    expect(table).toEqual([])
  })
})

describe('taking the registration back', () => {
  test('removes all of ours, and nothing else', async () => {
    const other = entry('udp', '0.0.0.0', 111, { program: 100000 })
    table = [other]
    const { withdraw } = await register(all(834), log, rpcbind())
    expect(table).toHaveLength(5)
    await withdraw()
    expect(table).toEqual([other])
  })

  test('leaves what names a socket that outlives us, for calls wait there', async () => {
    const { withdraw } = await register(all(834), log, rpcbind())
    await withdraw(all(834).slice(0, 2))
    expect(table).toEqual(entriesOf(834).slice(0, 2))
  })

  test('leaves the entry of a server that came after us', async () => {
    const { withdraw } = await register(all(834), log, rpcbind())
    table = [...entriesOf(834).slice(0, 1), ...entriesOf(900).slice(1)]
    await withdraw()
    expect(table).toEqual(entriesOf(900).slice(1))
  })

  test('fails when rpcbind has gone meanwhile, for the caller to tell', async () => {
    let gone = false
    const connect = async () => {
      if (gone) throw new Error('gone')
      return rpcbind()()
    }
    const { withdraw } = await register(all(834), log, connect)
    gone = true
    await expect(withdraw()).rejects.toThrow('gone')
  })
})

describe('other endpoints than before', () => {
  test('take the place of those that are gone, and leave alone those that stay', async () => {
    const registration = await register(all(834), log, rpcbind())
    const stays = table.filter(({ netid }) => netid.startsWith('tcp'))
    await registration.replace(
      all(835).map((one) => (one.netid.startsWith('tcp') ? { ...one, port: 834 } : one)),
    )
    expect(table.filter(({ netid }) => netid.startsWith('tcp'))).toEqual(stays)
    expect(table.filter((one) => stays.includes(one))).toHaveLength(2)
    expect(registration.bindings().map(({ address }) => universalPort(address))).toEqual([835, 834, 835, 834])
    await registration.withdraw()
    expect(table).toEqual([])
  })

  test('change nothing when rpcbind refuses them', async () => {
    let refusing = false
    const connect = async (): Promise<RpcbindClient> => {
      const client = await rpcbind()()
      const set = async (binding: Binding) => !(refusing && binding.netid === 'tcp6') && client.set(binding)
      return { ...client, set }
    }
    const registration = await register([{ netid: 'udp', address: '127.0.0.1', port: 834 }], log, connect)
    const before = [...table]
    refusing = true
    await expect(registration.replace(all(835))).rejects.toThrow(StartError)
    expect(table).toEqual(before)
    expect(registration.bindings()).toHaveLength(1)
    await registration.withdraw()
  })
})

describe('an rpcbind that is restarted, and has forgotten everything', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('is told of us again, and the log says so', async () => {
    const { withdraw } = await register(all(834), log, rpcbind())
    const before = [...table]
    table = []
    await vi.advanceTimersByTimeAsync(WATCH_MS)
    expect(table).toEqual(before)
    expect(lines).toHaveLength(4)
    expect(lines[0]).toMatch(
      /^warning registered-again: rpcbind had forgotten program 100004 version 2 on udp /,
    )
    await withdraw()
    expect(table).toEqual([])
  })

  test('keeps the server that has registered meanwhile', async () => {
    const { withdraw } = await register(all(834), log, rpcbind())
    table = [...entriesOf(900)]
    await vi.advanceTimersByTimeAsync(WATCH_MS)
    expect(table).toEqual(entriesOf(900))
    expect(lines).toEqual([])
    await withdraw()
    expect(table).toEqual(entriesOf(900))
  })

  test('may be away for a while', async () => {
    let away = false
    const connect = async () => {
      if (away) throw new Error('away')
      return rpcbind()()
    }
    const { withdraw } = await register(all(834), log, connect)
    table = []
    away = true
    await vi.advanceTimersByTimeAsync(WATCH_MS)
    away = false
    await vi.advanceTimersByTimeAsync(WATCH_MS)
    expect(table).toHaveLength(4)
    await withdraw()
  })

  test('is not told of us any more once we have taken the registration back', async () => {
    const { withdraw } = await register(all(834), log, rpcbind())
    await withdraw()
    await vi.advanceTimersByTimeAsync(WATCH_MS * 3)
    expect(table).toEqual([])
  })
})
