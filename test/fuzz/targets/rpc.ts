/** What comes out of the network: nothing but DecodeError may come out of what reads it. */
import { decodeAuthSys } from '../../../rpc/auth.ts'
import { decodeCall } from '../../../rpc/call.ts'
import { DecodeError } from '../../../rpc/errors.ts'
import { RecordAssembler } from '../../../rpc/record.ts'
import { decodeReply } from '../../../rpc/reply.ts'
import {
  decodeAddress,
  decodeAddressResult,
  decodeBinding,
  decodeDump,
  decodeIndirectCall,
  decodeMapping,
  decodePortResult,
  universalAddress,
  universalPort,
} from '../../../rpc/rpcbind.ts'
import { XdrReader } from '../../../rpc/xdr-reader.ts'
import {
  decodeDomain,
  decodeKey,
  decodeNewXfr,
  decodeNoKey,
  decodeXfr,
  newYpArguments,
} from '../../../rpc/yp-arguments.ts'
import {
  decodeAllStep,
  decodeKeyValue,
  decodeMapList,
  decodeMaster,
  decodeOrder,
  decodeValue,
  decodeXfrResult,
} from '../../../rpc/yp-results.ts'
import { readVectors } from '../../golden/vectors.ts'
import { newCall } from '../../support/rpc-codec.ts'
import { Refused, type Target, textSeeds } from '../target.ts'

const LIMITS = { bytes: 4096, fragments: 8 }

/** Bytes before the arguments of a call and the results of a reply, with AUTH_NONE. */
const CALL_HEADER_BYTES = 40
const REPLY_HEADER_BYTES = 24

const YP = 100004
const RPCBIND = 100000

const vectors = ['yp-tools', 'libnss-nis', 'calls', 'rpcbind'].flatMap((file) => readVectors(file))

/** What was captured, each once. */
function captured(
  from: number,
  direction: 'call' | 'reply',
  program: number,
  ...procedures: readonly number[]
): Buffer[] {
  const all = vectors
    .filter((vector) => vector.direction === direction && vector.program === program)
    .filter((vector) => procedures.length === 0 || procedures.includes(vector.procedure))
    .map(({ hex, transport }) => hex.slice(2 * (from + (transport === 'udp' ? 0 : 4))))
    .filter(({ length }) => length > 0 && length < 2 * 4096)
  return [...new Set(all)].map((hex) => Buffer.from(hex, 'hex'))
}

function streams(): Buffer[] {
  return vectors
    .filter(({ direction, transport }) => direction === 'call' && transport !== 'udp')
    .map(({ hex }) => Buffer.from(hex, 'hex'))
}

const AUTH_SYS = Buffer.from(
  '00000007000000036c616200000003e80000006400000002000000640000006500000000',
  'hex',
)

function decoder(name: string, seeds: readonly Buffer[], decode: (reader: XdrReader) => unknown): Target {
  const run = (bytes: Buffer) => void decode(new XdrReader(bytes))
  return { name: `rpc/${name}`, seeds, refusals: [DecodeError], run }
}

const args = newYpArguments()
const call = newCall()

function drainAll(reader: XdrReader): void {
  while (decodeAllStep(reader) !== undefined);
}

/** Each byte is a thing to read: then no order of reads gets past the end. */
function readAnything(bytes: Buffer): void {
  const order = bytes.subarray(0, bytes.length >> 2)
  const reader = new XdrReader(bytes, order.length)
  const span = { start: 0, length: 0 }
  const reads: readonly (() => unknown)[] = [
    () => reader.uint32(),
    () => reader.int32(),
    () => reader.bool(),
    () => reader.opaque(64),
    () => reader.string(0xffffffff),
    () => reader.skip(3),
    () => reader.span(1024, span),
  ]
  for (const byte of order) {
    reads[byte % reads.length]!()
    if (reader.offset > reader.end || reader.end > bytes.length) throw new Error(`read to ${reader.offset}`)
    if (span.start + span.length > reader.end) throw new Error('a span past the end')
  }
}

function assembled(bytes: Buffer, chunk: (left: number) => number): string {
  const assembler = new RecordAssembler(LIMITS)
  const records: string[] = []
  try {
    for (let at = 0; at < bytes.length; ) {
      const end = at + chunk(bytes.length - at)
      while (at < end) {
        at = assembler.take(bytes.subarray(0, end), at)
        if (!assembler.complete) continue
        if (assembler.record.length > LIMITS.bytes) throw new Error('a record over the limit')
        records.push(assembler.record.toString('latin1'))
      }
    }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    records.push(error.code)
  }
  return records.join('\n')
}

