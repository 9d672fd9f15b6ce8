/**
 * YP over TCP: records in, records out, in order, several on a connection. While replies wait for their reader
 * nothing more is read from that connection, so a client that does not read costs a bounded amount.
 */
import type { Server, Socket } from 'node:net'
import { DecodeError } from '../../rpc/errors.ts'
import { MARK_BYTES, RecordAssembler, writeMark } from '../../rpc/record.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import type { Origin } from './access-list.ts'
import { addressOf } from './address-of.ts'
import type { Caller } from './answerer.ts'
import { type Closing, type Connections, type Patience, ticks, type Watched } from './connections.ts'
import { COPIED_REPLY_BYTES, DRAIN_IDLE_MS, DRAIN_MS, FRAGMENT_BYTES, ROUND_FRAGMENTS } from './limits.ts'
import { listenerOf } from './listener.ts'
import { rarely } from './rarely.ts'
import type { Service, Serving } from './service.ts'

const NOTHING = Buffer.alloc(0)

/** A reply's header and the longest result that is encoded rather than taken from an image. */
const HEAD_BYTES = 128

export interface TcpServing extends Serving {
  /** of all listening servers */
  readonly connections: Connections
}

/**
 * Answers on a listening server until it is closed. The server must allow half-open connections: a client may
 * close its side behind its last call and still wait for the answer.
 */
