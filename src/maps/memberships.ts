/** The groups that users are in, by their ids. */
import type { Admitted } from './merge.ts'
import type { Group, Octets, User } from './rows.ts'

/** The number of no user. */
const NOBODY = 2 ** 32 - 1

export interface Memberships {
  /** A user's gids: the primary one first, then in the order of the groups, each once. */
  readonly gidsOf: (user: number) => readonly Octets[]
  /** the bytes of them, joined by commas */
  readonly length: (user: number) => number
}

/** Of users by their numbers. */
export function memberships(users: Admitted<User>, groups: readonly Group[]): Memberships {
  const { rows } = users
  const userOf = usersOfMembers(users.names, groups)
  // A chain of gids for each user: its first link and its last, and for each link its gid and the next one; 0 is none.
  const firsts = new Uint32Array(rows.length)
  const lasts = new Uint32Array(rows.length)
  const nexts = new Uint32Array(userOf.length + 1)
  const gidAt = new Uint32Array(userOf.length + 1)
  const bytes = new Uint32Array(rows.length)
  const gids: Octets[] = []
  let link = 0
  for (const [gid, alike] of groupsByGid(groups)) {
    const number = gids.push(gid) - 1
    for (const [first, { members }] of alike) {
      for (let member = first; member < first + members.length; member++) {
        const user = userOf[member]!
        if (user === NOBODY || rows[user]!.gid === gid) continue
        const last = lasts[user]!
        if (last !== 0 && gidAt[last] === number) continue
        link += 1
        gidAt[link] = number
        if (last === 0) firsts[user] = link
        else nexts[last] = link
        lasts[user] = link
        bytes[user]! += gid.length + 1
      }
    }
  }
  return {
    gidsOf(user) {
      const list = [rows[user]!.gid]
      for (let link = firsts[user]!; link !== 0; link = nexts[link]!) list.push(gids[gidAt[link]!]!)
      return list
    },
    length: (user) => rows[user]!.gid.length + bytes[user]!,
  }
}

/** The user that each member of each group is, one group behind the other. */
function usersOfMembers(names: readonly Octets[], groups: readonly Group[]): Uint32Array {
  const userOf = new Uint32Array(groups.reduce((sum, { members }) => sum + members.length, 0)).fill(NOBODY)
  const numbers = new Map<Octets, number>()
  for (const [number, name] of names.entries()) numbers.set(name, number)
  let at = 0
  for (const { members } of groups) {
    for (const member of members) userOf[at++] = numbers.get(member) ?? NOBODY
  }
  return userOf
}

/** The groups that share a gid, each with the number of its first member among those of all groups. */
function groupsByGid(groups: readonly Group[]): Map<Octets, (readonly [first: number, group: Group])[]> {
  const all = new Map<Octets, (readonly [number, Group])[]>()
  let first = 0
  for (const group of groups) {
    const alike = all.get(group.gid)
    if (alike === undefined) all.set(group.gid, [[first, group]])
    else alike.push([first, group])
    first += group.members.length
  }
  return all
}
