/**
 * Record marking (RFC 5531 s.11): how calls and replies are delimited on a byte stream. A record is one or
 * more fragments, each behind four bytes: a bit that says whether it is the last, and its length.
 */
import { DecodeError } from './errors.ts'

export const MARK_BYTES = 4

const LAST_FRAGMENT = 0x80000000

/** What is more is refused at the header that announces it, before one byte of it is kept. */
export interface RecordLimits {
  /** bytes in all fragments of a record: the longest lawful YP call has 2,004 */
  readonly bytes: number
  readonly fragments: number
}

/** Writes a fragment's header. */
export function writeMark(bytes: Buffer, at: number, length: number, last: boolean): void {
  bytes.writeUInt32BE((last ? LAST_FRAGMENT : 0) + length, at)
}

/** Puts the chunks of a stream together again, one record at a time. */
export class RecordAssembler {
  /** true when the last `take` finished a record; `record` then holds it until the next `take` */
  complete = false
  readonly #limits: RecordLimits
  /** of as many bytes as the longest record so far has announced: a stream that says nothing takes none */
  #kept = Buffer.alloc(0)
  #length = 0
  #fragments = 0
  #header = 0
  #headerBytes = 0
  #missing = 0
  #last = false

  /** The limits are looked at for each fragment. */
  constructor(limits: RecordLimits) {
    this.#limits = limits
  }

  get record(): Buffer {
    return this.#kept.subarray(0, this.#length)
  }

  /** True between two records, when a stream may end without loss. */
  get idle(): boolean {
    return this.complete || (this.#headerBytes === 0 && this.#fragments === 0)
  }

  /**
   * Takes bytes of `chunk` from `offset` on until a record is complete or the chunk is used up; returns the
   * offset of the first byte not taken. Throws DecodeError when a header breaks a limit: the stream can't be
   * followed any further.
   */
  take(chunk: Uint8Array, offset: number): number {
    if (this.complete) this.#begin()
    let at = offset
    while (at < chunk.length) {
      if (this.#headerBytes < MARK_BYTES) {
        this.#header = ((this.#header << 8) | chunk[at]!) >>> 0
        at += 1
        this.#headerBytes += 1
        if (this.#headerBytes < MARK_BYTES) continue
        this.#openFragment()
      }
      const taken = Math.min(this.#missing, chunk.length - at)
      this.#kept.set(chunk.subarray(at, at + taken), this.#length)
      this.#length += taken
      this.#missing -= taken
      at += taken
      if (this.#missing > 0) continue
      this.#headerBytes = 0
      this.#header = 0
      if (this.#last) {
        this.complete = true
        return at
      }
    }
    return at
  }

  #begin(): void {
    this.complete = false
    this.#length = 0
    this.#fragments = 0
    this.#header = 0
    this.#headerBytes = 0
  }

  #openFragment(): void {
    const length = (this.#header & ~LAST_FRAGMENT) >>> 0
    this.#last = this.#header >= LAST_FRAGMENT
    this.#fragments += 1
    if (this.#length + length > this.#limits.bytes) {
      throw new DecodeError('too-long', `a record of over ${this.#limits.bytes} bytes`)
    }
    if (this.#fragments > this.#limits.fragments) {
      throw new DecodeError('too-many', `a record of over ${this.#limits.fragments} fragments`)
    }
    // An empty fragment adds nothing unless it ends the record; a stream of them would never end.
    if (length === 0 && !this.#last)
      throw new DecodeError('bad-value', 'an empty fragment that is not the last')
    this.#missing = length
    this.#reserve(this.#length + length)
  }

  #reserve(needed: number): void {
    if (needed <= this.#kept.length) return
    // Doubling, so that a record of many fragments is copied a bounded number of times.
    const larger = Buffer.allocUnsafe(Math.min(this.#limits.bytes, Math.max(needed, this.#kept.length * 2)))
    larger.set(this.#kept.subarray(0, this.#length))
    this.#kept = larger
  }
}
