import {
  BUILTIN_MAPS,
  BUILTIN_TABLES,
  type BuiltinTable,
  MAP_GROUPS,
  ORIGINAL_MAPS,
  ROW_MAPS,
  SECURE_MAPS,
  TABLES_OF_ROW_MAPS,
} from './builtin-maps.ts'
import type { DirectoryConfig, Located, MapConfig, Overflow } from './config.ts'
import type { DomainDraft, MapDraft } from './draft.ts'
import {
  AUTOMOUNT_MAPS,
  AUTOMOUNT_NAMES,
  type FoundTable,
  NIS_OBJECT_MAPS,
  nisObjectTable,
} from './found-maps.ts'
import type { Report } from './report.ts'
import { schemaDefaults } from './schemas.ts'
import type { TableConfig } from './table.ts'

/** What a domain provides, and which tables each of its directories is to give for that. */
export interface CompleteMaps {
  readonly maps: readonly MapConfig[]
  readonly tablesOf: (
    directory: Omit<DirectoryConfig, 'tables'>,
    base: Located<string>,
  ) => readonly TableConfig[]
}

export interface Limit {
  readonly recordLimit: number
  readonly overflow: Overflow
}

export function completeMaps(draft: DomainDraft, limit: Limit, report: Report): CompleteMaps {
  const blocks = new Map(draft.mapBlocks.map((block) => [block.name, block]))
  const provided = providedNames(draft, blocks, report)
  for (const block of blocks.values()) checkBlock(block, report)
  const maps = inOrder(provided).map((name): MapConfig => {
    const block = blocks.get(name)
    return {
      name,
      secure: block?.secure ?? SECURE_MAPS.includes(name),
      made: isRowMap(name) && !hasTemplates(block) ? 'rows' : 'table',
      recordLimit: block?.recordLimit ?? limit.recordLimit,
      overflow: block?.overflow ?? limit.overflow,
    }
  })
  return { maps, tablesOf: tablesMaker(maps, blocks, draft) }
}

/** What is said to be provided, and what has a block; the original's maps when nothing is said. */
function providedNames(
  { maps, groups }: DomainDraft,
  blocks: ReadonlyMap<string, MapDraft>,
  report: Report,
): ReadonlySet<string> {
  for (const { value, at } of maps) {
    if (BUILTIN_MAPS.includes(value) || isAutomount(value) || blocks.has(value)) continue
    report.problem(
      at,
      `unsupported map, expected auto.master or another auto.*, the name of a map block, or one of ${BUILTIN_MAPS.join(', ')}`,
    )
  }
  const named = [
    ...maps.map(({ value }) => value),
    ...[...groups].flatMap((group) => MAP_GROUPS[group] ?? []),
  ]
  const isSaid = maps.length > 0 || groups.size > 0
  return new Set([...(isSaid ? named : ORIGINAL_MAPS), ...blocks.keys()].filter((name) => name !== ''))
}

function inOrder(names: ReadonlySet<string>): readonly string[] {
  return [
    ...BUILTIN_MAPS.filter((name) => names.has(name)),
    ...[...names].filter((name) => !BUILTIN_MAPS.includes(name)),
  ]
}

function isAutomount(name: string): boolean {
  return /^auto[._]./.test(name)
}

function isRowMap(name: string): boolean {
  return ROW_MAPS.some((one) => one === name)
}

function hasTemplates(block: MapDraft | undefined): block is MapDraft {
  return block?.key !== undefined || block?.value !== undefined
}

/** Whether a block and what ypldap brings along for it make a table. */
function checkBlock(block: MapDraft, report: Report): void {
  const { at, name, filter, each, key, aliases, value, base, damaged } = block
  if (name === '' || damaged.size > 0) return
  const isOwn = !BUILTIN_MAPS.includes(name)
  if ((isRowMap(name) || isAutomount(name)) && !hasTemplates(block)) {
    const useless = base ?? filter ?? each ?? aliases
    if (useless === undefined) return
    const how = isRowMap(name) ? 'made of users, groups or another map' : 'found in the directory'
    report.problem(
      useless.at,
      `map ${name} is ${how}, expected key and value beside it, or neither base, filter, each nor aliases`,
    )
    return
  }
  const missing = (statement: string) =>
    report.problem(at, `map ${name} without ${statement}, expected ${statement} "…" in its block`)
  if (isRowMap(name) || (isOwn && (each ?? key ?? aliases ?? value) !== undefined)) {
    if (key === undefined) missing('key')
    if (value === undefined) missing('value')
  }
  if (isOwn && hasTemplates(block) && filter === undefined) missing('filter')
}

