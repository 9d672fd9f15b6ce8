/** The reply message, in each of its eight forms (RFC 5531 s.9): six accepted, two denied. */
import { encodeAuthNone, MAX_AUTH_STAT, skipVerifier } from './auth.ts'
import { type Denial, REPLY, RPC_VERSION } from './call.ts'
import { DecodeError } from './errors.ts'
import type { XdrReader } from './xdr-reader.ts'
import type { XdrWriter } from './xdr-writer.ts'

const MSG_ACCEPTED = 0
const MSG_DENIED = 1

const RPC_MISMATCH = 0
const AUTH_ERROR = 1

/** RFC 5531 s.9, enum accept_stat */
export const AcceptStat = {
  SUCCESS: 0,
  PROG_UNAVAIL: 1,
  PROG_MISMATCH: 2,
  PROC_UNAVAIL: 3,
  GARBAGE_ARGS: 4,
  SYSTEM_ERR: 5,
} as const
export type AcceptStat = (typeof AcceptStat)[keyof typeof AcceptStat]

/** Bytes before the results of a successful reply whose verifier is AUTH_NONE. */
export const REPLY_HEADER_BYTES = 24

export type Reply =
  | { readonly xid: number; readonly kind: 'accepted'; readonly status: Exclude<AcceptStat, 2> }
  | {
      readonly xid: number
      readonly kind: 'accepted'
      readonly status: typeof AcceptStat.PROG_MISMATCH
      readonly low: number
      readonly high: number
    }
  | { readonly xid: number; readonly kind: 'rpc-mismatch'; readonly low: number; readonly high: number }
  | { readonly xid: number; readonly kind: 'auth-error'; readonly status: number }

/** Every accepted reply but PROG_MISMATCH; results, if any, follow. */
export function encodeAccepted(writer: XdrWriter, xid: number, status: Exclude<AcceptStat, 2>): void {
  encodeAcceptedHeader(writer, xid, status)
}

export function encodeProgMismatch(writer: XdrWriter, xid: number, low: number, high: number): void {
  encodeAcceptedHeader(writer, xid, AcceptStat.PROG_MISMATCH)
  writer.uint32(low)
  writer.uint32(high)
}

function encodeAcceptedHeader(writer: XdrWriter, xid: number, status: AcceptStat): void {
  writer.uint32(xid)
  writer.uint32(REPLY)
  writer.uint32(MSG_ACCEPTED)
  encodeAuthNone(writer)
  writer.uint32(status)
}

export function encodeDenied(writer: XdrWriter, xid: number, denial: Denial): void {
  writer.uint32(xid)
  writer.uint32(REPLY)
  writer.uint32(MSG_DENIED)
  if (denial === 'rpc-mismatch') {
    writer.uint32(RPC_MISMATCH)
    writer.uint32(RPC_VERSION)
    writer.uint32(RPC_VERSION)
  } else {
    writer.uint32(AUTH_ERROR)
    writer.uint32(denial)
  }
}

/** Reads a reply's header and leaves the reader at the results. */
export function decodeReply(reader: XdrReader): Reply {
  const xid = reader.uint32()
  const type = reader.uint32()
  if (type !== REPLY) throw new DecodeError('bad-value', `message type ${type} where a reply (1) is expected`)
  const replyStat = reader.uint32()
  if (replyStat === MSG_ACCEPTED) return decodeAccepted(reader, xid)
  if (replyStat === MSG_DENIED) return decodeDenied(reader, xid)
  throw new DecodeError('bad-value', `reply status ${replyStat} is neither accepted (0) nor denied (1)`)
}

function decodeAccepted(reader: XdrReader, xid: number): Reply {
  skipVerifier(reader)
  const status = reader.uint32()
  if (status === AcceptStat.PROG_MISMATCH) {
    return { xid, kind: 'accepted', status, low: reader.uint32(), high: reader.uint32() }
  }
  if (status > AcceptStat.SYSTEM_ERR) throw new DecodeError('bad-value', `accept status ${status} is unknown`)
  return { xid, kind: 'accepted', status: status as Exclude<AcceptStat, 2> }
}

function decodeDenied(reader: XdrReader, xid: number): Reply {
  const rejectStat = reader.uint32()
  if (rejectStat === RPC_MISMATCH) {
    return { xid, kind: 'rpc-mismatch', low: reader.uint32(), high: reader.uint32() }
  }
  if (rejectStat !== AUTH_ERROR) throw new DecodeError('bad-value', `reject status ${rejectStat} is unknown`)
  const status = reader.uint32()
  if (status < 1 || status > MAX_AUTH_STAT) {
    throw new DecodeError('bad-value', `authentication status ${status} is unknown`)
  }
  return { xid, kind: 'auth-error', status }
}
