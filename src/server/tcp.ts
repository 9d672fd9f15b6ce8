/**
 * YP over TCP: records in, records out, in order, several on a connection. While a reply waits for its reader
 * nothing more is read from that connection, so a client that does not read costs a bounded amount.
 */
import type { Server, Socket } from 'node:net'
import { DecodeError } from '../../rpc/errors.ts'
import { CALL_LIMITS, MARK_BYTES, RecordAssembler, writeMark } from '../../rpc/record.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import type { Origin } from './access-list.ts'
import { addressOf } from './address-of.ts'
import {
  COPIED_REPLY_BYTES,
  DRAIN_IDLE_MS,
  DRAIN_MS,
  FRAGMENT_BYTES,
  ROUND_FRAGMENTS,
  TCP_CONNECTIONS,
  TCP_IDLE_MS,
} from './limits.ts'
import { rarely } from './rarely.ts'
import type { Caller } from './responder.ts'
import type { Service, Serving } from './service.ts'

/** A reply's header and the longest result that is encoded rather than taken from an image. */
const HEAD_BYTES = 128

/**
 * Answers on a listening server until it is closed. The server must allow half-open connections: a client may
 * close its side behind its last call and still wait for the answer.
 */
export function serveTcp(server: Server, serving: Serving): Service {
  const { served, stranger, log } = serving
  const head = new XdrWriter(Buffer.alloc(HEAD_BYTES))
  const open = new Map<Socket, Connection>()
  server.maxConnections = TCP_CONNECTIONS
  // Out of descriptors, as a rule: those who are connected, and UDP, go on.
  server.on(
    'error',
    rarely((error: Error, count) => {
      log('warning', 'tcp-error', `accepting a connection failed: ${error.message}; ${count} times so far`)
    }),
  )
  server.on('connection', (socket: Socket) => {
    const { remoteAddress, remotePort = 65_535 } = socket
    // Without an address it is already gone again.
    const bytes = addressOf(remoteAddress ?? '')
    if (remoteAddress === undefined || bytes === undefined) {
      socket.destroy()
      return
    }
    const origin = { reserved: remotePort < 1024, bytes, start: 0, length: bytes.length }
    if (!served.admits(origin)) {
      stranger(remoteAddress)
      socket.destroy()
      return
    }
    const connection = new Connection(socket, remoteAddress, origin, serving, head)
    open.set(socket, connection)
    socket.on('close', () => open.delete(socket))
    connection.start()
  })
  const closeAll = () => {
    for (const socket of open.keys()) socket.destroy()
  }
  return {
    inform() {},
    drain: () =>
      new Promise((resolve) => {
        const late = setTimeout(closeAll, DRAIN_MS)
        // Called when the last connection has gone; at once if it is closed already.
        server.close(() => {
          clearTimeout(late)
          resolve()
        })
        for (const connection of open.values()) connection.drain()
      }),
    close() {
      server.close()
      closeAll()
    },
  }
}

/** A reply that is not yet written as a whole: the part of an image that is still to go. */
interface Rest {
  readonly image: Buffer
  at: number
  readonly end: number
}

class Connection {
  readonly #socket: Socket
  readonly #address: string
  readonly #caller: Caller
  readonly #serving: Serving
  readonly #head: XdrWriter
  readonly #assembler = new RecordAssembler(CALL_LIMITS)
  /** bytes received and not yet looked at, because a reply must go out first */
  #waiting: Buffer | undefined
  #rest: Rest | undefined
  #ended = false
  #broken = false
  #draining = false

  constructor(socket: Socket, address: string, origin: Origin, serving: Serving, head: XdrWriter) {
    this.#socket = socket
    this.#address = address
    this.#caller = { ...origin, limit: Infinity }
    this.#serving = serving
    this.#head = head
  }

  start(): void {
    const socket = this.#socket
    socket.setNoDelay(true)
    socket.setTimeout(TCP_IDLE_MS)
    socket.on('timeout', () => this.#idle())
    // A peer that goes away needs no reaction: 'close' follows.
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => this.#received(chunk))
    socket.on('drain', () => this.#drained())
    socket.on('end', () => {
      this.#ended = true
      this.#finish()
    })
  }

  /**
   * Closes it when it has been idle for a moment. Not at once: to every client a connection that is closed
   * between two calls is one more to open, but a call that is already on its way would be lost.
   */
  drain(): void {
    this.#draining = true
    this.#socket.setTimeout(DRAIN_IDLE_MS)
  }

  get #underWay(): boolean {
    return this.#rest !== undefined || this.#waiting !== undefined || !this.#assembler.idle
  }

  #idle(): void {
    const socket = this.#socket
    if (this.#draining && (this.#underWay || socket.writableLength > 0)) {
      socket.setTimeout(DRAIN_IDLE_MS)
      return
    }
    // When it was we who were late, a call may be there that was not read yet; it is before the next immediate.
    const { bytesRead } = socket
    setImmediate(() => {
      if (socket.bytesRead === bytesRead) socket.destroy()
    })
  }

