import { describe, expect, test } from 'vitest'
import { decodeAuthSys } from '../../rpc/auth.ts'
import { decodeCall } from '../../rpc/call.ts'
import { DecodeError } from '../../rpc/errors.ts'
import { CALL_LIMITS, RecordAssembler } from '../../rpc/record.ts'
import { decodeReply } from '../../rpc/reply.ts'
import { decodeAddress, decodeBinding, decodeDump, decodeMapping } from '../../rpc/rpcbind.ts'
import { XdrReader } from '../../rpc/xdr-reader.ts'
import {
  decodeDomain,
  decodeKey,
  decodeNewXfr,
  decodeNoKey,
  decodeXfr,
  newYpArguments,
} from '../../rpc/yp-arguments.ts'
import {
  decodeAllStep,
  decodeKeyValue,
  decodeMapList,
  decodeMaster,
  decodeOrder,
  decodeValue,
  decodeXfrResult,
} from '../../rpc/yp-results.ts'
import { readVectors } from '../golden/vectors.ts'
import { mutate, runSeed, seededRandom } from '../support/mutate.ts'
import { newCall } from '../support/rpc-codec.ts'

const EXECUTIONS = 200_000

/** Bytes before the arguments of a call and the results of a reply, with AUTH_NONE. */
const CALL_HEADER_BYTES = 40
const REPLY_HEADER_BYTES = 24

const vectors = ['yp-tools', 'libnss-nis', 'calls', 'rpcbind'].flatMap((file) => readVectors(file))

function corpus(
  from: number,
  direction: 'call' | 'reply',
  program: number,
  ...procedures: readonly number[]
): Buffer[] {
  return vectors
    .filter((vector) => vector.direction === direction && vector.program === program)
    .filter((vector) => procedures.length === 0 || procedures.includes(vector.procedure))
    .map(({ hex, transport }) => Buffer.from(hex, 'hex').subarray(from + (transport === 'udp' ? 0 : 4)))
    .filter(({ length }) => length > 0 && length < 4096)
}

const args = newYpArguments()
const call = newCall()
const YP = 100004
const RPCBIND = 100000

function assemble(bytes: Buffer): void {
  const assembler = new RecordAssembler(CALL_LIMITS)
  for (let at = 0; at < bytes.length; ) at = assembler.take(bytes, at)
}

function drainAll(reader: XdrReader): void {
  while (decodeAllStep(reader) !== undefined);
}

const targets: readonly (readonly [
  name: string,
  seeds: readonly Buffer[],
  decode: (reader: XdrReader) => unknown,
])[] = [
  ['a call', corpus(0, 'call', YP), (reader) => decodeCall(reader, call)],
  ['a reply', corpus(0, 'reply', YP), decodeReply],
  ['AUTH_SYS', [authSysSeed()], decodeAuthSys],
  ['domainname', corpus(CALL_HEADER_BYTES, 'call', YP, 1, 2, 11), (reader) => decodeDomain(reader, args)],
  ['ypreq_nokey', corpus(CALL_HEADER_BYTES, 'call', YP, 4, 8, 9, 10), (reader) => decodeNoKey(reader, args)],
  ['ypreq_key', corpus(CALL_HEADER_BYTES, 'call', YP, 3, 5), (reader) => decodeKey(reader, args)],
  ['ypreq_xfr', corpus(CALL_HEADER_BYTES, 'call', YP, 6), decodeXfr],
  ['ypreq_newxfr', corpus(CALL_HEADER_BYTES, 'call', YP, 6), decodeNewXfr],
  ['ypresp_val', corpus(REPLY_HEADER_BYTES, 'reply', YP, 3), decodeValue],
  ['ypresp_key_val', corpus(REPLY_HEADER_BYTES, 'reply', YP, 4, 5), decodeKeyValue],
  ['ypresp_all', corpus(REPLY_HEADER_BYTES, 'reply', YP, 8), drainAll],
  ['ypresp_master', corpus(REPLY_HEADER_BYTES, 'reply', YP, 9), decodeMaster],
  ['ypresp_order', corpus(REPLY_HEADER_BYTES, 'reply', YP, 10), decodeOrder],
  ['ypresp_maplist', corpus(REPLY_HEADER_BYTES, 'reply', YP, 11), decodeMapList],
  ['ypresp_xfr', corpus(REPLY_HEADER_BYTES, 'reply', YP, 6), decodeXfrResult],
  ['mapping', corpus(CALL_HEADER_BYTES, 'call', RPCBIND, 1, 2, 3), decodeMapping],
  ['rpcb', corpus(CALL_HEADER_BYTES, 'call', RPCBIND, 1, 2, 3), decodeBinding],
  [
    'a dump of mappings',
    corpus(REPLY_HEADER_BYTES, 'reply', RPCBIND, 4),
    (reader) => decodeDump(reader, decodeMapping),
  ],
  [
    'a dump of bindings',
    corpus(REPLY_HEADER_BYTES, 'reply', RPCBIND, 4),
    (reader) => decodeDump(reader, decodeBinding),
  ],
  ['a universal address', corpus(REPLY_HEADER_BYTES, 'reply', RPCBIND, 3), decodeAddress],
  ['records of a stream', streamSeeds(), (reader) => assemble(Buffer.from(reader.bytes))],
]

function authSysSeed(): Buffer {
  return Buffer.from(
    '00000007000000036c616200000003e80000006400000002000000640000006500000000',
    'hex',
  ).subarray(0, 32)
}

function streamSeeds(): Buffer[] {
  return vectors
    .filter(({ direction, transport }) => direction === 'call' && transport !== 'udp')
    .map(({ hex }) => Buffer.from(hex, 'hex'))
}

describe('nothing but DecodeError comes out of a decoder', () => {
  test.each(targets)(`${EXECUTIONS} mutations of %s`, (name, seeds, decode) => {
    const seed = runSeed()
    console.log(`${name}: YPLDAP_FUZZ_SEED=${seed}`)
    const random = seededRandom(seed)
    expect(seeds.length).toBeGreaterThan(0)
    let refused = 0
    for (let i = 0; i < EXECUTIONS; i++) {
      const bytes = mutate(seeds[i % seeds.length]!, random)
      try {
        decode(new XdrReader(bytes))
      } catch (error) {
        if (!(error instanceof DecodeError)) {
          throw new Error(`seed ${seed}, execution ${i}: ${bytes.toString('hex')}`, { cause: error })
        }
        refused += 1
      }
    }
    // A fuzzer that breaks nothing, or everything, does not reach the decoder.
    expect(refused).toBeGreaterThan(0)
    expect(refused).toBeLessThan(EXECUTIONS)
  })
})
