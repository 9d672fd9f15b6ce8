/** The elements of BER (X.690) that LDAP messages are made of. */
import { DirectoryError } from './error.ts'

export const BOOLEAN = 0x01
export const INTEGER = 0x02
export const OCTETS = 0x04
export const ENUMERATED = 0x0a
export const SEQUENCE = 0x30
export const SET = 0x31

/** A place in one message; `limit` is always the end of the element that holds the next one. */
export class Cursor {
  readonly bytes: Buffer
  at: number

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes
    this.at = at
  }

  tag(limit: number): number {
    if (this.at >= limit) throw malformed('an element is missing')
    return this.bytes[this.at]!
  }

  /** Steps inside the element at hand and gives the end of its contents. */
  open(limit: number, expected?: number): number {
    const { bytes, at } = this
    const tag = this.tag(limit)
    if (expected !== undefined && tag !== expected) {
      throw malformed(`tag ${hex(tag)} stands where ${hex(expected)} belongs`)
    }
    if (at + 2 > limit) throw malformed('a length is missing')
    const first = bytes[at + 1]!
    const size = first < 0x80 ? 0 : first & 0x7f
    const start = at + 2 + size
    if (size > 4 || first === 0x80 || start > limit) throw malformed('a length can not be read')
    const end = start + (size === 0 ? first : bytes.readUIntBE(at + 2, size))
    if (end > limit) throw malformed('an element is longer than the one that holds it')
    this.at = start
    return end
  }

  skip(limit: number, expected?: number): void {
    this.at = this.open(limit, expected)
  }

  /** An INTEGER or ENUMERATED of at most four bytes. */
  number(limit: number, expected: number): number {
    const end = this.open(limit, expected)
    const length = end - this.at
    if (length === 0 || length > 4) throw malformed(`a number has ${length} bytes`)
    const value = this.bytes.readIntBE(end - length, length)
    this.at = end
    return value
  }

  close(end: number): void {
    if (this.at !== end) throw malformed('an element holds more than belongs there')
  }
}

export function malformed(text: string): DirectoryError {
  return new DirectoryError('protocol', `the server sent a malformed message: ${text}`)
}

function hex(tag: number): string {
  return `0x${tag.toString(16).padStart(2, '0')}`
}
