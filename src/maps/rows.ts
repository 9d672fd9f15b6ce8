/**
 * What a directory gives and the maps are made of: users, groups and tables, before any rule of the maps is
 * applied to them.
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
  /** the seven fields of shadow(5) after the password, with the colons between them; '' when nobody asked for them */
  readonly shadow: Octets
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

/** A value: `head`, then `items` with `separator` between them, where it may be cut. Most have no items. */
export interface Value {
  readonly head: Octets
  readonly items: readonly Octets[]
  readonly separator: Octets
}

/** A record of a table. */
export interface Keyed {
  readonly key: Octets
  readonly value: Value
  /** another name: it yields to the record whose own name this is, and is not missed then */
  readonly alias: boolean
  /** the entry's DN, for logs */
  readonly dn: Octets
}

/** What a directory gives for a map that is made by templates. */
export interface Table {
  /** the map's */
  readonly name: string
  /** the directory names the map, not the configuration */
  readonly found: boolean
  readonly rows: readonly Keyed[]
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
  /** each name once */
  readonly tables: readonly Table[]
  readonly rejected: readonly Rejection[]
}
