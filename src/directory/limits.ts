import type { DirectoryLimits } from '../messages/directory.ts'

/** Every bound of the directory side. Times in milliseconds, sizes in bytes. */
export interface Limits {
  /** to open a TCP or unix connection, and again for the TLS handshake */
  readonly connect: number
  /** from one request to its whole answer: a bind, or one page of a search */
  readonly operation: number
  /** one refresh of one directory, over all its addresses */
  readonly deadline: number
  /** addresses of one host that are tried */
  readonly addresses: number
  /** one LDAP message: an entry with all its values. The group with the most members decides */
  readonly message: number
  /** entries of one search */
  readonly entries: number
  /** entries that are read one by one, as others name them and no search finds them */
  readonly named: number
  /** pages in a row that hold no entry though the server promises more */
  readonly emptyPages: number
  /** values of one entry, in all its attributes together */
  readonly values: number
  /** parts in which it comes */
  readonly ranges: number
  /** a file of certificates or a key */
  readonly pem: number
  /** an LDIF file */
  readonly file: number
  /** a line of an LDIF file after unfolding */
  readonly line: number
}

const MEGABYTE = 2 ** 20

/** Those that the configuration sets, in the units of `Limits`. */
export function configured(limits: DirectoryLimits): Partial<Limits> {
  return {
    connect: limits.ldapConnect * 1000,
    operation: limits.ldapOperation * 1000,
    deadline: limits.ldapDeadline * 1000,
    message: limits.ldapMessage * MEGABYTE,
    entries: limits.ldapEntries,
    values: limits.ldapValues,
  }
}

/** Where nothing else is said; those of the configuration have the same defaults. */
export const LIMITS: Limits = {
  connect: 10_000,
  operation: 60_000,
  deadline: 600_000,
  addresses: 8,
  message: 64 * 1024 * 1024,
  entries: 5_000_000,
  named: 1_000,
  emptyPages: 1_000,
  values: 1_000_000,
  ranges: 10_000,
  pem: 4 * 1024 * 1024,
  file: 4 * 1024 * 1024 * 1024,
  line: 64 * 1024 * 1024,
}
