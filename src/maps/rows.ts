/**
 * What a directory gives and the maps are made of: users and groups, before any rule of the maps is applied
 * to them.
 */

/**
 * Bytes, one a character (latin1). LDAP values and map records are bytes in no promised encoding; held so, a
 * value keeps every byte, its length is its size on the wire, and `<` compares as memcmp does.
 */
export type Octets = string

export interface User {
  readonly name: Octets
  /** what passwd.* shows: `*`, unless the configuration fixes another text */
  readonly password: Octets
  /** what master.passwd.* shows: the hash where there is one */
  readonly hash: Octets
  readonly uid: Octets
  readonly gid: Octets
  readonly class: Octets
  readonly change: Octets
  readonly expire: Octets
  readonly gecos: Octets
  readonly home: Octets
  readonly shell: Octets
  /** the entry's DN, for logs */
  readonly dn: Octets
}

export interface Group {
  readonly name: Octets
  readonly password: Octets
  readonly gid: Octets
  readonly members: readonly Octets[]
  /** the entry's DN, for logs */
  readonly dn: Octets
}

/** An entry, or a part of one, that was left out of the maps. */
export interface Rejection {
  readonly dn: Octets
  readonly reason: string
}

/** All that one directory gave in one refresh, in the order it came. */
export interface Rows {
  /** the directory's label */
  readonly directory: string
  readonly users: readonly User[]
  readonly groups: readonly Group[]
  readonly rejected: readonly Rejection[]
}
