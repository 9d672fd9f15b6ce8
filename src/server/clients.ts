/**
 * Who asked one thread, by address: when, how often, by which procedures and for which maps. Each client is a run of
 * words in one array: nothing is allocated for a call, little memory is touched, and all of it is told at one go.
 */
import { LRUCache } from 'lru-cache'
import { word } from '../../rpc/xdr-reader.ts'
import { isMappedAt } from '../address.ts'
import { REMEMBERED_CLIENTS } from './limits.ts'
import { SecretHash } from './secret-hash.ts'

/** The words of a client. IPv4 addresses are mapped into IPv6: one form for all. */
export const ClientWord = {
  /** four, as they come */
  address: 0,
  /** seconds since 1970 */
  first: 4,
  last: 5,
  /** of 32 bits, and what is beyond them */
  calls: 6,
  callsBeyond: 7,
  /** a bit for each, by its number */
  procedures: 8,
  /** bits, too, by the number of the map's row: all that are left */
  maps: 9,
} as const

/** At first: a line of the processor's cache, with bits for 224 maps. */
const CLIENT_WORDS = 16

/** Of a hash the highest are used, to find what was used of late: two places for each client. */
const RECENT_BITS = 14

/** 2^32 by the golden ratio: the addresses of a network, which are neighbours, are spread by it (Fibonacci hashing). */
const GOLDEN = 0x9e3779b1

/** 64 s: a client that is heard of in the same part of time again need not be moved to the end of the cache. */
const PART_BITS = 6

/** Without it the cache makes an object for each call. */
const NO_OPTIONS = {}

/** RFC 4291 s.2.5.5.2: the third word of an IPv4 address in IPv6 form, whose first two are 0. */
const MAPPED = 0xffff

/** What is known of so many clients. */
export interface ClientsTold {
  readonly size: number
  readonly words: Uint32Array
  /** from one client to the next */
  readonly stride: number
}

export const NO_CLIENTS: ClientsTold = { size: 0, words: new Uint32Array(0), stride: CLIENT_WORDS }

export class Clients {
  /** seconds since 1970, of the calls that are counted: it is looked at once for many */
  now = 0
  /** clients that others took the place of */
  forgotten = 0
  /** of IPv6, where a client may have 2^64 addresses to choose from */
  readonly #hash = new SecretHash(16)
  readonly #places = new LRUCache<number, number>({ max: REMEMBERED_CLIENTS })
  /** Places by the highest bits of hashes: the cache takes ten times as long. */
  readonly #recent = new Uint16Array(2 ** RECENT_BITS)
  #stride = CLIENT_WORDS
  #words = new Uint32Array(REMEMBERED_CLIENTS * CLIENT_WORDS)

  /** A call from the address there, of 4 bytes or 16; `map` is the number of its row. */
  count(bytes: Uint8Array, start: number, length: number, procedure: number, map: number): void {
    const mapWord = ClientWord.maps + (map >>> 5)
    if (mapWord >= this.#stride) this.#widen(mapWord)
    const isIPv6 = length === 16 && !isMappedAt(bytes, start)
    const at = this.#stride * (isIPv6 ? this.#ipv6(bytes, start) : this.#ipv4(bytes, start + length - 4))
    const words = this.#words
    words[at + ClientWord.last] = this.now
    const calls = words[at + ClientWord.calls]! + 1
    words[at + ClientWord.calls] = calls
    if (calls > 0xffffffff) words[at + ClientWord.callsBeyond]! += 1
    words[at + ClientWord.procedures]! |= 1 << procedure
    words[at + mapWord]! |= 1 << (map & 31)
  }

  /** A copy: it is for another thread. */
  tell(): ClientsTold {
    const { size } = this.#places
    return { size, words: this.#words.slice(0, size * this.#stride), stride: this.#stride }
  }

  #ipv4(bytes: Uint8Array, start: number): number {
    const address = word(bytes, start)
    return this.#placeOf(Math.imul(address, GOLDEN), 0, 0, MAPPED, address)
  }

  #ipv6(bytes: Uint8Array, start: number): number {
    return this.#placeOf(
      this.#hash.of(bytes, start, 16),
      word(bytes, start),
      word(bytes, start + 4),
      word(bytes, start + 8),
      word(bytes, start + 12),
    )
  }

  /** Of the address with these words. */
  #placeOf(hash: number, a: number, b: number, c: number, d: number): number {
    const slot = hash >>> (32 - RECENT_BITS)
    const recent = this.#recent[slot]!
    const at = recent * this.#stride
    const isHeard = this.#words[at + ClientWord.last]! >>> PART_BITS === this.now >>> PART_BITS
    if (isHeard && this.#isAt(at, a, b, c, d)) return recent
    const place = this.#find(hash, a, b, c, d)
    this.#recent[slot] = place
    return place
  }

  #find(hash: number, a: number, b: number, c: number, d: number): number {
    // Of two addresses of one hash, which is seldom, the second has the next key.
    for (let key = hash; ; key = (key + 1) | 0) {
      const place = this.#places.get(key, NO_OPTIONS)
      if (place === undefined) return this.#learn(key, a, b, c, d)
      if (this.#isAt(place * this.#stride, a, b, c, d)) return place
    }
  }

  #isAt(at: number, a: number, b: number, c: number, d: number): boolean {
    const words = this.#words
    return words[at + 3] === d && words[at + 2] === c && words[at + 1] === b && words[at] === a
  }

  /** A place for one more, if need be that of the one which has been silent for longest. */
  #learn(key: number, a: number, b: number, c: number, d: number): number {
    const { size } = this.#places
    const isFull = size === REMEMBERED_CLIENTS
    if (isFull) this.forgotten += 1
    const place = isFull ? this.#places.pop()! : size
    this.#places.set(key, place)
    const words = this.#words
    const at = place * this.#stride
    words.fill(0, at, at + this.#stride)
    words[at] = a
    words[at + 1] = b
    words[at + 2] = c
    words[at + 3] = d
    words[at + ClientWord.first] = this.now
    return place
  }

  /** For maps that nobody had asked for before. */
  #widen(mapWord: number): void {
    const [before, words] = [this.#stride, this.#words]
    this.#stride = Math.max(2 * before, mapWord + 1)
    this.#words = new Uint32Array(REMEMBERED_CLIENTS * this.#stride)
    for (let place = 0; place < this.#places.size; place++)
      this.#words.set(words.subarray(place * before, (place + 1) * before), place * this.#stride)
  }
}