/** The same records, however the stream is cut. */
function assemble(bytes: Buffer): void {
  const whole = assembled(bytes, (left) => left)
  const size = 1 + ((bytes[4] ?? 0) % 7)
  if (assembled(bytes, (left) => Math.min(left, size)) !== whole) {
    throw new Error(`other records in chunks of ${size} bytes`)
  }
  if (whole === '' || /(?:^|\n)(?:too-long|bad-value)$/.test(whole)) throw new Refused()
}

function addressed(bytes: Buffer): void {
  const text = bytes.toString('latin1')
  const port = universalPort(text)
  if (port === undefined) throw new Refused()
  if (!(port >= 0 && port <= 0xffff)) throw new Error(`port ${port}`)
  const host = text.split('.').slice(0, -2).join('.')
  if (universalPort(universalAddress(host, port)) !== port) throw new Error('another port when written again')
}

export const targets: readonly Target[] = [
  {
    name: 'rpc/xdr',
    seeds: textSeeds(
      '\0\x01\x02\x03\0\0\0\x01\0\0\0\x02\0\0\0\0\0\0\0\x04abcd',
      '\x06\x05\0\0\0\x03abc\0\0\0\0\0',
    ),
    refusals: [DecodeError],
    run: readAnything,
  },
  { name: 'rpc/records', seeds: streams(), refusals: [Refused], run: assemble },
  decoder('call', captured(0, 'call', YP), (reader) => decodeCall(reader, call)),
  decoder('reply', captured(0, 'reply', YP), decodeReply),
  decoder('auth-sys', [AUTH_SYS.subarray(0, 32)], decodeAuthSys),
  decoder('domain', captured(CALL_HEADER_BYTES, 'call', YP, 1, 2, 11), (reader) =>
    decodeDomain(reader, args),
  ),
  decoder('nokey', captured(CALL_HEADER_BYTES, 'call', YP, 4, 8, 9, 10), (reader) =>
    decodeNoKey(reader, args),
  ),
  decoder('key', captured(CALL_HEADER_BYTES, 'call', YP, 3, 5), (reader) => decodeKey(reader, args)),
  decoder('xfr', captured(CALL_HEADER_BYTES, 'call', YP, 6), decodeXfr),
  decoder('newxfr', captured(CALL_HEADER_BYTES, 'call', YP, 6), decodeNewXfr),
  decoder('value', captured(REPLY_HEADER_BYTES, 'reply', YP, 3), decodeValue),
  decoder('key-value', captured(REPLY_HEADER_BYTES, 'reply', YP, 4, 5), decodeKeyValue),
  decoder('all', captured(REPLY_HEADER_BYTES, 'reply', YP, 8), drainAll),
  decoder('master', captured(REPLY_HEADER_BYTES, 'reply', YP, 9), decodeMaster),
  decoder('order', captured(REPLY_HEADER_BYTES, 'reply', YP, 10), decodeOrder),
  decoder('maplist', captured(REPLY_HEADER_BYTES, 'reply', YP, 11), decodeMapList),
  decoder('xfr-result', captured(REPLY_HEADER_BYTES, 'reply', YP, 6), decodeXfrResult),
  decoder('mapping', captured(CALL_HEADER_BYTES, 'call', RPCBIND, 1, 2, 3), decodeMapping),
  decoder('binding', captured(CALL_HEADER_BYTES, 'call', RPCBIND, 1, 2, 3), decodeBinding),
  decoder('mappings', captured(REPLY_HEADER_BYTES, 'reply', RPCBIND, 4), (reader) =>
    decodeDump(reader, decodeMapping),
  ),
  decoder('bindings', captured(REPLY_HEADER_BYTES, 'reply', RPCBIND, 4), (reader) =>
    decodeDump(reader, decodeBinding),
  ),
  decoder(
    'indirect-call',
    [Buffer.from('000186a400000002000000020000000800000004782e7979', 'hex')],
    decodeIndirectCall,
  ),
  decoder('port-result', [Buffer.from('000003420000000400000001', 'hex')], decodePortResult),
  decoder('address-result', [Buffer.from('00000003612e62000000000400000001', 'hex')], decodeAddressResult),
  decoder('address', captured(REPLY_HEADER_BYTES, 'reply', RPCBIND, 3), decodeAddress),
  {
    name: 'rpc/universal-address',
    seeds: textSeeds('192.0.2.1.2.88', '::1.255.255', '/run/rpcbind.sock', '0.0.0.0.0.111'),
    longest: 256,
    refusals: [Refused],
    run: addressed,
  },
]