function tablesMaker(
  maps: readonly MapConfig[],
  blocks: ReadonlyMap<string, MapDraft>,
  { groups }: DomainDraft,
): CompleteMaps['tablesOf'] {
  const automount = maps
    .map(({ name }) => name)
    .filter((name) => isAutomount(name) && !hasTemplates(blocks.get(name)))
  const named = tableNames(maps).filter((name) => !automount.includes(name))
  return (directory, base) => {
    const { at } = directory
    const here = (value: string): Located<string> => ({ value, at })
    const schema = schemaDefaults(directory.schema, directory.idmap)
    const tables = named.map((name) => {
      const usual = schema.tables[name] ?? BUILTIN_TABLES[name] ?? usualTable(name, directory)
      const own = isOfAccounts(name) ? accountsBase(name, directory) : base
      return namedTable(name, usual, blocks.get(name), own, here)
    })
    const followed = named
      .filter((name) => !hasTemplates(blocks.get(name)))
      .flatMap((name) => schema.followed[name] ?? [])
      .map((filter): TableConfig => ({ of: { kind: 'followed' }, base, filter: here(filter) }))
    const found = (kinds: readonly FoundTable[], only: readonly string[]) =>
      only.length === 0 ? [] : kinds.map((kind) => foundTable(kind, only, base, here))
    return [
      ...tables,
      ...followed,
      ...found(AUTOMOUNT_MAPS, groups.has('automount') ? ['*'] : automount),
      ...found(NIS_OBJECT_MAPS, foundNames(groups, automount)),
    ]
  }
}

function foundNames(groups: ReadonlySet<string>, automount: readonly string[]): readonly string[] {
  if (groups.has('nisobject')) return ['*']
  return groups.has('automount') ? AUTOMOUNT_NAMES : automount
}

/** The tables of a map's own name, and those that maps made by rules of ours take. */
function tableNames(maps: readonly MapConfig[]): readonly string[] {
  const names = maps.flatMap(({ name, made }) => {
    return made === 'table' ? [name] : (TABLES_OF_ROW_MAPS[name] ?? [])
  })
  return [...new Set(names)]
}

/** Whether what a map is made of are users or groups. */
function isOfAccounts(name: string): boolean {
  return isRowMap(name) && TABLES_OF_ROW_MAPS[name] === undefined
}

function accountsBase(
  name: string,
  { userBase, groupBase }: Omit<DirectoryConfig, 'tables'>,
): Located<string> {
  return name.startsWith('group.') ? groupBase : userBase
}

/** Of a map of users or groups that has templates of its own, and of any other that is nobody's. */
function usualTable(
  name: string,
  { userFilter, groupFilter }: Omit<DirectoryConfig, 'tables'>,
): BuiltinTable {
  if (!isOfAccounts(name)) return nisObjectTable(name)
  return { filter: (name.startsWith('group.') ? groupFilter : userFilter).value }
}

function namedTable(
  map: string,
  usual: BuiltinTable,
  block: MapDraft | undefined,
  base: Located<string>,
  here: (value: string) => Located<string>,
): TableConfig {
  const rewritten = block?.key !== undefined && block.value !== undefined
  const text = (field: 'each' | 'key' | 'aliases' | 'value') => {
    const own = block?.[field]
    // A key of one's own has no need of the usual aliases, and what `each` was for is in neither template then.
    const isObsolete = (field === 'aliases' && block?.key !== undefined) || (field === 'each' && rewritten)
    const value = usual[field]
    if (own !== undefined) return { [field]: own }
    return value === undefined || isObsolete ? {} : { [field]: here(value) }
  }
  return {
    of: { kind: 'named', map },
    base: block?.base ?? base,
    filter: block?.filter ?? here(usual.filter),
    ...text('each'),
    ...text('key'),
    ...text('aliases'),
    ...text('value'),
  }
}

function foundTable(
  { filter, map, each, key, aliases, value }: FoundTable,
  only: readonly string[],
  base: Located<string>,
  here: (value: string) => Located<string>,
): TableConfig {
  return {
    of: { kind: 'found', map: here(map), only },
    base,
    filter: here(filter),
    ...(each !== undefined && { each: here(each) }),
    ...(key !== undefined && { key: here(key) }),
    ...(aliases !== undefined && { aliases: here(aliases) }),
    ...(value !== undefined && { value: here(value) }),
  }
}
