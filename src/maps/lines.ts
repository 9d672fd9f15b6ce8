/** The values of the maps: passwd(5), master.passwd(5) and group(5) lines, and mknetid's. */
import type { Group, Octets, User } from './rows.ts'

/** Seven fields: all that Linux, FreeBSD and Solaris clients take. */
export function passwdLine(user: User, password = user.password): Octets {
  const { name, uid, gid, gecos, home, shell } = user
  return `${name}:${password}:${uid}:${gid}:${gecos}:${home}:${shell}`
}

export function passwdLength({ name, password, uid, gid, gecos, home, shell }: User): number {
  return (
    name.length + password.length + uid.length + gid.length + gecos.length + home.length + shell.length + 6
  )
}

/** Where a client of shadow.byname or passwd.adjunct.byname finds the hash: what passwd(5) has in its place. */
export type HashPlace = 'shadow' | 'adjunct'

export function placeMark({ name }: User, place: HashPlace): Octets {
  return place === 'shadow' ? 'x' : `##${name}`
}

/** shadow(5) */
export function shadowLine({ name, hash, shadow }: User): Octets {
  return `${name}:${hash}:${shadow}`
}

export function shadowLength({ name, hash, shadow }: User): number {
  return name.length + hash.length + shadow.length + 2
}

/** SunOS's: no labels and no audit flags. */
const NO_LABELS = ':::::'

export function adjunctLine({ name, hash }: User): Octets {
  return `${name}:${hash}${NO_LABELS}`
}

export function adjunctLength({ name, hash }: User): number {
  return name.length + hash.length + 1 + NO_LABELS.length
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

/**
 * Where those of `items` from `start` on end that, behind `head` bytes and with as many as `separator` between them,
 * stay within `limit` bytes.
 */
export function fitting(
  head: number,
  items: readonly Octets[],
  limit: number,
  start = 0,
  separator = 1,
): number {
  let length = head - separator
  for (let end = start; end < items.length; end++) {
    length += items[end]!.length + separator
    if (length > limit) return end
  }
  return items.length
}

/** The bytes of items joined by commas, or by another separator of so many bytes. */
export function joinedLength(items: readonly Octets[], separator = 1): number {
  let length = Math.max(0, items.length - 1) * separator
  for (const item of items) length += item.length
  return length
}
