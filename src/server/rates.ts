/**
 * How many calls a second a network may send over UDP: a /24 of IPv4 or a /64 of IPv6, for who can forge one address
 * can forge its neighbours. Loopback is never limited. A bucket is one moment, so there is nothing to refill: each call
 * moves it on by the time that a call may take, and one that would move it more than a second ahead is over the rate.
 */
import { LRUCache } from 'lru-cache'
import { formatAddress, isLoopbackAt, isMappedAt, unmapped } from '../address.ts'
import { firstBits } from '../config/prefix.ts'
import type { ServerLimits } from '../messages/server.ts'
import { addressOf } from './address-of.ts'
import { REMEMBERED_NETWORKS } from './limits.ts'
import { SecretHash } from './secret-hash.ts'

/** Milliseconds that a network may be ahead: so it may send a second's calls at once. */
const AHEAD_MS = 1000

/** Without it the cache makes an object for each call. */
const NO_OPTIONS = {}

export type RateLimits = Pick<ServerLimits, 'udpRate' | 'udpRateDryRun'>

export class Rates {
  readonly #hash = new SecretHash(8)
  /** the place of each network's bucket */
  readonly #places = new LRUCache<number, number>({ max: REMEMBERED_NETWORKS })
  /** when all calls of a network so far would have come at the rate, by performance.now() */
  readonly #moments = new Float64Array(REMEMBERED_NETWORKS)
  /** milliseconds a call; 0: nothing is counted */
  #interval = 0
  /** what is over the rate has its answer all the same */
  dryRun = false
  /** calls a second */
  rate = 0
  /** when the calls that are counted came, by performance.now(): handed over with each call it would be allocated */
  now = 0

  /** Networks are remembered across this. */
  set({ udpRate, udpRateDryRun }: RateLimits): void {
    this.dryRun = udpRate === 0
    this.rate = this.dryRun ? udpRateDryRun : udpRate
    this.#interval = this.rate === 0 ? 0 : 1000 / this.rate
  }

  /** Counts a call from the address there, of 4 bytes or 16; false when it is over the rate. */
  take(bytes: Uint8Array, start: number, length: number): boolean {
    const interval = this.#interval
    if (interval === 0) return true
    if (length === 16 && isMappedAt(bytes, start)) return this.take(bytes, start + 12, 4)
    if (isLoopbackAt(bytes, start, length)) return true
    const key = this.#keyOf(bytes, start, length)
    const place = this.#places.get(key, NO_OPTIONS) ?? this.#learn(key)
    const { now } = this
    const moment = Math.max(this.#moments[place]!, now) + interval
    if (moment - now > AHEAD_MS) return false
    this.#moments[place] = moment
    return true
  }

  /** A place for one more network, if need be that of the one which has been silent for longest. */
  #learn(key: number): number {
    const { size } = this.#places
    const place = size < REMEMBERED_NETWORKS ? size : this.#places.pop()!
    this.#places.set(key, place)
    this.#moments[place] = 0
    return place
  }

  /**
   * A number that V8 holds without allocating. Of IPv4 it is the network itself; of IPv6 a hash: two networks of one,
   * which nobody can choose, share a bucket.
   */
  #keyOf(bytes: Uint8Array, start: number, length: number): number {
    if (length === 4) return (bytes[start]! << 16) | (bytes[start + 1]! << 8) | bytes[start + 2]!
    return this.#hash.of(bytes, start, 8)
  }
}

/** What is no address has no network. */
const NONE = new Uint8Array(4)

/** What shares a rate with an address: `192.0.2.0/24`. */
export function networkOf(caller: string): string {
  const address = unmapped(addressOf(caller) ?? NONE)
  const bits = address.length === 4 ? 24 : 64
  return `${formatAddress(firstBits(address, bits))}/${bits}`
}
