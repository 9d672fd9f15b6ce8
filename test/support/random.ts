/** Chance that can be repeated: the same seed makes the same run. */

/** From 0 up to, but not, 1. */
export type Random = () => number

/** mulberry32: 32 bits of state are plenty for choosing mutations. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** A seed for this run, or that of an earlier one in YPLDAP_FUZZ_SEED. */
export function runSeed(): number {
  const given = process.env['YPLDAP_FUZZ_SEED']
  return given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given)
}
