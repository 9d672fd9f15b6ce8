import { describe, expect, test } from 'vitest'
import { DecodeError, EncodeError } from '../../rpc/errors.ts'
import { XdrReader } from '../../rpc/xdr-reader.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'

function reader(hex: string): XdrReader {
  return new XdrReader(Buffer.from(hex, 'hex'))
}

function codeOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof DecodeError) return error.code
    throw error
  }
  return 'none'
}

describe('reading', () => {
  test('numbers keep their sign', () => {
    expect(reader('ffffffff').uint32()).toBe(4294967295)
    expect(reader('ffffffff').int32()).toBe(-1)
    expect(reader('80000000').int32()).toBe(-2147483648)
  })

  test('a number that is cut is truncated, not half read', () => {
    const cut = reader('000000')
    expect(codeOf(() => cut.uint32())).toBe('truncated')
    expect(cut.offset).toBe(0)
  })

  test('a boolean is 0 or 1', () => {
    expect(reader('00000001').bool()).toBe(true)
    expect(reader('00000000').bool()).toBe(false)
    expect(codeOf(() => reader('00000002').bool())).toBe('bad-value')
  })

  test('a length over its bound is refused before the bytes are looked for', () => {
    expect(codeOf(() => reader('00000005').opaque(4))).toBe('too-long')
    expect(codeOf(() => reader('ffffffff').opaque(1024))).toBe('too-long')
    expect(codeOf(() => reader('ffffffff').string(0xffffffff))).toBe('truncated')
    expect(codeOf(() => reader('00000041').span(64, { start: 0, length: 0 }))).toBe('too-long')
  })

  test('a length at its bound is taken', () => {
    expect(reader('0000000461626364').string(4)).toBe('abcd')
  })

  test('padding must be there, and its content is not looked at', () => {
    expect(codeOf(() => reader('0000000161').string(4))).toBe('truncated')
    const padded = reader('0000000161ffffff00000007')
    expect(padded.string(4)).toBe('a')
    expect(padded.uint32()).toBe(7)
  })

  test('a reader never passes the end it was given, whatever lies behind', () => {
    const bytes = Buffer.from('0000000461626364', 'hex')
    expect(codeOf(() => new XdrReader(bytes, 0, 7).string(4))).toBe('truncated')
    expect(codeOf(() => new XdrReader(bytes, 0, 9999).skip(12))).toBe('truncated')
  })

  test('a span names the bytes where they lie', () => {
    const span = { start: 0, length: 0 }
    const source = reader('00000000000000036162630000000001')
    source.uint32()
    source.span(64, span)
    expect(span).toEqual({ start: 8, length: 3 })
    expect(source.uint32()).toBe(1)
  })
})

describe('writing', () => {
  test('strings and bytes are padded with zeros to four', () => {
    const writer = new XdrWriter(Buffer.alloc(64, 0xee))
    writer.string('abcde')
    writer.opaque(Uint8Array.of(1, 2))
    expect(writer.written().toString('hex')).toBe('0000000561626364650000000000000201020000')
  })

  test('what does not fit is refused, and nothing is written past the end', () => {
    const bytes = Buffer.alloc(8)
    const writer = new XdrWriter(bytes.subarray(0, 4))
    expect(() => writer.string('abc')).toThrow(EncodeError)
    expect(bytes.subarray(4).equals(Buffer.alloc(4))).toBe(true)
  })
})