export function serveTcp(server: Server, serving: TcpServing): Service {
  const { served, stranger, connections, counters, log } = serving
  const head = new XdrWriter(Buffer.alloc(HEAD_BYTES))
  const open = new Map<Socket, Connection>()
  const listener = listenerOf(server)
  connections.addListener(listener)
  // Those who are connected, and UDP, go on.
  server.on(
    'error',
    rarely((error: Error, count) => {
      log('warning', 'tcp-error', `accepting a connection failed: ${error.message}; ${count} times so far`)
    }),
  )
  server.on('drop', () => {
    counters.tcp.refused += 1
  })
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
      counters.tcp.strangers += 1
      stranger(remoteAddress)
      socket.destroy()
      return
    }
    if (!connections.admits(remoteAddress)) {
      socket.destroy()
      return
    }
    const connection = new Connection(socket, remoteAddress, origin, serving, head)
    open.set(socket, connection)
    connections.add(connection)
    socket.on('close', () => {
      open.delete(socket)
      connections.delete(connection)
    })
    connection.start()
  })
  const closeServer = (done?: () => void) => {
    connections.removeListener(listener)
    server.close(done)
  }
  const closeAll = () => {
    for (const socket of open.keys()) socket.destroy()
  }
  return {
    inform() {},
    drain: () =>
      new Promise((resolve) => {
        const late = setTimeout(closeAll, DRAIN_MS)
        // Called when the last connection has gone; at once if it is closed already.
        closeServer(() => {
          clearTimeout(late)
          resolve()
        })
        for (const connection of open.values()) connection.drain()
      }),
    close() {
      closeServer()
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

class Connection implements Watched {
  readonly address: string
  readonly #socket: Socket
  readonly #caller: Caller
  readonly #serving: TcpServing
  readonly #head: XdrWriter
  readonly #assembler: RecordAssembler
  /** bytes received and not yet looked at, because replies must go out first */
  #waiting: Buffer | undefined
  #rest: Rest | undefined
  /** replies since the kernel had taken all, and bytes of those that are copies */
  #unsent = 0
  #copied = 0
  /** the tick at which bytes came last, or went */
  #moved: number
  /** the tick at which the record began that is not complete */
  #begun = 0
  /** how far the kernel was when it was last looked at */
  #taken = 0
  #paused = false
  #ended = false
  #broken = false
  #draining = false

  constructor(socket: Socket, address: string, origin: Origin, serving: TcpServing, head: XdrWriter) {
    this.#socket = socket
    this.address = address
    const { localAddress: here } = socket
    this.#caller = { ...origin, limit: Infinity, ...(here !== undefined && { here }) }
    this.#serving = serving
    this.#head = head
    this.#assembler = new RecordAssembler(serving.connections.recordLimits)
    this.#moved = serving.connections.now
  }

  start(): void {
    const socket = this.#socket
    socket.setNoDelay(true)
    // A peer that goes away needs no reaction: 'close' follows.
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => this.#received(chunk))
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
    this.#moved = this.#serving.connections.now
  }

  get held(): number {
    const { readableLength, writableLength } = this.#socket
    return (writableLength > 0 ? this.#copied : 0) + (this.#waiting?.length ?? 0) + readableLength
  }

  get waitingSince(): number {
    return this.#isWaiting ? this.#moved : Infinity
  }

  look({ idle, unfinished, stalled }: Patience): boolean {
    const { now } = this.#serving.connections
    if (this.#isWaiting) {
      const taken = takenOf(this.#socket)
      if (taken !== this.#taken) {
        this.#taken = taken
        this.#moved = now
      }
      return now - this.#moved >= stalled && this.end('closedStalled')
    }
    if (!this.#assembler.idle) return now - this.#begun >= unfinished && this.end('closedUnfinished')
    return now - this.#moved >= (this.#draining ? Math.min(idle, DRAIN_IDLE) : idle) && this.#endIdle()
  }

  end(limit: Closing): true {
    if (this.#socket.destroyed) return true
    this.#serving.connections.closed(this, limit)
    this.#socket.destroy()
    return true
  }

  /** Its answers wait for the client to take them. */
  get #isWaiting(): boolean {
    return this.#rest !== undefined || this.#socket.writableLength > 0
  }

  #endIdle(): true {
    const socket = this.#socket
    // When it was we who were late, a call may be there that was not read yet; it is before the next immediate.
    const { bytesRead } = socket
    setImmediate(() => {
      if (socket.bytesRead === bytesRead) this.end('closedIdle')
    })
    return true
  }

  #received(chunk: Buffer): void {
    if (this.#broken) return
    const socket = this.#socket
    this.#moved = this.#serving.connections.now
    socket.cork()
    try {
      this.#work(chunk)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#countFault(error)
      this.#break()
    }
    socket.uncork()
  }

  #countFault({ code }: DecodeError): void {
    const { connections, counters } = this.#serving
    if (this.#assembler.complete) counters.tcp.undecodable += 1
    else connections.closed(this, code === 'too-long' ? 'closedTooLong' : 'closedFragments')
  }

  /**
   * Past a broken record the stream can't be followed; a record that is no call has no xid to answer. What was
   * answered before still goes out.
   */
  #break(): void {
    this.#broken = true
    this.#socket.destroySoon()
  }

  /** Answers the records in `chunk`, until it is used up or replies have to wait for their reader. */
  #work(chunk: Buffer): void {
    const { connections } = this.#serving
    const { inFlight } = connections
    let at = 0
    let begins = this.#assembler.idle
    while (at < chunk.length && !this.#broken) {
      at = this.#assembler.take(chunk, at)
      if (!this.#assembler.complete) {
        if (begins) this.#begun = connections.now
        break
      }
      begins = true
      const isShort = this.#answer(this.#assembler.record)
      if (isShort && this.#unsent < inFlight) continue
      if (this.#rest === undefined && this.#flush()) continue
      this.#waiting = at < chunk.length ? chunk.subarray(at) : undefined
      this.#pause()
      return
    }
    this.#waiting = undefined
    this.#finish()
  }

  /** Gives whether the answer is of the size of a record; a longer one may have a rest. */
  #answer(record: Buffer): boolean {
    const head = this.#head
    const { responder, served, counters } = this.#serving
    counters.tcp.calls += 1
    head.offset = MARK_BYTES
    // Rules that have changed are for those who are connected too.
    if (!served.admits(this.#caller)) {
      this.#refuse()
      return true
    }
    const came = performance.now()
    served.usage.tick()
    if (!responder.respond(record, 0, record.length, this.#caller, head)) {
      if (responder.refused !== undefined) this.#refuse(responder.refused.name)
      return true
    }
    counters.tcp.replies += 1
    this.#unsent += 1
    const isShort = this.#write()
    counters.latency.tcp.count(performance.now() - came, 1)
    return isShort
  }

  /** The reply that is ready, or its beginning; gives whether that is all. */
  #write(): boolean {
    const head = this.#head
    const { responder } = this.#serving
    const { body, bodyStart, bodyEnd } = responder
    const length = head.offset - MARK_BYTES + bodyEnd - bodyStart
    if (body === undefined || length <= COPIED_REPLY_BYTES) {
      const reply = Buffer.allocUnsafe(MARK_BYTES + length)
      writeMark(reply, 0, length, true)
      head.bytes.copy(reply, MARK_BYTES, MARK_BYTES, head.offset)
      body?.copy(reply, head.offset, bodyStart, bodyEnd)
      this.#copied += reply.length
      this.#socket.write(reply)
      return true
    }
    const first = Math.min(FRAGMENT_BYTES, bodyEnd - bodyStart)
    writeMark(head.bytes, 0, head.offset - MARK_BYTES + first, bodyStart + first === bodyEnd)
    this.#socket.write(Buffer.from(head.written()))
    this.#socket.write(body.subarray(bodyStart, bodyStart + first))
    this.#rest = { image: body, at: bodyStart + first, end: bodyEnd }
    this.#writeRest()
    return false
  }

  /** To this domain, or to all, the caller is a stranger; what it was told before still goes out. */
  #refuse(domain?: string): void {
    const { stranger, counters } = this.#serving
    counters.tcp.strangers += 1
    stranger(this.address, domain)
    this.#break()
  }

  /** The image's bytes are written as they lie; the kernel's readiness decides how many at a time. */
  #writeRest(): void {
    const rest = this.#rest
    if (rest === undefined) return
    for (let fragments = 0; rest.at < rest.end; fragments++) {
      if (fragments === ROUND_FRAGMENTS) return
      const length = Math.min(FRAGMENT_BYTES, rest.end - rest.at)
      const mark = Buffer.allocUnsafe(MARK_BYTES)
      writeMark(mark, 0, length, rest.at + length === rest.end)
      this.#socket.write(mark)
      this.#socket.write(rest.image.subarray(rest.at, rest.at + length))
      rest.at += length
    }
    this.#rest = undefined
  }

  /** Gives the kernel what is there; true when it has taken all. The socket is corked before and after. */
  #flush(): boolean {
    const socket = this.#socket
    socket.uncork()
    socket.cork()
    if (socket.writableLength > 0) return false
    this.#unsent = 0
    this.#copied = 0
    return true
  }

  /** Until the kernel has taken all that was written. */
  #pause(): void {
    this.#paused = true
    this.#socket.pause()
    this.#await()
  }

  /** 'drain' comes only after much; behind a write of nothing all has been taken, however little it was. */
  #await(): void {
    this.#socket.write(NOTHING, (error) => {
      if (!error) this.#goOn()
    })
  }

  #goOn(): void {
    const socket = this.#socket
    this.#moved = this.#serving.connections.now
    this.#unsent = 0
    this.#copied = 0
    if (this.#rest !== undefined) {
      socket.cork()
      this.#writeRest()
      this.#await()
      socket.uncork()
      return
    }
    this.#paused = false
    const chunk = this.#waiting
    if (chunk !== undefined) this.#received(chunk)
    if (!this.#paused) socket.resume()
    this.#finish()
  }

  /** Closes our side once the client has closed its own and has all its answers. */
  #finish(): void {
    if (this.#ended && this.#rest === undefined && this.#waiting === undefined) this.#socket.end()
  }
}

/** Of what was written, how much the kernel has: what it has taken of a long write only the handle below tells. */
function takenOf(socket: Socket): number {
  const { _handle: handle } = socket as unknown as {
    readonly _handle: { readonly writeQueueSize?: number } | null
  }
  return socket.bytesWritten - socket.writableLength - (handle?.writeQueueSize ?? 0)
}

const DRAIN_IDLE = ticks(DRAIN_IDLE_MS)
