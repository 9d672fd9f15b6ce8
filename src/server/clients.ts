/**
 * Who asked one thread, by address: when, how often, by which procedures and for which maps. All is kept in columns, so
 * that nothing is allocated for a call, and all of it is told at one go.
 */
import { LRUCache } from 'lru-cache'
import { isMappedAt } from '../address.ts'
import { REMEMBERED_CLIENTS } from './limits.ts'
import { SecretHash } from './secret-hash.ts'

const ADDRESS_BYTES = 16

/** Without it the cache makes an object for each call. */
const NO_OPTIONS = {}

/** Four for each client, so that few have one in common. */
const RECENT = 4 * REMEMBERED_CLIENTS

/** What is known of so many clients: each has its place in every column. */
export interface ClientColumns {
  readonly size: number
  /** 16 bytes each, of which an IPv4 address takes 4 */
  readonly addresses: Uint8Array
  readonly lengths: Uint8Array
  /** seconds since 1970 */
  readonly first: Float64Array
  readonly last: Float64Array
  readonly calls: Float64Array
  /** a bit for each, by its number */
  readonly procedures: Uint16Array
  /** bits, too, by the number of the map's row: so many words each */
  readonly maps: Uint32Array
  readonly mapWords: number
}

export const NO_CLIENTS: ClientColumns = {
  size: 0,
  addresses: new Uint8Array(0),
  lengths: new Uint8Array(0),
  first: new Float64Array(0),
  last: new Float64Array(0),
  calls: new Float64Array(0),
  procedures: new Uint16Array(0),
  maps: new Uint32Array(0),
  mapWords: 1,
}

export class Clients {
  /** seconds since 1970, of the calls that are counted: it is looked at once for many */
  now = 0
  /** clients that others took the place of */
  forgotten = 0
  readonly #hash = new SecretHash(ADDRESS_BYTES)
  readonly #places = new LRUCache<number, number>({ max: REMEMBERED_CLIENTS })
  /** Places by the lowest bits of keys. The cache takes 80 ns, and needs to hear of a client once in a second. */
  readonly #recent = new Uint16Array(RECENT)
  readonly #addresses = new Uint8Array(REMEMBERED_CLIENTS * ADDRESS_BYTES)
  readonly #lengths = new Uint8Array(REMEMBERED_CLIENTS)
  readonly #first = new Float64Array(REMEMBERED_CLIENTS)
  readonly #last = new Float64Array(REMEMBERED_CLIENTS)
  readonly #calls = new Float64Array(REMEMBERED_CLIENTS)
  readonly #procedures = new Uint16Array(REMEMBERED_CLIENTS)
  #mapWords = 1
  #maps = new Uint32Array(REMEMBERED_CLIENTS)

  /** A call from the address there, of 4 bytes or 16; `map` is the number of its row. */
  count(bytes: Uint8Array, start: number, length: number, procedure: number, map: number): void {
    const word = map >>> 5
    if (word >= this.#mapWords) this.#widen(word)
    const isMapped = length === ADDRESS_BYTES && isMappedAt(bytes, start)
    const place = isMapped ? this.#placeOf(bytes, start + 12, 4) : this.#placeOf(bytes, start, length)
    this.#last[place] = this.now
    this.#calls[place]! += 1
    this.#procedures[place]! |= 1 << procedure
    this.#maps[place * this.#mapWords + word]! |= 1 << (map & 31)
  }

  /** Copies: they are for another thread. */
  tell(): ClientColumns {
    const { size } = this.#places
    return {
      size,
      addresses: this.#addresses.slice(0, size * ADDRESS_BYTES),
      lengths: this.#lengths.slice(0, size),
      first: this.#first.slice(0, size),
      last: this.#last.slice(0, size),
      calls: this.#calls.slice(0, size),
      procedures: this.#procedures.slice(0, size),
      maps: this.#maps.slice(0, size * this.#mapWords),
      mapWords: this.#mapWords,
    }
  }

  #placeOf(bytes: Uint8Array, start: number, length: number): number {
    const hash = this.#hash.of(bytes, start, length)
    const recent = this.#recent[hash & (RECENT - 1)]!
    if (this.#last[recent] === this.now && this.#isAt(recent, bytes, start, length)) return recent
    const place = this.#find(hash, bytes, start, length)
    this.#recent[hash & (RECENT - 1)] = place
    return place
  }

  #find(hash: number, bytes: Uint8Array, start: number, length: number): number {
    // Of two addresses of one hash, which is seldom, the second has the next key.
    for (let key = hash; ; key = (key + 1) | 0) {
      const place = this.#places.get(key, NO_OPTIONS)
      if (place === undefined) return this.#learn(key, bytes, start, length)
      if (this.#isAt(place, bytes, start, length)) return place
    }
  }

  #isAt(place: number, bytes: Uint8Array, start: number, length: number): boolean {
    if (this.#lengths[place] !== length) return false
    const at = place * ADDRESS_BYTES
    for (let i = 0; i < length; i++) if (this.#addresses[at + i] !== bytes[start + i]) return false
    return true
  }

  /** A place for one more, if need be that of the one which has been silent for longest. */
  #learn(key: number, bytes: Uint8Array, start: number, length: number): number {
    const { size } = this.#places
    const isFull = size === REMEMBERED_CLIENTS
    if (isFull) this.forgotten += 1
    const place = isFull ? this.#places.pop()! : size
    this.#places.set(key, place)
    const at = place * ADDRESS_BYTES
    for (let i = 0; i < length; i++) this.#addresses[at + i] = bytes[start + i]!
    this.#lengths[place] = length
    this.#first[place] = this.now
    this.#calls[place] = 0
    this.#procedures[place] = 0
    this.#maps.fill(0, place * this.#mapWords, (place + 1) * this.#mapWords)
    return place
  }

  /** For maps that nobody had asked for before. */
  #widen(word: number): void {
    const [before, maps] = [this.#mapWords, this.#maps]
    const words = Math.max(word + 1, 2 * before)
    this.#mapWords = words
    this.#maps = new Uint32Array(REMEMBERED_CLIENTS * words)
    for (let place = 0; place < this.#places.size; place++)
      this.#maps.set(maps.subarray(place * before, (place + 1) * before), place * words)
  }
}
