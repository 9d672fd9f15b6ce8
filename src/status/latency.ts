/** What a histogram tells. */
import { LATENCY_BOUNDS, type Latency } from '../messages/usage.ts'

export function addLatencies(a: Latency, b: Latency): Latency {
  return {
    buckets: a.buckets.map((count, place) => count + (b.buckets[place] ?? 0)),
    sum: a.sum + b.sum,
  }
}

/** Microseconds within which this part of the calls had their answers, evenly spread within a bucket; undefined of none. */
export function percentile(buckets: readonly number[], part: number): number | undefined {
  const wanted = part * buckets.reduce((sum, count) => sum + count, 0)
  if (wanted === 0) return undefined
  let below = 0
  for (const [place, count] of buckets.entries()) {
    if (count > 0 && below + count >= wanted) {
      const from = LATENCY_BOUNDS[place - 1] ?? 0
      // Of the last, which has no upper bound, its lower.
      const to = LATENCY_BOUNDS[place] ?? from
      return from + ((to - from) * (wanted - below)) / count
    }
    below += count
  }
  return LATENCY_BOUNDS.at(-1)
}
