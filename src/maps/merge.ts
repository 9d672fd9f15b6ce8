/**
 * The rows of several directories as one: each row is admitted or left out alone; of rows with one name the
 * first wins, in the order of the directories.
 */
import { type Admitted, admitGroup, admitUser } from './admit.ts'
import type { Group, Octets, Rejection, Rows, User } from './rows.ts'

export interface Merged {
  /** in ascending order of their names' bytes */
  readonly users: readonly Admitted<User>[]
  readonly groups: readonly Admitted<Group>[]
  readonly rejected: readonly Rejected[]
}

export interface Rejected extends Rejection {
  readonly directory: string
}

export function mergeRows(directories: readonly Rows[], recordLimit: number): Merged {
  const users = new Map<Octets, Admitted<User>>()
  const groups = new Map<Octets, Admitted<Group>>()
  const rejected: Rejected[] = []
  for (const rows of directories) {
    const { directory } = rows
    const reject = (dn: Octets, reason: string) => rejected.push({ directory, dn, reason })
    for (const { dn, reason } of rows.rejected) reject(dn, reason)

    const ownUsers = new Set<Octets>()
    for (const user of rows.users) {
      const verdict = admitUser(user, directory, recordLimit)
      if ('reason' in verdict) reject(user.dn, verdict.reason)
      else if (ownUsers.has(user.name)) reject(user.dn, `a second user named "${user.name}"`)
      else {
        if (!users.has(user.name)) users.set(user.name, verdict.row)
        ownUsers.add(user.name)
      }
    }

    const ownGroups = new Set<Octets>()
    for (const group of rows.groups) {
      const verdict = admitGroup(group, directory, recordLimit, (reason) => reject(group.dn, reason))
      if ('reason' in verdict) reject(group.dn, verdict.reason)
      else if (ownGroups.has(group.name)) reject(group.dn, `a second group named "${group.name}"`)
      else {
        if (!groups.has(group.name)) groups.set(group.name, verdict.row)
        ownGroups.add(group.name)
      }
    }
  }
  return { users: [...users.values()].sort(byName), groups: [...groups.values()].sort(byName), rejected }
}

function byName(a: { readonly name: Octets }, b: { readonly name: Octets }): number {
  return a.name < b.name ? -1 : Number(a.name > b.name)
}
