/** Datagrams to and from one port of 127.0.0.1, many at a time with koffi, one by one without. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { Batch, loadNative, type Native, openSocket, receiveBatch, sendBatch } from './native.ts'

/** Milliseconds that a receive waits. */
const PATIENCE_MS = 200
/** Longer than any call or reply of the benchmark. */
const DATAGRAM_BYTES = 1024

export interface Messages {
  readonly words: Uint32Array
  /** words from one message to the next */
  readonly stride: number
  readonly length: (index: number) => number
  readonly setLength: (index: number, bytes: number) => void
}

export interface Datagrams {
  readonly out: Messages
  readonly received: Messages
  /** Sends the first `count` of `out`. */
  readonly send: (count: number) => void
  /** How many have come into `received`; 0 when none came for a while. */
  readonly receive: () => number | Promise<number>
  readonly close: () => void
}

export async function openDatagrams(port: number, width: number): Promise<Datagrams> {
  const native = loadNative()
  return native === undefined ? openPlain(port, width) : openBatched(native, port, width)
}

function openBatched(native: Native, port: number, width: number): Datagrams {
  const fd = openSocket(native, 'connect', port, PATIENCE_MS)
  const out = new Batch(native, width, DATAGRAM_BYTES)
  const received = new Batch(native, width, DATAGRAM_BYTES)
  return {
    out: messages(out),
    received: messages(received),
    send: (count) => sendBatch(native, fd, out, count),
    receive: () => receiveBatch(native, fd, received),
    close: () => void native.close(fd),
  }
}

function messages(batch: Batch): Messages {
  const { words, stride } = batch
  return {
    words,
    stride,
    length: (index) => batch.length(index),
    setLength: (index, bytes) => batch.setLength(index, bytes),
  }
}

async function openPlain(port: number, width: number): Promise<Datagrams> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 })
  socket.on('error', () => {})
  socket.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const [out, received] = [plainMessages(width), plainMessages(width)]
  const outBytes = Buffer.from(out.words.buffer)
  const receivedBytes = new Uint8Array(received.words.buffer)
  let came = 0
  let wake: (() => void) | undefined
  socket.on('message', (message: Buffer) => {
    if (came === width || message.length > DATAGRAM_BYTES) return
    receivedBytes.set(message, came * DATAGRAM_BYTES)
    received.setLength(came, message.length)
    came += 1
    wake?.()
  })
  const take = () => {
    const count = came
    came = 0
    return count
  }
  return {
    out,
    received,
    send: (count) => {
      // Read out only when the datagram is on its way, and the caller may write the next one before: a copy.
      for (let i = 0; i < count; i++) {
        const start = i * DATAGRAM_BYTES
        socket.send(Buffer.from(outBytes.subarray(start, start + out.length(i))), () => {})
      }
    },
    // What was taken lies in place until the next turn of the event loop: the caller reads it at once.
    receive: () =>
      new Promise((resolve) => {
        const timer = setTimeout(() => wake?.(), PATIENCE_MS)
        wake = () => {
          clearTimeout(timer)
          wake = undefined
          resolve(take())
        }
        if (came > 0) wake()
      }),
    close: () => socket.close(),
  }
}

function plainMessages(width: number): Messages {
  const lengths = new Uint32Array(width)
  return {
    words: new Uint32Array((width * DATAGRAM_BYTES) / 4),
    stride: DATAGRAM_BYTES / 4,
    length: (index) => lengths[index]!,
    setLength: (index, bytes) => {
      lengths[index] = bytes
    },
  }
}
