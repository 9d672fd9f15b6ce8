import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { listenerOf } from '../../src/server/listener.ts'
import { bindTcp } from '../../src/supervisor/handles.ts'

let server: Server
let sockets: Socket[] = []

afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  sockets = []
  await new Promise((resolve) => server.close(resolve))
})

/** A server on a descriptor, as the supervisor hands it over: the handle that made it is never closed. */
async function listening() {
  const { handle, port } = bindTcp('127.0.0.1', 0)
  server = createServer((socket) => sockets.push(socket))
  server.listen({ fd: handle.fd })
  await once(server, 'listening')
  return port
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  await once(socket, 'connect')
  return socket
}

test('connections wait while a listener is paused, and are taken when it goes on', async () => {
  const port = await listening()
  const listener = listenerOf(server)
  for (let round = 0; round < 3; round++) {
    const accepted: Socket[] = []
    server.on('connection', (socket) => accepted.push(socket))
    listener.pause()
    const waiting = await Promise.all(Array.from({ length: 20 }, () => open(port)))
    // A turn of the event loop behind those in which the clients heard that they are connected.
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(accepted).toEqual([])
    expect(waiting.every(({ destroyed }) => !destroyed)).toBe(true)
    listener.resume()
    while (accepted.length < 20) await once(server, 'connection')
    server.removeAllListeners('connection')
  }
})

test('a paused listener can be closed', async () => {
  const port = await listening()
  listenerOf(server).pause()
  const closed = once(server, 'close')
  server.close()
  await closed
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  expect(server.listening).toBe(true)
})

test('connections are closed as they come where Node can not pause its socket', async () => {
  const port = await listening()
  const listener = listenerOf(server)
  const { _handle: below } = server as unknown as { readonly _handle: object }
  Object.assign(below, { readStart: () => -1 })
  listener.pause()
  const dropped = once(server, 'drop')
  const socket = await open(port)
  await dropped
  await once(socket, 'close')
  listener.resume()
  const taken = once(server, 'connection')
  await open(port)
  const [side] = (await taken) as [Socket]
  expect(side.destroyed).toBe(false)
})
