/** Rights of callers by the bytes of their addresses, remembered in a table that nothing is allocated for. */
import { REMEMBERED_CALLERS } from './limits.ts'
import { hasRights, type Rights, type Rules } from './rights.ts'

/** A power of two; of two addresses with one slot the later one is remembered. */
const SLOTS = 2 ** Math.ceil(Math.log2(REMEMBERED_CALLERS))

/** Rights that are written anew for each caller. */
export type CallerRights = { -readonly [K in keyof Rights]: Rights[K] }

export class Verdicts {
  readonly #rules: Rules
  readonly #refused: (address: Uint8Array) => void
  readonly #low = new Int32Array(SLOTS)
  readonly #high = new Int32Array(SLOTS)
  /** 16 bytes a slot, and the length of the address there; 0: none */
  readonly #addresses = new Uint8Array(SLOTS * 16)
  readonly #lengths = new Uint8Array(SLOTS)

  /** `refused` hears of a stranger when its address is first judged, and again when it has been forgotten. */
  constructor(rules: Rules, refused: (address: Uint8Array) => void) {
    this.#rules = rules
    this.#refused = refused
  }

  /** Writes what the caller may ask for into `rights`; false for a stranger. */
  judge(bytes: Uint8Array, start: number, length: number, rights: CallerRights): boolean {
    const slot = slotOf(bytes, start, length)
    if (!this.#isThere(slot, bytes, start, length)) this.#learn(slot, bytes.slice(start, start + length))
    rights.low = this.#low[slot]!
    rights.high = this.#high[slot]!
    return hasRights(rights)
  }

  #learn(slot: number, address: Uint8Array): void {
    const rights = this.#rules.judge(address)
    this.#low[slot] = rights.low
    this.#high[slot] = rights.high
    this.#addresses.set(address, slot * 16)
    this.#lengths[slot] = address.length
    if (!hasRights(rights)) this.#refused(address)
  }

  #isThere(slot: number, bytes: Uint8Array, start: number, length: number): boolean {
    if (this.#lengths[slot] !== length) return false
    const at = slot * 16
    for (let i = 0; i < length; i++) if (this.#addresses[at + i] !== bytes[start + i]) return false
    return true
  }
}

/** FNV-1a: whoever makes addresses collide makes their owners be judged anew, and no more. */
function slotOf(bytes: Uint8Array, start: number, length: number): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ bytes[start + i]!, 0x01000193)
  return (hash ^ (hash >>> 15)) & (SLOTS - 1)
}
