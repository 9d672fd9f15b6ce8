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

/** Why there is no more to a call than its reply: it is denied, or not for this program (RFC 5531 s.9). */
export type Unopened = 'denied' | 'prog_unavail' | 'prog_mismatch'

/**
 * Reads a call up to its arguments; undefined then. Else the reply is written. Throws DecodeError when the bytes are no
 * call at all.
 */
export function openCall(
  reader: XdrReader,
  call: Call,
  spoken: Spoken,
  head: XdrWriter,
): Unopened | undefined {
  const denial = decodeCall(reader, call)
  if (denial !== undefined) {
    encodeDenied(head, call.xid, denial)
    return 'denied'
  }
  if (call.program !== spoken.program) {
    encodeAccepted(head, call.xid, AcceptStat.PROG_UNAVAIL)
    return 'prog_unavail'
  }
  if (call.version < spoken.first || call.version > spoken.last) {
    encodeProgMismatch(head, call.xid, spoken.first, spoken.last)
    return 'prog_mismatch'
  }
  return undefined
}
