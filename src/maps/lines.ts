/** The values of the maps: passwd(5), master.passwd(5) and group(5) lines, and mknetid's. */
import type { Group, Octets, User } from './rows.ts'

/** Seven fields: all that Linux, FreeBSD and Solaris clients take. */
export function passwdLine(user: User): Octets {
  const { name, password, uid, gid, gecos, home, shell } = user
  return `${name}:${password}:${uid}:${gid}:${gecos}:${home}:${shell}`
}

/** The BSDs' ten fields, with the hash. */
export function masterPasswdLine(user: User): Octets {
  const { name, hash, uid, gid, change, expire, gecos, home, shell } = user
  return `${name}:${hash}:${uid}:${gid}:${user.class}:${change}:${expire}:${gecos}:${home}:${shell}`
}

export function groupLine(group: Group, members: readonly Octets[]): Octets {
  return `${group.name}:${group.password}:${group.gid}:${members.join(',')}`
}

export function netidKey(uid: Octets, domain: string): Octets {
  return `unix.${uid}@${domain}`
}

/** `gids` starts with the primary group. */
export function netidLine(uid: Octets, gids: readonly Octets[]): Octets {
  return `${uid}:${gids.join(',')}`
}

/** How many of `items`, joined by commas behind `head` bytes, stay within `limit` bytes. */
export function fitting(head: number, items: readonly Octets[], limit: number): number {
  let length = head
  for (const [index, item] of items.entries()) {
    length += (index === 0 ? 0 : 1) + item.length
    if (length > limit) return index
  }
  return items.length
}
