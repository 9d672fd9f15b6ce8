/** Entries that others name by their DNs, and that no search of ours finds: outside of its base, as a rule. */
import type { Octets } from '../maps/rows.ts'
import { parseFilter } from './filter.ts'
import type { Limits } from './limits.ts'
import { completeEntry, isPartial } from './ranges.ts'
import { findEntry } from './read-entry.ts'
import type { Session } from './session.ts'
import type { Named } from './wanted.ts'

/**
 * Reads them one by one, and then those that these name, up to a bound; the rest stays missing. What can't be seen
 * is no error: it may be gone, or not for us.
 * @throws DirectoryError when the session ends
 */
export async function readNamed(session: Session, named: Named, limits: Limits): Promise<void> {
  const filter = parseFilter(named.filter)
  const asked = new Set<Octets>()
  for (;;) {
    const missing = named.missing().filter((dn) => !asked.has(dn))
    if (missing.length === 0) return
    for (const dn of missing) {
      if (asked.size >= limits.named) return
      asked.add(dn)
      const entry = await findEntry(session, dn, filter, named.attributes)
      if (entry === undefined) continue
      named.add(isPartial(entry) ? await completeEntry(session, entry, limits) : entry)
    }
  }
}
