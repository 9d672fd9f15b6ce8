/** How long answers took, in words that a thread may share. */
import { LATENCY_BOUNDS, type Latency } from '../messages/usage.ts'

const BUCKETS = LATENCY_BOUNDS.length + 1

/** The buckets, and behind them the sum. */
export const LATENCY_WORDS = BUCKETS + 1

/** Of a longer time no more is counted. */
const MOST_MICROSECONDS = 2 ** 31

export class Latencies {
  readonly #words: Float64Array

  constructor(words: Float64Array = new Float64Array(LATENCY_WORDS)) {
    this.#words = words
  }

  /** Calls of which each took so long. */
  count(milliseconds: number, calls: number): void {
    const microseconds = Math.min(Math.max(1, Math.ceil(milliseconds * 1000)), MOST_MICROSECONDS)
    // The bounds are powers of two, from 4 on.
    const place = Math.max(0, 30 - Math.clz32(microseconds - 1))
    this.#words[Math.min(place, BUCKETS - 1)]! += calls
    this.#words[BUCKETS]! += microseconds * calls
  }

  get words(): Float64Array {
    return this.#words
  }
}

/** Of several that counted the same. */
export function latencyOf(parts: readonly Float64Array[]): Latency {
  const sum = (place: number) => parts.reduce((all, words) => all + words[place]!, 0)
  return { buckets: Array.from({ length: BUCKETS }, (_, place) => sum(place)), sum: sum(BUCKETS) }
}
