import { describe, expect, test } from 'vitest'
import { DecodeError } from '../../rpc/errors.ts'
import { MARK_BYTES, RecordAssembler, writeMark } from '../../rpc/record.ts'
import { YPMAXRECORD } from '../../rpc/yp.ts'
import { readVectors, type Vector } from '../golden/vectors.ts'
import { figure } from '../support/figure.ts'
import { type Fields, readCall, readReply, writeCall, writeReply } from '../support/rpc-codec.ts'

/** rpcbind's GETADDRLIST (procedure 11) is captured, and nothing of ours calls or answers it. */
const GETADDRLIST = 11

const vectors = ['yp-tools', 'libnss-nis', 'calls', 'rpcbind']
  .flatMap((file) => readVectors(file))
  .filter(({ procedure, version }) => procedure !== GETADDRLIST || version === 2)
  .filter((vector) => !hasOverlongKey(vector))

/** One call carries a key of 4,100 bytes, to make a client send two fragments. */
function hasOverlongKey({ expect: said }: Vector): boolean {
  return typeof said['key'] === 'string' && said['key'].length > YPMAXRECORD
}

const limits = { bytes: 1 << 20, fragments: 1000 }

function messageOf({ transport, hex }: Vector): Buffer {
  const bytes = Buffer.from(hex, 'hex')
  if (transport === 'udp') return bytes
  const assembler = new RecordAssembler(limits)
  assembler.take(bytes, 0)
  return Buffer.from(assembler.record)
}

/** The captures name a transfer's number as yp.x does. */
function fromCapture(fields: Fields): Fields {
  const { transid, ...rest } = fields
  return transid === undefined || fields['status'] !== undefined ? fields : { ...rest, transaction: transid }
}

describe('what real clients and servers sent', () => {
  test('there are vectors of every client, of every YP procedure that a client can be made to send', () => {
    const yp = vectors.filter(({ program, version }) => program === 100004 && version === 2)
    const procedures = new Set(yp.map(({ procedure }) => procedure))
    expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].filter((procedure) => !procedures.has(procedure))).toEqual(
      [],
    )
    const sources = new Set(vectors.map(({ source }) => source.split(' ')[0]))
    expect([...sources]).toEqual(
      expect.arrayContaining(['yp-tools', 'libnss_nis', 'ypbind-mt', 'ypserv', 'rpcbind']),
    )
    expect(vectors.length).toBeGreaterThan(200)
  })

  test.each(vectors)('$source: $name reads as what was said, to the last byte', (vector) => {
    const bytes = messageOf(vector)
    const { fields, left } = vector.direction === 'call' ? readCall(bytes) : readReply(vector, bytes)
    expect(fields).toEqual(fromCapture(vector.expect))
    expect(left).toBe(0)
  })

  test.each(vectors)('$source: $name is written with the same bytes', (vector) => {
    const { expect: said, direction, program, version, procedure } = vector
    const fields = fromCapture(said)
    const xid = said['xid'] as number
    const written =
      direction === 'call'
        ? writeCall({ xid, program, version, procedure }, fields)
        : writeReply(vector, fields)
    expect(written.toString('hex')).toBe(messageOf(vector).toString('hex'))
  })

  test('a key over 1,024 bytes, which libnsl sends as it is told, is refused by its length', () => {
    const overlong = readVectors('calls').filter(hasOverlongKey)
    expect(overlong.length).toBeGreaterThan(0)
    for (const vector of overlong) expect(() => readCall(messageOf(vector))).toThrow(DecodeError)
  })

  test('every message, as a record, is put together the same from every split in two', () => {
    let splits = 0
    for (const vector of vectors) {
      const message = messageOf(vector)
      const stream = Buffer.alloc(MARK_BYTES + message.length)
      writeMark(stream, 0, message.length, true)
      message.copy(stream, MARK_BYTES)
      for (let split = 0; split <= stream.length; split++) {
        const assembler = new RecordAssembler(limits)
        expect(assembler.take(stream.subarray(0, split), 0)).toBe(split)
        if (split < stream.length) {
          expect(assembler.complete).toBe(false)
          expect(assembler.take(stream.subarray(split), 0)).toBe(stream.length - split)
        }
        expect(assembler.complete && assembler.record.equals(message)).toBe(true)
        splits += 1
      }
    }
    figure(
      'G2',
      `${vectors.length} captured messages at each of their ${splits.toLocaleString('en-US')} splits`,
    )
  })

  test('every captured stream is put together the same byte by byte', () => {
    for (const { transport, hex } of vectors) {
      if (transport === 'udp') continue
      const stream = Buffer.from(hex, 'hex')
      const whole = new RecordAssembler(limits)
      whole.take(stream, 0)
      const bytewise = new RecordAssembler(limits)
      for (let i = 0; i < stream.length; i++) {
        expect(bytewise.complete).toBe(false)
        bytewise.take(stream.subarray(i, i + 1), 0)
      }
      expect(bytewise.record.equals(whole.record)).toBe(true)
    }
  })
})
