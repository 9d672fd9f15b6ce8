/** Rows to the records of each map: which keys, which values. */
import { YPMAXRECORD } from '../../rpc/yp.ts'
import { MAX_MAPS } from './image-format.ts'
import {
  adjunctLength,
  adjunctLine,
  fitting,
  groupLine,
  type HashPlace,
  joinedLength,
  masterPasswdLength,
  masterPasswdLine,
  netidKey,
  netidLine,
  passwdLength,
  passwdLine,
  placeMark,
  shadowLength,
  shadowLine,
} from './lines.ts'
import { memberships } from './memberships.ts'
import type { Merged, Rejected } from './merge.ts'
import { type Netgroup, type NetgroupFault, parseNetgroup, reverseNetgroups } from './netgroup.ts'
import { ascending, inOrder, numbersTo } from './order.ts'
import {
  type FitOptions,
  fateOf,
  fitGroups,
  groupLength,
  longestLine,
  type RecordLimit,
  teller,
} from './overflow.ts'
import type { Octets, User } from './rows.ts'
import { fitTable, type MergedTable, textOf, valueLength } from './tables.ts'

/** One map's records. */
export interface MapRecords {
  readonly name: string
  /** carries hashes: only for callers on a reserved port */
  readonly secure: boolean
  /** the directory names it, not the configuration */
  readonly found: boolean
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

/** A map that the configuration names. */
export interface ProvidedMap extends RecordLimit {
  readonly name: string
  readonly secure: boolean
  /** `rows`: of users, groups or another map's table, by rules of ours; `table`: of the table of its name */
  readonly made: 'rows' | 'table'
}

export interface RecordOptions extends RecordLimit {
  readonly domain: string
  /** the host name that MASTER answers */
  readonly master: string
  /** those that are provided; maps that are found come behind them, under the limit of all */
  readonly maps: readonly ProvidedMap[]
  /** names that carry hashes: what is found by one of them is for callers on a reserved port, too */
  readonly hashMaps: readonly string[]
  /** hears of every line that was over its limit */
  readonly over: (rejected: Rejected) => void
}

/** The records of the maps that are asked for, and of those that were found. Throws RangeError for a map it can't make. */
export function makeRecords(merged: Merged, options: RecordOptions): readonly MapRecords[] {
  const { maps, over } = options
  const makers = makersOf(merged, options)
  const provided = maps.map(({ name, secure, made, recordLimit, overflow }) => {
    const limit = { recordLimit, overflow, over }
    if (made === 'table')
      return { name, secure, found: false, ...tableRecords(merged.tables.get(name), limit) }
    const make = makers[name]
    if (make === undefined) throw new RangeError(`no map named ${name} can be made`)
    return { name, secure, found: false, ...make(limit) }
  })
  return [...provided, ...foundMaps(merged, options)]
}

/** As many as there is room for: who may name maps must not keep those of all others from being made. */
function foundMaps({ tables }: Merged, options: RecordOptions): MapRecords[] {
  const { maps, hashMaps, recordLimit, overflow, over } = options
  const provided = new Set(maps.map(({ name }) => name))
  const found = [...tables.values()]
    .filter(({ name, found }) => found && !provided.has(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const room = MAX_MAPS - maps.length
  for (const { name, rows, directories } of found.slice(room)) {
    const reason = `the map ${name} is left out: there are ${found.length} maps, and room for ${room}`
    over({ directory: directories[0] ?? '', dn: rows[0]?.dn ?? '', reason })
  }
  return found.slice(0, room).map((table) => {
    const records = tableRecords(table, { recordLimit, overflow, over })
    return { name: table.name, secure: hashMaps.includes(table.name), found: true, ...records }
  })
}

type Keyed = Pick<MapRecords, 'keys' | 'numbers'>
type Made = Keyed & Pick<MapRecords, 'lines'>

function makersOf(
  merged: Merged,
  { domain, master, maps }: RecordOptions,
): Readonly<Record<string, (limit: FitOptions) => Made>> {
  const users = merged.users.rows
  const groups = perLimit((limit) => fitGroups(merged.groups, limit))
  const byName = once(() => keyed(merged.users.names))
  const byUid = once(() => keyedByFirst(users.map(({ uid }) => uid)))
  const place = hashPlaceOf(maps)
  const passwd = once(() => linesOf(users, passwdLengthAt(place), passwdLineAt(place)))
  const hashes = once(() => linesOf(users, masterPasswdLength, masterPasswdLine))
  const group = perLimit((limit) =>
    linesOf(groups(limit).rows, groupLength, (row) => groupLine(row, row.members)),
  )
  const ofUsers = (what: string, keys: () => Keyed, lines: () => Lines) => {
    const tooLong = perLimit((limit) => linesOver(what, merged, lines(), limit))
    return (limit: FitOptions) => ({ ...without(keys(), tooLong(limit)), lines: lines() })
  }
  const netgroups = once(() => parsedNetgroups(merged.tables.get('netgroup')))
  const shadow = once(() => linesOf(users, shadowLength, shadowLine))
  const adjunct = once(() => linesOf(users, adjunctLength, adjunctLine))
  return {
    'passwd.byname': ofUsers('passwd', byName, passwd),
    'passwd.byuid': ofUsers('passwd', byUid, passwd),
    'master.passwd.byname': ofUsers('master.passwd', byName, hashes),
    'master.passwd.byuid': ofUsers('master.passwd', byUid, hashes),
    'shadow.byname': ofUsers('shadow', byName, shadow),
    'passwd.adjunct.byname': ofUsers('passwd.adjunct', byName, adjunct),
    'group.byname': (limit) => ({ ...keyed(groups(limit).names), lines: group(limit) }),
    'group.bygid': (limit) => ({
      ...keyedByFirst(groups(limit).rows.map(({ gid }) => gid)),
      lines: group(limit),
    }),
    'netid.byname': (limit) => netids(merged, domain, limit),
    'netgroup.byuser': (limit) => reversed(netgroups(), 'user', limit, true),
    'netgroup.byhost': (limit) => reversed(netgroups(), 'host', limit, !isMade('netgroup.byuser', maps)),
    ypservers: (limit) => ypservers(merged.tables.get('ypservers'), master, limit),
  }
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}

/** What is made, and told of, once for all maps of one limit. */
function perLimit<T>(make: (limit: FitOptions) => T): (limit: FitOptions) => T {
  const made = new Map<string, T>()
  return (limit) => {
    const key = `${limit.recordLimit} ${limit.overflow}`
    const known = made.get(key) ?? make(limit)
    made.set(key, known)
    return known
  }
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

/** Those that know adjunct know shadow, too; the other way about there are some who don't. */
function hashPlaceOf(maps: readonly ProvidedMap[]): HashPlace | undefined {
  if (isProvided('passwd.adjunct.byname', maps)) return 'adjunct'
  return isProvided('shadow.byname', maps) ? 'shadow' : undefined
}

function isProvided(name: string, maps: readonly ProvidedMap[]): boolean {
  return maps.some((map) => map.name === name)
}

/** Provided, and not by templates. */
function isMade(name: string, maps: readonly ProvidedMap[]): boolean {
  return maps.some((map) => map.name === name && map.made === 'rows')
}

function passwdLineAt(place: HashPlace | undefined): (user: User) => Octets {
  return place === undefined ? (user) => passwdLine(user) : (user) => passwdLine(user, placeMark(user, place))
}

function passwdLengthAt(place: HashPlace | undefined): (user: User) => number {
  if (place === undefined) return passwdLength
  return (user) => passwdLength(user) - user.password.length + placeMark(user, place).length
}

/** The numbers of the users' lines that a map of this limit can't take: they have no list that could be cut. */
function linesOver(
  what: string,
  { users }: Merged,
  { lengths }: Lines,
  limit: FitOptions,
): ReadonlySet<number> {
  const over = new Set<number>()
  const most = longestLine(limit)
  for (let number = 0; number < lengths.length; number++) {
    if (lengths[number]! <= most) continue
    over.add(number)
    const { name, dn } = users.rows[number]!
    const tell = teller(`${what} of user "${name}"`, users.directories[number]!, dn, limit)
    tell(`left out with its ${lengths[number]} bytes`)
  }
  return over
}

/** Every user's groups by id: what a client asks for instead of all groups (initgroups); and hosts, for secure RPC. */
function netids(merged: Merged, domain: string, options: FitOptions): Made {
  const { users, groups } = merged
  const { rows, directories } = users
  const { gidsOf, length } = memberships(users, groups.rows)
  const limit = longestLine(options)
  const hosts = officialNames(merged.tables.get('hosts.byname')).filter(
    (host) => netidKey(`${host}@`, domain).length <= YPMAXRECORD,
  )
  const lengths = new Uint32Array(rows.length + hosts.length)
  for (const [number, { length }] of hosts.entries()) lengths[rows.length + number] = ROOT.length + 1 + length
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
  const line = (number: number) =>
    number < rows.length
      ? netidLine(rows[number]!.uid, kept.get(number) ?? gidsOf(number))
      : netidLine(ROOT, [hosts[number - rows.length]!])
  // What follows the @ is the same in all keys, and what precedes it; and a uid comes before a host of that name.
  const names = [...rows.map(({ uid }) => `${uid}@`), ...hosts.map((host) => `${host}@`)]
  const { keys, numbers } = without(keyedByFirst(names), dropped)
  return {
    keys: keys.map((key) => netidKey(key, domain)),
    numbers,
    lines: { lengths, line },
  }
}

/** Of a host, mknetid says: its root. */
const ROOT = '0'

/** What would be another netid: a user's, of a number, or one with more groups or another domain. */
const NO_HOST = /^[0-9]*$|[:,@]/

/** The name that stands behind the address, of each line of hosts(5) once. */
function officialNames(hosts: MergedTable | undefined): readonly Octets[] {
  const names = new Set<Octets>()
  for (const { value } of hosts?.rows ?? []) {
    const name = textOf(value).split(/[ \t]+/, 2)[1]
    if (name !== undefined && !NO_HOST.test(name)) names.add(name)
  }
  return [...names]
}

function without({ keys, numbers }: Keyed, dropped: ReadonlySet<number>): Keyed {
  if (dropped.size === 0) return { keys, numbers }
  return {
    keys: keys.filter((_, place) => !dropped.has(numbers[place]!)),
    numbers: numbers.filter((number) => !dropped.has(number)),
  }
}

function tableRecords(table: MergedTable | undefined, limit: FitOptions): Made {
  const rows = table === undefined ? [] : fitTable(table, limit).rows
  return {
    ...keyed(rows.map(({ key }) => key)),
    lines: linesOf(
      rows,
      ({ value }) => valueLength(value),
      ({ value }) => textOf(value),
    ),
  }
}

interface ParsedNetgroups {
  readonly netgroups: readonly Netgroup[]
  /** what is wrong with lines */
  readonly faults: readonly NetgroupFault[]
  readonly rejected: (fault: NetgroupFault) => Rejected
}

function parsedNetgroups(table: MergedTable | undefined): ParsedNetgroups {
  const { rows = [], directories = [] } = table ?? {}
  const faults: NetgroupFault[] = []
  const netgroups = rows.map(({ key, value }) => {
    const parsed = parseNetgroup(textOf(value))
    for (const reason of parsed.faults) faults.push({ netgroup: key, reason })
    return { name: key, members: parsed.members }
  })
  const numbers = new Map(rows.map(({ key }, number) => [key, number]))
  return {
    netgroups,
    faults,
    rejected({ netgroup, reason }) {
      const number = numbers.get(netgroup)!
      return {
        directory: directories[number]!,
        dn: rows[number]!.dn,
        reason: `netgroup ${netgroup}: ${reason}`,
      }
    },
  }
}

/** Of each user or host, all netgroups that it is in. What is wrong with a netgroup is told of once, in one of both. */
function reversed(parsed: ParsedNetgroups, by: 'user' | 'host', options: FitOptions, tells: boolean): Made {
  const { records, faults } = reverseNetgroups(parsed.netgroups, by)
  if (tells) for (const fault of [...parsed.faults, ...faults]) options.over(parsed.rejected(fault))
  const order = ascending(records.map(({ key }) => key))
  const reverse = inOrder(records, order).map(({ key, netgroups: items }) => ({
    key,
    value: { head: '', items, separator: ',' },
    alias: false,
    dn: '',
  }))
  const name = `netgroup.by${by}`
  return tableRecords({ name, found: false, rows: reverse, directories: reverse.map(() => '') }, options)
}

/** Ourselves, and those that the directory names besides. */
function ypservers(table: MergedTable | undefined, master: string, limit: FitOptions): Made {
  const us = { key: master, value: { head: master, items: [], separator: '' }, alias: true, dn: '' }
  const others = table ?? { name: 'ypservers', found: false, rows: [], directories: [] }
  const rows = [us, ...others.rows.filter(({ key }) => key !== master)]
  const order = ascending(rows.map(({ key }) => key))
  const directories = inOrder(['', ...rows.slice(1).map((_, number) => others.directories[number]!)], order)
  return tableRecords({ ...others, rows: inOrder(rows, order), directories }, limit)
}
