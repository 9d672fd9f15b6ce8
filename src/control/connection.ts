/** One connection to the control socket: a request, its answer in parts as fast as they are taken, and the end. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { Log } from '../log.ts'
import { openChannel } from '../messages/channel.ts'
import { clip } from '../messages/common.ts'
import { type Answer, type Request, request } from '../messages/control.ts'
import { answerTo } from './answers.ts'
import type { Operations } from './operations.ts'

/** Milliseconds in which a request must have come. */
const REQUEST_MS = 5000

/** Bytes of an answer that may wait for a slow reader before no more of it is made. */
const MAX_WAITING = 256 * 1024

export function serveConnection(socket: Socket, operations: Operations, log: Log): void {
  let asked = false
  const gone = new AbortController()
  const timer = setTimeout(() => socket.destroy(), REQUEST_MS).unref()
  const channel = openChannel<Request, Answer>(socket, request, {
    message(message) {
      clearTimeout(timer)
      // One request a connection: what else comes is not heard.
      if (asked) return
      asked = true
      void respond(message)
    },
    fault(reason) {
      clearTimeout(timer)
      gone.abort()
      log('warning', 'bad-request', `the control socket was asked what it does not know: ${reason}`)
    },
    end() {
      clearTimeout(timer)
      gone.abort()
    },
  })

  /** Resolves when there is room for more, or nobody to take it. */
  const room = async () => {
    while (channel.waiting > MAX_WAITING && !gone.signal.aborted) {
      await once(socket, 'drain', { signal: gone.signal }).catch(() => {})
    }
  }

  /** Of what does not wait for the reader, a slow one misses some. */
  const tell = (progress: Answer) => {
    if (channel.waiting <= MAX_WAITING) channel.send(progress)
  }

  const respond = async (message: Request) => {
    const error = await parts(message)
    channel.send({ kind: 'end', ...(error !== undefined && { error: clip(error) }) })
    channel.end()
  }

  /** Sends them all, and gives back why there are no more if that is no good end. */
  const parts = async (message: Request): Promise<string | undefined> => {
    try {
      for await (const part of answerTo(message, operations, tell)) {
        // One that has broken is known to be gone only later.
        if (!socket.writable) break
        channel.send(part)
        await room()
      }
      return undefined
    } catch (fault) {
      return (fault as Error).message
    }
  }
}
