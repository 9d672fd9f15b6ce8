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
import type { Merged } from './merge.ts'
import { ascending, inOrder, numbersTo } from './order.ts'
import { type FitOptions, fateOf, fitGroups, groupLength, longestLine, teller } from './overflow.ts'
import type { Octets } from './rows.ts'

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

export interface RecordOptions extends FitOptions {
  readonly domain: string
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
  const groups = once(() => fitGroups(merged.groups, options))
  const byName = once(() => keyed(merged.users.names))
  const byUid = once(() => keyedByFirst(users.map(({ uid }) => uid)))
  const passwd = once(() => linesOf(users, passwdLength, passwdLine))
  const master = once(() => linesOf(users, masterPasswdLength, masterPasswdLine))
  const group = once(() => linesOf(groups().rows, groupLength, (row) => groupLine(row, row.members)))
  return {
    'passwd.byname': () => ({ ...byName(), lines: passwd() }),
    'passwd.byuid': () => ({ ...byUid(), lines: passwd() }),
    'master.passwd.byname': () => ({ ...byName(), lines: master() }),
    'master.passwd.byuid': () => ({ ...byUid(), lines: master() }),
    'group.byname': () => ({ ...keyed(groups().names), lines: group() }),
    'group.bygid': () => ({ ...keyedByFirst(groups().rows.map(({ gid }) => gid)), lines: group() }),
    'netid.byname': () => netids(merged, options),
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

function linesOf<Row>(rows: readonly Row[], length: (row: Row) => number, line: (row: Row) => Octets): Lines {
  const lengths = new Uint32Array(rows.length)
  for (let number = 0; number < lengths.length; number++) lengths[number] = length(rows[number]!)
  return { lengths, line: (number) => line(rows[number]!) }
}

/** Every user's groups by id: what a client asks for instead of all groups (initgroups). */
function netids({ users, groups }: Merged, options: RecordOptions): Keyed & Pick<MapRecords, 'lines'> {
  const { rows, directories } = users
  const { gidsOf, length } = memberships(users, groups.rows)
  const limit = longestLine(options)
  const lengths = new Uint32Array(rows.length)
  const kept = new Map<number, readonly Octets[]>()
  const dropped = new Set<number>()
  for (const [number, { uid, name, dn }] of rows.entries()) {
    const head = uid.length + 1
    const whole = head + length(number)
    lengths[number] = whole
    if (whole <= options.recordLimit) continue
    const tell = teller(`netid of user "${name}"`, directories[number]!, dn, options)
    const fate = fateOf(whole, options, tell)
    if (fate === 'dropped') dropped.add(number)
    if (fate !== 'shortened') continue
    const all = gidsOf(number)
    const some = all.slice(0, fitting(head, all, limit))
    kept.set(number, some)
    lengths[number] = head + joinedLength(some)
    tell(`${all.length - some.length} of ${all.length} groups left out`)
  }
  const line = (number: number) => netidLine(rows[number]!.uid, kept.get(number) ?? gidsOf(number))
  // What follows the @ is the same in all keys, and what precedes the uid.
  const { keys, numbers } = without(keyedByFirst(rows.map(({ uid }) => `${uid}@`)), dropped)
  return { keys: keys.map((key) => netidKey(key, options.domain)), numbers, lines: { lengths, line } }
}

function without({ keys, numbers }: Keyed, dropped: ReadonlySet<number>): Keyed {
  if (dropped.size === 0) return { keys, numbers }
  return {
    keys: keys.filter((_, place) => !dropped.has(numbers[place]!)),
    numbers: numbers.filter((number) => !dropped.has(number)),
  }
}
