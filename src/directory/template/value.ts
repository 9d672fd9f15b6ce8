import type { Octets } from '../../maps/rows.ts'

/** One text that a template makes of an entry. */
export interface Value {
  /** all of it, or what comes before the list */
  readonly head: Octets
  /** of a template that ends in `| join 'x'}`, what is joined, so that a long record can be cut between two of them */
  readonly items: readonly Octets[]
  readonly separator: Octets
}

export function textOf({ head, items, separator }: Value): Octets {
  return items.length === 0 ? head : head + items.join(separator)
}
