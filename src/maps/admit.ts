/**
 * The rules of a row: what no client could take, or would take for something else, does not become a record.
 * A row is judged alone; the rest goes on.
 */
import { YPMAXRECORD } from '../../rpc/yp.ts'
import { groupLine, masterPasswdLine, passwdLine } from './lines.ts'
import type { Group, Octets, User } from './rows.ts'

/** 4294967295 is (uid_t)-1: "no such id", and "leave unchanged" to chown(2). */
const MAX_ID = 4294967294

/** A row as the maps take it, with numbers in their shortest form, and the label of its directory. */
export type Admitted<Row> = Row & { readonly directory: string }

export type Verdict<Row> = { readonly row: Admitted<Row> } | { readonly reason: string }

export function admitUser(user: User, directory: string, recordLimit: number): Verdict<User> {
  const reason =
    badName('user', user.name) ??
    badId('uid', user.uid) ??
    badId('gid', user.gid) ??
    badTime('change', user.change) ??
    badTime('expire', user.expire) ??
    badField('passwd', user.password) ??
    badField('passwd', user.hash) ??
    badField('class', user.class) ??
    badField('gecos', user.gecos) ??
    badField('home', user.home) ??
    badField('shell', user.shell)
  if (reason !== undefined) return { reason }
  const row = { ...user, directory, uid: shortest(user.uid), gid: shortest(user.gid) }
  const longest = Math.max(passwdLine(row).length, masterPasswdLine(row).length)
  return withinLimit(row, longest, recordLimit)
}

/**
 * A member that can't be a user's name is left out alone, for one typing error must not take a group from all
 * its members; `leftOut` hears of each.
 */
export function admitGroup(
  group: Group,
  directory: string,
  recordLimit: number,
  leftOut: (reason: string) => void,
): Verdict<Group> {
  const reason = badName('group', group.name) ?? badId('gid', group.gid) ?? badField('passwd', group.password)
  if (reason !== undefined) return { reason }
  const members = new Set<Octets>()
  for (const member of group.members) {
    const bad = badMember(member)
    if (bad === undefined) members.add(member)
    else leftOut(`${bad}, left out of group ${quoted(group.name)}`)
  }
  const row = { ...group, directory, gid: shortest(group.gid), members: [...members] }
  return withinLimit(row, groupLine(row, []).length, recordLimit)
}

function withinLimit<Row extends User | Group>(
  row: Admitted<Row>,
  length: number,
  recordLimit: number,
): Verdict<Row> {
  if (row.name.length > YPMAXRECORD)
    return { reason: `name of ${row.name.length} bytes: at most ${YPMAXRECORD}` }
  if (length <= recordLimit) return { row }
  return { reason: `line of ${length} bytes: the record limit is ${recordLimit}` }
}

function badName(what: string, name: Octets): string | undefined {
  if (name === '') return `empty ${what} name`
  // A leading + or - is a command in passwd(5) and group(5): "include NIS here", "leave out".
  if (name.startsWith('+') || name.startsWith('-')) return `${what} name ${quoted(name)} starts with + or -`
  // YP_MASTER_NAME and its like are keys of the map itself (makedbm's), which servers answer and hide.
  if (name.startsWith('YP_')) return `${what} name ${quoted(name)} starts with YP_, as the map's own keys do`
  return badField(`${what} name`, name)
}

function badMember(name: Octets): string | undefined {
  if (name.includes(',')) return `member ${quoted(name)} contains a comma`
  return badName('member', name)
}

/** A colon ends a field, a newline a record, a NUL a C string. */
function badField(field: string, value: Octets): string | undefined {
  const at = value.search(/[:\n\r\0]/)
  if (at === -1) return undefined
  const found = { ':': 'a colon', '\n': 'a newline', '\r': 'a carriage return', '\0': 'a NUL' }[value[at]!]
  return `${field} contains ${found} at byte ${at + 1}`
}

function badId(field: string, value: Octets): string | undefined {
  if (/^\d{1,10}$/.test(value) && Number(value) <= MAX_ID) return undefined
  return `${field} ${quoted(value)} is not a number from 0 to ${MAX_ID}`
}

/** Seconds since 1970; shadowExpire and its like use -1 for never. */
function badTime(field: string, value: Octets): string | undefined {
  if (/^-?\d{1,15}$/.test(value)) return undefined
  return `${field} ${quoted(value)} is not a number`
}

function shortest(id: Octets): Octets {
  return String(Number(id))
}

function quoted(value: Octets): string {
  return `"${value.length > 64 ? `${value.slice(0, 64)}…` : value}"`
}
