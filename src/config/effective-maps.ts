/** The maps of a domain as a ypldap.conf says them. */
import { BUILTIN_MAPS, SECURE_MAPS } from './builtin-maps.ts'
import type { DirectoryConfig, DomainConfig, Located, MapConfig } from './config.ts'
import { accessLine } from './effective-access.ts'
import { AUTOMOUNT_MAPS, type FoundTable, NIS_OBJECT_MAPS } from './found-maps.ts'
import { isAutomount } from './map-kinds.ts'
import { quoted } from './quoted.ts'
import type { TableConfig } from './table.ts'

export function effectiveMaps(config: DomainConfig): readonly string[] {
  const { maps, directories } = config
  return [
    ...foundGroups(directories).map((group) => `provide maps ${group}`),
    ...maps.filter(({ name }) => isKnown(name)).map(({ name }) => `provide map ${quoted(name)}`),
    ...maps.flatMap((map) => mapBlock(map, config)),
  ]
}

/** Whether ypldap knows how to make it without a block. */
function isKnown(name: string): boolean {
  return BUILTIN_MAPS.includes(name) || isAutomount(name)
}

/** Of which the directories name all maps there are. */
function foundGroups(directories: readonly DirectoryConfig[]): readonly string[] {
  const isAll = (kinds: readonly FoundTable[]) =>
    directories.some(({ tables }) =>
      tables.some(
        ({ of, filter }) =>
          of.kind === 'found' &&
          of.only.includes('*') &&
          kinds.some((kind) => kind.filter === filter.value && kind.map === of.map.value),
      ),
    )
  return [...(isAll(AUTOMOUNT_MAPS) ? ['automount'] : []), ...(isAll(NIS_OBJECT_MAPS) ? ['nisobject'] : [])]
}

/** Where it is not as all others are, or not as ypldap makes it. */
function mapBlock(map: MapConfig, { recordLimit, overflow, directories }: DomainConfig): readonly string[] {
  const { name, secure, access } = map
  const templates = ownTemplates(name, directories)
  const isUsual =
    isKnown(name) &&
    secure === SECURE_MAPS.includes(name) &&
    map.recordLimit === recordLimit &&
    map.overflow === overflow &&
    access === undefined &&
    templates.length === 0
  if (isUsual) return []
  const lines = [
    ...templates,
    `record limit ${map.recordLimit}`,
    `overflow ${map.overflow}`,
    `port ${secure ? 'reserved' : 'any'}`,
    ...(access ?? []).map(accessLine),
  ]
  return [`map ${quoted(name)} {`, ...lines.map((line) => `\t${line}`), '}']
}

const TEXTS = ['base', 'filter', 'each', 'key', 'aliases', 'value'] as const

/** What its block says, which is so in every directory. */
function ownTemplates(name: string, [directory]: readonly DirectoryConfig[]): readonly string[] {
  if (directory === undefined) return []
  const table = directory.tables.find(({ of }) => of.kind === 'named' && of.map === name)
  if (table === undefined) return []
  return TEXTS.flatMap((field) => {
    const text = table[field]
    return text === undefined || !isOwn(text, directory) ? [] : [`${field} ${quoted(text.value)}`]
  })
}

/** What a map has of ypldap or of its directory stands where the directory does, or one of its bases. */
function isOwn({ at }: Located<string>, { at: header, userBase, groupBase }: DirectoryConfig): boolean {
  return ![header, userBase.at, groupBase.at].includes(at)
}

/** A table that no block is about, for people. */
export function usualTable(table: TableConfig, directory: DirectoryConfig): readonly string[] {
  const { of } = table
  const parts = TEXTS.flatMap((field) => {
    const text = table[field]
    return text === undefined || isOwn(text, directory) ? [] : [`${field} ${quoted(text.value)}`]
  })
  const what = {
    named: () => `map ${quoted(of.kind === 'named' ? of.map : '')}`,
    found: () => `maps named by ${quoted(of.kind === 'found' ? of.map.value : '')}`,
    followed: () => 'entries that these name',
  }[of.kind]()
  // In a comment a text ends with its line.
  return [what, ...parts.map((part) => `  ${part.replaceAll('\\\n', '\\')}`)]
}
