/**
 * The rules of a row: what no client could take, or would take for something else, does not become a record.
 * A row is judged alone; the rest goes on.
 */
import { YPMAXRECORD } from '../../rpc/yp.ts'
import { groupHead, masterPasswdLength, passwdLength } from './lines.ts'
import type { Group, Octets, User } from './rows.ts'

/** 4294967295 is (uid_t)-1: "no such id", and "leave unchanged" to chown(2). */
const MAX_ID = 4294967294

/** Which rows are left out though nothing is wrong with them. */
export interface Admission {
  /** smaller ids are refused: of users, their primary groups, and groups */
  readonly minimumUid: number
  readonly minimumGid: number
  /** of users and of groups, and of members: clients have accounts of their own that are called so */
  readonly refusedNames: ReadonlySet<Octets>
}

/** The reason why a row is left out. */
export type Refusal = string

/** The row as the maps take it, with numbers in their shortest form; or why they can't. */
export function admitUser(user: User, admission: Admission, recordLimit: number): User | Refusal {
  const bad =
    badName('user', user.name) ??
    refusedName('user', user.name, admission) ??
    badId('uid', user.uid, admission.minimumUid) ??
    badId('gid', user.gid, admission.minimumGid) ??
    badTime('change', user.change) ??
    badTime('expire', user.expire) ??
    badField('passwd', user.password) ??
    badField('passwd', user.hash) ??
    badField('class', user.class) ??
    badField('gecos', user.gecos) ??
    badField('home', user.home) ??
    badField('shell', user.shell)
  if (bad !== undefined) return bad
  const uid = shortest(user.uid)
  const gid = shortest(user.gid)
  // As a rule nothing changes, and a copy of every row would double them.
  const row = uid === user.uid && gid === user.gid ? user : { ...user, uid, gid }
  return overLimit(row.name, Math.max(passwdLength(row), masterPasswdLength(row)), recordLimit) ?? row
}

/**
 * A member that can't be a user's name is left out alone, for one typing error must not take a group from all
 * its members; `leftOut` hears of each.
 */
export function admitGroup(
  group: Group,
  admission: Admission,
  recordLimit: number,
  leftOut: (reason: string) => void,
): Group | Refusal {
  const bad =
    badName('group', group.name) ??
    refusedName('group', group.name, admission) ??
    badId('gid', group.gid, admission.minimumGid) ??
    badField('passwd', group.password)
  if (bad !== undefined) return bad
  const unique = new Set<Octets>()
  for (const member of group.members) {
    const bad = badMember(member) ?? refusedName('member', member, admission)
    if (bad === undefined) unique.add(member)
    else leftOut(`${bad}, left out of group ${quoted(group.name)}`)
  }
  const gid = shortest(group.gid)
  const members = unique.size === group.members.length ? group.members : [...unique]
  const row = gid === group.gid && members === group.members ? group : { ...group, gid, members }
  return overLimit(row.name, groupHead(row), recordLimit) ?? row
}

function overLimit(name: Octets, length: number, recordLimit: number): Refusal | undefined {
  if (name.length > YPMAXRECORD) return `name of ${name.length} bytes: at most ${YPMAXRECORD}`
  return length > recordLimit ? `line of ${length} bytes: the record limit is ${recordLimit}` : undefined
}

function badName(what: string, name: Octets): Refusal | undefined {
  if (name === '') return `empty ${what} name`
  // A leading + or - is a command in passwd(5) and group(5): "include NIS here", "leave out".
  if (name.startsWith('+') || name.startsWith('-')) return `${what} name ${quoted(name)} starts with + or -`
  // YP_MASTER_NAME and its like are keys of the map itself (makedbm's), which servers answer and hide.
  if (name.startsWith('YP_')) return `${what} name ${quoted(name)} starts with YP_, as the map's own keys do`
  return badField(`${what} name`, name)
}

function badMember(name: Octets): Refusal | undefined {
  if (name.includes(',')) return `member ${quoted(name)} contains a comma`
  return badName('member', name)
}

/** A colon ends a field, a newline a record, a NUL a C string. */
function badField(field: string, value: Octets): Refusal | undefined {
  for (let at = 0; at < value.length; at++) {
    if (isSeparator(value.charCodeAt(at))) {
      const found = { ':': 'a colon', '\n': 'a newline', '\r': 'a carriage return', '\0': 'a NUL' }[
        value[at]!
      ]
      return `${field} contains ${found} at byte ${at + 1}`
    }
  }
  return undefined
}

function isSeparator(byte: number): boolean {
  return byte === 0x3a || (byte <= 0x0d && (byte === 0x0a || byte === 0x0d || byte === 0))
}

function refusedName(what: string, name: Octets, { refusedNames }: Admission): Refusal | undefined {
  return refusedNames.has(name) ? `${what} name ${quoted(name)} is refused by the configuration` : undefined
}

function badId(field: 'uid' | 'gid', value: Octets, minimum: number): Refusal | undefined {
  if (!isDecimal(value, 0, 10) || Number(value) > MAX_ID) {
    return `${field} ${quoted(value)} is not a number from 0 to ${MAX_ID}`
  }
  if (Number(value) >= minimum) return undefined
  return `${field} ${Number(value)} is refused: "minimum ${field}" is ${minimum}`
}

/** Seconds since 1970; shadowExpire and its like use -1 for never. */
function badTime(field: string, value: Octets): Refusal | undefined {
  if (isDecimal(value, value.startsWith('-') ? 1 : 0, 15)) return undefined
  return `${field} ${quoted(value)} is not a number`
}

/** Whether digits follow, one or more and `most` of them at most. */
function isDecimal(value: Octets, start: number, most: number): boolean {
  const count = value.length - start
  for (let at = start; at < value.length; at++) {
    const byte = value.charCodeAt(at)
    if (byte < 0x30 || byte > 0x39) return false
  }
  return count > 0 && count <= most
}

function shortest(id: Octets): Octets {
  return id.startsWith('0') ? String(Number(id)) : id
}

/** For people, and not too long for them. */
export function quoted(value: Octets): string {
  return `"${value.length > 64 ? `${value.slice(0, 64)}...` : value}"`
}
