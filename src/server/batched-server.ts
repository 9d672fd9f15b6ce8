/**
 * Answers on one UDP socket, many datagrams at a time, from an image in memory that threads share. All that it does
 * is done in turns, each a few system calls long.
 */
import { DecodeError } from '../../rpc/errors.ts'
import { formatAddress } from '../address.ts'
import { DEFAULT_LIMITS } from '../config/limit-table.ts'
import { collectAll, collectYoung } from '../garbage.ts'
import { viewImage } from '../maps/image.ts'
import type { Asking, Caller } from './answerer.ts'
import { BATCH, type Base, Batch, baseOf } from './batch.ts'
import { latencyWords, placeOf } from './counters.ts'
import { prepareSocket } from './datagram-socket.ts'
import { Latencies } from './latency.ts'
import { Errno, type SystemCalls } from './mmsg.ts'
import { Control, type News } from './news.ts'
import type { TooLarge, TooMany } from './notices.ts'
import { Rates } from './rates.ts'
import { Responder } from './responder.ts'
import { Served } from './served.ts'
import type { Told } from './usage.ts'

/**
 * What it says now and then: of strangers, also to one domain, with their calls since it last did; of callers that met a
 * limit; of errors; and, when it is told to, what it was asked and by whom.
 */
export type Words =
  | { readonly kind: 'stranger'; readonly address: string; readonly domain?: string; readonly calls: number }
  | { readonly kind: 'too-large'; readonly answer: TooLarge }
  | { readonly kind: 'too-many'; readonly calls: TooMany }
  | { readonly kind: 'told'; readonly told: Told }
  | { readonly kind: 'error'; readonly what: 'receiving' | 'sending'; readonly errno: number }

export interface BatchedOptions {
  readonly calls: SystemCalls
  readonly fd: number
  /** an IPv6 socket, which has no callers of IPv4 */
  readonly six: boolean
  /** shared with the main thread, see Control */
  readonly words: Int32Array
  /** so are these, see counters.ts */
  readonly counters: Float64Array
  /** the next of what there is to know, if there is more */
  readonly news: () => News | undefined
  readonly say: (words: Words) => void
}

/** Milliseconds without a call until it looks whether it shall stop, and for news. */
const WAIT_MS = 50

/** Milliseconds between two words about errors: each takes memory until the main thread has read it. */
const QUIET_MS = 1000

/** Milliseconds between two words about strangers, or of one other kind: there may be causes without number. */
const NOTICE_MS = 100

/** Receipts that failed one after the other. */
const MOST_FAILURES = 1000

/** Milliseconds that an image which is served no longer may stay in memory, for a moment without calls to come. */
const LINGER_MS = 1000

/** For a reply that is all in its head. */
const NOWHERE: Base = { low: 0, high: 0 }

export class BatchedServer {
  readonly #options: BatchedOptions
  readonly #batch: Batch
  readonly #served = new Served()
  readonly #responder = new Responder(this.#served)
  /** where the images lie, at the places of their domains */
  readonly #bases: Base[] = []
  /** whoever it is that is answered */
  readonly #caller: Asking
  readonly #rates = new Rates()
  readonly #latencies: Latencies
  /** no word of a stranger before this */
  #strangerAt = 0
  /** calls by strangers of which there was no word yet */
  #untold = 0
  /** no word of answers that are too large, and of calls that are too many, before these */
  #tooLargeAt = 0
  #tooManyAt = 0
  #generation = 0
  #failures = 0
  #quietUntil = 0
  /** when old images are collected at the latest; Infinity when there are none */
  #collectAt = Infinity

