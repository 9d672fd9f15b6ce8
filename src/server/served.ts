/** What is served now: domains, each with one whole image, replaced by one assignment. And what it was asked. */
import type { Span } from '../../rpc/xdr-reader.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import { YpStat } from '../../rpc/yp.ts'
import { encodeMapList } from '../../rpc/yp-results.ts'
import type { AccessRule } from '../config/config.ts'
import type { Image } from '../maps/image.ts'
import { MAX_NAME_BYTES } from '../maps/image-format.ts'
import { AccessList, keyOf, type Origin } from './access-list.ts'
import { type Guard, guardOf, type MapRules, type ServedMap, UNGUARDED } from './map-rules.ts'
import type { Row } from './tally.ts'
import { Usage } from './usage.ts'

/** Of domains, among all that are served. */
export const PLACES = 64

/** The maps of an image by their names. */
export class ServedMaps {
  readonly image: Image
  /** the answer to MAPLIST */
  readonly list: Buffer
  /** slots of a hash table, at most half of them taken */
  readonly #slots: readonly (NamedMap | undefined)[]

  constructor(image: Image, guard: Guard) {
    const maps = guard(image.maps)
    this.image = image
    this.list = encodedMapList(maps.map(({ view }) => view.name))
    this.#slots = slotsOf(maps)
  }

  /** A domain may have hundreds of maps (auto.*), of which many have names of one length and beginning. */
  find(bytes: Uint8Array, name: Span): ServedMap | undefined {
    const mask = this.#slots.length - 1
    for (let slot = hash(bytes, name.start, name.length) & mask; ; slot = (slot + 1) & mask) {
      const one = this.#slots[slot]
      if (one === undefined || equal(one.name, bytes, name)) return one?.map
    }
  }
}

interface NamedMap {
  readonly name: Buffer
  readonly map: ServedMap
}

function slotsOf(maps: readonly ServedMap[]): readonly (NamedMap | undefined)[] {
  const mask = 2 ** Math.ceil(Math.log2(2 * maps.length + 2)) - 1
  const slots = Array.from({ length: mask + 1 }, (): NamedMap | undefined => undefined)
  for (const map of maps) {
    const name = Buffer.from(map.view.name, 'latin1')
    let slot = hash(name, 0, name.length) & mask
    while (slots[slot] !== undefined) slot = (slot + 1) & mask
    slots[slot] = { name, map }
  }
  return slots
}

/** FNV-1a: the names are the administrator's, and those that strangers choose are in no slot. */
function hash(bytes: Uint8Array, start: number, length: number): number {
  let sum = 0x811c9dc5
  for (let i = 0; i < length; i++) sum = Math.imul(sum ^ bytes[start + i]!, 0x01000193)
  return sum ^ (sum >>> 15)
}

export class ServedDomain {
  readonly name: string
  /** among all domains, from 0; that of one which is served no longer goes to another */
  readonly place: number
  /** undefined until there is an image */
  maps: ServedMaps | undefined
  /** The image is too old to be vouched for: DOMAIN no longer says yes, and all else is answered as before. */
  expired = false
  /** who may ask for it */
  access: AccessList
  /** where calls about no map of it are counted */
  readonly row: Row
  #guard: Guard = UNGUARDED
  readonly #name: Buffer

  constructor(name: string, place: number, access: AccessList, row: Row) {
    this.name = name
    this.place = place
    this.access = access
    this.row = row
    this.#name = Buffer.from(name, 'latin1')
  }

  /** From the next request on, answers come from this image, and what it replaces is there no more. */
  serve(image: Image): void {
    this.maps = new ServedMaps(image, this.#guard)
  }

  /** What of its images is served, and to whom, from the next request on. */
  restrict(rules: MapRules): void {
    this.#guard = guardOf(rules)
    if (this.image !== undefined) this.serve(this.image)
  }

  get image(): Image | undefined {
    return this.maps?.image
  }

  /** Whether a client may bind to us for its sake: where the data has expired, another server is the better one. */
  get isVouchedFor(): boolean {
    return this.maps !== undefined && !this.expired
  }

  isNamed(bytes: Uint8Array, name: Span): boolean {
    return equal(this.#name, bytes, name)
  }
}

export class Served {
  readonly usage = new Usage()
  #domains: readonly ServedDomain[] = []
  /** those of the domains, each once: many have theirs from one place of the file */
  #lists: readonly AccessList[] = []

  get domains(): readonly ServedDomain[] {
    return this.#domains
  }

  /** The domain of this name, as it is or without an image. Throws when there are too many. */
  add(name: string): ServedDomain {
    const known = this.named(name)
    if (known !== undefined) return known
    const taken = new Set(this.#domains.map(({ place }) => place))
    const place = Array.from({ length: PLACES }, (_, one) => one).find((one) => !taken.has(one))
    if (place === undefined) throw new Error(`more than ${PLACES} domains`)
    const domain = new ServedDomain(name, place, this.#listOf([]), this.usage.tally.row(name, ''))
    this.#put([...this.#domains, domain])
    return domain
  }

  remove(name: string): void {
    this.#put(this.#domains.filter((domain) => domain.name !== name))
  }

  /** Who may ask for the domain, from the next request on. */
  admit(name: string, rules: readonly AccessRule[]): void {
    this.add(name).access = this.#listOf(rules)
    this.#put(this.#domains)
  }

  /** Whether this caller may ask for anything; of one who may not, nothing needs to be looked at. */
  admits(caller: Origin): boolean {
    for (const list of this.#lists) if (list.allows(caller)) return true
    return false
  }

  #listOf(rules: readonly AccessRule[]): AccessList {
    const key = keyOf(rules)
    return this.#lists.find((list) => list.key === key) ?? new AccessList(rules)
  }

  #put(domains: readonly ServedDomain[]): void {
    this.#domains = domains
    this.#lists = [...new Set(domains.map(({ access }) => access))]
  }

  named(name: string): ServedDomain | undefined {
    return this.#domains.find((domain) => domain.name === name)
  }

  serve(image: Image): ServedDomain {
    const domain = this.add(image.domain)
    domain.serve(image)
    return domain
  }

  find(bytes: Uint8Array, name: Span): ServedDomain | undefined {
    for (const domain of this.#domains) if (domain.isNamed(bytes, name)) return domain
    return undefined
  }
}

function encodedMapList(names: readonly string[]): Buffer {
  // Each map takes a boolean, a length and a padded name; status and end of list four bytes each.
  const writer = new XdrWriter(Buffer.alloc(8 + names.length * (8 + MAX_NAME_BYTES)))
  encodeMapList(writer, YpStat.TRUE, names)
  return writer.written()
}

function equal(own: Buffer, bytes: Uint8Array, name: Span): boolean {
  if (own.length !== name.length) return false
  for (let i = 0; i < own.length; i++) if (own[i] !== bytes[name.start + i]) return false
  return true
}
