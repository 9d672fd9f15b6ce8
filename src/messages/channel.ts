/**
 * Messages between two processes over a stream: JSON behind its length. What comes in is checked for size
 * before it is kept and for shape before it is handed on; the first fault ends the channel.
 */
import type { Duplex } from 'node:stream'
import { MESSAGE_BYTES } from './limits.ts'
import type { Shape } from './shape.ts'

const LENGTH_BYTES = 4

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
  let held: Buffer = Buffer.alloc(0)
  let over = false
  const finish = (report: () => void) => {
    if (over) return
    over = true
    report()
  }

  /** The next whole message, or undefined when its rest is still to come. */
  const next = (): In | undefined => {
    if (held.length < LENGTH_BYTES) return undefined
    const length = held.readUInt32BE(0)
    if (length > MESSAGE_BYTES) throw new Error(`a message of ${length} bytes`)
    const end = LENGTH_BYTES + length
    if (held.length < end) return undefined
    const body = held.toString('utf8', LENGTH_BYTES, end)
    held = held.subarray(end)
    return shape(JSON.parse(body), 'message')
  }

  stream.on('data', (chunk: Buffer) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    while (!stream.destroyed) {
      let message: In | undefined
      try {
        message = next()
      } catch (error) {
        stream.destroy()
        finish(() => listener.fault((error as Error).message))
        return
      }
      if (message === undefined) return
      listener.message(message)
    }
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
