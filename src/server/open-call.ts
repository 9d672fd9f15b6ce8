import { type Call, decodeCall } from '../../rpc/call.ts'
import { AcceptStat, encodeAccepted, encodeDenied, encodeProgMismatch } from '../../rpc/reply.ts'
import type { XdrReader } from '../../rpc/xdr-reader.ts'
import type { XdrWriter } from '../../rpc/xdr-writer.ts'

/** A program, and the versions of it that are spoken. */
export interface Spoken {
  readonly program: number
  readonly first: number
  readonly last: number
}

/**
 * Reads a call up to its arguments. False when there is no more to it than the reply that was written: it is denied, or
 * not for this program (RFC 5531 s.9). Throws DecodeError when the bytes are no call at all.
 */
export function openCall(reader: XdrReader, call: Call, spoken: Spoken, head: XdrWriter): boolean {
  const denial = decodeCall(reader, call)
  if (denial !== undefined) {
    encodeDenied(head, call.xid, denial)
  } else if (call.program !== spoken.program) {
    encodeAccepted(head, call.xid, AcceptStat.PROG_UNAVAIL)
  } else if (call.version < spoken.first || call.version > spoken.last) {
    encodeProgMismatch(head, call.xid, spoken.first, spoken.last)
  } else {
    return true
  }
  return false
}
