/** Entries to the records of one table. */
import { BUILTIN_MAPS } from '../config/builtin-maps.ts'
import type { Located } from '../config/config.ts'
import type { TableConfig } from '../config/table.ts'
import type { Keyed, Value } from '../maps/rows.ts'
import { compileTemplate } from './compile-template.ts'
import type { Entry } from './entry.ts'
import type { Context } from './template/context.ts'
import { EvaluationError } from './template/error.ts'
import { evaluate, evaluateAny, type Template } from './template/template.ts'
import { textOf } from './template/value.ts'

export interface TableMaker {
  /** what its records go to, for people */
  readonly label: string
  readonly templates: readonly Template[]
  /** undefined for an entry that the table is not made of. Throws EvaluationError for one that gives nothing it should. */
  readonly make: (entry: Entry, context: Context) => Made | undefined
}

export interface Made {
  /** the name of the map */
  readonly map: string
  readonly found: boolean
  readonly rows: readonly Keyed[]
}

/** Throws DirectoryError (configuration) for a template that is none. */
export function createTableMaker(config: TableConfig): TableMaker {
  const { of } = config
  const [each, key, aliases, value] = [config.each, config.key, config.aliases, config.value].map(compiled)
  const map = of.kind === 'found' ? compileTemplate(of.map) : undefined
  const rowsOf = (entry: Entry, context: Context): readonly Keyed[] => {
    if (key === undefined || value === undefined) return []
    const record = (context: Context) => recordsOf({ key, aliases, value }, entry, context)
    if (each === undefined) return record(context)
    return evaluateAny(each, entry, context).flatMap((it) => record({ ...context, it }))
  }
  return {
    label: of.kind === 'named' ? of.map : 'the maps found in the directory',
    templates: [each, key, aliases, value, map].filter((one) => one !== undefined),
    make(entry, context) {
      if (of.kind === 'followed') return undefined
      if (of.kind === 'named') return { map: of.map, found: false, rows: rowsOf(entry, context) }
      const [name = ''] = evaluateAny(map!, entry, context)
      if (name === '' || !isWanted(of.only, name)) return undefined
      checkName(name, of.any)
      return { map: name, found: true, rows: rowsOf(entry, context) }
    },
  }
}

function compiled(text: Located<string> | undefined): Template | undefined {
  return text && compileTemplate(text)
}

interface RecordTemplates {
  readonly key: Template
  readonly aliases: Template | undefined
  readonly value: Template
}

function recordsOf(
  { key, aliases, value }: RecordTemplates,
  entry: Entry,
  context: Context,
): readonly Keyed[] {
  const { dn } = entry
  const keys = evaluate(key, entry, context).map(textOf)
  const values = evaluate(value, entry, context)
  const valueAt = (place: number): Value => {
    const found = values.length === 1 ? values[0] : values[place]
    if (found !== undefined && (values.length === 1 || values.length === keys.length)) return found
    throw new EvaluationError(`${keys.length} keys and ${values.length} values: one for all, or one for each`)
  }
  const rows = keys.map((key, place): Keyed => ({ key, value: valueAt(place), alias: false, dn }))
  const others = aliases === undefined ? [] : evaluateAny(aliases, entry, context)
  return [...rows, ...others.map((key): Keyed => ({ key, value: valueAt(0), alias: true, dn }))]
}

function isWanted(only: readonly string[], name: string): boolean {
  return only.some((pattern) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  )
}

/** YPMAXMAP of every system; and what a client could not ask for. */
function checkName(name: string, any: boolean): void {
  if (!any && BUILTIN_MAPS.includes(name)) {
    throw new EvaluationError(`${name} is no automount map: its name is that of another map`)
  }
  if (/^[!-~]{1,64}$/.test(name) && !name.includes('/')) return
  throw new EvaluationError('its name of a map is longer than 64 bytes, or has blanks or a slash')
}
