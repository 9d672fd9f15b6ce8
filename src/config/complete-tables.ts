/** Which tables each directory of a domain is to give. */
import { BUILTIN_TABLES, type BuiltinTable, TABLES_OF_ROW_MAPS } from './builtin-maps.ts'
import type { DirectoryConfig, Located, MapConfig } from './config.ts'
import type { MapDraft } from './draft.ts'
import {
  AUTOMOUNT_MAPS,
  AUTOMOUNT_NAMES,
  type FoundTable,
  NIS_OBJECT_MAPS,
  nisObjectTable,
} from './found-maps.ts'
import { hasTemplates, isAutomount, isOfAccounts } from './map-kinds.ts'
import { schemaDefaults } from './schemas.ts'
import type { TableConfig } from './table.ts'

export type TablesOf = (
  directory: Omit<DirectoryConfig, 'tables'>,
  base: Located<string>,
) => readonly TableConfig[]

/** Gives the tables of a directory of which `base` is all, for maps that are provided, or found in `groups`. */
export function tablesMaker(
  maps: readonly MapConfig[],
  blocks: ReadonlyMap<string, MapDraft>,
  groups: ReadonlySet<string>,
): TablesOf {
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
  { filter, map, any, each, key, aliases, value }: FoundTable,
  only: readonly string[],
  base: Located<string>,
  here: (value: string) => Located<string>,
): TableConfig {
  return {
    of: { kind: 'found', map: here(map), only, any },
    base,
    filter: here(filter),
    ...(each !== undefined && { each: here(each) }),
    ...(key !== undefined && { key: here(key) }),
    ...(aliases !== undefined && { aliases: here(aliases) }),
    ...(value !== undefined && { value: here(value) }),
  }
}
