/** Rows to the records of each map: which keys, which values. */
import type { Admitted } from './admit.ts'
import { fitting, groupLine, masterPasswdLine, netidKey, netidLine, passwdLine } from './lines.ts'
import type { Merged, Rejected } from './merge.ts'
import type { Group, Octets } from './rows.ts'

/** One map's records: `values[i]` belongs to `keys[i]`; keys are unique, in no particular order. */
export interface MapRecords {
  readonly name: string
  /** carries hashes: only for callers on a reserved port */
  readonly secure: boolean
  readonly keys: readonly Octets[]
  readonly values: readonly Octets[]
}

export interface RecordOptions {
  readonly domain: string
  readonly recordLimit: number
  /** hears of every record that was cut */
  readonly cut: (rejected: Rejected) => void
}

type Maker = (merged: Merged, options: RecordOptions) => Omit<MapRecords, 'name'>

const MAKERS: Readonly<Record<string, Maker>> = {
  'passwd.byname': ({ users }) => table(users, (user) => user.name, passwdLine),
  'passwd.byuid': ({ users }) => table(firstById(users, 'uid'), (user) => user.uid, passwdLine),
  'master.passwd.byname': ({ users }) => secure(table(users, (user) => user.name, masterPasswdLine)),
  'master.passwd.byuid': ({ users }) =>
    secure(table(firstById(users, 'uid'), (user) => user.uid, masterPasswdLine)),
  'group.byname': ({ groups }, options) =>
    table(
      groups,
      (group) => group.name,
      (group) => cutGroupLine(group, options),
    ),
  // Cuts are told once, by name.
  'group.bygid': ({ groups }, options) =>
    table(
      firstById(groups, 'gid'),
      (group) => group.gid,
      (group) => cutGroupLine(group, silent(options)),
    ),
  'netid.byname': netid,
}

/**
 * The records of the maps that are asked for, in their order, one map at a time: together they take several times
 * what the rows take. Throws RangeError for a map it can't make.
 */
export function* makeRecords(
  maps: readonly string[],
  merged: Merged,
  options: RecordOptions,
): Generator<MapRecords, void> {
  for (const name of maps) {
    const make = MAKERS[name]
    if (make === undefined) throw new RangeError(`no map named ${name} can be made`)
    yield { name, ...make(merged, options) }
  }
}

function table<Row>(
  rows: readonly Row[],
  key: (row: Row) => Octets,
  value: (row: Row) => Octets,
): Omit<MapRecords, 'name'> {
  return { secure: false, keys: rows.map(key), values: rows.map(value) }
}

function secure(records: Omit<MapRecords, 'name'>): Omit<MapRecords, 'name'> {
  return { ...records, secure: true }
}

function silent(options: RecordOptions): RecordOptions {
  return { ...options, cut: () => {} }
}

/** Of rows that share an id, the one whose name sorts first, as with the original. */
function firstById<Id extends 'uid' | 'gid', Row extends Readonly<Record<Id, Octets>>>(
  rows: readonly Row[],
  id: Id,
): readonly Row[] {
  const first = new Map<Octets, Row>()
  for (const row of rows) if (!first.has(row[id])) first.set(row[id], row)
  return [...first.values()]
}

function cutGroupLine(group: Admitted<Group>, { recordLimit, cut }: RecordOptions): Octets {
  const whole = groupLine(group, group.members)
  if (whole.length <= recordLimit) return whole
  const kept = fitting(groupLine(group, []).length, group.members, recordLimit)
  cut({
    directory: group.directory,
    dn: group.dn,
    reason: `group "${group.name}" is over the record limit of ${recordLimit} bytes: ${
      group.members.length - kept
    } of ${group.members.length} members left out`,
  })
  return groupLine(group, group.members.slice(0, kept))
}

/** Every user's groups by id: what a client asks for instead of all groups (initgroups). */
function netid(
  { users, groups }: Merged,
  { domain, recordLimit, cut }: RecordOptions,
): Omit<MapRecords, 'name'> {
  const secondary = new Map<Octets, Octets[]>()
  for (const { gid, members } of groups) {
    for (const member of members) {
      const gids = secondary.get(member)
      if (gids === undefined) secondary.set(member, [gid])
      else gids.push(gid)
    }
  }
  return table(
    firstById(users, 'uid'),
    (user) => netidKey(user.uid, domain),
    (user) => {
      const gids = [...new Set([user.gid, ...(secondary.get(user.name) ?? [])])]
      const kept = fitting(user.uid.length + 1, gids, recordLimit)
      if (kept < gids.length) {
        cut({
          directory: user.directory,
          dn: user.dn,
          reason: `netid of user "${user.name}" is over the record limit of ${recordLimit} bytes: ${
            gids.length - kept
          } of ${gids.length} groups left out`,
        })
      }
      return netidLine(user.uid, gids.slice(0, kept))
    },
  )
}
