/** The values of the maps: passwd(5), master.passwd(5) and group(5) lines, and mknetid's. */
import type { Group, Octets, User } from './rows.ts'

/** Seven fields: all that Linux, FreeBSD and Solaris clients take. */
export function passwdLine(user: User): Octets {
  const { name, password, uid, gid, gecos, home, shell } = user
  return `${name}:${password}:${uid}:${gid}:${gecos}:${home}:${shell}`
}

export function passwdLength({ name, password, uid, gid, gecos, home, shell }: User): number {
  return (
    name.length + password.length + uid.length + gid.length + gecos.length + home.length + shell.length + 6
  )
}

/** The BSDs' ten fields, with the hash. */
export function masterPasswdLine(user: User): Octets {
  const { name, hash, uid, gid, change, expire, gecos, home, shell } = user
  return `${name}:${hash}:${uid}:${gid}:${user.class}:${change}:${expire}:${gecos}:${home}:${shell}`
}

export function masterPasswdLength(user: User): number {
  return (
    passwdLength(user) -
    user.password.length +
    user.hash.length +
    user.class.length +
    user.change.length +
    user.expire.length +
    3
  )
}

export function groupLine(group: Group, members: readonly Octets[]): Octets {
  return `${group.name}:${group.password}:${group.gid}:${members.join(',')}`
}

/** The bytes of a group's line without its members. */
export function groupHead({ name, password, gid }: Group): number {
  return name.length + password.length + gid.length + 3
}

/** `user` is a uid and an @. */
export function netidKey(user: Octets, domain: string): Octets {
  return `unix.${user}${domain}`
}

/** `gids` starts with the primary group. */
export function netidLine(uid: Octets, gids: readonly Octets[]): Octets {
  return `${uid}:${gids.join(',')}`
}

/** Where those of `items` from `start` on end that, joined by commas behind `head` bytes, stay within `limit` bytes. */
export function fitting(head: number, items: readonly Octets[], limit: number, start = 0): number {
  let length = head - 1
  for (let end = start; end < items.length; end++) {
    length += items[end]!.length + 1
    if (length > limit) return end
  }
  return items.length
}

/** The bytes of items joined by commas. */
export function joinedLength(items: readonly Octets[]): number {
  let length = Math.max(0, items.length - 1)
  for (const item of items) length += item.length
  return length
}
