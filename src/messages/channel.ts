/**
 * Messages between two processes over a stream: JSON behind its length. What comes in is checked for size
 * before it is kept and for shape before it is handed on; the first fault ends the channel.
 */
import type { Duplex } from 'node:stream'
import { MESSAGE_BYTES } from './limits.ts'
import type { Shape } from './shape.ts'

const LENGTH_BYTES = 4

const NOTHING = Buffer.alloc(0)

export interface Channel<Out> {
  send(message: Out): void
  /** bytes that the other side has not taken yet */
  readonly waiting: number
  /** Ends the channel when what was sent has gone out. */
  end(): void
}

export interface Listener<In> {
  readonly message: (message: In) => void
  /** what came was no message; the stream is already destroyed */
  readonly fault: (reason: string) => void
  /** the other side has gone */
  readonly end: () => void
}

export function openChannel<In, Out>(stream: Duplex, shape: Shape<In>, listener: Listener<In>): Channel<Out> {
  // Grows by doubling: who sends a message byte by byte must not have all before copied for each.
  let held: Buffer = NOTHING
  let start = 0
  let end = 0
  let over = false
  const finish = (report: () => void) => {
    if (over) return
    over = true
    report()
  }

  const hold = (chunk: Buffer) => {
    if (end + chunk.length > held.length) {
      const larger = Buffer.allocUnsafe(Math.max(2 * (end - start), end - start + chunk.length))
      held.copy(larger, 0, start, end)
      held = larger
      end -= start
      start = 0
    }
    chunk.copy(held, end)
    end += chunk.length
  }

  /** The next whole message, or undefined when its rest is still to come. */
  const next = (): In | undefined => {
    if (end - start < LENGTH_BYTES) return undefined
    const length = held.readUInt32BE(start)
    if (length > MESSAGE_BYTES) throw new Error(`a message of ${length} bytes`)
    const behind = start + LENGTH_BYTES + length
    if (end < behind) return undefined
    const body = held.toString('utf8', start + LENGTH_BYTES, behind)
    start = behind
    return shape(JSON.parse(body), 'message')
  }

  stream.on('data', (chunk: Buffer) => {
    hold(chunk)
    while (!stream.destroyed) {
      let message: In | undefined
      try {
        message = next()
      } catch (error) {
        stream.destroy()
        finish(() => listener.fault((error as Error).message))
        return
      }
      if (message === undefined) break
      listener.message(message)
    }
    if (start < end) return
    held = NOTHING
    start = 0
    end = 0
  })
  // A stream that breaks is closed next, which is what counts.
  stream.on('error', () => {})
  stream.on('close', () => finish(listener.end))
  stream.on('end', () => stream.end())
  return {
    get waiting() {
      return stream.writableLength
    },
    send(message) {
      if (over || !stream.writable) return
      const body = Buffer.from(JSON.stringify(message), 'utf8')
      const head = Buffer.alloc(LENGTH_BYTES)
      head.writeUInt32BE(body.length)
      stream.write(Buffer.concat([head, body]))
    },
    end() {
      stream.end()
    },
  }
}
