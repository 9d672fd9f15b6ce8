import type { Octets } from '../maps/rows.ts'

/** One entry of a directory, as its server or its file gave it. */
export interface Entry {
  readonly dn: Octets
  /**
   * By the lower-cased attribute description; names compare so, and a name with an option (`cn;lang-de`,
   * `member;range=0-1499`) is an attribute of its own.
   */
  readonly attributes: ReadonlyMap<string, readonly Octets[]>
}

export function allValues(entry: Entry, attribute: string): readonly Octets[] {
  return entry.attributes.get(attribute.toLowerCase()) ?? []
}
