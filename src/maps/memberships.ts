/** The groups that each user is in, by their ids. */
import type { Admitted } from './merge.ts'
import type { Group, Octets, User } from './rows.ts'

/** For a user's number its gids: the primary one first, then in the order of the groups, each once. */
export function gidsOfUsers(
  users: Admitted<User>,
  groups: readonly Group[],
): (number: number) => readonly Octets[] {
  // A chain for each user: where its first link is, and for each link its group and the next one; 0 ends it. Made
  // from the last group to the first, as a chain grows at its head.
  const links = groups.reduce((sum, { members }) => sum + members.length, 0)
  const firsts = new Uint32Array(users.rows.length)
  const nexts = new Uint32Array(links + 1)
  const groupOf = new Uint32Array(links + 1)
  let link = 0
  for (let group = groups.length - 1; group >= 0; group--) {
    for (const member of groups[group]!.members) {
      const user = users.find(member)
      if (user === undefined) continue
      link += 1
      nexts[link] = firsts[user]!
      groupOf[link] = group
      firsts[user] = link
    }
  }
  const alike = firstOfGid(groups)
  const taken = new Uint32Array(groups.length)
  let turn = 0
  return (number) => {
    turn += 1
    const primary = users.rows[number]!.gid
    const gids = [primary]
    for (let link = firsts[number]!; link !== 0; link = nexts[link]!) {
      const group = alike[groupOf[link]!]!
      const { gid } = groups[group]!
      if (taken[group] === turn || gid === primary) continue
      taken[group] = turn
      gids.push(gid)
    }
    return gids
  }
}

/** For each group the first one that has its gid. */
function firstOfGid(groups: readonly Group[]): Uint32Array {
  const firsts = new Map<Octets, number>()
  return Uint32Array.from(groups, ({ gid }, number) => {
    const first = firsts.get(gid) ?? number
    firsts.set(gid, first)
    return first
  })
}
