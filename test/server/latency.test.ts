import { describe, expect, test } from 'vitest'
import { LATENCY_BOUNDS, latency } from '../../src/messages/usage.ts'
import { Latencies, latencyOf } from '../../src/server/latency.ts'

/** The bucket in which so many microseconds are counted. */
function bucketOf(microseconds: number): number {
  const latencies = new Latencies()
  latencies.count(microseconds / 1000, 1)
  return latencyOf([latencies.words]).buckets.indexOf(1)
}

describe('a latency', () => {
  test.each(LATENCY_BOUNDS.map((bound, index) => [bound, index] as const))(
    'of %d microseconds is the last in its bucket',
    (bound, index) => {
      expect(bucketOf(bound)).toBe(index)
      expect(bucketOf(bound + 1)).toBe(index + 1)
    },
  )

  test.each([0, -1, 0.3, 1, 3.9])('of %d microseconds is among the shortest', (microseconds) => {
    expect(bucketOf(microseconds)).toBe(0)
  })

  test.each([1e9, 1e12, Infinity])('of %d microseconds is among the longest', (microseconds) => {
    expect(bucketOf(microseconds)).toBe(LATENCY_BOUNDS.length)
  })

  test('counts for all calls that took as long, and adds up over threads to what a message holds', () => {
    const [one, other] = [new Latencies(), new Latencies()]
    one.count(0.01, 64)
    one.count(3, 1)
    other.count(0.01, 2)
    const all = latencyOf([one.words, other.words])
    expect([all.buckets[2], all.buckets[10], all.sum]).toEqual([66, 1, 66 * 10 + 3000])
    expect(latency(all, 'latency')).toEqual(all)
  })
})
