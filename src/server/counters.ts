/**
 * Counters of requests: plain numbers in the main thread, words of shared memory in the threads that answer
 * datagrams, which can't be asked. All are of 64 bits, which no flood fills.
 */
import type { Counts, TcpCounts, UdpCounts } from '../messages/counts.ts'
import { LATENCY_WORDS, Latencies, latencyOf } from './latency.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

export type UdpCounters = Mutable<UdpCounts>
export type TcpCounters = Mutable<TcpCounts>

export interface Counters {
  readonly udp: UdpCounters
  readonly tcp: TcpCounters
  readonly latency: { readonly udp: Latencies; readonly tcp: Latencies }
}

export function createCounters(): Counters {
  return {
    udp: {
      calls: 0,
      replies: 0,
      strangers: 0,
      undecodable: 0,
      limited: 0,
      tooLarge: 0,
      unsent: 0,
      receiveErrors: 0,
    },
    tcp: {
      calls: 0,
      replies: 0,
      strangers: 0,
      undecodable: 0,
      connections: 0,
      open: 0,
      refused: 0,
      closedTooLong: 0,
      closedFragments: 0,
      closedIdle: 0,
      closedUnfinished: 0,
      closedStalled: 0,
      closedOutbound: 0,
    },
    latency: { udp: new Latencies(), tcp: new Latencies() },
  }
}

const UDP_NAMES = Object.keys(createCounters().udp) as readonly (keyof UdpCounts)[]

/** Where a thread counts what, in a Float64Array: whole words are written and read at once on 64-bit machines. */
export const placeOf = Object.fromEntries(UDP_NAMES.map((name, place) => [name, place])) as Readonly<
  Record<keyof UdpCounts, number>
>

export const COUNTER_BYTES = (UDP_NAMES.length + LATENCY_WORDS) * Float64Array.BYTES_PER_ELEMENT

/** Those of a thread, behind what it counts. */
export function latencyWords(counters: Float64Array): Float64Array {
  return counters.subarray(UDP_NAMES.length)
}

/** What has been counted here and by threads. */
export function sumOf(
  { udp, tcp, latency }: Counters,
  threads: readonly Float64Array[],
): Omit<Counts, 'clients'> {
  const sum = { ...udp }
  for (const name of UDP_NAMES) for (const words of threads) sum[name] += words[placeOf[name]]!
  return {
    udp: sum,
    tcp,
    latency: {
      udp: latencyOf([latency.udp.words, ...threads.map(latencyWords)]),
      tcp: latencyOf([latency.tcp.words]),
    },
  }
}
