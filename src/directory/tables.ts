/** The tables of a directory: the searches that they take, and the records that come of them. */
import type { TableConfig } from '../config/table.ts'
import type { Keyed, Octets, Rejection, Table } from '../maps/rows.ts'
import type { Entry } from './entry.ts'
import { unique } from './fields.ts'
import { utf8Octets } from './octets.ts'
import { createTableMaker, type Made, type TableMaker } from './table-maker.ts'
import { EvaluationError } from './template/error.ts'
import { MAX_ALL_VISITS } from './template/limits.ts'
import { createLinks, type Links, NO_LINKS } from './template/links.ts'
import type { Wanted } from './wanted.ts'

/** What templates must know of entries other than their own. */
export interface Needs {
  /** of which: those of the tables' own searches, or all that the directory gives */
  readonly of: 'none' | 'tables' | 'all'
  readonly attributes: readonly string[]
  /** attributes by which entries refer to each other */
  readonly referrers: readonly string[]
}

export interface MadeTables {
  readonly tables: readonly Table[]
  readonly rejected: readonly Rejection[]
}

export interface Tables {
  /** those of one base and filter are one */
  readonly searches: readonly Wanted[]
  readonly needs: Needs
  /**
   * Gives one who tells of entries that templates may look at. Each has a list of its own: some come side by side, and
   * are to be in the same order each time.
   */
  readonly teller: () => (entry: Entry) => void
  /** DNs that templates followed to nobody; each once */
  readonly missing: () => readonly Octets[]
  /** Each table once, with the records of all entries that were added. */
  readonly made: () => MadeTables
  readonly clear: () => void
}

interface Shared {
  readonly base: string
  readonly filter: string
  readonly makers: TableMaker[]
  readonly entries: Entry[]
}

/** Throws DirectoryError (configuration) for a template that is none. */
export function createTables(configs: readonly TableConfig[], domain: string): Tables {
  const shared = sharedSearches(configs)
  const needs = needsOf(shared.flatMap(({ makers }) => makers))
  const named = configs.flatMap(({ of }) => (of.kind === 'named' ? [of.map] : []))
  const octets = utf8Octets(domain)
  const known: Entry[][] = []
  let writer = createWriter(named, octets)
  /** DNs that led to nobody when the records were made; undefined when there were other entries then */
  let missing: ReadonlySet<Octets> | undefined
  const make = (): ReadonlySet<Octets> => {
    const entries = [...known.flat(), ...shared.flatMap(({ entries }) => entries)]
    const nobody = new Set<Octets>()
    const links = noting(createLinks(entries, needs.referrers), nobody)
    writer = createWriter(named, octets)
    for (const { makers, entries } of shared) {
      for (const entry of entries) writer.write(makers, entry, links)
    }
    return nobody
  }
  const keep = (list: Entry[]) => (entry: Entry) => {
    missing = undefined
    list.push(entry)
  }
  return {
    searches: shared.map(({ base, filter, makers, entries }) => ({
      base,
      filter,
      attributes: unique([
        ...makers.flatMap(({ templates }) => templates.flatMap(({ attributes }) => attributes)),
        ...needs.attributes,
      ]),
      // What looks at no other entry is written at once, and the entry need not be kept.
      add: needs.of === 'none' ? (entry) => writer.write(makers, entry, NO_LINKS) : keep(entries),
    })),
    needs,
    teller() {
      const list: Entry[] = []
      known.push(list)
      return keep(list)
    },
    missing() {
      missing ??= make()
      return [...missing]
    },
    made() {
      if (needs.of !== 'none') missing ??= make()
      return writer.made()
    },
    clear() {
      missing = undefined
      for (const entries of [...known, ...shared.map(({ entries }) => entries)]) entries.length = 0
      writer = createWriter(named, octets)
    },
  }
}

function sharedSearches(configs: readonly TableConfig[]): readonly Shared[] {
  const searches = new Map<string, Shared>()
  for (const config of configs) {
    const [base, filter] = [config.base.value, config.filter.value]
    const key = JSON.stringify([base, filter])
    const known = searches.get(key) ?? { base, filter, makers: [], entries: [] }
    known.makers.push(createTableMaker(config))
    searches.set(key, known)
  }
  return [...searches.values()]
}

function needsOf(makers: readonly TableMaker[]): Needs {
  const linked = makers.flatMap(({ templates }) => templates.map(({ linked }) => linked))
  const isAll = linked.some(({ follows, referrers }) => follows.length + referrers.length > 0)
  const isAbove = linked.some(({ parent }) => parent)
  return {
    of: isAll ? 'all' : isAbove ? 'tables' : 'none',
    attributes: unique(linked.flatMap(({ attributes }) => attributes)),
    referrers: unique(linked.flatMap(({ referrers }) => referrers)),
  }
}

function noting(links: Links, nobody: Set<Octets>): Links {
  return {
    ...links,
    entry(dn) {
      const found = links.entry(dn)
      if (found === undefined) nobody.add(dn)
      return found
    },
  }
}

interface Writer {
  readonly write: (makers: readonly TableMaker[], entry: Entry, links: Links) => void
  readonly made: () => MadeTables
}

function createWriter(named: readonly string[], domain: Octets): Writer {
  const tables = new Map(named.map((name) => [name, emptyTable(name, false)]))
  const budget = { visits: MAX_ALL_VISITS }
  const rejected: Rejection[] = []
  const put = ({ map, found, rows }: Made) => {
    const table = tables.get(map) ?? emptyTable(map, found)
    if (table.found !== found) throw new EvaluationError(`the map ${map} is made of other entries`)
    tables.set(map, table)
    for (const row of rows) table.rows.push(row)
  }
  return {
    write(makers, entry, links) {
      for (const maker of makers) {
        try {
          const made = maker.make(entry, { domain, links, budget })
          if (made !== undefined) put(made)
        } catch (error) {
          if (!(error instanceof EvaluationError)) throw error
          rejected.push({ dn: entry.dn, reason: `${error.message}, left out of ${maker.label}` })
        }
      }
    },
    made: () => ({ tables: [...tables.values()], rejected }),
  }
}

function emptyTable(name: string, found: boolean): Table & { readonly rows: Keyed[] } {
  return { name, found, rows: [] }
}
