/** Keeps the last day: what was asked, how long answers took, and what came of refreshes. */
import type { Status } from '../messages/control.ts'
import type { Counts } from '../messages/counts.ts'
import { addLatencies, percentile } from './latency.ts'
import { type History, type Refresh, SAMPLE_SECONDS, type Sample } from './view.ts'

const MOST_SAMPLES = 86_400 / SAMPLE_SECONDS

/** Of all domains together: of one, more than a day at the default interval. */
const MOST_REFRESHES = 1000

export interface Historian {
  /** One status each SAMPLE_SECONDS. */
  readonly add: (status: Status) => void
  readonly history: () => History
}

/** What the samples are the differences of, and when it was so by a clock that nobody sets. */
interface Total {
  readonly server: number
  readonly counts: Counts
  readonly when: number
}

export function createHistorian(now: () => number = () => performance.now()): Historian {
  const samples: Sample[] = []
  const refreshes: Refresh[] = []
  /** when the refresh of a domain ended that was kept last */
  const ended = new Map<string, string>()
  let last: Total | undefined

  return {
    add(status) {
      for (const { name, last: refresh } of status.domains) {
        if (refresh === null || ended.get(name) === JSON.stringify(refresh)) continue
        ended.set(name, JSON.stringify(refresh))
        refreshes.push({ ...refresh, domain: name })
        if (refreshes.length > MOST_REFRESHES) refreshes.shift()
      }
      const total = totalOf(status, now())
      // Another server process counts from nothing.
      if (total !== undefined && last?.server === total.server) {
        samples.push(sampleOf(status.now, last, total))
        if (samples.length > MOST_SAMPLES) samples.shift()
      }
      last = total
    },
    history: () => ({ samples, refreshes }),
  }
}

function totalOf({ requests, processes }: Status, when: number): Total | undefined {
  const server = processes.find(({ role }) => role === 'server')
  if (requests === null || server === undefined) return undefined
  return { server: server.pid, counts: requests, when }
}

function sampleOf(at: number, before: Total, after: Total): Sample {
  const calls = callsOf(after.counts) - callsOf(before.counts)
  const [old, now] = [before, after].map(({ counts: { latency } }) => addLatencies(latency.udp, latency.tcp))
  const buckets = now!.buckets.map((count, place) => count - old!.buckets[place]!)
  return {
    at,
    rate: (calls * 1000) / Math.max(1, after.when - before.when),
    median: percentile(buckets, 0.5),
    p99: percentile(buckets, 0.99),
  }
}

function callsOf({ udp, tcp }: Counts): number {
  return udp.calls + tcp.calls
}
