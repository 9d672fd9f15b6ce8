/** Which domains a caller may ask for: a bit each, at the place of the domain (see ServedDomain). */
import { isLoopback, isWithin, unmapped } from '../address.ts'
import type { AccessRule } from '../config/config.ts'

export interface Rights {
  /** places 0 to 31 */
  readonly low: number
  /** places 32 to 63 */
  readonly high: number
}

/** There is a bit for so many. */
export const PLACES = 64

export const NO_RIGHTS: Rights = { low: 0, high: 0 }

export function hasRights({ low, high }: Rights): boolean {
  return (low | high) !== 0
}

export function rightsAt(place: number): Rights {
  return place < 32 ? { low: 1 << place, high: 0 } : { low: 0, high: 1 << (place - 32) }
}

interface List {
  readonly rules: readonly AccessRule[]
  low: number
  high: number
}

/** The rules of all domains. Those that many of them share, as they have them from one file, are judged once. */
export class Rules {
  readonly #lists = new Map<string, List>()

  set(place: number, rules: readonly AccessRule[]): void {
    this.delete(place)
    const key = JSON.stringify(rules)
    const list = this.#lists.get(key) ?? { rules, low: 0, high: 0 }
    const { low, high } = rightsAt(place)
    list.low |= low
    list.high |= high
    this.#lists.set(key, list)
  }

  delete(place: number): void {
    const { low, high } = rightsAt(place)
    for (const [key, list] of this.#lists) {
      list.low &= ~low
      list.high &= ~high
      if (!hasRights(list)) this.#lists.delete(key)
    }
  }

  /** Of a caller at this address, of 4 or 16 bytes. */
  judge(address: Uint8Array): Rights {
    let low = 0
    let high = 0
    for (const list of this.#lists.values()) {
      if (!judgeAddress(list.rules, address)) continue
      low |= list.low
      high |= list.high
    }
    return { low, high }
  }
}

/** The first rule that covers the address decides; without one, only loopback is answered. */
function judgeAddress(rules: readonly AccessRule[], address: Uint8Array): boolean {
  const bytes = unmapped(address)
  for (const { prefix, bits, verdict } of rules) {
    if (isWithin(bytes, prefix, bits)) return verdict === 'allow'
  }
  return isLoopback(bytes)
}
