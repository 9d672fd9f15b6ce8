/**
 * An image, opened: checked as a whole once, then read without copying. Whatever it yields is a place in its
 * bytes, to be sent as it lies.
 */
import { createHash } from 'node:crypto'
import { word } from '../../rpc/xdr-reader.ts'
import { YpStat } from '../../rpc/yp.ts'
import { type HashKey, hash } from './hash.ts'
import {
  BYTE_ORDER_MARK,
  CHECKSUM_BYTES,
  FINGERPRINT_BYTES,
  FORMAT_VERSION,
  HEADER_BYTES,
  Header,
  MAGIC,
  MAP_ENTRY_BYTES,
  MAX_MAPS,
  MAX_NAME_BYTES,
  MapEntry,
  RECORD_HEAD_BYTES,
  SECTION_END_BYTES,
  SECURE,
} from './image-format.ts'

/** The image is damaged, or made by another version; it is refused as a whole. */
export class ImageError extends Error {
  override readonly name = 'ImageError'
  readonly code = 'bad-image'
}

export interface Image {
  readonly bytes: Buffer
  readonly domain: string
  /** seconds since 1970 */
  readonly created: number
  readonly generation: number
  readonly fingerprint: Buffer
  readonly maps: readonly MapView[]
}

/** Bytes hashed, or records walked, before the checker lets others work. */
const CHECKSUM_STEP = 1 << 20
const RECORD_STEP = 4096

/** Checks and opens an image in one go; throws ImageError. */
export function openImage(buffer: ArrayBufferLike): Image {
  const steps = checkImage(buffer)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** The same in steps of about a millisecond, for a caller that has requests to answer meanwhile. */
export function* checkImage(buffer: ArrayBufferLike): Generator<undefined, Image> {
  const bytes = Buffer.from(buffer)
  checkHeader(bytes)
  yield* checkChecksum(bytes)
  const domain = readName(bytes, Header.domainLength, Header.domain, 'the domain')
  const key = { low: bytes.readUInt32LE(Header.hashKey), high: bytes.readUInt32LE(Header.hashKey + 4) }
  const count = bytes.readUInt32LE(Header.maps)
  if (count > MAX_MAPS || HEADER_BYTES + count * MAP_ENTRY_BYTES > bytes.length) {
    throw new ImageError(`a table of ${count} maps does not fit`)
  }
  const maps: MapView[] = []
  for (let i = 0; i < count; i++) {
    const map = openMap(bytes, HEADER_BYTES + i * MAP_ENTRY_BYTES, key)
    yield* checkRecords(bytes, map)
    maps.push(map)
  }
  return {
    bytes,
    domain,
    created: readPlace(bytes, Header.created),
    generation: readPlace(bytes, Header.generation),
    fingerprint: bytes.subarray(Header.fingerprint, Header.fingerprint + FINGERPRINT_BYTES),
    maps,
  }
}

function checkHeader(bytes: Buffer): void {
  if (bytes.length < HEADER_BYTES) throw new ImageError(`${bytes.length} bytes: shorter than a header`)
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) throw new ImageError('not an image of ypldap')
  const version = bytes.readUInt32LE(Header.formatVersion)
  if (version !== FORMAT_VERSION) {
    throw new ImageError(`format ${version} is not this version's, ${FORMAT_VERSION}`)
  }
  if (new Uint32Array(bytes.buffer, Header.byteOrder, 1)[0] !== BYTE_ORDER_MARK) {
    throw new ImageError('made on a machine of another byte order')
  }
  const length = readPlace(bytes, Header.length)
  if (length !== bytes.length) throw new ImageError(`${bytes.length} bytes where ${length} were written`)
}

