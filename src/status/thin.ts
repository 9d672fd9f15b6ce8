/** As many points as a plot can show of a day of samples. */
import { SAMPLE_SECONDS, type Sample } from './view.ts'

/** On a plot of 560 pixels more would be a smear. */
const COLUMNS = 288

export interface Point {
  /** in the middle of what it stands for */
  readonly at: number
  /** calls a second, on average and at most */
  readonly rate: number
  readonly peak: number
  /** microseconds: the median of medians, the greatest p99; undefined when there was no call */
  readonly median: number | undefined
  readonly p99: number | undefined
}

export interface Thinned {
  readonly points: readonly Point[]
  /** seconds that a point stands for */
  readonly seconds: number
}

export function thin(samples: readonly Sample[], from: number, to: number): Thinned {
  const seconds = Math.max(SAMPLE_SECONDS, Math.ceil((to - from) / COLUMNS / SAMPLE_SECONDS) * SAMPLE_SECONDS)
  const columns = Map.groupBy(
    samples.filter(({ at }) => at >= from && at <= to),
    ({ at }) => Math.floor((at - from) / seconds),
  )
  return { points: [...columns.values()].map(pointOf), seconds }
}

function pointOf(samples: readonly Sample[]): Point {
  const rates = samples.map(({ rate }) => rate)
  const medians = samples.flatMap(({ median }) => median ?? []).sort((a, b) => a - b)
  const p99s = samples.flatMap(({ p99 }) => p99 ?? [])
  return {
    at: samples.reduce((sum, { at }) => sum + at, 0) / samples.length,
    rate: rates.reduce((sum, rate) => sum + rate, 0) / samples.length,
    peak: Math.max(...rates),
    median: medians[medians.length >> 1],
    p99: p99s.length === 0 ? undefined : Math.max(...p99s),
  }
}

/** Runs of points that follow one another; where one is missing a line must not pretend to know. */
export function runs<T extends { readonly at: number }>(
  points: readonly T[],
  seconds: number,
): readonly (readonly T[])[] {
  const found: T[][] = []
  let last = Number.NEGATIVE_INFINITY
  for (const point of points) {
    // Samples are not taken on the second: two may lie in one column, and none in the next.
    if (point.at - last > 2.5 * seconds) found.push([])
    found.at(-1)!.push(point)
    last = point.at
  }
  return found
}
