import { describe, expect, test } from 'vitest'
import { DecodeError } from '../../rpc/errors.ts'
import { RecordAssembler, writeMark } from '../../rpc/record.ts'

const LIMITS = { bytes: 4096, fragments: 8 }

function fragment(body: string, last: boolean): Buffer {
  const bytes = Buffer.alloc(4 + body.length)
  writeMark(bytes, 0, body.length, last)
  bytes.write(body, 4, 'latin1')
  return bytes
}

function header(length: number, last: boolean): Buffer {
  const bytes = Buffer.alloc(4)
  writeMark(bytes, 0, length, last)
  return bytes
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

describe('records on a stream', () => {
  test('fragments are joined, and the next record waits its turn', () => {
    const stream = Buffer.concat([fragment('ab', false), fragment('cd', true), fragment('next', true)])
    const assembler = new RecordAssembler(LIMITS)
    const at = assembler.take(stream, 0)
    expect(assembler.record.toString()).toBe('abcd')
    expect(at).toBe(12)
    expect(assembler.take(stream, at)).toBe(stream.length)
    expect(assembler.record.toString()).toBe('next')
  })

  test('a record over 4,096 bytes is refused at its header, before a byte of it has come', () => {
    const assembler = new RecordAssembler(LIMITS)
    expect(codeOf(() => assembler.take(header(4097, true), 0))).toBe('too-long')
  })

  test('a record of exactly 4,096 bytes is taken', () => {
    const assembler = new RecordAssembler(LIMITS)
    assembler.take(fragment('x'.repeat(4096), true), 0)
    expect(assembler.complete).toBe(true)
  })

  test('fragments are counted together: the one that passes the limit is refused at its header', () => {
    const assembler = new RecordAssembler(LIMITS)
    assembler.take(fragment('x'.repeat(4000), false), 0)
    expect(codeOf(() => assembler.take(header(97, true), 0))).toBe('too-long')
  })

  test('the largest length a header can say, "GET " or 2^31-1, is refused', () => {
    expect(codeOf(() => new RecordAssembler(LIMITS).take(Buffer.from('GET / HTTP/1.1'), 0))).toBe('too-long')
    expect(codeOf(() => new RecordAssembler(LIMITS).take(Buffer.from('ffffffff', 'hex'), 0))).toBe('too-long')
  })

  test('a ninth fragment is refused', () => {
    const assembler = new RecordAssembler(LIMITS)
    for (let i = 0; i < 8; i++) assembler.take(fragment('x', false), 0)
    expect(codeOf(() => assembler.take(header(1, true), 0))).toBe('too-many')
  })

  test('an empty fragment is lawful only as the last one', () => {
    const assembler = new RecordAssembler(LIMITS)
    assembler.take(fragment('ab', false), 0)
    assembler.take(header(0, true), 0)
    expect(assembler.record.toString()).toBe('ab')
    expect(codeOf(() => new RecordAssembler(LIMITS).take(header(0, false), 0))).toBe('bad-value')
  })

  test('it knows whether a stream may end here', () => {
    const assembler = new RecordAssembler(LIMITS)
    expect(assembler.idle).toBe(true)
    assembler.take(Buffer.of(0x80), 0)
    expect(assembler.idle).toBe(false)
    assembler.take(Buffer.of(0, 0, 1, 7), 0)
    expect(assembler.idle).toBe(true)
  })

  test('a client may allow more, and then a record grows as it comes', () => {
    const assembler = new RecordAssembler({ bytes: 100_000, fragments: 3 })
    assembler.take(fragment('a'.repeat(30_000), false), 0)
    assembler.take(fragment('b'.repeat(70_000), true), 0)
    expect(assembler.record.toString()).toBe('a'.repeat(30_000) + 'b'.repeat(70_000))
  })
})
