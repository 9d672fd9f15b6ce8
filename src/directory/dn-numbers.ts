import type { Octets } from '../maps/rows.ts'
import { dnKey } from './template/dn-key.ts'

/** A number for each DN, from 0 up: the same for two that are equal, however they are written. */
export interface DnNumbers {
  readonly numberOf: (dn: Octets) => number
  /** as it was written first */
  readonly dnOf: (number: number) => Octets
}

/** What is no DN is equal to nothing but itself. */
export function createDnNumbers(): DnNumbers {
  const numbers = new Map<string, number>()
  const dns: Octets[] = []
  return {
    numberOf(dn) {
      const key = dnKey(dn) ?? dn
      const known = numbers.get(key)
      if (known !== undefined) return known
      numbers.set(key, dns.length)
      return dns.push(dn) - 1
    },
    dnOf: (number) => dns[number]!,
  }
}