function* checkChecksum(bytes: Buffer): Generator<undefined> {
  const start = Header.checksum + CHECKSUM_BYTES
  const sum = createHash('sha256')
  for (let at = start; at < bytes.length; at += CHECKSUM_STEP) {
    sum.update(bytes.subarray(at, at + CHECKSUM_STEP))
    yield
  }
  if (!sum.digest().equals(bytes.subarray(Header.checksum, start))) {
    throw new ImageError('the checksum is not that of the content')
  }
}

/** A 64-bit number, which is a place, a size or a time: none of ours passes 2^53. */
function readPlace(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at))
}

function readName(bytes: Buffer, lengthAt: number, at: number, what: string): string {
  const length = bytes.readUInt32LE(lengthAt)
  if (length === 0 || length > MAX_NAME_BYTES) throw new ImageError(`${what} has a name of ${length} bytes`)
  return bytes.toString('latin1', at, at + length)
}

function openMap(bytes: Buffer, at: number, key: HashKey): MapView {
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
    hiddenEnd <= bytes.length &&
    offsets % 4 === 0 &&
    offsets + all * 4 <= bytes.length &&
    slotTable % 4 === 0 &&
    slotTable + slots * 4 <= bytes.length &&
    // A power of two with room left: else a search for a missing key would not end.
    slots > all &&
    (slots & (slots - 1)) === 0
  if (!fits) throw new ImageError(`${name}: its tables lie outside the image`)
  return new MapView({
    name,
    secure: (bytes.readUInt32LE(at + MapEntry.flags) & SECURE) !== 0,
    count,
    bytes,
    section,
    sectionEnd,
    hiddenEnd,
    offsets: new Uint32Array(bytes.buffer, offsets, all),
    slots: new Uint32Array(bytes.buffer, slotTable, slots),
    key,
  })
}

/** Walks the records as a reader of the stream would, so that no later read needs a check of its own. */
function* checkRecords(bytes: Buffer, map: MapView): Generator<undefined> {
  const damaged = (what: string) => new ImageError(`${map.name}: ${what}`)
  let at = map.section
  const walk = (number: number, end: number) => {
    if (map.offsets[number] !== at - map.section) throw damaged(`record ${number} is not where it should be`)
    if (at + RECORD_HEAD_BYTES + 8 > end) throw damaged(`record ${number} is cut`)
    if (word(bytes, at) !== 1 || word(bytes, at + 4) !== YpStat.TRUE) {
      throw damaged(`record ${number} does not start as one`)
    }
    const keyAt = afterOpaque(bytes, at + RECORD_HEAD_BYTES, end - 4)
    at = keyAt === undefined ? Infinity : (afterOpaque(bytes, keyAt, end) ?? Infinity)
    if (at > end) throw damaged(`record ${number} runs past its end`)
  }
  const recordsEnd = map.sectionEnd - SECTION_END_BYTES
  for (let i = 0; i < map.count; i++) {
    walk(i, recordsEnd)
    if (i > 0 && map.compareRecords(i - 1, i) >= 0) throw damaged(`record ${i} is out of order`)
    if (i % RECORD_STEP === RECORD_STEP - 1) yield
  }
  if (at !== recordsEnd) throw damaged('its records do not fill it')
  const end = [1, YpStat.NOMORE, 0, 0, 0]
  if (end.some((value, index) => word(bytes, recordsEnd + index * 4) !== value)) {
    throw damaged('its end is not that of a stream')
  }
  at = map.sectionEnd
  for (let i = map.count; i < map.offsets.length; i++) walk(i, map.hiddenEnd)
  checkIndex(map, damaged)
}

/** As many slots in use as there are records: so one is free, where the search for a missing key ends. */
function checkIndex(map: MapView, damaged: (what: string) => ImageError): void {
  let used = 0
  for (const slot of map.slots) {
    if (slot > map.offsets.length) throw damaged('its index points nowhere')
    if (slot > 0) used += 1
  }
  if (used !== map.offsets.length) throw damaged('its index is not that of its records')
}

