import type { Counts } from '../../src/messages/counts.ts'
import { LATENCY_BOUNDS, type Latency } from '../../src/messages/usage.ts'
import { createCounters } from '../../src/server/counters.ts'

/** What a server process has counted that was asked so often over UDP, each time with an answer in 8 to 16 µs. */
export function countsOf(calls: number): Counts {
  const { udp, tcp } = createCounters()
  return {
    udp: { ...udp, calls, replies: calls },
    tcp,
    latency: { udp: latencyOf(calls), tcp: latencyOf(0) },
    clients: { since: 0, forgotten: 0 },
  }
}

function latencyOf(calls: number): Latency {
  return { buckets: [0, 0, calls, ...LATENCY_BOUNDS.slice(2).map(() => 0)], sum: 12 * calls }
}
