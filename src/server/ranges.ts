/** All addresses of a family, in ranges of which each is allowed or denied as a whole. */
import type { AccessRule } from '../config/config.ts'

/**
 * A look takes as many steps as the number of ranges has bits, whoever asks, and allocates nothing: so nothing needs to
 * be remembered of callers, and none can make another's look take longer.
 */
export class Ranges {
  readonly #width: number
  /** where each begins, in ascending order; the first at zero */
  readonly #starts: Uint8Array
  /** 1: allowed */
  readonly #verdicts: Uint8Array

  /** Of addresses of `width` bytes: the first rule of that family that covers one decides; without any it is denied. */
  constructor(width: 4 | 16, rules: readonly AccessRule[]) {
    const ranges = rangesOf(
      width,
      rules.filter(({ prefix }) => prefix.length === width),
    )
    this.#width = width
    this.#starts = Buffer.from(ranges.map(({ start }) => hex(start, width)).join(''), 'hex')
    this.#verdicts = Uint8Array.from(ranges, ({ allows }) => (allows ? 1 : 0))
  }

  /** Whether the address is allowed whose bytes begin there. */
  allows(bytes: Uint8Array, start: number): boolean {
    let low = 0
    let high = this.#verdicts.length
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if (this.#beginsBehind(middle, bytes, start)) high = middle
      else low = middle
    }
    return this.#verdicts[low] === 1
  }

  #beginsBehind(range: number, bytes: Uint8Array, start: number): boolean {
    const at = range * this.#width
    for (let i = 0; i < this.#width; i++) {
      const difference = this.#starts[at + i]! - bytes[start + i]!
      if (difference !== 0) return difference > 0
    }
    return false
  }
}

interface Range {
  readonly start: bigint
  readonly allows: boolean
}

/** What a prefix covers, and the first rule that decides there. */
interface Covered {
  /** one past its last address */
  readonly end: bigint
  /** among all rules */
  readonly number: number
  readonly allows: boolean
}

/** Prefixes are within each other or apart, so one walk from the lowest address to the highest meets them all. */
function rangesOf(width: number, rules: readonly AccessRule[]): readonly Range[] {
  const all = 1n << BigInt(8 * width)
  const ranges: Range[] = []
  /** where the walk is, the innermost last */
  const within: Covered[] = [{ end: all, number: rules.length, allows: false }]
  const innermost = () => within[within.length - 1]!
  const begin = (start: bigint) => {
    if (ranges.at(-1)?.start === start) ranges.pop()
    const { allows } = innermost()
    if (ranges.at(-1)?.allows !== allows) ranges.push({ start, allows })
  }
  const walkTo = (address: bigint) => {
    for (let { end } = innermost(); end <= address && end < all; { end } = innermost()) {
      within.pop()
      begin(end)
    }
  }
  begin(0n)
  for (const { start, ...rule } of byPlace(width, rules)) {
    walkTo(start)
    const outer = innermost()
    within.push(rule.number < outer.number ? rule : { ...outer, end: rule.end })
    begin(start)
  }
  walkTo(all)
  return ranges
}

/** By where they begin, and of those that begin at one address the longest first. */
function byPlace(
  width: number,
  rules: readonly AccessRule[],
): readonly (Covered & { readonly start: bigint })[] {
  return rules
    .map(({ verdict, prefix, bits }, number) => {
      const start = BigInt(`0x${Buffer.from(prefix).toString('hex')}`)
      return { start, end: start + (1n << BigInt(8 * width - bits)), number, allows: verdict === 'allow' }
    })
    .sort((a, b) => compare(a.start, b.start) || compare(b.end, a.end))
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function hex(address: bigint, width: number): string {
  return address.toString(16).padStart(2 * width, '0')
}
