/** What is served now: domains, each with one whole image, replaced by one assignment. */
import type { Span } from '../../rpc/xdr-reader.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import { YpStat } from '../../rpc/yp.ts'
import { encodeMapList } from '../../rpc/yp-results.ts'
import type { Image, MapView } from '../maps/image.ts'
import { MAX_NAME_BYTES } from '../maps/image-format.ts'
import { type MapRules, mapsUnder } from './map-rules.ts'
import { PLACES, type Rights, rightsAt } from './rights.ts'

/** The maps of an image by their names. */
export class ServedMaps {
  readonly image: Image
  /** the answer to MAPLIST */
  readonly list: Buffer
  /** slots of a hash table, at most half of them taken */
  readonly #slots: readonly (NamedMap | undefined)[]

  constructor(image: Image, rules: MapRules | undefined) {
    const maps = mapsUnder(rules, image.maps)
    this.image = image
    this.list = encodedMapList(maps.map((map) => map.name))
    this.#slots = slotsOf(maps)
  }

  /** A domain may have hundreds of maps (auto.*), of which many have names of one length and beginning. */
  find(bytes: Uint8Array, name: Span): MapView | undefined {
    const mask = this.#slots.length - 1
    for (let slot = hash(bytes, name.start, name.length) & mask; ; slot = (slot + 1) & mask) {
      const map = this.#slots[slot]
      if (map === undefined || equal(map.name, bytes, name)) return map?.view
    }
  }
}

interface NamedMap {
  readonly name: Buffer
  readonly view: MapView
}

function slotsOf(maps: readonly MapView[]): readonly (NamedMap | undefined)[] {
  const mask = 2 ** Math.ceil(Math.log2(2 * maps.length + 2)) - 1
  const slots = Array.from({ length: mask + 1 }, (): NamedMap | undefined => undefined)
  for (const view of maps) {
    const name = Buffer.from(view.name, 'latin1')
    let slot = hash(name, 0, name.length) & mask
    while (slots[slot] !== undefined) slot = (slot + 1) & mask
    slots[slot] = { name, view }
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
  #mapRules: MapRules | undefined
  readonly #name: Buffer
  readonly #low: number
  readonly #high: number

  constructor(name: string, place: number) {
    this.name = name
    this.place = place
    this.#name = Buffer.from(name, 'latin1')
    const { low, high } = rightsAt(place)
    this.#low = low
    this.#high = high
  }

  /** From the next request on, answers come from this image, and what it replaces is there no more. */
  serve(image: Image): void {
    this.maps = new ServedMaps(image, this.#mapRules)
  }

  /** What of its images is served, from the next request on. */
  restrict(rules: MapRules): void {
    this.#mapRules = rules
    if (this.image !== undefined) this.serve(this.image)
  }

  get image(): Image | undefined {
    return this.maps?.image
  }

  isNamed(bytes: Uint8Array, name: Span): boolean {
    return equal(this.#name, bytes, name)
  }

  isFor({ low, high }: Rights): boolean {
    return ((low & this.#low) | (high & this.#high)) !== 0
  }
}

export class Served {
  #domains: readonly ServedDomain[] = []

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
    const domain = new ServedDomain(name, place)
    this.#domains = [...this.#domains, domain]
    return domain
  }

  remove(name: string): void {
    this.#domains = this.#domains.filter((domain) => domain.name !== name)
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
