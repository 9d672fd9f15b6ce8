/** Where ypldap answers otherwise than ypserv 4.2, and why. The comparison allows these differences and no other. */
import type { YpCase } from './ypserv-cases.ts'

/** A call as it was made: over which transport, and from what kind of source port. */
export type Made = Pick<YpCase, 'procedure' | 'domain' | 'map' | 'key' | 'what'> & {
  readonly transport: 'udp' | 'tcp'
  readonly port: 'reserved' | 'unreserved'
}

export interface Difference {
  readonly case: string
  /** the calls that it is about: of each part that is named, one of these words */
  readonly covers: Partial<Record<keyof Made, readonly string[]>>
  /** the answers that occur; without them, any */
  readonly ypserv?: readonly string[]
  readonly ypldap: readonly string[]
  /** for the table, where the answers alone don't say it */
  readonly ypservText?: string
  readonly ypldapText?: string
  readonly reason: string
}

const STALE = 'ypserv reads on in what an earlier request left in its buffer; it is not ours to show'
const LONG_KEY = ['of 1025 bytes', 'of 4000 bytes']
const LONG_MAP = ['of 65 bytes', 'of 1024 bytes']
const LONG_DOMAIN = ['of 257 bytes', 'of 1024 bytes']

/** The first that covers a call decides. */
export const DIFFERENCES: readonly Difference[] = [
  {
    case: 'Header that ends too early, over UDP',
    covers: { what: ['a header cut short'], transport: ['udp'] },
    ypldap: ['silence'],
    ypservText: 'anything',
    reason: STALE,
  },
  {
    case: 'Arguments that end too early, over UDP',
    covers: { what: ['arguments cut short'], transport: ['udp'] },
    ypldap: ['GARBAGE_ARGS'],
    ypservText: 'anything',
    reason: STALE,
  },
  {
    case: 'RPC version other than 2',
    covers: { what: ['another RPC version'] },
    ypserv: ['silence', 'closed'],
    ypldap: ['RPC_MISMATCH 2..2'],
    ypservText: 'silence; TCP: connection closed',
    reason: 'RFC 5531 s.9 has an answer for it',
  },
  {
    case: 'AUTH_DH credential',
    covers: { what: ['AUTH_DH'] },
    ypserv: ['AUTH_FAILED'],
    ypldap: ['AUTH_REJECTEDCRED'],
    reason: 'not supported, so rejected, as every flavor but AUTH_NONE and AUTH_SYS',
  },
  {
    case: 'RPCSEC_GSS credential',
    covers: { what: ['RPCSEC_GSS'] },
    ypserv: ['AUTH_BADCRED'],
    ypldap: ['AUTH_REJECTEDCRED'],
    reason: 'not supported, so rejected, as every flavor but AUTH_NONE and AUTH_SYS',
  },
  {
    case: 'Version 1 of the program',
    covers: { what: ['version 1'] },
    ypserv: ['void', 'TRUE'],
    ypldap: ['PROG_MISMATCH 2..2'],
    ypservText: 'an answer of version 2',
    reason: 'the data procedures of version 1 have another form, which ypserv does not speak either',
  },
  {
    case: 'Version other than 1 and 2',
    covers: { what: ['another version'] },
    ypserv: ['PROG_MISMATCH 1..2'],
    ypldap: ['PROG_MISMATCH 2..2'],
    reason: 'version 1 is not spoken',
  },
  {
    case: 'XFR and NEWXFR',
    covers: { procedure: ['XFR', 'NEWXFR'] },
    ypserv: ['NODOM', 'SUCC'],
    ypldap: ['REFUSED'],
    ypservText: 'SUCC, NODOM or REFUSED',
    reason: 'the maps come from the directory, never from another YP server',
  },
  {
    case: 'Call of over 4096 bytes, over TCP',
    covers: { key: ['of 4000 bytes'], map: LONG_MAP, transport: ['tcp'] },
    ypserv: ['NOMAP', 'NODOM'],
    ypldap: ['closed'],
    ypservText: 'as for a shorter one',
    ypldapText: 'connection closed',
    reason: 'no right call is longer than about 2,000 bytes',
  },
  {
    case: 'Key over 1024 bytes',
    covers: { key: LONG_KEY },
    ypserv: ['NOKEY', 'NOMORE', 'NOMAP', 'NODOM', 'BADARGS'],
    ypldap: ['GARBAGE_ARGS'],
    ypservText: 'as for a shorter one',
    reason: 'YPMAXRECORD is a limit of the protocol',
  },
  {
    case: 'Map name over 64 bytes',
    covers: { map: LONG_MAP },
    ypserv: ['NOMAP', 'NODOM', 'BADARGS'],
    ypldap: ['GARBAGE_ARGS'],
    ypservText: 'as for a shorter one, up to 1024 bytes',
    reason: 'YPMAXMAP is a limit of the protocol',
  },
  {
    case: 'Domain name over 256 bytes',
    covers: { domain: LONG_DOMAIN },
    ypserv: ['FALSE', 'silence', 'NODOM'],
    ypldap: ['GARBAGE_ARGS'],
    ypservText: 'as for a shorter one, up to 1024 bytes',
    reason: 'YPMAXDOMAIN is a limit of the protocol; 256 is the widest reading of it',
  },
  {
    case: 'Domain name with a NUL behind',
    covers: { domain: ['with a NUL behind'] },
    ypserv: ['TRUE', 'records, bare end'],
    ypldap: ['FALSE', 'silence', 'NODOM'],
    ypservText: 'as without it',
    ypldapText: 'as for an unknown one',
    reason: 'names are compared as a whole',
  },
  {
    case: 'Map name with a NUL behind',
    covers: { map: ['with a NUL behind'] },
    ypserv: ['TRUE', 'records, bare end'],
    ypldap: ['NOMAP'],
    ypservText: 'as without it',
    reason: 'names are compared as a whole',
  },
  {
    case: 'Map name with a slash',
    covers: { map: ['with a slash'] },
    ypserv: ['BADARGS'],
    ypldap: ['NOMAP'],
    reason: 'map names name no files here; there is just no such map',
  },
  {
    case: 'Empty domain name',
    covers: { domain: ['empty'] },
    ypserv: ['NODOM'],
    ypldap: ['BADARGS'],
    reason: 'the same answer as for an empty map name',
  },
  {
    case: 'Empty map name in an unknown domain',
    covers: { domain: ['unknown'], map: ['empty'] },
    ypserv: ['NODOM'],
    ypldap: ['BADARGS'],
    reason: 'arguments that can never be right are told first',
  },
  {
    case: 'Empty key with MATCH in an unknown domain',
    covers: { procedure: ['MATCH'], domain: ['unknown'], key: ['empty'] },
    ypserv: ['NODOM'],
    ypldap: ['BADARGS'],
    reason: 'arguments that can never be right are told first',
  },
  {
    case: 'Map with hashes, MATCH or NEXT of an empty key from an unreserved port',
    covers: { map: ['with hashes'], key: ['empty'], port: ['unreserved'] },
    ypserv: ['NOMAP'],
    ypldap: ['BADARGS'],
    reason: 'arguments that can never be right are told first',
  },
  {
    case: 'Empty key with NEXT',
    covers: { procedure: ['NEXT'], key: ['empty'] },
    ypserv: ['NOMORE', 'NOMAP', 'NODOM'],
    ypldap: ['BADARGS'],
    ypservText: 'as for a key that is not there',
    reason: 'the same answer as with MATCH',
  },
  {
    case: 'Map with hashes, from an unreserved port: MASTER and ORDER',
    covers: { procedure: ['MASTER', 'ORDER'], map: ['with hashes'], port: ['unreserved'] },
    ypserv: ['NOMAP'],
    ypldap: ['TRUE'],
    reason: 'the map is there, and neither says what is in it',
  },
  {
    case: 'Map with hashes, from an unreserved port: MATCH',
    covers: { procedure: ['MATCH'], map: ['with hashes'], port: ['unreserved'] },
    ypserv: ['NOMAP'],
    ypldap: ['NOKEY'],
    reason: 'NOMAP makes libnss_nis take the whole service for unavailable; the map looks empty instead',
  },
  {
    case: 'Map with hashes, from an unreserved port: FIRST, NEXT, ALL',
    covers: { procedure: ['FIRST', 'NEXT', 'ALL'], map: ['with hashes'], port: ['unreserved'] },
    ypserv: ['NOMAP'],
    ypldap: ['NOMORE'],
    reason: 'NOMAP makes libnss_nis take the whole service for unavailable; the map looks empty instead',
  },
  {
    case: 'MATCH of a key that is one NUL',
    covers: { procedure: ['MATCH'], key: ['a NUL'] },
    ypserv: ['BADARGS'],
    ypldap: ['NOKEY', 'NOMAP'],
    ypldapText: 'as for a key that is not there',
    reason: 'it is not empty, and no map has it',
  },
  {
    case: 'MATCH of a known key with a NUL behind',
    covers: { procedure: ['MATCH'], key: ['with a NUL behind'] },
    ypserv: ['NOKEY'],
    ypldap: ['TRUE'],
    reason: 'maps of the time of SunOS held the NUL: clients ask with and without it',
  },
  {
    case: 'MATCH of YP_DOMAIN_NAME',
    covers: { procedure: ['MATCH'], key: ['YP_DOMAIN_NAME'] },
    ypserv: ['NOKEY'],
    ypldap: ['TRUE'],
    reason: 'ypserv knows it only where makedbm was told; here every map knows its domain',
  },
  {
    case: 'MATCH of YP_INPUT_NAME and YP_OUTPUT_NAME',
    covers: { procedure: ['MATCH'], key: ['YP_INPUT_NAME', 'YP_OUTPUT_NAME'] },
    ypserv: ['TRUE'],
    ypldap: ['NOKEY'],
    reason: 'there are no such files',
  },
  {
    case: 'NEXT of a special key (YP_MASTER_NAME and its like)',
    covers: {
      procedure: ['NEXT'],
      key: ['YP_MASTER_NAME', 'YP_LAST_MODIFIED', 'YP_INPUT_NAME', 'YP_OUTPUT_NAME'],
    },
    ypserv: ['TRUE'],
    ypldap: ['NOMORE'],
    ypservText: 'TRUE, or NOMORE: the order of its hash decides',
    ypldapText: 'TRUE, or NOMORE: the order of the keys decides',
    reason: 'special keys are no part of the enumeration, and what follows one is what sorts behind it',
  },
  {
    case: 'NEXT of a key that is not there',
    covers: { procedure: ['NEXT'] },
    ypserv: ['NOMORE'],
    ypldap: ['TRUE'],
    ypldapText: 'TRUE, the record with the next greater key; NOMORE behind the last',
    reason: 'a user removed in the middle of an enumeration must not end it',
  },
  {
    case: 'ALL of a map with records',
    covers: { procedure: ['ALL'] },
    ypserv: ['records, bare end'],
    ypldap: ['records, NOMORE'],
    ypldapText: 'records, then one with NOMORE',
    reason: "OpenBSD's clients take a bare end for a failure",
  },
  {
    case: 'FIRST of a map without records',
    covers: { procedure: ['FIRST'], map: ['without records'] },
    ypserv: ['NOKEY'],
    ypldap: ['NOMORE'],
    reason: 'as Sun answers: there is no more, rather than no such key',
  },
  {
    case: 'MATCH of a value too long for UDP (over 8800 bytes)',
    covers: { procedure: ['MATCH'], key: ['of a value over 8800 bytes'], transport: ['udp'] },
    ypserv: ['SYSTEM_ERR'],
    ypldap: ['YPERR'],
    reason: 'a status of YP reaches the caller as such; over TCP the value comes',
  },
  {
    case: 'ALL of a map too long for UDP (over 8800 bytes)',
    covers: { procedure: ['ALL'], transport: ['udp'] },
    ypserv: ['SYSTEM_ERR'],
    ypldap: ['YPERR'],
    reason: 'a status of YP reaches the caller as such; over TCP the map comes',
  },
]

/** True when the row is about this call, and these are the answers that it tells of. */
export function covers(row: Difference, made: Made, ypserv: string, ypldap: string): boolean {
  const parts = Object.entries(row.covers) as [keyof Made, readonly string[]][]
  return (
    parts.every(([part, words]) => words.includes(made[part] ?? '')) &&
    (row.ypserv?.includes(ypserv) ?? true) &&
    row.ypldap.includes(ypldap)
  )
}

const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`

/** The rows as a table in Markdown. */
export function markdown(rows: readonly Difference[]): string {
  const cells = (row: Difference) => [
    row.case,
    row.ypservText ?? (row.ypserv ?? []).join(', '),
    row.ypldapText ?? row.ypldap.join(', '),
    row.reason,
  ]
  return [
    line(['Case', 'ypserv 4.2', 'ypldap', 'Why']),
    line(['---', '---', '---', '---']),
    ...rows.map((row) => line(cells(row))),
  ].join('\n')
}
