import { BUILTIN_MAPS, MAP_GROUPS, ORIGINAL_MAPS, SECURE_MAPS } from './builtin-maps.ts'
import { type TablesOf, tablesMaker } from './complete-tables.ts'
import type { MapConfig, Overflow } from './config.ts'
import type { DomainDraft, MapDraft } from './draft.ts'
import { hasTemplates, isAutomount, isRowMap } from './map-kinds.ts'
import type { Report } from './report.ts'

/** What a domain provides, and which tables each of its directories is to give for that. */
export interface CompleteMaps {
  readonly maps: readonly MapConfig[]
  readonly tablesOf: TablesOf
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
      secure: block?.secure ?? (SECURE_MAPS.includes(name) || readsPasswords(block)),
      made: isRowMap(name) && !hasTemplates(block) ? 'rows' : 'table',
      recordLimit: block?.recordLimit?.value ?? limit.recordLimit,
      overflow: block?.overflow ?? limit.overflow,
      ...(block !== undefined && block.access.length > 0 && { access: block.access }),
    }
  })
  return { maps, tablesOf: tablesMaker(maps, blocks, draft.groups) }
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

/** Whether a template reads an attribute such as userPassword: what it shows of it may be a hash. */
function readsPasswords(block: MapDraft | undefined): boolean {
  return [block?.each, block?.key, block?.aliases, block?.value].some((text) =>
    /password\b/i.test(text?.value ?? ''),
  )
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
