import type { Octets } from '../../maps/rows.ts'
import type { Entry } from '../entry.ts'
import { attributeList } from './attribute.ts'
import { boundValues } from './bounds.ts'
import type { Run } from './context.ts'
import { parentDn } from './dn-key.ts'
import { EvaluationError } from './error.ts'
import type { List } from './expression.ts'
import { LIST, MAX_DEPTH } from './limits.ts'

/** The entries that one leads to. */
export type Entries = (entry: Entry, run: Run) => readonly Entry[]

/** Those whose DNs these attributes hold. A DN of which nothing is known leads nowhere. */
export function follow(attributes: readonly string[]): Entries {
  const lists = attributes.map(attributeList)
  return (entry, run) => {
    const found: Entry[] = []
    for (const list of lists) {
      for (const dn of list(entry, run)) {
        const other = run.links.entry(dn)
        if (other !== undefined) found.push(other)
      }
    }
    return found
  }
}

/** Those of which one of these attributes holds the entry's DN. */
export function referrers(attributes: readonly string[]): Entries {
  return ({ dn }, run) => attributes.flatMap((attribute) => run.links.referrers(attribute, dn))
}

export const parent: Entries = ({ dn }, run) => {
  const above = parentDn(dn)
  const found = above === undefined ? undefined : run.links.entry(above)
  return found === undefined ? [] : [found]
}

/** And those that they lead to, and so on: each once, the nearest first, the entry itself not. */
export function all(entries: Entries): Entries {
  return (entry, run) => {
    const seen = new Set([entry])
    let level: readonly Entry[] = [entry]
    for (let depth = 0; level.length > 0; depth++) {
      const next: Entry[] = []
      for (const one of level) {
        for (const other of entries(one, run)) {
          visit(run)
          if (seen.has(other)) continue
          seen.add(other)
          next.push(other)
        }
      }
      if (next.length > 0 && depth >= MAX_DEPTH) {
        throw new EvaluationError(`groups are nested deeper than ${MAX_DEPTH} times`)
      }
      level = next
    }
    seen.delete(entry)
    return [...seen]
  }
}

export function where(entries: Entries, test: (entry: Entry) => boolean): Entries {
  return (entry, run) => entries(entry, run).filter(test)
}

/** The values of an expression for each of the entries. */
export function get(entries: Entries, list: List): List {
  return (entry, run) => {
    const values: Octets[] = []
    for (const other of entries(entry, run)) {
      visit(run)
      for (const value of list(other, run)) values.push(value)
      boundValues(values.length, LIST)
    }
    return values
  }
}

function visit(run: Run): void {
  run.visits -= 1
  if (run.visits < 0) throw new EvaluationError('it leads to too many other entries')
  if (run.budget === undefined) return
  run.budget.visits -= 1
  if (run.budget.visits < 0) throw new EvaluationError('all of them together lead to too many other entries')
}
