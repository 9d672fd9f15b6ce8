/** Asks a server that is about to start, every other millisecond, until it gives a right answer. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type Arena, REPLY_HEAD_WORDS } from './calls.ts'

const EVERY_MS = 1
const PATIENCE_MS = 30_000

/** When it came, by the monotonic clock that all processes of the host share. */
export async function firstAnswer(port: number, calls: Arena, replies: Arena): Promise<bigint> {
  const call = Buffer.from(calls.words.buffer, 0, calls.starts[1]! * 4)
  const right = Buffer.from(replies.words.buffer, 0, replies.starts[1]! * 4).subarray(4)
  const socket = createSocket('udp4')
  const answered = Promise.withResolvers<bigint>()
  socket.on('message', (message: Buffer) => {
    const at = process.hrtime.bigint()
    if (message.length > REPLY_HEAD_WORDS * 4 && message.subarray(4).equals(right)) answered.resolve(at)
  })
  // Nobody listens yet.
  socket.on('error', () => {})
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const asking = setInterval(() => socket.send(call, port, '127.0.0.1'), EVERY_MS)
  const patience = setTimeout(() => {
    answered.reject(new Error(`no right answer on port ${port} for ${PATIENCE_MS} ms`))
  }, PATIENCE_MS)
  try {
    return await answered.promise
  } finally {
    clearInterval(asking)
    clearTimeout(patience)
    socket.close()
  }
}
