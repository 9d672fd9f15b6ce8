import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Binding } from '../../rpc/rpcbind.ts'
import { connectRpcbind, type RpcbindClient } from '../../src/supervisor/rpcbind-client.ts'
import { readVectors, type Vector } from '../golden/vectors.ts'
import { answering, type RpcbindPeer, type Script, startRpcbindPeer } from '../support/rpcbind-peer.ts'

let folder: string
let path: string
let peer: RpcbindPeer | undefined
let client: RpcbindClient | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ypldap-rpcbind-'))
  path = join(folder, 'rpcbind.sock')
})

afterEach(async () => {
  vi.useRealTimers()
  client?.close()
  await peer?.stop()
  client = undefined
  peer = undefined
  rmSync(folder, { recursive: true })
})

/** A client of a peer that plays `script`. */
async function connected(script: Script): Promise<RpcbindClient> {
  peer = await startRpcbindPeer({ path }, script)
  client = await connectRpcbind([path])
  return client
}

const vectors = readVectors('rpcbind')

function vector(name: string): Vector {
  const found = vectors.find((one) => one.name === name)
  if (found === undefined) throw new Error(`no vector ${name}`)
  return found
}

/** Places in a call behind a record mark. */
const XID = 4
const VERSION = 20

/** A captured call with the xid of ours, and our version: 3 and 4 differ in nothing else here. */
function sameCall(call: Buffer, golden: Vector, version: number): string {
  const bytes = Buffer.from(golden.hex, 'hex')
  call.copy(bytes, XID, XID, XID + 4)
  bytes.writeUInt32BE(version, VERSION)
  return bytes.toString('hex')
}

function bindingOf({ expect: fields }: Vector): Binding {
  const { program, version, netid, address, owner } = fields as unknown as Binding
  return { program, version, netid, address, owner }
}

const someBinding: Binding = {
  program: 100004,
  version: 2,
  netid: 'udp',
  address: '127.0.0.1.2.88',
  owner: '',
}

describe('over the unix socket', () => {
  test.each([
    ['SET', 'set', 'ypserv registers: 4 SET'],
    ['SET of IPv6', 'set', 'ypserv registers: 12 SET'],
    ['UNSET', 'unset', 'ypserv registers: 3 UNSET'],
  ] as const)('%s is byte for byte what ypserv sends, and rpcbind its answer', async (_, method, name) => {
    const rpcbind = await connected((call) => answering(call, vector(`${name} reply`).hex))
    expect(await rpcbind[method](bindingOf(vector(`${name} call`)))).toBe(true)
    expect(peer?.calls.map((call) => call.toString('hex'))).toEqual(
      peer?.calls.map((call) => sameCall(call, vector(`${name} call`), 4)),
    )
    expect(peer?.calls).toHaveLength(1)
  })

  test('SET and UNSET that rpcbind refuses are false', async () => {
    const refusal = vector('portmap SET of a mapping that stands by tcp: 1 SET reply')
    const rpcbind = await connected((call) => answering(call, refusal.hex))
    expect(await rpcbind.set(someBinding)).toBe(false)
    expect(await rpcbind.unset(someBinding)).toBe(false)
  })

  test('DUMP gives every binding of a table that rpcbind gave', async () => {
    const reply = vector('rpcinfo: 1 DUMP reply')
    const rpcbind = await connected((call) => answering(call, reply.hex))
    expect(await rpcbind.dump()).toEqual(reply.expect['mappings'])
    expect(peer?.calls[0]?.toString('hex')).toBe(sameCall(peer!.calls[0]!, vector('rpcinfo: 1 DUMP call'), 4))
  })

  test('an answer that comes byte by byte is put together', async () => {
    const { hex, expect: fields } = vector('rpcinfo: 1 DUMP reply')
    const rpcbind = await connected((call, socket) => {
      socket.setNoDelay(true)
      const reply = answering(call, hex)
      const step = (at: number) => {
        if (at < reply.length) socket.write(reply.subarray(at, at + 97), () => setImmediate(step, at + 97))
      }
      step(0)
      return undefined
    })
    expect(await rpcbind.dump()).toEqual(fields['mappings'])
  })

  test('calls follow each other on one connection, each with an xid of its own', async () => {
    const done = vector('ypserv registers: 4 SET reply')
    const rpcbind = await connected((call) => answering(call, done.hex))
    for (let i = 0; i < 3; i++) expect(await rpcbind.set(someBinding)).toBe(true)
    expect(new Set(peer?.calls.map((call) => call.readUInt32BE(XID))).size).toBe(3)
    expect(peer?.open).toBe(1)
  })

  test('all four transports can be registered', async () => {
    expect((await connected(() => undefined)).netids).toEqual(['udp', 'tcp', 'udp6', 'tcp6'])
  })

  test('the first socket that answers is used', async () => {
    peer = await startRpcbindPeer({ path }, (call) => answering(call, vector('rpcinfo: 1 DUMP reply').hex))
    client = await connectRpcbind([join(folder, 'nothing'), path])
    expect(await client.dump()).not.toEqual([])
  })

  test('close ends the connection', async () => {
    const rpcbind = await connected(() => undefined)
    await vi.waitFor(() => expect(peer?.open).toBe(1))
    rpcbind.close()
    await vi.waitFor(() => expect(peer?.open).toBe(0))
  })
})

