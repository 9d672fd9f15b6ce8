/** A call of the port mapper gets silence, a DecodeError, or a reply that decodes, is its own and fits its transport. */
import { decodeCall, encodeCall } from '../../../rpc/call.ts'
import { DecodeError } from '../../../rpc/errors.ts'
import { AcceptStat, decodeReply, type Reply } from '../../../rpc/reply.ts'
import {
  decodeAddressResult,
  decodePortResult,
  encodeIndirectCall,
  RPCBIND_PROGRAM,
  RpcbindProcedure,
} from '../../../rpc/rpcbind.ts'
import { XdrReader } from '../../../rpc/xdr-reader.ts'
import { XdrWriter } from '../../../rpc/xdr-writer.ts'
import { YP_PROGRAM, YP_VERSION, YpProcedure } from '../../../rpc/yp.ts'
import { encodeDomain } from '../../../rpc/yp-arguments.ts'
import type { Caller } from '../../../src/server/answerer.ts'
import { Portmapper } from '../../../src/server/portmapper.ts'
import { Served } from '../../../src/server/served.ts'
import { readVectors } from '../../golden/vectors.ts'
import { LAB_DOMAIN } from '../../support/lab-host.ts'
import { group, imageOf, rows, user } from '../../support/rows.ts'
import { newCall, readReply } from '../../support/rpc-codec.ts'
import { HERE } from '../../support/rules.ts'
import { Refused, type Target } from '../target.ts'

const { CALLIT, GETTIME, GETVERSADDR, INDIRECT } = RpcbindProcedure

const captured = readVectors('rpcbind')
  .filter(({ direction }) => direction === 'call')
  .map(({ hex, transport }) => Buffer.from(hex.slice(transport === 'udp' ? 0 : 8), 'hex'))

function passedOn(version: number, procedure: number): Buffer {
  const writer = new XdrWriter(Buffer.alloc(256))
  encodeCall(writer, { xid: 7, program: RPCBIND_PROGRAM, version, procedure })
  const args = new XdrWriter(Buffer.alloc(64))
  encodeDomain(args, LAB_DOMAIN)
  const to = { program: YP_PROGRAM, version: YP_VERSION, procedure: YpProcedure.DOMAIN_NONACK }
  encodeIndirectCall(writer, { ...to, args: args.written() })
  return writer.written()
}

const served = new Served()
served.serve(imageOf([rows([user()], [group()])], { domain: LAB_DOMAIN }))

const entries = [
  { netid: 'udp', address: '0.0.0.0', port: 834 },
  { netid: 'tcp', address: '0.0.0.0', port: 834 },
  { netid: 'udp6', address: '::', port: 834 },
  { netid: 'tcp6', address: '::', port: 834 },
] as const

const SIX = { bytes: Uint8Array.from({ length: 16 }, (_, at) => (at === 15 ? 1 : 0)), start: 0, length: 16 }

// One for all calls, as in the server: nothing of one may be left for the next.
const askings: readonly (readonly [portmapper: Portmapper, caller: Caller])[] = [true, false].flatMap(
  (broadcast) => {
    const udp = new Portmapper('udp', served, () => ({ broadcast, entries }))
    const tcp = new Portmapper('tcp', served, () => ({ broadcast, entries }))
    return [
      [udp, { reserved: false, limit: 512, ...HERE }],
      [udp, { reserved: true, limit: 1400, ...SIX }],
      [tcp, { reserved: false, limit: Infinity, here: '127.0.0.1', ...HERE }],
    ] as const
  },
)

function answered(bytes: Buffer, portmapper: Portmapper, caller: Caller): boolean {
  const head = new XdrWriter(Buffer.alloc(128))
  if (!portmapper.respond(bytes, 0, bytes.length, caller, head)) return false
  const { body, bodyStart, bodyEnd } = portmapper
  const reply = Buffer.concat([head.written(), body.subarray(bodyStart, bodyEnd)])
  if (reply.length > caller.limit) throw new Error(`a reply of ${reply.length} bytes`)
  const left = leftOf(bytes, reply)
  if (left > 0) throw new Error(`${left} bytes behind the reply`)
  if (reply.readUInt32BE(0) !== bytes.readUInt32BE(0)) throw new Error('the xid of another call')
  return true
}

/** Bytes behind the reply, when it has been read. */
function leftOf(bytes: Buffer, reply: Buffer): number {
  const call = newCall()
  decodeCall(new XdrReader(bytes), call)
  try {
    const reader = new XdrReader(reply)
    if (!isSuccess(decodeReply(reader))) return reader.remaining
    if (call.procedure === CALLIT || call.procedure === INDIRECT) {
      if (call.version === 2) decodePortResult(reader)
      else decodeAddressResult(reader)
      return reader.remaining
    }
    if (call.procedure === GETTIME) return reader.remaining - 4
    return readReply(call.procedure === GETVERSADDR ? { ...call, procedure: 3 } : call, reply).left
  } catch (error) {
    throw new Error(`a reply that can't be read: ${reply.toString('hex')}`, { cause: error })
  }
}

function isSuccess(reply: Reply): boolean {
  return reply.kind === 'accepted' && reply.status === AcceptStat.SUCCESS
}

export const targets: readonly Target[] = [
  {
    name: 'portmapper/calls',
    seeds: [...captured, passedOn(2, CALLIT), passedOn(4, CALLIT), passedOn(4, INDIRECT)],
    tokens: [
      LAB_DOMAIN,
      '\0\x01\x86\xa0',
      '\0\x01\x86\xa4',
      '\0\0\0\x05',
      '192.0.2.1.0.111',
      '::1.0.111',
      'udp6',
    ],
    longest: 2048,
    refusals: [DecodeError, Refused],
    run: (bytes) => {
      const [portmapper, caller] = askings[(bytes[3] ?? 0) % askings.length]!
      if (!answered(bytes, portmapper, caller)) throw new Refused()
    },
  },
]
