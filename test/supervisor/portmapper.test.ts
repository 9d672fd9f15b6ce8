import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { registerLater } from '../../src/supervisor/late-registration.ts'
import { namedOf, tellOfUnnamed } from '../../src/supervisor/named-endpoints.ts'
import { refuseBesideRpcbind } from '../../src/supervisor/portmap-sockets.ts'
import type { RpcbindClient } from '../../src/supervisor/rpcbind-client.ts'
import type { Endpoint } from '../../src/supervisor/sockets.ts'
import { waitUntil } from '../support/lab.ts'

const folder = mkdtempSync(join(tmpdir(), 'ypldap-portmapper-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('a host with a port mapper', () => {
  test('is known by its unix socket', async () => {
    const path = join(folder, 'rpcbind.sock')
    const server = createServer().listen(path)
    await once(server, 'listening')
    await expect(refuseBesideRpcbind([join(folder, 'none'), path])).rejects.toMatchObject({
      code: 'rpcbind-there',
      message: expect.stringMatching(/answers at .*rpcbind\.sock.*leave that statement out/),
    })
    server.close()
  })

  test('has another one beside a socket at which nobody answers', async () => {
    await expect(refuseBesideRpcbind([join(folder, 'none')])).resolves.toBeUndefined()
  })
})

const ENDPOINTS: readonly Endpoint[] = [
  { netid: 'udp', address: '192.0.2.1', port: 834 },
  { netid: 'tcp', address: '192.0.2.1', port: 834 },
  { netid: 'udp', address: '192.0.2.2', port: 835 },
  { netid: 'udp6', address: '2001:db8::1', port: 834 },
  { netid: 'udp6', address: '2001:db8::2', port: 834 },
]

describe('what a port mapper names', () => {
  test('is one place a transport, of several the first port on every address', () => {
    expect(namedOf(ENDPOINTS)).toEqual([
      { netid: 'udp', address: '0.0.0.0', port: 834 },
      { netid: 'tcp', address: '192.0.2.1', port: 834 },
      { netid: 'udp6', address: '::', port: 834 },
    ])
  })

  test('is told of where it leaves a port out', () => {
    const lines: string[] = []
    tellOfUnnamed(ENDPOINTS, (_level, id, message) => lines.push(`${id} ${message}`))
    expect(lines).toEqual(['port-not-registered a port mapper can name one udp port only: 834 is it'])
  })
})

describe('a registration that is made later', () => {
  test('is made as soon as rpcbind is there, tells once that it was not, and is taken back', async () => {
    const set: string[] = []
    const unset: string[] = []
    let asked = 0
    const client: RpcbindClient = {
      netids: ['udp', 'tcp'],
      dump: async () =>
        set.map((netid) => ({ program: 100_004, version: 2, netid, address: '192.0.2.1.3.66', owner: '' })),
      set: async ({ netid }) => set.push(netid) > 0,
      unset: async ({ netid }) => unset.push(netid) > 0,
      close() {},
    }
    const connect = async () => {
      asked += 1
      if (asked < 3) throw new Error('nobody there')
      return client
    }
    const lines: string[] = []
    const places = ENDPOINTS.slice(0, 2)
    const registration = registerLater(places, (_level, id) => lines.push(id), connect, 1)
    await waitUntil('it is registered', () => registration.bindings().length > 0)
    expect(set).toEqual(['udp', 'tcp'])
    expect(lines).toEqual(['not-registered', 'registered'])
    await registration.withdraw()
    expect(unset).toEqual(['udp', 'tcp'])
  })

  test('that is taken back before is never made', async () => {
    let asked = 0
    const connect = async (): Promise<RpcbindClient> => {
      asked += 1
      throw new Error('nobody there')
    }
    const registration = registerLater(ENDPOINTS, () => {}, connect, 1)
    await waitUntil('it has tried', () => asked > 0)
    await registration.withdraw()
    expect(registration.bindings()).toEqual([])
  })
})