  /** Throws when the descriptor is no such socket. */
  constructor(options: BatchedOptions) {
    this.#options = options
    this.#batch = new Batch(options.calls)
    this.#latencies = new Latencies(latencyWords(options.counters))
    this.#caller = {
      reserved: false,
      bytes: this.#batch.bytes,
      start: 0,
      length: options.six ? 16 : 4,
      limit: DEFAULT_LIMITS.udpReply,
    }
    prepareSocket(options.calls, options.fd, options.six, WAIT_MS)
    this.#takeNews()
  }

  /**
   * Waits for calls, if none are there, and answers those that have come; false when it was told to stop. Throws
   * when the socket is one no more: a process that is started anew has another chance.
   */
  turn(): boolean {
    const { calls, fd, words } = this.#options
    if (Atomics.load(words, Control.stop) !== 0) return false
    const count = this.#batch.receive(fd)
    const errno = count < 0 ? calls.errno() : 0
    if (Atomics.load(words, Control.generation) !== this.#generation) this.#takeNews()
    if (count >= 0) {
      this.#failures = 0
      this.#answerAll(count)
      if (this.#collectAt < Infinity && performance.now() > this.#collectAt) this.#collect()
    } else if (errno === Errno.EAGAIN) {
      this.#rest()
    } else if (!isOfAnother(errno)) {
      this.#complain('receiving', errno)
      this.#failures += 1
      if (this.#failures > MOST_FAILURES) throw new Error(`receiving failed ${this.#failures} times in a row`)
    }
    return true
  }

  #answerAll(count: number): void {
    const { counters } = this.#options
    const batch = this.#batch
    const caller = this.#caller
    const now = performance.now()
    counters[placeOf.calls]! += count
    this.#rates.now = now
    this.#served.usage.tick()
    for (let index = 0; index < count; index++) {
      const end = batch.callEnd(index)
      const port = batch.port(index)
      // Nobody can be answered on port 0: forged, or RFC 768's "no port".
      if (end < 0 || port === 0) {
        counters[placeOf.undecodable]! += 1
        continue
      }
      caller.reserved = port < 1024
      caller.start = batch.addressStart(index)
      if (!this.#served.admits(caller)) {
        this.#refuse()
        continue
      }
      if (!this.#rates.take(caller.bytes, caller.start, caller.length)) {
        counters[placeOf.limited]! += 1
        this.#tellOfTooMany(now)
        if (!this.#rates.dryRun) continue
      }
      this.#answer(index, end, caller)
    }
    batch.renew(count)
    const before = counters[placeOf.replies]!
    this.#sendAll()
    // One look at the clock for all of them: they went together.
    const answered = counters[placeOf.replies]! - before
    if (answered > 0) this.#latencies.count(performance.now() - now, answered)
  }

  /** What it was asked, and by whom. */
  tell(): void {
    this.#options.say({ kind: 'told', told: this.#served.usage.tell() })
  }

  /** Bytes that are no call get no answer. */
  #answer(index: number, end: number, caller: Caller): void {
    const batch = this.#batch
    const responder = this.#responder
    const writer = batch.writers[index]!
    writer.offset = 0
    try {
      if (!responder.respond(batch.bytes, batch.callStart(index), end, caller, writer)) {
        if (responder.refused !== undefined) this.#refuse(responder.refused.name)
        return
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#options.counters[placeOf.undecodable]! += 1
      return
    }
    if (responder.tooLong > 0) this.#tellOfTooLarge()
    const { body, bodyStart, bodyEnd, place } = responder
    if (place >= 0) return batch.reply(index, this.#bases[place]!, bodyStart, bodyEnd - bodyStart)
    if (body !== undefined) body.copy(writer.bytes, writer.claim(bodyEnd - bodyStart), bodyStart, bodyEnd)
    batch.reply(index, NOWHERE, 0, 0)
  }

  /** The caller is a stranger to this domain, or to all. */
  #refuse(domain?: string): void {
    const { counters, say } = this.#options
    counters[placeOf.strangers]! += 1
    this.#untold += 1
    const now = performance.now()
    if (now < this.#strangerAt) return
    this.#strangerAt = now + NOTICE_MS
    say({
      kind: 'stranger',
      address: this.#address(),
      ...(domain !== undefined && { domain }),
      calls: this.#untold,
    })
    this.#untold = 0
  }

  #tellOfTooMany(now: number): void {
    if (now < this.#tooManyAt) return
    this.#tooManyAt = now + NOTICE_MS
    const { rate, dryRun } = this.#rates
    this.#options.say({ kind: 'too-many', calls: { address: this.#address(), rate, dryRun } })
  }

  #tellOfTooLarge(): void {
    const { counters, say } = this.#options
    const { subject, tooLong: bytes } = this.#responder
    const { limit } = this.#caller
    counters[placeOf.tooLarge]! += 1
    const now = performance.now()
    if (now < this.#tooLargeAt) return
    this.#tooLargeAt = now + NOTICE_MS
    say({ kind: 'too-large', answer: { ...subject, bytes, limit } })
  }

  #address(): string {
    const { bytes, start, length } = this.#caller
    return formatAddress(bytes.subarray(start, start + length))
  }

  /** A reply that can't be sent is lost like any datagram: the client asks again. */
  #sendAll(): void {
    const { calls, fd, counters } = this.#options
    const batch = this.#batch
    let refusals = 0
    for (let sent = 0; sent < batch.replies; ) {
      const count = batch.send(fd, sent)
      if (count > 0) {
        sent += count
        counters[placeOf.replies]! += count
        refusals = 0
        continue
      }
      // What an earlier reply met is told at the next call, which is then to be made again.
      const errno = calls.errno()
      refusals += 1
      if (isOfAnother(errno) && refusals < BATCH) continue
      this.#complain('sending', errno)
      sent += 1
      refusals = 0
    }
  }

  #complain(what: 'receiving' | 'sending', errno: number): void {
    const { counters, say } = this.#options
    counters[what === 'receiving' ? placeOf.receiveErrors : placeOf.unsent]! += 1
    const now = performance.now()
    if (now < this.#quietUntil) return
    this.#quietUntil = now + QUIET_MS
    say({ kind: 'error', what, errno })
  }

  #takeNews(): void {
    const { words, news } = this.#options
    this.#generation = Atomics.load(words, Control.generation)
    for (let one = news(); one !== undefined; one = news()) this.#take(one)
  }

  #take(news: News): void {
    switch (news.kind) {
      case 'image': {
        const view = viewImage(news.bytes)
        const { place } = this.#served.serve(view)
        this.#bases[place] = baseOf(this.#options.calls, view.bytes)
        this.#responder.forget()
        // As a rule the old one goes with this, which takes a twentieth of what all takes.
        collectYoung()
        if (this.#collectAt === Infinity) this.#collectAt = performance.now() + LINGER_MS
        return
      }
      case 'domain':
        this.#served.admit(news.domain, news.rules)
        if (news.maps !== undefined) this.#served.add(news.domain).restrict(news.maps)
        return
      case 'gone':
        this.#forget(news.domain)
        return
      case 'limits':
        this.#rates.set(news.limits)
        this.#caller.limit = news.limits.udpReply
        return
      case 'expired':
        this.#served.add(news.domain).expired = news.expired
        return
      case 'tell':
        return this.tell()
      default:
        news satisfies never
    }
  }

  #forget(domain: string): void {
    if (this.#served.named(domain) === undefined) return
    this.#served.remove(domain)
    this.#responder.forget()
    this.#collectAt = Math.min(this.#collectAt, performance.now() + LINGER_MS)
  }

  /** No call has come for a while. */
  #rest(): void {
    const { calls, fd } = this.#options
    // Others hold this socket, and its mode is one for all of them: without this a thread might spin for ever.
    calls.setBlocking(fd)
    if (this.#collectAt < Infinity) this.#collect()
  }

  #collect(): void {
    this.#collectAt = Infinity
    collectAll()
  }
}

/** What befell this thread, or an earlier reply: the call is to be made again. */
function isOfAnother(errno: number): boolean {
  return errno === Errno.EINTR || errno === Errno.ECONNREFUSED
}
