/** The call message (RFC 5531 s.9). */
import {
  type AuthStat,
  type AuthSys,
  checkCredential,
  encodeAuthNone,
  encodeAuthSys,
  skipVerifier,
} from './auth.ts'
import { DecodeError } from './errors.ts'
import type { XdrReader } from './xdr-reader.ts'
import type { XdrWriter } from './xdr-writer.ts'

export const RPC_VERSION = 2

export const CALL = 0
export const REPLY = 1

/** A call's header. One object serves all calls of a server: decodeCall fills it anew. */
export interface Call {
  xid: number
  program: number
  version: number
  procedure: number
}

/** What keeps a call from being looked at: the reply is then `rejected_reply` (RFC 5531 s.9). */
export type Denial = 'rpc-mismatch' | AuthStat

/**
 * Reads a call's header and leaves the reader at the arguments. Returns undefined when the call may go on.
 * Throws DecodeError when the bytes are no call: such a message gets no answer, for it may have no xid.
 */
export function decodeCall(reader: XdrReader, call: Call): Denial | undefined {
  call.xid = reader.uint32()
  const type = reader.uint32()
  if (type !== CALL) throw new DecodeError('bad-value', `message type ${type} where a call (0) is expected`)
  if (reader.uint32() !== RPC_VERSION) return 'rpc-mismatch'
  call.program = reader.uint32()
  call.version = reader.uint32()
  call.procedure = reader.uint32()
  const refused = checkCredential(reader)
  skipVerifier(reader)
  return refused
}

export function encodeCall(writer: XdrWriter, call: Call, credential?: AuthSys): void {
  writer.uint32(call.xid)
  writer.uint32(CALL)
  writer.uint32(RPC_VERSION)
  writer.uint32(call.program)
  writer.uint32(call.version)
  writer.uint32(call.procedure)
  if (credential === undefined) encodeAuthNone(writer)
  else encodeAuthSys(writer, credential)
  encodeAuthNone(writer)
}
