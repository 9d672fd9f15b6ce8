/** ALL of passwd.byname over TCP: one stream that is checked record by record, or many at once by their checksums. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { crc32 } from 'node:zlib'
import { MARK_BYTES, writeMark } from '../../rpc/record.ts'
import { YpStat } from '../../rpc/yp.ts'
import { allCall, REPLY_HEAD_WORDS } from './calls.ts'
import { Ledger } from './ledger.ts'

/** A stream that has not ended after so many milliseconds is broken. */
const PATIENCE_MS = 60_000
const CHUNK_BYTES = 256 * 1024
/** Above any record with its counts and padding. */
const BYTES_A_USER = 512

type Sink = (chunk: Buffer, start: number, end: number) => void

/** Follows the record marks of one reply and hands its bytes on without them. */
class Follower {
  readonly #sink: Sink
  #mark = 0
  #markBytes = 0
  #missing = 0

  constructor(sink: Sink) {
    this.#sink = sink
  }

  /** True when the reply has ended. */
  take(chunk: Buffer, length: number): boolean {
    for (let at = 0; at < length; ) {
      if (this.#markBytes < MARK_BYTES) {
        this.#mark = ((this.#mark << 8) | chunk[at]!) >>> 0
        at += 1
        this.#markBytes += 1
        if (this.#markBytes === MARK_BYTES) this.#missing = this.#mark & 0x7fffffff
        if (this.#missing > 0) continue
      } else {
        const end = Math.min(length, at + this.#missing)
        this.#sink(chunk, at, end)
        this.#missing -= end - at
        at = end
      }
      if (this.#markBytes < MARK_BYTES || this.#missing > 0) continue
      if (this.#mark >= 0x80000000) return true
      this.#markBytes = 0
    }
    return false
  }
}

interface Stream {
  readonly socket: Socket
  /** milliseconds from the call to the last byte; undefined of one that broke */
  readonly run: () => Promise<number | undefined>
}

/** A connection that is there before the clock runs. */
async function openStream(port: number, users: number, sink: Sink, chunk: Buffer): Promise<Stream> {
  const over = Promise.withResolvers<number | undefined>()
  const follower = new Follower(sink)
  let started = 0
  const socket: Socket = connect({
    port,
    host: '127.0.0.1',
    onread: {
      buffer: chunk,
      callback: (length, buffer) => {
        if (follower.take(buffer as Buffer, length)) over.resolve(performance.now() - started)
        return true
      },
    },
  })
  socket.on('error', () => {})
  socket.on('close', () => over.resolve(undefined))
  const connected = new Promise((resolve) => {
    socket.once('connect', resolve)
    socket.once('close', resolve)
  })
  await connected
  const call = allCall(users)
  const message = Buffer.alloc(MARK_BYTES + call.length)
  writeMark(message, 0, call.length, true)
  message.set(call, MARK_BYTES)
  const run = async () => {
    const timer = setTimeout(() => socket.destroy(), PATIENCE_MS)
    started = performance.now()
    socket.write(message)
    const taken = await over.promise
    clearTimeout(timer)
    return taken
  }
  return { socket, run }
}

async function closed(socket: Socket): Promise<void> {
  if (socket.closed) return
  const close = once(socket, 'close')
  socket.destroy()
  await close
}

export interface AllResult {
  readonly milliseconds: number
  readonly bytes: number
  /** of the reply behind its xid */
  readonly checksum: number
  readonly wrong: number
  readonly lost: number
}

/** One stream; the check comes when the clock has stopped. `checked` is the sum of one that was right. */
export async function runAll(port: number, users: number, checked: number): Promise<AllResult> {
  const reply = Buffer.allocUnsafe(users * BYTES_A_USER + 4096)
  // Touched now: the kernel's first hand-out of each page is no part of the server's time.
  reply.fill(0)
  let bytes = 0
  const keep: Sink = (chunk, start, end) => {
    chunk.copy(reply, bytes, start, end)
    bytes += end - start
  }
  const stream = await openStream(port, users, keep, Buffer.alloc(CHUNK_BYTES))
  const milliseconds = await stream.run()
  await closed(stream.socket)
  if (milliseconds === undefined) {
    return { milliseconds: Number.NaN, bytes, checksum: 0, wrong: 0, lost: 1 }
  }
  const whole = reply.subarray(0, bytes)
  const checksum = crc32(whole.subarray(MARK_BYTES))
  const wrong = checksum === checked ? 0 : faultsIn(whole, users)
  return { milliseconds, bytes, checksum, wrong, lost: 0 }
}

/** How many records are missing, doubled or not what they must be; one more for a wrong end. */
function faultsIn(reply: Buffer, users: number): number {
  const ledger = new Ledger(users)
  let at = REPLY_HEAD_WORDS * 4
  try {
    while (reply.readUInt32BE(at) === 1 && reply.readInt32BE(at + 4) === YpStat.TRUE) {
      at = ledger.take(reply, at + 8)
    }
    // NOMORE as a record with neither value nor key, unless the server leaves it out; then no more.
    if (reply.readUInt32BE(at) === 1 && reply.readInt32BE(at + 4) === YpStat.NOMORE) at += 16
    const ended = reply.readUInt32BE(at) === 0 && at + 4 === reply.length
    return ledger.wrong + ledger.missing + (ended ? 0 : 1)
  } catch {
    return ledger.wrong + ledger.missing + 1
  }
}

export interface ManyResult {
  /** from the first call to the last byte of the last stream */
  readonly milliseconds: number
  readonly streams: number
  readonly wrong: number
  readonly lost: number
}

/** So many streams at once; each must be byte for byte what the checked one was. */
export async function runStreams(
  port: number,
  users: number,
  width: number,
  checksum: number,
): Promise<ManyResult> {
  const chunk = Buffer.alloc(CHUNK_BYTES)
  const sums = new Uint32Array(width)
  const streams = await Promise.all(
    Array.from({ length: width }, (_, index) => openStream(port, users, summing(sums, index), chunk)),
  )
  const started = performance.now()
  const times = await Promise.all(streams.map(({ run }) => run()))
  const milliseconds = performance.now() - started
  await Promise.all(streams.map(({ socket }) => closed(socket)))
  const whole = times.map((time) => time !== undefined)
  return {
    milliseconds,
    streams: whole.filter(Boolean).length,
    wrong: whole.filter((ended, index) => ended && sums[index] !== checksum).length,
    lost: whole.filter((ended) => !ended).length,
  }
}

/** Streams one after the other by each of so many clients, until told to stop: a load beside what is measured. */
export async function repeatStreams(
  port: number,
  users: number,
  width: number,
  checksum: number,
  stopped: () => boolean,
): Promise<ManyResult> {
  const started = performance.now()
  const sum = { streams: 0, wrong: 0, lost: 0 }
  const client = async () => {
    while (!stopped()) {
      const one = await runStreams(port, users, 1, checksum)
      sum.streams += one.streams
      sum.wrong += one.wrong
      sum.lost += one.lost
    }
  }
  await Promise.all(Array.from({ length: width }, client))
  return { milliseconds: performance.now() - started, ...sum }
}

function summing(sums: Uint32Array, index: number): Sink {
  let skipped = 0
  return (chunk, start, end) => {
    // The xid is the caller's, and no part of the sum.
    const skip = Math.min(MARK_BYTES - skipped, end - start)
    skipped += skip
    if (end > start + skip) sums[index] = crc32(chunk.subarray(start + skip, end), sums[index])
  }
}
