/**
 * External data representation, reading (RFC 4506). Every read checks what is left first; every variable
 * length has a bound, and is compared with it before anything else is done with it.
 */
import { DecodeError } from './errors.ts'

/** A run of bytes inside a message: a view that costs no allocation. */
export interface Span {
  start: number
  length: number
}

/** The four bytes at `at` as an unsigned number; the caller has checked that they are there. */
export function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
}

export class XdrReader {
  bytes: Uint8Array
  offset: number
  /** one past the last byte that may be read */
  end: number

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes
    this.offset = start
    this.end = Math.min(end, bytes.length)
  }

  /** Points an existing reader at other bytes, so that a server needs one reader for all its calls. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes
    this.offset = start
    this.end = Math.min(end, bytes.length)
  }

  get remaining(): number {
    return this.end - this.offset
  }

  /** Claims `length` bytes and their padding to a multiple of four (RFC 4506 s.4.10); returns where they start. */
  skip(length: number): number {
    const start = this.offset
    // The padding's content is not looked at: senders exist that leave garbage there.
    const padded = length + (-length & 3)
    if (padded > this.end - start) {
      throw new DecodeError('truncated', `${padded} bytes expected, ${this.end - start} left`)
    }
    this.offset = start + padded
    return start
  }

  uint32(): number {
    return word(this.bytes, this.skip(4))
  }

  int32(): number {
    return this.uint32() | 0
  }

  bool(): boolean {
    const value = this.uint32()
    if (value > 1) throw new DecodeError('bad-value', `a boolean is 0 or 1, not ${value}`)
    return value === 1
  }

  /** Reads `opaque<max>` into `span` without copying. */
  span(max: number, span: Span): void {
    const length = this.uint32()
    if (length > max) throw new DecodeError('too-long', `${length} bytes where at most ${max} are allowed`)
    span.start = this.skip(length)
    span.length = length
  }

  /** Reads `opaque<max>` as a view of the message. */
  opaque(max: number): Uint8Array {
    const length = this.uint32()
    if (length > max) throw new DecodeError('too-long', `${length} bytes where at most ${max} are allowed`)
    const start = this.skip(length)
    return this.bytes.subarray(start, start + length)
  }

  /** Reads `string<max>`, a byte a character (latin1): RPC strings have no declared encoding. */
  string(max: number): string {
    const { buffer, byteOffset, length } = this.opaque(max)
    return Buffer.from(buffer, byteOffset, length).toString('latin1')
  }
}