  #received(chunk: Buffer): void {
    if (this.#broken) return
    const socket = this.#socket
    socket.cork()
    try {
      this.#work(chunk)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      // Past a broken record the stream can't be followed; a record that is no call has no xid to answer.
      // What was answered before it still goes out.
      this.#broken = true
      socket.destroySoon()
    }
    socket.uncork()
  }

  /** Answers the records in `chunk`, until it is used up or a reply has to wait for its reader. */
  #work(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length && !this.#broken) {
      at = this.#assembler.take(chunk, at)
      if (!this.#assembler.complete) break
      if (!this.#answer(this.#assembler.record)) {
        this.#waiting = at < chunk.length ? chunk.subarray(at) : undefined
        this.#socket.pause()
        return
      }
    }
    this.#waiting = undefined
    this.#finish()
  }

  /** Returns false when the reader must catch up first. */
  #answer(record: Buffer): boolean {
    const head = this.#head
    const { responder, served } = this.#serving
    head.offset = MARK_BYTES
    // Rules that have changed are for those who are connected too.
    if (!served.admits(this.#caller)) {
      this.#refuse()
      return true
    }
    if (!responder.respond(record, 0, record.length, this.#caller, head)) {
      if (responder.refused !== undefined) this.#refuse(responder.refused.name)
      return true
    }
    const { body, bodyStart, bodyEnd } = responder
    const length = head.offset - MARK_BYTES + bodyEnd - bodyStart
    if (body === undefined || length <= COPIED_REPLY_BYTES) {
      const reply = Buffer.allocUnsafe(MARK_BYTES + length)
      writeMark(reply, 0, length, true)
      head.bytes.copy(reply, MARK_BYTES, MARK_BYTES, head.offset)
      body?.copy(reply, head.offset, bodyStart, bodyEnd)
      return this.#socket.write(reply)
    }
    const first = Math.min(FRAGMENT_BYTES, bodyEnd - bodyStart)
    writeMark(head.bytes, 0, head.offset - MARK_BYTES + first, bodyStart + first === bodyEnd)
    this.#socket.write(Buffer.from(head.written()))
    this.#socket.write(body.subarray(bodyStart, bodyStart + first))
    this.#rest = { image: body, at: bodyStart + first, end: bodyEnd }
    return this.#writeRest()
  }

  /** To this domain, or to all, the caller is a stranger; what it was told before still goes out. */
  #refuse(domain?: string): void {
    this.#serving.stranger(this.#address, domain)
    this.#broken = true
    this.#socket.destroySoon()
  }

  /** The image's bytes are written as they lie; the kernel's readiness decides how many at a time. */
  #writeRest(): boolean {
    const rest = this.#rest
    if (rest === undefined) return true
    for (let fragments = 0; rest.at < rest.end; fragments++) {
      if (fragments >= ROUND_FRAGMENTS && this.#socket.writableNeedDrain) return false
      const length = Math.min(FRAGMENT_BYTES, rest.end - rest.at)
      const mark = Buffer.allocUnsafe(MARK_BYTES)
      writeMark(mark, 0, length, rest.at + length === rest.end)
      this.#socket.write(mark)
      this.#socket.write(rest.image.subarray(rest.at, rest.at + length))
      rest.at += length
    }
    this.#rest = undefined
    return !this.#socket.writableNeedDrain
  }

  #drained(): void {
    this.#socket.cork()
    const written = this.#writeRest()
    this.#socket.uncork()
    if (!written || this.#broken) return
    const chunk = this.#waiting
    if (chunk !== undefined) this.#received(chunk)
    if (this.#waiting === undefined && this.#rest === undefined) this.#socket.resume()
    this.#finish()
  }

  /** Closes our side once the client has closed its own and has all its answers. */
  #finish(): void {
    if (this.#ended && this.#rest === undefined && this.#waiting === undefined) this.#socket.end()
  }
}
