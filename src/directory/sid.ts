import type { Octets } from '../maps/rows.ts'

/** Who Active Directory takes someone for: a domain's identifier and a number in that domain. */
export interface Sid {
  /** `S-1-5-21-1-2-3` of `S-1-5-21-1-2-3-1104` */
  readonly domain: string
  /** the last part, the relative identifier */
  readonly rid: number
}

export class SidError extends Error {
  readonly code = 'sid-invalid'

  constructor(text: string) {
    super(`not a security identifier: ${text}`)
    this.name = 'SidError'
  }
}

const REVISION = 1
/** revision, number of parts, authority */
const HEAD = 8
const PART = 4
const MOST_PARTS = 15

/**
 * A SID from the bytes of objectSid (MS-DTYP s.2.4.2.2): the authority is big-endian, the parts are little-endian.
 * @throws SidError
 */
export function readSid(octets: Octets): Sid {
  if (octets.length > HEAD + PART * MOST_PARTS) throw new SidError(`${octets.length} bytes are too many`)
  const bytes = Buffer.from(octets, 'latin1')
  const [revision, count] = bytes
  if (revision === undefined || count === undefined) throw new SidError(`${bytes.length} bytes are too few`)
  if (revision !== REVISION) throw new SidError(`its revision is ${revision}, and not ${REVISION}`)
  if (bytes.length !== HEAD + PART * count) {
    throw new SidError(`${bytes.length} bytes can't hold just the ${count} parts it tells of`)
  }
  if (count === 0) throw new SidError('it has no parts behind its authority')
  let domain = `S-${REVISION}-${authorityText(bytes.readUIntBE(2, 6))}`
  const last = bytes.length - PART
  for (let at = HEAD; at < last; at += PART) domain += `-${bytes.readUInt32LE(at)}`
  return { domain, rid: bytes.readUInt32LE(last) }
}

/** `S-1-5-21-1-2-3-1104` */
export function sidText({ domain, rid }: Sid): string {
  return `${domain}-${rid}`
}

/** MS-DTYP s.2.4.2.1: from 2^32 up as twelve hexadecimal digits. */
function authorityText(authority: number): string {
  return authority < 2 ** 32
    ? String(authority)
    : `0x${authority.toString(16).toUpperCase().padStart(12, '0')}`
}
