/** The thread of a flood, see datagram-flood.ts. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import type { Flood } from './datagram-flood.ts'

/** Datagrams that the kernel has been given and has not said to have. */
const AT_ONCE = 64

const { port, from, to = '127.0.0.1', count, messages } = workerData as Flood
let answers = 0
const sockets = await Promise.all(from.map(open))
for (let at = 0; at < count; at += AT_ONCE) {
  const batch = Array.from({ length: Math.min(AT_ONCE, count - at) }, (_, i) => at + i)
  await Promise.all(batch.map((index) => send(sockets[index % sockets.length]!, index)))
}
for (const socket of sockets) socket.close()
parentPort?.postMessage(answers)

async function open(address: string): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.on('message', () => {
    answers += 1
  })
  socket.bind(0, address)
  await once(socket, 'listening')
  return socket
}

/** An error is as good as a datagram that was lost. */
function send(socket: Socket, index: number): Promise<void> {
  const message = messages[index % messages.length]!
  return new Promise((resolve) => socket.send(message, port, to, () => resolve()))
}