function afterOpaque(bytes: Buffer, at: number, end: number): number | undefined {
  const length = word(bytes, at)
  const after = at + 4 + length + (-length & 3)
  return after <= end ? after : undefined
}

interface MapParts {
  readonly name: string
  readonly secure: boolean
  readonly count: number
  readonly bytes: Buffer
  readonly section: number
  readonly sectionEnd: number
  readonly hiddenEnd: number
  readonly offsets: Uint32Array
  readonly slots: Uint32Array
  readonly key: HashKey
}

/** One map of an image. Records are named by number: enumeration order, the hidden ones behind the others. */
export class MapView {
  readonly name: string
  /** carries hashes: only for callers on a reserved port */
  readonly secure: boolean
  /** records that enumeration shows */
  readonly count: number
  /** the stream of YPPROC_ALL, in the image's bytes */
  readonly section: number
  readonly sectionEnd: number
  readonly hiddenEnd: number
  readonly offsets: Uint32Array
  readonly slots: Uint32Array
  readonly #bytes: Buffer
  readonly #key: HashKey

  constructor(parts: MapParts) {
    this.name = parts.name
    this.secure = parts.secure
    this.count = parts.count
    this.section = parts.section
    this.sectionEnd = parts.sectionEnd
    this.hiddenEnd = parts.hiddenEnd
    this.offsets = parts.offsets
    this.slots = parts.slots
    this.#bytes = parts.bytes
    this.#key = parts.key
  }

  /** The number of the record with this key, hidden ones included, or -1. */
  find(from: Uint8Array, start: number, length: number): number {
    const mask = this.slots.length - 1
    for (let slot = hash(from, start, length, this.#key) & mask; ; slot = (slot + 1) & mask) {
      const number = this.slots[slot]! - 1
      if (number < 0) return -1
      const keyAt = this.valueEnd(number)
      if (word(this.#bytes, keyAt) === length && this.#equal(from, start, keyAt + 4, length)) return number
    }
  }

  /** The number of the first record whose key is greater than this one; `count` when there is none. */
  successor(from: Uint8Array, start: number, length: number): number {
    const found = this.find(from, start, length)
    if (found >= 0 && found < this.count) return found + 1
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#compareKey(middle, from, start, length) > 0) high = middle
      else low = middle + 1
    }
    return low
  }

  /** Where the `stat` of a record lies: the start of the answer to MATCH, FIRST and NEXT. */
  answerStart(number: number): number {
    return this.section + this.offsets[number]! + 4
  }

  /** One past a record's value: the end of the answer to MATCH, and where the key's length lies. */
  valueEnd(number: number): number {
    const at = this.section + this.offsets[number]! + RECORD_HEAD_BYTES
    const length = word(this.#bytes, at)
    return at + 4 + length + (-length & 3)
  }

  /** One past a record: the end of the answer to FIRST and NEXT. */
  recordEnd(number: number): number {
    const at = this.valueEnd(number)
    const length = word(this.#bytes, at)
    return at + 4 + length + (-length & 3)
  }

  /** As memcmp: negative when record `a` has the smaller key. */
  compareRecords(a: number, b: number): number {
    const keyAt = this.valueEnd(b)
    return this.#compareKey(a, this.#bytes, keyAt + 4, word(this.#bytes, keyAt))
  }

  #equal(from: Uint8Array, start: number, at: number, length: number): boolean {
    for (let i = 0; i < length; i++) if (this.#bytes[at + i] !== from[start + i]) return false
    return true
  }

  /** A record's key against another: bytewise, a prefix before the longer. */
  #compareKey(number: number, from: Uint8Array, start: number, length: number): number {
    const keyAt = this.valueEnd(number)
    const own = word(this.#bytes, keyAt)
    const common = Math.min(own, length)
    for (let i = 0; i < common; i++) {
      const difference = this.#bytes[keyAt + 4 + i]! - from[start + i]!
      if (difference !== 0) return difference
    }
    return own - length
  }
}
