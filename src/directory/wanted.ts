/** What is asked of a directory, and where it goes. */
import type { Octets } from '../maps/rows.ts'
import type { Entry } from './entry.ts'

/** A search, and what becomes of the entries that it finds. */
export interface Wanted {
  readonly base: string
  readonly filter: string
  readonly attributes: readonly string[]
  readonly add: (entry: Entry) => void
}

/** Entries that others name by their DNs, and that no search found. */
export interface Named extends Omit<Wanted, 'base'> {
  /** those that are missing as far as is known; each once */
  readonly missing: () => readonly Octets[]
}
