import { describe, expect, test } from 'vitest'
import { LATENCY_BOUNDS } from '../../src/messages/usage.ts'
import { addLatencies, percentile } from '../../src/status/latency.ts'

/** So many calls in each of the first buckets. */
function buckets(...counts: readonly number[]): readonly number[] {
  return [...LATENCY_BOUNDS, 0].map((_, place) => counts[place] ?? 0)
}

describe('a percentile', () => {
  test('lies in the bucket of the call that it is about, as far as that is among those of its bucket', () => {
    expect(percentile(buckets(0, 100), 0.5)).toBe(6)
    expect(percentile(buckets(50, 50), 0.5)).toBe(4)
    expect(percentile(buckets(90, 0, 10), 0.99)).toBeCloseTo(8 + 8 * 0.9)
  })

  test('of no call is none', () => {
    expect(percentile(buckets(), 0.99)).toBeUndefined()
  })

  test('of calls beyond the last bound is that bound', () => {
    const late = [...LATENCY_BOUNDS.map(() => 0), 7]
    expect(percentile(late, 0.5)).toBe(LATENCY_BOUNDS.at(-1))
  })
})

test('two histograms add up bucket by bucket', () => {
  const [a, b] = [
    { buckets: buckets(1, 2), sum: 10 },
    { buckets: buckets(3, 0, 5), sum: 20 },
  ]
  expect(addLatencies(a, b)).toEqual({ buckets: buckets(4, 2, 5), sum: 30 })
})
