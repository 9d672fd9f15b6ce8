import type { Octets } from '../../maps/rows.ts'
import { allValues, type Entry } from '../entry.ts'
import { dnKey } from './dn-key.ts'

/** What is known of other entries. A DN is as an entry holds it. */
export interface Links {
  readonly entry: (dn: Octets) => Entry | undefined
  /** the entries of which this attribute holds the DN, each once, in the order they came */
  readonly referrers: (attribute: string, dn: Octets) => readonly Entry[]
}

const NOBODY: readonly Entry[] = []

/** Where no template looks at other entries. */
export const NO_LINKS: Links = { entry: () => undefined, referrers: () => NOBODY }

/** Of several entries with one DN the first counts. What is no DN names nobody. */
export function createLinks(entries: Iterable<Entry>, referrerAttributes: readonly string[]): Links {
  const byDn = new Map<string, Entry>()
  const indexes = new Map(referrerAttributes.map((name) => [name.toLowerCase(), new Map<string, Entry[]>()]))
  for (const entry of entries) {
    const key = dnKey(entry.dn)
    if (key === undefined || byDn.has(key)) continue
    byDn.set(key, entry)
    for (const [attribute, index] of indexes) {
      for (const dn of allValues(entry, attribute)) addReferrer(index, dn, entry)
    }
  }
  return {
    entry: (dn) => {
      const key = dnKey(dn)
      return key === undefined ? undefined : byDn.get(key)
    },
    referrers: (attribute, dn) => {
      const key = dnKey(dn)
      if (key === undefined) return NOBODY
      return indexes.get(attribute.toLowerCase())?.get(key) ?? NOBODY
    },
  }
}

function addReferrer(index: Map<string, Entry[]>, dn: Octets, entry: Entry): void {
  const key = dnKey(dn)
  if (key === undefined) return
  const known = index.get(key)
  if (known === undefined) index.set(key, [entry])
  else if (known.at(-1) !== entry) known.push(entry)
}
