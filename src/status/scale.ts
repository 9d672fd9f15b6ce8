/** Of values to places, and the values that are marked. */
export interface Scale {
  /** 0 is the bottom, 1 the top */
  readonly of: (value: number) => number
  readonly ticks: readonly number[]
}

/** From 0; at most five ticks. */
export function linear(greatest: number): Scale {
  const step = roundStep(greatest / 4)
  const top = Math.max(1, Math.ceil(greatest / step)) * step
  // 3 × 0.1 is a little more than 0.3.
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, n) =>
    Number((n * step).toPrecision(12)),
  )
  return { of: (value) => value / top, ticks }
}

/** The least of 1, 2, 5, 10, 20 … that is no less. */
function roundStep(least: number): number {
  // 10 ** -324 is 0.
  if (least < 1e-6) return 1
  const power = 10 ** Math.floor(Math.log10(least))
  return ([1, 2, 5].find((factor) => factor * power >= least) ?? 10) * power
}

/** Over whole powers of ten, of values over 0; what is less lies at the bottom. */
export function logarithmic(least: number, greatest: number): Scale {
  const from = Math.floor(Math.log10(least))
  const to = Math.max(from + 1, Math.ceil(Math.log10(greatest)))
  const factors = to - from > 1 ? [1] : [1, 2, 5]
  const every = Math.ceil((to - from) / 5)
  const powers = Array.from({ length: to - from + 1 }, (_, n) => from + n)
  const ticks = powers
    .filter((_, n) => n % every === 0)
    .flatMap((power) => factors.map((factor) => factor * 10 ** power))
    .filter((value) => value <= 10 ** to)
  return { of: (value) => Math.max(0, (Math.log10(value) - from) / (to - from)), ticks }
}
