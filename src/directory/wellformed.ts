import { DirectoryError } from './error.ts'

const BOOLEAN = 0x01
const INTEGER = 0x02
const OCTETS = 0x04
const ENUMERATED = 0x0a
const SEQUENCE = 0x30
const SET = 0x31
const SEARCH_ENTRY = 0x64
const SEARCH_REFERENCE = 0x73
const CONTROLS = 0xa0

/**
 * Checks that one whole message has the shape of an LDAP response (RFC 4511 s.4.1.1), every element inside the
 * one that holds it. The library's decoder needs it: it reads a missing result code as success, and where an
 * element is cut short it makes no step and loops until the memory is used up.
 * @throws DirectoryError (protocol)
 */
export function checkResponse(message: Buffer): void {
  const cursor = new Cursor(message)
  const end = cursor.open(message.length, SEQUENCE)
  if (end < message.length) throw malformed('more follows its end')
  cursor.skipNumber(end, INTEGER)
  const operation = cursor.tag(end)
  const operationEnd = cursor.open(end)
  if (operation === SEARCH_ENTRY) {
    cursor.skip(operationEnd, OCTETS)
    const attributesEnd = cursor.open(operationEnd, SEQUENCE)
    while (cursor.at < attributesEnd) checkAttribute(cursor, attributesEnd)
  } else if (operation === SEARCH_REFERENCE) {
    while (cursor.at < operationEnd) cursor.skip(operationEnd, OCTETS)
  } else {
    cursor.skipNumber(operationEnd, ENUMERATED)
    cursor.skip(operationEnd, OCTETS)
    cursor.skip(operationEnd, OCTETS)
    while (cursor.at < operationEnd) cursor.skip(operationEnd)
  }
  cursor.close(operationEnd)
  if (cursor.at < end) {
    const controlsEnd = cursor.open(end, CONTROLS)
    while (cursor.at < controlsEnd) checkControl(cursor, controlsEnd)
    cursor.close(controlsEnd)
  }
  cursor.close(end)
}

function checkAttribute(cursor: Cursor, limit: number): void {
  const end = cursor.open(limit, SEQUENCE)
  cursor.skip(end, OCTETS)
  const valuesEnd = cursor.open(end, SET)
  while (cursor.at < valuesEnd) cursor.skip(valuesEnd, OCTETS)
  cursor.close(end)
}

function checkControl(cursor: Cursor, limit: number): void {
  const end = cursor.open(limit, SEQUENCE)
  cursor.skip(end, OCTETS)
  if (cursor.at < end && cursor.tag(end) === BOOLEAN) cursor.skipNumber(end, BOOLEAN)
  if (cursor.at < end) cursor.skip(end, OCTETS)
  cursor.close(end)
}

/** A place in the bytes of BER elements; `limit` is always the end of the element that holds the next one. */
class Cursor {
  readonly #bytes: Buffer
  at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  tag(limit: number): number {
    if (this.at >= limit) throw malformed('an element is missing')
    return this.#bytes.readUInt8(this.at)
  }

  /** Steps inside the element at hand and gives the end of its contents. */
  open(limit: number, expected?: number): number {
    const tag = this.tag(limit)
    if (expected !== undefined && tag !== expected) {
      throw malformed(`tag ${hex(tag)} stands where ${hex(expected)} belongs`)
    }
    if (this.at + 2 > limit) throw malformed('a length is missing')
    const first = this.#bytes.readUInt8(this.at + 1)
    const size = first < 0x80 ? 0 : first & 0x7f
    const start = this.at + 2 + size
    if (size > 4 || first === 0x80 || start > limit) throw malformed('a length can not be read')
    const end = start + (size === 0 ? first : this.#bytes.readUIntBE(this.at + 2, size))
    if (end > limit) throw malformed('an element is longer than the one that holds it')
    this.at = start
    return end
  }

  skip(limit: number, expected?: number): void {
    this.at = this.open(limit, expected)
  }

  skipNumber(limit: number, expected: number): void {
    const end = this.open(limit, expected)
    if (end === this.at || end - this.at > 4) throw malformed(`a number has ${end - this.at} bytes`)
    this.at = end
  }

  close(end: number): void {
    if (this.at !== end) throw malformed('an element holds more than belongs there')
  }
}

function hex(tag: number): string {
  return `0x${tag.toString(16).padStart(2, '0')}`
}

function malformed(text: string): DirectoryError {
  return new DirectoryError('protocol', `the server sent a malformed message: ${text}`)
}
