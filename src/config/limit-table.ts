/**
 * The limits that an operator may set: `limit tcp request 4096`. LIMITS.md says what happens at each, and has those
 * that can't be set.
 */

export interface LimitRow {
  /** the words between `limit` and the number */
  readonly words: string
  readonly key: string
  readonly default: number
  /** the range, both ends within */
  readonly least: number
  readonly most: number
  readonly unit:
    | 'bytes'
    | 'calls a second'
    | 'connections'
    | 'entries'
    | 'fragments'
    | 'MiB'
    | 'records'
    | 'seconds'
    | 'values'
}

/** What libtirpc's clients receive (UDPMSGSIZE). */
export const MOST_UDP_REPLY = 8800

export const LIMIT_TABLE = [
  // No lawful call is longer than 2,004 bytes: header 24, two authentications of 408, domain 68, map 68, key 1,028.
  { words: 'tcp request', key: 'tcpRequest', default: 4096, least: 2048, most: 65_536, unit: 'bytes' },
  { words: 'tcp fragments', key: 'tcpFragments', default: 8, least: 1, most: 64, unit: 'fragments' },
  { words: 'tcp idle', key: 'tcpIdle', default: 10, least: 1, most: 3600, unit: 'seconds' },
  { words: 'tcp unfinished', key: 'tcpUnfinished', default: 2, least: 1, most: 60, unit: 'seconds' },
  { words: 'tcp stalled', key: 'tcpStalled', default: 10, least: 1, most: 3600, unit: 'seconds' },
  {
    words: 'tcp connections',
    key: 'tcpConnections',
    default: 512,
    least: 1,
    most: 65_536,
    unit: 'connections',
  },
  {
    words: 'tcp connections per address',
    key: 'tcpConnectionsPerAddress',
    default: 64,
    least: 1,
    most: 65_536,
    unit: 'connections',
  },
  { words: 'tcp in flight', key: 'tcpInFlight', default: 16, least: 1, most: 1024, unit: 'records' },
  { words: 'tcp outbound', key: 'tcpOutbound', default: 64, least: 1, most: 4096, unit: 'MiB' },
  { words: 'udp reply', key: 'udpReply', default: 1400, least: 512, most: MOST_UDP_REPLY, unit: 'bytes' },
  // Of a /24 or /64 each.
  { words: 'udp rate', key: 'udpRate', default: 0, least: 0, most: 10_000_000, unit: 'calls a second' },
  {
    words: 'udp rate dry run',
    key: 'udpRateDryRun',
    default: 20_000,
    least: 0,
    most: 10_000_000,
    unit: 'calls a second',
  },
  { words: 'ldap connect', key: 'ldapConnect', default: 10, least: 1, most: 600, unit: 'seconds' },
  { words: 'ldap operation', key: 'ldapOperation', default: 60, least: 1, most: 3600, unit: 'seconds' },
  { words: 'ldap deadline', key: 'ldapDeadline', default: 600, least: 1, most: 86_400, unit: 'seconds' },
  // The most is what a line of kept rows may have; V8 makes no string of over 512 MiB.
  { words: 'ldap message', key: 'ldapMessage', default: 64, least: 1, most: 256, unit: 'MiB' },
  {
    words: 'ldap entries',
    key: 'ldapEntries',
    default: 5_000_000,
    least: 1,
    most: 100_000_000,
    unit: 'entries',
  },
  {
    words: 'ldap values',
    key: 'ldapValues',
    default: 1_000_000,
    least: 1,
    most: 100_000_000,
    unit: 'values',
  },
] as const satisfies readonly LimitRow[]

export type LimitKey = (typeof LIMIT_TABLE)[number]['key']

/** Each in its row's unit. */
export type LimitValues = Readonly<Record<LimitKey, number>>

export const DEFAULT_LIMITS = Object.fromEntries(
  LIMIT_TABLE.map((row) => [row.key, row.default]),
) as LimitValues