/** RFC 5531 s.9: an xid to be replaced, a reply, accepted, no verifier; its status follows. */
const ACCEPTED = '0000000000000001000000000000000000000000'

const refusals: readonly (readonly [what: string, script: Script, message: RegExp])[] = [
  [
    'closes the connection',
    (_call, socket) => {
      socket.destroy()
      return undefined
    },
    /rpcbind closed the connection/,
  ],
  [
    'closes in the middle of its answer',
    (call, socket) => {
      socket.end(answering(call, vector('ypserv registers: 4 SET reply').hex).subarray(0, 20))
      return undefined
    },
    /rpcbind closed the connection/,
  ],
  ['announces a record of 2 GiB', () => Buffer.from('ffffffff', 'hex'), /a record of over \d+ bytes/],
  [
    'says something that is no reply',
    () => Buffer.from('800000046e6f2121', 'hex'),
    /bytes expected|message type/,
  ],
  [
    'answers another call',
    (call) => {
      const reply = answering(call, vector('ypserv registers: 4 SET reply').hex)
      reply.writeUInt32BE((reply.readUInt32BE(XID) ^ 1) >>> 0, XID)
      return reply
    },
    /rpcbind refused procedure 1 of version 4/,
  ],
  [
    'does not know the program',
    (call) => answering(call, `80000018${ACCEPTED}00000001`),
    /rpcbind refused procedure 1 of version 4.*"status":1/,
  ],
  [
    'accepts and gives no result',
    (call) => answering(call, `80000018${ACCEPTED}00000000`),
    /4 bytes expected, 0 left/,
  ],
  [
    'gives a result that is no boolean',
    (call) => answering(call, `8000001c${ACCEPTED}0000000000000002`),
    /a boolean is 0 or 1, not 2/,
  ],
]

describe('an rpcbind that', () => {
  test.each(refusals)('%s makes the call fail, with the reason', async (_, script, message) => {
    const rpcbind = await connected(script)
    await expect(rpcbind.set(someBinding)).rejects.toThrow(message)
  })

  test('has gone makes the next call fail at once', async () => {
    const rpcbind = await connected((_call, socket) => {
      socket.destroy()
      return undefined
    })
    await expect(rpcbind.dump()).rejects.toThrow('closed')
    await expect(rpcbind.dump()).rejects.toThrow('closed')
  })

  test('is silent makes the call fail after 5 s', async () => {
    // Only the timer of the call: sockets keep their own time.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { promise: asked, resolve } = Promise.withResolvers<void>()
    const rpcbind = await connected(() => {
      resolve()
      return undefined
    })
    const call = rpcbind.dump().catch((error: Error) => error.message)
    await asked
    vi.advanceTimersByTime(4999)
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(1)
    expect(await call).toBe('rpcbind does not answer')
  })
})

/** The port mapper's port, where this process may have it and nobody else has it. */
async function portmapper(script: Script): Promise<boolean> {
  try {
    peer = await startRpcbindPeer({ host: '127.0.0.1', port: 111 }, script)
    return true
  } catch {
    return false
  }
}

describe('where there is no unix socket', () => {
  test('port 111 is asked as the port mapper, byte for byte as its own clients do', async (context) => {
    const reply = vector('rpcinfo -p by TCP: 1 DUMP reply')
    context.skip(!(await portmapper((call) => answering(call, reply.hex))), 'port 111 is not ours to have')
    client = await connectRpcbind([path])
    expect(client.netids).toEqual(['udp', 'tcp'])
    const mappings = reply.expect['mappings'] as { program: number; protocol: number; port: number }[]
    expect(await client.dump()).toMatchObject(
      mappings.map(({ program, protocol, port }) => ({
        program,
        netid: protocol === 17 ? 'udp' : 'tcp',
        address: `0.0.0.0.${port >> 8}.${port & 255}`,
      })),
    )
    const [dump] = peer!.calls
    expect(dump?.toString('hex')).toBe(sameCall(dump!, vector('rpcinfo -p by TCP: 1 DUMP call'), 2))
  })

  test.for([
    ['set', 'SET'],
    ['unset', 'UNSET'],
  ] as const)('%s sends protocol and port', async ([method, name], context) => {
    const done = vector(`portmap ${name} by tcp: 1 ${name} reply`)
    context.skip(!(await portmapper((call) => answering(call, done.hex))), 'port 111 is not ours to have')
    client = await connectRpcbind([path])
    const binding = { program: 400001, version: 1, netid: 'udp', address: '0.0.0.0.19.136', owner: '' }
    expect(await client[method](binding)).toBe(true)
    const [call] = peer!.calls
    expect(call?.toString('hex')).toBe(sameCall(call!, vector(`portmap ${name} by tcp: 1 ${name} call`), 2))
  })

  test('and no port mapper either, that is the error', async (context) => {
    // Someone's own rpcbind may be there.
    context.skip(!(await portmapper(() => undefined)), 'port 111 is not ours to have')
    await peer?.stop()
    peer = undefined
    await expect(connectRpcbind([path])).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})
