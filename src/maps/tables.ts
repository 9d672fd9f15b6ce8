/** The tables of several directories as one: of records with one key the first wins, in the order of the directories. */
import { YPMAXRECORD } from '../../rpc/yp.ts'
import { quoted, type Refusal } from './admit.ts'
import { fitting, joinedLength } from './lines.ts'
import type { Rejected } from './merge.ts'
import { ascending, inOrder } from './order.ts'
import { type FitOptions, fateOf, longestLine, teller } from './overflow.ts'
import type { Keyed, Octets, Rows, Value } from './rows.ts'

/** Records in ascending order of their keys' bytes, each key once. */
export interface MergedTable {
  readonly name: string
  /** no directory's name for it, but one that the configuration has */
  readonly found: boolean
  readonly rows: readonly Keyed[]
  /** the label of the directory that each is from */
  readonly directories: readonly string[]
}

/** Each table by its name. */
export function mergeTables(
  directories: readonly Rows[],
  reject: (rejected: Rejected) => void,
): ReadonlyMap<string, MergedTable> {
  const given = new Map<string, Given>()
  for (const { directory, tables } of directories) {
    for (const { name, found, rows } of tables) {
      const known = given.get(name) ?? { found: true, rows: [], directories: [] }
      given.set(name, { ...known, found: known.found && found })
      // What an entry is called itself comes before what others are called besides.
      for (const isAlias of [false, true]) {
        for (const row of rows) {
          if (row.alias !== isAlias) continue
          const bad = refusalOf(row)
          if (bad === undefined) {
            known.rows.push(row)
            known.directories.push(directory)
          } else {
            reject({ directory, dn: row.dn, reason: `${bad}, left out of ${name}` })
          }
        }
      }
    }
  }
  return new Map([...given].map(([name, one]) => [name, merge(name, one, reject)]))
}

interface Given {
  readonly found: boolean
  readonly rows: Keyed[]
  readonly directories: string[]
}

function merge(
  name: string,
  { found, rows, directories }: Given,
  reject: (rejected: Rejected) => void,
): MergedTable {
  const order = ascending(rows.map(({ key }) => key))
  const winners = order.filter((number, place) => {
    const before = order[place - 1]
    if (before === undefined) return true
    const [one, winner] = [rows[number]!, rows[before]!]
    if (one.key !== winner.key) return true
    if (!one.alias && one.dn !== winner.dn && directories[before] === directories[number]) {
      const reason = `a second record of the key ${quoted(one.key)} in ${name}`
      reject({ directory: directories[number]!, dn: one.dn, reason })
    }
    return false
  })
  return { name, found, rows: inOrder(rows, winners), directories: inOrder(directories, winners) }
}

function refusalOf({ key, value }: Keyed): Refusal | undefined {
  if (key === '') return 'an empty key'
  if (key.length > YPMAXRECORD) return `key of ${key.length} bytes: at most ${YPMAXRECORD}`
  // makedbm's own keys, which servers answer and hide.
  if (key.startsWith('YP_')) return `the key ${quoted(key)} starts with YP_, as the map's own keys do`
  const bad = badText(key)
  if (bad !== undefined) return `the key ${quoted(key)} contains ${bad}`
  for (const part of [value.head, value.separator, ...value.items]) {
    const bad = badText(part)
    if (bad !== undefined) return `the value of ${quoted(key)} contains ${bad}`
  }
  return undefined
}

/** What ends a record or a C string: a client would read two records, or half of one. */
const ENDS = /[\n\r\0]/

function badText(text: Octets): string | undefined {
  const found = ENDS.exec(text)?.[0]
  if (found === undefined) return undefined
  return { '\n': 'a newline', '\r': 'a carriage return', '\0': 'a NUL' }[found]
}

export function valueLength({ head, items, separator }: Value): number {
  return head.length + joinedLength(items, separator.length)
}

export function textOf({ head, items, separator }: Value): Octets {
  return head + items.join(separator)
}

/** The records as a map of that name shows them: each of them fits. */
export function fitTable(table: MergedTable, options: FitOptions): MergedTable {
  const { name, rows, directories } = table
  const limit = longestLine(options)
  if (rows.every(({ value }) => valueLength(value) <= options.recordLimit)) return table
  const kept: Keyed[] = []
  const origins: string[] = []
  // An entry's value stands under all its keys, and is told of once.
  const told = new Set<Value>()
  for (const [number, row] of rows.entries()) {
    const { value, key, dn } = row
    const length = valueLength(value)
    let fitted: Keyed | undefined = row
    if (length > options.recordLimit) {
      const tell = told.has(value)
        ? () => {}
        : teller(`"${key}" in ${name}`, directories[number]!, dn, options)
      told.add(value)
      const fate = fateOf(length, options, tell)
      if (fate === 'dropped') fitted = undefined
      if (fate === 'shortened') fitted = cut(row, limit, tell)
    }
    if (fitted === undefined) continue
    kept.push(fitted)
    origins.push(directories[number]!)
  }
  return { ...table, rows: kept, directories: origins }
}

function cut(row: Keyed, limit: number, tell: (what: string) => void): Keyed | undefined {
  const { head, items, separator } = row.value
  const count = fitting(head.length, items, limit, 0, separator.length)
  if (count === 0) {
    tell(`left out with its ${valueLength(row.value)} bytes, as there is no place to cut it`)
    return undefined
  }
  tell(`${items.length - count} of ${items.length} items left out`)
  return { ...row, value: { head, items: items.slice(0, count), separator } }
}
