/** Rows to the records of each map: which keys, which values. */
import {
  fitting,
  groupLine,
  joinedLength,
  masterPasswdLength,
  masterPasswdLine,
  netidKey,
  netidLine,
  passwdLength,
  passwdLine,
} from './lines.ts'
import { memberships } from './memberships.ts'
import type { Admitted, Merged, Rejected } from './merge.ts'
import { ascending, inOrder, numbersTo } from './order.ts'
import type { Group, Octets, User } from './rows.ts'

/** One map's records. */
export interface MapRecords {
  readonly name: string
  /** carries hashes: only for callers on a reserved port */
  readonly secure: boolean
  /** in ascending order of their bytes, each once */
  readonly keys: readonly Octets[]
  /** which of `lines` is the value of each key */
  readonly numbers: Uint32Array
  readonly lines: Lines
}

/** Values that a map, or several, are made of. All of them take more than the rows do: each is made when it is written. */
export interface Lines {
  readonly lengths: Uint32Array
  readonly line: (number: number) => Octets
}

export interface RecordOptions {
  readonly domain: string
  readonly recordLimit: number
  /** hears of every line that was cut */
  readonly cut: (rejected: Rejected) => void
}

/** The records of the maps that are asked for, in their order. Throws RangeError for a map it can't make. */
export function makeRecords(
  maps: readonly string[],
  merged: Merged,
  options: RecordOptions,
): readonly MapRecords[] {
  const makers = makersOf(merged, options)
  return maps.map((name) => {
    const make = makers[name]
    if (make === undefined) throw new RangeError(`no map named ${name} can be made`)
    return { name, secure: name.startsWith('master.'), ...make() }
  })
}

type Keyed = Pick<MapRecords, 'keys' | 'numbers'>

function makersOf(
  merged: Merged,
  options: RecordOptions,
): Readonly<Record<string, () => Keyed & Pick<MapRecords, 'lines'>>> {
  const users = merged.users.rows
  const groups = merged.groups.rows
  const byName = once(() => keyed(merged.users.names))
  const byUid = once(() => keyedByFirst(users.map(({ uid }) => uid)))
  const passwd = once(() => linesOf(users, passwdLength, passwdLine))
  const master = once(() => linesOf(users, masterPasswdLength, masterPasswdLine))
  const group = once(() => groupLines(merged.groups, options))
  return {
    'passwd.byname': () => ({ ...byName(), lines: passwd() }),
    'passwd.byuid': () => ({ ...byUid(), lines: passwd() }),
    'master.passwd.byname': () => ({ ...byName(), lines: master() }),
    'master.passwd.byuid': () => ({ ...byUid(), lines: master() }),
    'group.byname': () => ({ ...keyed(merged.groups.names), lines: group() }),
    'group.bygid': () => ({ ...keyedByFirst(groups.map(({ gid }) => gid)), lines: group() }),
    'netid.byname': () => ({ ...keyedByNetid(users, options.domain), lines: netidLines(merged, options) }),
  }
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}

/** Row after row. */
function keyed(keys: readonly Octets[]): Keyed {
  return { keys, numbers: numbersTo(keys.length) }
}

/** Of rows that share an id, the one whose name sorts first, as with the original. */
function keyedByFirst(ids: readonly Octets[]): Keyed {
  const order = ascending(ids)
  const numbers = order.filter((number, place) => place === 0 || ids[number] !== ids[order[place - 1]!])
  return { keys: inOrder(ids, numbers), numbers }
}

function keyedByNetid(users: readonly User[], domain: string): Keyed {
  // What follows the @ is the same in all keys, and what precedes the uid.
  const { keys, numbers } = keyedByFirst(users.map(({ uid }) => `${uid}@`))
  return { keys: keys.map((key) => netidKey(key, domain)), numbers }
}

function linesOf<Row>(rows: readonly Row[], length: (row: Row) => number, line: (row: Row) => Octets): Lines {
  const lengths = new Uint32Array(rows.length)
  for (let number = 0; number < lengths.length; number++) lengths[number] = length(rows[number]!)
  return { lengths, line: (number) => line(rows[number]!) }
}

function groupLines({ rows, directories }: Admitted<Group>, { recordLimit, cut }: RecordOptions): Lines {
  const head = (number: number) => groupLine(rows[number]!, []).length
  return listLines({
    count: rows.length,
    recordLimit,
    length: (number) => head(number) + joinedLength(rows[number]!.members),
    head,
    items: (number) => rows[number]!.members,
    line: (number, members) => groupLine(rows[number]!, members),
    cut: (number, left) => {
      const { name, dn, members } = rows[number]!
      const lost = `${left} of ${members.length} members left out`
      const reason = `group "${name}" is over the record limit of ${recordLimit} bytes: ${lost}`
      cut({ directory: directories[number]!, dn, reason })
    },
  })
}

/** Every user's groups by id: what a client asks for instead of all groups (initgroups). */
function netidLines({ users, groups }: Merged, { recordLimit, cut }: RecordOptions): Lines {
  const { rows, directories } = users
  const { gidsOf, length } = memberships(users, groups.rows)
  const head = (number: number) => rows[number]!.uid.length + 1
  return listLines({
    count: rows.length,
    recordLimit,
    length: (number) => head(number) + length(number),
    head,
    items: gidsOf,
    line: (number, gids) => netidLine(rows[number]!.uid, gids),
    cut: (number, left) => {
      const { name, dn } = rows[number]!
      const lost = `${left} of ${gidsOf(number).length} groups left out`
      const reason = `netid of user "${name}" is over the record limit of ${recordLimit} bytes: ${lost}`
      cut({ directory: directories[number]!, dn, reason })
    },
  })
}

interface ListOptions {
  readonly count: number
  readonly recordLimit: number
  /** the bytes of a whole line */
  readonly length: (number: number) => number
  /** the bytes of a line without its items */
  readonly head: (number: number) => number
  readonly items: (number: number) => readonly Octets[]
  readonly line: (number: number, items: readonly Octets[]) => Octets
  /** hears how many items of a line were left out */
  readonly cut: (number: number, left: number) => void
}

/** Lines that end in a list, with as many of its items as fit. */
function listLines({ count, recordLimit, length, head, items, line, cut }: ListOptions): Lines {
  const lengths = new Uint32Array(count)
  const kept = new Map<number, readonly Octets[]>()
  for (let number = 0; number < count; number++) {
    const whole = length(number)
    lengths[number] = whole
    if (whole <= recordLimit) continue
    const all = items(number)
    const some = all.slice(0, fitting(head(number), all, recordLimit))
    kept.set(number, some)
    lengths[number] = head(number) + joinedLength(some)
    cut(number, all.length - some.length)
  }
  return { lengths, line: (number) => line(number, kept.get(number) ?? items(number)) }
}
