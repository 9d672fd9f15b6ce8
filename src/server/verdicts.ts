/** Verdicts on callers by the bytes of their addresses, remembered in a table that nothing is allocated for. */
import type { AccessRule } from '../config/config.ts'
import { judgeAddress } from './access.ts'
import { REMEMBERED_CALLERS } from './limits.ts'

/** A power of two; of two addresses with one place the later one is remembered. */
const PLACES = 2 ** Math.ceil(Math.log2(REMEMBERED_CALLERS))

const ALLOWED = 1
const REFUSED = 2

export class Verdicts {
  readonly #rules: readonly AccessRule[]
  readonly #refused: (address: Uint8Array) => void
  readonly #verdicts = new Uint8Array(PLACES)
  /** 16 bytes a place, and the length of the address there */
  readonly #addresses = new Uint8Array(PLACES * 16)
  readonly #lengths = new Uint8Array(PLACES)

  /** `refused` hears of a stranger when its address is first judged, and again when it has been forgotten. */
  constructor(rules: readonly AccessRule[], refused: (address: Uint8Array) => void) {
    this.#rules = rules
    this.#refused = refused
  }

  allows(bytes: Uint8Array, start: number, length: number): boolean {
    const place = placeOf(bytes, start, length)
    if (this.#verdicts[place] !== 0 && this.#isThere(place, bytes, start, length)) {
      return this.#verdicts[place] === ALLOWED
    }
    const address = bytes.slice(start, start + length)
    const allowed = judgeAddress(this.#rules, address)
    this.#verdicts[place] = allowed ? ALLOWED : REFUSED
    this.#addresses.set(address, place * 16)
    this.#lengths[place] = length
    if (!allowed) this.#refused(address)
    return allowed
  }

  #isThere(place: number, bytes: Uint8Array, start: number, length: number): boolean {
    if (this.#lengths[place] !== length) return false
    const at = place * 16
    for (let i = 0; i < length; i++) if (this.#addresses[at + i] !== bytes[start + i]) return false
    return true
  }
}

/** FNV-1a: whoever makes addresses collide makes their owners be judged anew, and no more. */
function placeOf(bytes: Uint8Array, start: number, length: number): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ bytes[start + i]!, 0x01000193)
  return (hash ^ (hash >>> 15)) & (PLACES - 1)
}
