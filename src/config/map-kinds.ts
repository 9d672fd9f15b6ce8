/** What kind of map a name stands for. */
import { ROW_MAPS, TABLES_OF_ROW_MAPS } from './builtin-maps.ts'
import type { MapDraft } from './draft.ts'

/** Found in the directory, unless a block has templates for it. */
export function isAutomount(name: string): boolean {
  return /^auto[._]./.test(name)
}

/** Made by rules of ours, unless a block has templates for it. */
export function isRowMap(name: string): boolean {
  return ROW_MAPS.some((one) => one === name)
}

export function hasTemplates(block: MapDraft | undefined): block is MapDraft {
  return block?.key !== undefined || block?.value !== undefined
}

/** Made of users or groups, rather than of another map's table. */
export function isOfAccounts(name: string): boolean {
  return isRowMap(name) && TABLES_OF_ROW_MAPS[name] === undefined
}
