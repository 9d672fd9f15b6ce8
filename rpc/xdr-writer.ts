/** External data representation, writing (RFC 4506), into a buffer of a fixed size. */
import { EncodeError } from './errors.ts'

export class XdrWriter {
  readonly bytes: Buffer
  /** how much is written */
  offset = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  /** Claims `length` bytes; returns where they start. */
  claim(length: number): number {
    const start = this.offset
    if (length > this.bytes.length - start) {
      throw new EncodeError(
        `${length} bytes do not fit: ${this.bytes.length - start} of ${this.bytes.length} left`,
      )
    }
    this.offset = start + length
    return start
  }

  uint32(value: number): void {
    const at = this.claim(4)
    const b = this.bytes
    b[at] = value >>> 24
    b[at + 1] = value >>> 16
    b[at + 2] = value >>> 8
    b[at + 3] = value
  }

  bool(value: boolean): void {
    this.uint32(value ? 1 : 0)
  }

  /** Writes `opaque<>` with its length and zero padding. */
  opaque(value: Uint8Array): void {
    this.uint32(value.length)
    const padding = -value.length & 3
    const at = this.claim(value.length + padding)
    this.bytes.set(value, at)
    this.bytes.fill(0, at + value.length, at + value.length + padding)
  }

  /** Writes `string<>`, a byte a character (latin1). */
  string(value: string): void {
    this.uint32(value.length)
    const padding = -value.length & 3
    const at = this.claim(value.length + padding)
    this.bytes.write(value, at, 'latin1')
    this.bytes.fill(0, at + value.length, at + value.length + padding)
  }

  /** What is written so far, as a view. */
  written(): Buffer {
    return this.bytes.subarray(0, this.offset)
  }
}
