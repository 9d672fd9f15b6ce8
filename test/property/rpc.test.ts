import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MARK_BYTES, RecordAssembler, writeMark } from '../../rpc/record.ts'
import {
  decodeAddressResult,
  decodeIndirectCall,
  decodePortResult,
  encodeAddressResult,
  encodeIndirectCall,
  encodePortResult,
  universalAddress,
  universalPort,
} from '../../rpc/rpcbind.ts'
import { XdrReader } from '../../rpc/xdr-reader.ts'
import type { XdrWriter } from '../../rpc/xdr-writer.ts'
import { YpProcedure } from '../../rpc/yp.ts'
import { figure } from '../support/figure.ts'
import { newWriter, readCall, readReply, writeCall, writeReply } from '../support/rpc-codec.ts'

const uint32 = fc.integer({ min: 0, max: 0xffffffff })
const octets = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString('latin1'))
const domain = octets(256)
const map = octets(64)
const key = octets(1024)
const transfer = { domain, map, order: uint32, peer: octets(256), transaction: uint32, program: uint32 }
const status = fc.integer({ min: -8, max: 2 })
const record = fc.record({ status, value: octets(3000), key })

const credential = fc.oneof(
  fc.constant({ flavor: 'AUTH_NONE' }),
  fc.record({
    flavor: fc.constant('AUTH_SYS'),
    stamp: uint32,
    machine: octets(255),
    uid: uint32,
    gid: uint32,
    gids: fc.array(uint32, { maxLength: 16 }),
  }),
)

const calls = fc.oneof(
  ...(
    [
      [YpProcedure.NULL, {}],
      [YpProcedure.DOMAIN, { domain }],
      [YpProcedure.DOMAIN_NONACK, { domain }],
      [YpProcedure.MATCH, { domain, map, key }],
      [YpProcedure.FIRST, { domain, map }],
      [YpProcedure.NEXT, { domain, map, key }],
      [YpProcedure.XFR, { ...transfer, port: uint32 }],
      [YpProcedure.CLEAR, {}],
      [YpProcedure.ALL, { domain, map }],
      [YpProcedure.MASTER, { domain, map }],
      [YpProcedure.ORDER, { domain, map }],
      [YpProcedure.MAPLIST, { domain }],
      [YpProcedure.NEWXFR, { ...transfer, name: octets(256) }],
    ] as const
  ).map(([procedure, fields]) =>
    fc.record({ procedure: fc.constant(procedure), fields: fc.record({ ...fields, credential }) }),
  ),
)

const replies = fc.oneof(
  ...(
    [
      [YpProcedure.DOMAIN, { served: fc.boolean() }],
      [YpProcedure.MATCH, { status, value: octets(3000) }],
      [YpProcedure.NEXT, { status, value: octets(3000), key }],
      [YpProcedure.ALL, { records: fc.array(record, { maxLength: 20 }) }],
      [YpProcedure.MASTER, { status, peer: octets(256) }],
      [YpProcedure.ORDER, { status, order: uint32 }],
      [YpProcedure.MAPLIST, { status, maps: fc.array(map, { maxLength: 20 }) }],
      [YpProcedure.XFR, { transid: uint32, status }],
    ] as const
  ).map(([procedure, fields]) =>
    fc.record({
      procedure: fc.constant(procedure),
      fields: fc.record(fields as Record<string, fc.Arbitrary<unknown>>),
    }),
  ),
)

describe('what is written is read again', () => {
  test('every call', () => {
    fc.assert(
      fc.property(uint32, calls, (xid, { procedure, fields }) => {
        const header = { xid, program: 100004, version: 2, procedure }
        expect(readCall(writeCall(header, fields))).toEqual({ fields: { xid, ...fields }, left: 0 })
      }),
      { numRuns: 1000 },
    )
  })

  test('every reply', () => {
    fc.assert(
      fc.property(uint32, replies, (xid, { procedure, fields }) => {
        const call = { program: 100004, version: 2, procedure }
        const said = { xid, accept: 'SUCCESS', ...fields }
        expect(readReply(call, writeReply(call, said))).toEqual({ fields: said, left: 0 })
      }),
      { numRuns: 1000 },
    )
  })

  test('any run of values, whatever their lengths', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(uint32, octets(100), fc.boolean()), { maxLength: 30 }), (values) => {
        const writer = newWriter()
        for (const value of values) {
          if (typeof value === 'number') writer.uint32(value)
          else if (typeof value === 'string') writer.string(value)
          else writer.bool(value)
        }
        expect(writer.offset % 4).toBe(0)
        const reader = new XdrReader(writer.written())
        for (const value of values) {
          if (typeof value === 'number') expect(reader.uint32()).toBe(value)
          else if (typeof value === 'string') expect(reader.string(100)).toBe(value)
          else expect(reader.bool()).toBe(value)
        }
        expect(reader.remaining).toBe(0)
      }),
    )
  })

  test('universal addresses', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 0, max: 65535 }), (address, port) => {
        expect(universalPort(universalAddress(address, port))).toBe(port)
      }),
    )
  })
})

describe('a stream of records', () => {
  test('is put together the same however it is fragmented and cut, in 10,000 cases', () => {
    const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 50 }),
        (wanted, cuts) => {
          const stream = Buffer.concat(wanted.flatMap((fragments) => fragments.flatMap(fragment)))
          const got: string[] = []
          const assembler = new RecordAssembler({ bytes: 4096, fragments: 8 })
          for (let at = 0, turn = 0; at < stream.length; turn++) {
            const chunk = stream.subarray(at, at + cuts[turn % cuts.length]!)
            for (let taken = 0; taken < chunk.length; ) {
              taken = assembler.take(chunk, taken)
              if (assembler.complete) got.push(assembler.record.toString('hex'))
            }
            at += chunk.length
          }
          expect(got).toEqual(wanted.map((fragments) => Buffer.concat(fragments).toString('hex')))
        },
      ),
      { numRuns: 10_000 },
    )
    figure('G2', '10,000 streams, fragmented and cut at random')
  })
})

function fragment(body: Uint8Array, index: number, all: readonly Uint8Array[]): readonly Buffer[] {
  const mark = Buffer.alloc(MARK_BYTES)
  writeMark(mark, 0, body.length, index === all.length - 1)
  return [mark, Buffer.from(body)]
}

const through = <T>(
  value: T,
  encode: (writer: XdrWriter, value: T) => void,
  decode: (reader: XdrReader) => T,
) => {
  const writer = newWriter()
  encode(writer, value)
  const reader = new XdrReader(writer.written())
  const read = decode(reader)
  expect(reader.remaining).toBe(0)
  return read
}

describe('a call that the port mapper passes on', () => {
  const bytes = fc.uint8Array({ maxLength: 1024 }).map((one) => Buffer.from(one))
  const call = fc.record({ program: uint32, version: uint32, procedure: uint32, args: bytes })
  test('is read as it was written, and so is its answer in both forms', () => {
    fc.assert(
      fc.property(call, uint32, octets(1024), bytes, (call, port, address, results) => {
        expect(through(call, encodeIndirectCall, decodeIndirectCall)).toEqual(call)
        const byPort = { place: port, results }
        expect(through(byPort, encodePortResult, decodePortResult)).toEqual(byPort)
        const byAddress = { place: address, results }
        expect(through(byAddress, encodeAddressResult, decodeAddressResult)).toEqual(byAddress)
      }),
    )
  })
})
