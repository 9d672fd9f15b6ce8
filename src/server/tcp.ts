/**
 * YP over TCP: records in, records out, in order, several on a connection. While a reply waits for its reader
 * nothing more is read from that connection, so a client that does not read costs a bounded amount.
 */
import type { Server, Socket } from 'node:net'
import { DecodeError } from '../../rpc/errors.ts'
import { CALL_LIMITS, MARK_BYTES, RecordAssembler, writeMark } from '../../rpc/record.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import type { Log } from '../log.ts'
import type { Access } from './access.ts'
import type { Domains } from './domains.ts'
import { COPIED_REPLY_BYTES, FRAGMENT_BYTES, TCP_CONNECTIONS, TCP_IDLE_MS } from './limits.ts'
import { rarely } from './rarely.ts'
import { type Caller, Responder } from './responder.ts'

const RESERVED: Caller = { reserved: true, limit: Infinity }
const UNRESERVED: Caller = { reserved: false, limit: Infinity }

/** A reply's header and the longest result that is encoded rather than taken from an image. */
const HEAD_BYTES = 128

/**
 * Answers on a listening server; returns a function that ends all its connections. The server must allow
 * half-open connections: a client may close its side behind its last call and still wait for the answer.
 */
export function serveTcp(server: Server, domains: Domains, access: Access, log: Log): () => void {
  const responder = new Responder(domains)
  const head = new XdrWriter(Buffer.alloc(HEAD_BYTES))
  const open = new Set<Socket>()
  server.maxConnections = TCP_CONNECTIONS
  // Out of descriptors, as a rule: those who are connected, and UDP, go on.
  server.on(
    'error',
    rarely((error: Error, count) => {
      log('warning', 'tcp-error', `accepting a connection failed: ${error.message}; ${count} times so far`)
    }),
  )
  server.on('connection', (socket: Socket) => {
    if (!access(socket.remoteAddress ?? '')) {
      socket.destroy()
      return
    }
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    const caller = (socket.remotePort ?? 65_535) < 1024 ? RESERVED : UNRESERVED
    new Connection(socket, caller, responder, head).start()
  })
  return () => {
    for (const socket of open) socket.destroy()
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
  readonly #caller: Caller
  readonly #responder: Responder
  readonly #head: XdrWriter
  readonly #assembler = new RecordAssembler(CALL_LIMITS)
  /** bytes received and not yet looked at, because a reply must go out first */
  #waiting: Buffer | undefined
  #rest: Rest | undefined
  #ended = false
  #broken = false

  constructor(socket: Socket, caller: Caller, responder: Responder, head: XdrWriter) {
    this.#socket = socket
    this.#caller = caller
    this.#responder = responder
    this.#head = head
  }

  start(): void {
    const socket = this.#socket
    socket.setNoDelay(true)
    socket.setTimeout(TCP_IDLE_MS, () => socket.destroy())
    // A peer that goes away needs no reaction: 'close' follows.
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => this.#received(chunk))
    socket.on('drain', () => this.#drained())
    socket.on('end', () => {
      this.#ended = true
      this.#finish()
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
    while (at < chunk.length) {
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
    const responder = this.#responder
    head.offset = MARK_BYTES
    if (!responder.respond(record, 0, record.length, this.#caller, head)) return true
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

  /** The image's bytes are written as they lie; the kernel's readiness decides how many at a time. */
  #writeRest(): boolean {
    const rest = this.#rest
    if (rest === undefined) return true
    while (rest.at < rest.end) {
      if (this.#socket.writableNeedDrain) return false
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
