/** What is served now: one domain, with one whole image, replaced by one assignment. */
import type { Span } from '../../rpc/xdr-reader.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import { YpStat } from '../../rpc/yp.ts'
import { encodeMapList } from '../../rpc/yp-results.ts'
import type { Image, MapView } from '../maps/image.ts'
import { MAX_NAME_BYTES } from '../maps/image-format.ts'

export class ServedDomain {
  readonly image: Image
  /** the answer to MAPLIST */
  readonly mapList: Buffer
  readonly #name: Buffer
  readonly #maps: readonly { readonly name: Buffer; readonly view: MapView }[]

  constructor(image: Image) {
    this.image = image
    this.mapList = encodedMapList(image.maps.map((map) => map.name))
    this.#name = Buffer.from(image.domain, 'latin1')
    this.#maps = image.maps.map((view) => ({ name: Buffer.from(view.name, 'latin1'), view }))
  }

  isNamed(bytes: Uint8Array, name: Span): boolean {
    return equal(this.#name, bytes, name)
  }

  /** A domain has a few dozen maps at most; names that differ mostly do so in length or at once. */
  findMap(bytes: Uint8Array, name: Span): MapView | undefined {
    for (const map of this.#maps) if (equal(map.name, bytes, name)) return map.view
    return undefined
  }
}

export class Served {
  /** The image is too old to be vouched for: DOMAIN no longer says yes, and all else is answered as before. */
  expired = false
  #domain: ServedDomain | undefined

  get image(): Image | undefined {
    return this.#domain?.image
  }

  /** From the next request on, answers come from this image, and what it replaces is there no more. */
  serve(image: Image): void {
    this.#domain = new ServedDomain(image)
  }

  find(bytes: Uint8Array, name: Span): ServedDomain | undefined {
    return this.#domain?.isNamed(bytes, name) ? this.#domain : undefined
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
