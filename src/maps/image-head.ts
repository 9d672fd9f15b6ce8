/**
 * The head of an image, which is its header and its map table, read and held against the image's size: all that
 * can be said of an image without its records.
 */
import type { HashKey } from './hash.ts'
import {
  BYTE_ORDER_MARK,
  CONTENTS_BYTES,
  FINGERPRINT_BYTES,
  FORMAT_VERSION,
  FOUND,
  HEADER_BYTES,
  Header,
  MAGIC,
  MAP_ENTRY_BYTES,
  MAX_MAPS,
  MAX_NAME_BYTES,
  MapEntry,
  SECTION_END_BYTES,
  SECURE,
} from './image-format.ts'

/** The image is damaged, or made by another version; it is refused as a whole. */
export class ImageError extends Error {
  override readonly name = 'ImageError'
  readonly code = 'bad-image'
}

export interface ImageHead {
  readonly domain: string
  /** seconds since 1970 */
  readonly created: number
  readonly generation: number
  /** users and groups that it was made from */
  readonly users: number
  readonly groups: number
  readonly fingerprint: Buffer
  /** equal in two images that say the same, each of its time */
  readonly contents: Buffer
  readonly hashKey: HashKey
  readonly maps: readonly MapPlaces[]
}

/** Where the parts of a map lie, from the start of the image; none of it runs past the image's end. */
export interface MapPlaces {
  readonly name: string
  /** carries hashes: only for callers on a reserved port */
  readonly secure: boolean
  /** the directory names it, not the configuration */
  readonly found: boolean
  /** records that enumeration shows */
  readonly count: number
  /** records, the hidden ones included */
  readonly all: number
  readonly slots: number
  readonly section: number
  readonly sectionEnd: number
  readonly hiddenEnd: number
  readonly offsets: number
  readonly slotTable: number
}

/** The length of the head of an image of `size` bytes, by its first HEADER_BYTES; throws ImageError. */
export function headLength(bytes: Buffer, size: number): number {
  if (bytes.length < HEADER_BYTES) throw new ImageError(`${size} bytes: shorter than a header`)
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) throw new ImageError('not an image of ypldap')
  const version = bytes.readUInt32LE(Header.formatVersion)
  if (version !== FORMAT_VERSION) {
    throw new ImageError(`format ${version} is not this version's, ${FORMAT_VERSION}`)
  }
  const ownOrder = Buffer.from(Uint32Array.of(BYTE_ORDER_MARK).buffer)
  if (ownOrder.compare(bytes, Header.byteOrder, Header.byteOrder + 4) !== 0) {
    throw new ImageError('made on a machine of another byte order')
  }
  const written = readPlace(bytes, Header.length)
  if (written !== size) throw new ImageError(`${size} bytes where ${written} were written`)
  const maps = bytes.readUInt32LE(Header.maps)
  const length = HEADER_BYTES + maps * MAP_ENTRY_BYTES
  if (maps > MAX_MAPS || length > size) throw new ImageError(`a table of ${maps} maps does not fit`)
  return length
}

/** The head of an image of `size` bytes that starts with `bytes`; throws ImageError. */
export function readHead(bytes: Buffer, size: number): ImageHead {
  const end = headLength(bytes, size)
  if (bytes.length < end) throw new ImageError('its table of maps is cut')
  const maps: MapPlaces[] = []
  for (let at = HEADER_BYTES; at < end; at += MAP_ENTRY_BYTES) maps.push(readMapEntry(bytes, at, size))
  return {
    domain: readName(bytes, Header.domainLength, Header.domain, 'the domain'),
    created: readPlace(bytes, Header.created),
    generation: readPlace(bytes, Header.generation),
    users: bytes.readUInt32LE(Header.users),
    groups: bytes.readUInt32LE(Header.groups),
    fingerprint: bytes.subarray(Header.fingerprint, Header.fingerprint + FINGERPRINT_BYTES),
    contents: bytes.subarray(Header.contents, Header.contents + CONTENTS_BYTES),
    hashKey: { low: bytes.readUInt32LE(Header.hashKey), high: bytes.readUInt32LE(Header.hashKey + 4) },
    maps,
  }
}

function readMapEntry(bytes: Buffer, at: number, size: number): MapPlaces {
  const name = readName(bytes, at + MapEntry.nameLength, at + MapEntry.name, 'a map')
  const count = bytes.readUInt32LE(at + MapEntry.count)
  const all = count + bytes.readUInt32LE(at + MapEntry.hidden)
  const slots = bytes.readUInt32LE(at + MapEntry.slots)
  const section = readPlace(bytes, at + MapEntry.section)
  const sectionEnd = section + readPlace(bytes, at + MapEntry.sectionLength)
  const hiddenEnd = sectionEnd + readPlace(bytes, at + MapEntry.hiddenLength)
  const offsets = readPlace(bytes, at + MapEntry.offsets)
  const slotTable = readPlace(bytes, at + MapEntry.slotTable)
  const fits =
    section >= HEADER_BYTES &&
    sectionEnd >= section + SECTION_END_BYTES &&
    hiddenEnd <= size &&
    offsets % 4 === 0 &&
    offsets + all * 4 <= size &&
    slotTable % 4 === 0 &&
    slotTable + slots * 4 <= size &&
    // A power of two with room left: else a search for a missing key would not end.
    slots > all &&
    (slots & (slots - 1)) === 0
  if (!fits) throw new ImageError(`${name}: its tables lie outside the image`)
  const flags = bytes.readUInt32LE(at + MapEntry.flags)
  const [secure, found] = [(flags & SECURE) !== 0, (flags & FOUND) !== 0]
  return { name, secure, found, count, all, slots, section, sectionEnd, hiddenEnd, offsets, slotTable }
}

/** A 64-bit number, which is a place, a size or a time: none of ours passes 2^53. */
function readPlace(bytes: Buffer, at: number): number {
  const value = Number(bytes.readBigUInt64LE(at))
  if (!Number.isSafeInteger(value)) throw new ImageError(`a number of 64 bits at byte ${at} of its head`)
  return value
}

function readName(bytes: Buffer, lengthAt: number, at: number, what: string): string {
  const length = bytes.readUInt32LE(lengthAt)
  if (length === 0 || length > MAX_NAME_BYTES) throw new ImageError(`${what} has a name of ${length} bytes`)
  return bytes.toString('latin1', at, at + length)
}
