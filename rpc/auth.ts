/**
 * Credentials and verifiers (RFC 5531 s.8 and appendix A). They are parsed so that a malformed one is refused
 * with the right status, and never trusted: any caller can claim any uid.
 */
import { DecodeError } from './errors.ts'
import { word, type XdrReader } from './xdr-reader.ts'
import type { XdrWriter } from './xdr-writer.ts'

export const AUTH_NONE = 0
export const AUTH_SYS = 1

/** RFC 5531 s.8.2: `opaque body<400>` */
export const MAX_AUTH_BYTES = 400
/** RFC 5531 appendix A: `string machinename<255>`, `unsigned int gids<16>` */
const MAX_MACHINE_NAME = 255
const MAX_GIDS = 16

/** RFC 5531 s.9, enum auth_stat, as far as it is sent here; others may send up to 14 (RPCSEC_GSS_CTXPROBLEM). */
export const MAX_AUTH_STAT = 14
export const AuthStat = { BADCRED: 1, REJECTEDCRED: 2, BADVERF: 3, REJECTEDVERF: 4, TOOWEAK: 5 } as const
export type AuthStat = (typeof AuthStat)[keyof typeof AuthStat]

export interface AuthSys {
  readonly stamp: number
  readonly machine: string
  readonly uid: number
  readonly gid: number
  readonly gids: readonly number[]
}

/**
 * Reads a call's credential. Returns undefined when it may pass, else why it may not: a flavor that is neither
 * AUTH_NONE nor AUTH_SYS is rejected, an AUTH_SYS body that does not parse is bad.
 */
export function checkCredential(reader: XdrReader): AuthStat | undefined {
  const flavor = reader.uint32()
  const length = authLength(reader)
  const start = reader.skip(length)
  if (flavor === AUTH_NONE) return undefined
  if (flavor !== AUTH_SYS) return AuthStat.REJECTEDCRED
  return isAuthSys(reader, start, length) ? undefined : AuthStat.BADCRED
}

/** Reads past a verifier. Its content means nothing with the flavors above (RFC 5531 s.8.1, s.8.2). */
export function skipVerifier(reader: XdrReader): void {
  reader.uint32()
  reader.skip(authLength(reader))
}

function authLength(reader: XdrReader): number {
  const length = reader.uint32()
  if (length > MAX_AUTH_BYTES) {
    throw new DecodeError('too-long', `an authentication of ${length} bytes: at most ${MAX_AUTH_BYTES}`)
  }
  return length
}

/** Walks an AUTH_SYS body in place, without building it: this runs for every call. */
function isAuthSys(reader: XdrReader, start: number, length: number): boolean {
  const { bytes } = reader
  if (length < 20) return false
  const name = word(bytes, start + 4)
  if (name > MAX_MACHINE_NAME) return false
  const afterName = 8 + name + (-name & 3)
  if (afterName + 12 > length) return false
  const gids = word(bytes, start + afterName + 8)
  return gids <= MAX_GIDS && afterName + 12 + gids * 4 === length
}

/** Reads the body of an AUTH_SYS credential. */
export function decodeAuthSys(reader: XdrReader): AuthSys {
  const stamp = reader.uint32()
  const machine = reader.string(MAX_MACHINE_NAME)
  const uid = reader.uint32()
  const gid = reader.uint32()
  const count = reader.uint32()
  if (count > MAX_GIDS) throw new DecodeError('too-long', `${count} gids: at most ${MAX_GIDS}`)
  const gids = Array.from({ length: count }, () => reader.uint32())
  return { stamp, machine, uid, gid, gids }
}

export function encodeAuthNone(writer: XdrWriter): void {
  writer.uint32(AUTH_NONE)
  writer.uint32(0)
}

export function encodeAuthSys(writer: XdrWriter, credential: AuthSys): void {
  writer.uint32(AUTH_SYS)
  const name = credential.machine.length
  writer.uint32(20 + name + (-name & 3) + credential.gids.length * 4)
  writer.uint32(credential.stamp)
  writer.string(credential.machine)
  writer.uint32(credential.uid)
  writer.uint32(credential.gid)
  writer.uint32(credential.gids.length)
  for (const gid of credential.gids) writer.uint32(gid)
}
