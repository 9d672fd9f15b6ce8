import type { Octets } from '../maps/rows.ts'

/** One entry of a directory, as its server or its file gave it. */
export interface Entry {
  readonly dn: Octets
  /**
   * By the lower-cased attribute description; names compare so, and a name with an option (`cn;lang-de`,
   * `member;range=0-1499`) is an attribute of its own.
   */
  readonly attributes: ReadonlyMap<string, readonly Octets[]>
  /** it has more values than the limit lets through, and none of them is here: nothing is to be made of it */
  readonly tooMany?: true
}

/** What stands for an entry of which there is too much. */
export function emptied(dn: Octets): Entry {
  return { dn, attributes: new Map(), tooMany: true }
}

export function allValues(entry: Entry, attribute: string): readonly Octets[] {
  return entry.attributes.get(attribute.toLowerCase()) ?? []
}
