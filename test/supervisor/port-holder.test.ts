import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { isLingering, portHolder } from '../../src/supervisor/port-holder.ts'
import { freePort } from '../support/lab-port.ts'

const me = `${readFileSync('/proc/self/comm', 'utf8').trim()} (pid ${process.pid})`

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

test.each(['127.0.0.1', '::1'])('the holder of a TCP port on %s is found, by name and pid', async (host) => {
  const server = createServer().listen(0, host)
  ending.push(() => new Promise((closed) => server.close(closed)))
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  expect(portHolder('tcp', port)).toBe(me)
  expect(portHolder('udp', port)).toBeUndefined()
})

test.each(['udp4', 'udp6'] as const)('the holder of a port on %s is found, by name and pid', async (type) => {
  const socket = createSocket(type).bind(0, type === 'udp4' ? '127.0.0.1' : '::1')
  ending.push(() => new Promise<void>((closed) => socket.close(closed)))
  await once(socket, 'listening')
  expect(portHolder('udp', socket.address().port)).toBe(me)
  expect(portHolder('tcp', socket.address().port)).toBeUndefined()
})

test('a port that nobody has has no holder', async () => {
  const port = await freePort()
  expect(portHolder('tcp', port)).toBeUndefined()
  expect(portHolder('udp', port)).toBeUndefined()
})

test('a port lingers after a connection from it was closed, and not while it is open', async () => {
  const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1')
  ending.push(() => new Promise((closed) => server.close(closed)))
  await once(server, 'listening')
  const localPort = await freePort()
  const client = connect({ host: '127.0.0.1', port: (server.address() as { port: number }).port, localPort })
  await once(client, 'connect')
  expect(isLingering(localPort)).toBe(false)
  client.end()
  await once(client, 'close')
  expect(isLingering(localPort)).toBe(true)
  expect(isLingering(await freePort())).toBe(false)
})
