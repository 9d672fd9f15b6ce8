/** Names each row that is left out once, and not again with every refresh while it stays as it is. */
import type { Log } from '../log.ts'
import type { Rejected } from '../maps/merge.ts'
import { readable } from './octets.ts'

/** A directory with a systematic fault has as many bad rows as entries. */
const MAX_LINES = 100

export function rejectionLog(log: Log): (rejected: readonly Rejected[]) => void {
  let known: ReadonlySet<string> = new Set()
  return (rejected) => {
    const now = new Map(rejected.map((one) => [JSON.stringify(one), one]))
    const fresh = [...now].filter(([key]) => !known.has(key)).map(([, one]) => one)
    known = new Set(now.keys())
    for (const { directory, dn, reason } of fresh.slice(0, MAX_LINES)) {
      log('warning', 'row-rejected', `${directory}: ${readable(dn)}: ${readable(reason)}`)
    }
    if (fresh.length > MAX_LINES) {
      log('warning', 'row-rejected', `and ${fresh.length - MAX_LINES} more rows that are left out or cut`)
    }
  }
}
