/** What a handful of measurements says: the middle one, and how far they lie apart. */

export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length % 2 === 1) return sorted[middle]!
  return sorted.length === 0 ? Number.NaN : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export function spread(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) }
}

/** The value below which this share of them lies. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
}

/** Of the rounds that have both: what drifts from round to round, drifts for both. */
export function ratios(
  these: ReadonlyMap<number, number>,
  those: ReadonlyMap<number, number>,
): readonly number[] {
  return [...these].flatMap(([round, value]) => {
    const other = those.get(round)
    return other === undefined || other === 0 ? [] : [value / other]
  })
}
