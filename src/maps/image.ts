/**
 * An image, opened: checked as a whole once, then read without copying. Whatever it yields is a place in its
 * bytes, to be sent as it lies.
 */
import { word } from '../../rpc/xdr-reader.ts'
import { YpStat } from '../../rpc/yp.ts'
import { checksumOf } from './checksum.ts'
import { type HashKey, hash } from './hash.ts'
import { CHECKSUM_BYTES, Header, RECORD_HEAD_BYTES, SECTION_END_BYTES } from './image-format.ts'
import { ImageError, type ImageHead, type MapPlaces, readHead } from './image-head.ts'

export { ImageError } from './image-head.ts'

export interface Image extends Omit<ImageHead, 'maps' | 'hashKey'> {
  readonly bytes: Buffer
  readonly maps: readonly MapView[]
}

/** Records walked or slots looked at before the checker lets others work. */
const RECORD_STEP = 1024
const SLOT_STEP = 1 << 16

/** Checks and opens an image in one go; throws ImageError. */
export function openImage(buffer: ArrayBufferLike): Image {
  const image = viewImage(buffer)
  checkChecksum(image.bytes, checksumOf(image.bytes))
  for (const _ of checkMaps(image));
  return image
}

/** Opens an image that was checked before, as by another thread. */
export function viewImage(buffer: ArrayBufferLike): Image {
  const bytes = Buffer.from(buffer)
  const { hashKey, ...head } = readHead(bytes, bytes.length)
  return { ...head, bytes, maps: head.maps.map((places) => new MapView(bytes, hashKey, places)) }
}

/** Throws unless the image that begins with `bytes` has the checksum that it should have. */
export function checkChecksum(bytes: Buffer, sum: Buffer): void {
  if (sum.compare(bytes, Header.checksum, Header.checksum + CHECKSUM_BYTES) !== 0) {
    throw new ImageError('the checksum is not that of the content')
  }
}

/** Holds the maps of an image against what is said of them, in steps of less than a millisecond. */
export function* checkMaps({ bytes, maps }: Image): Generator<undefined> {
  for (const map of maps) {
    yield* checkRecords(bytes, map)
    yield* checkIndex(map)
  }
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
  for (let i = map.count; i < map.offsets.length; i++) {
    walk(i, map.hiddenEnd)
    if (i % RECORD_STEP === RECORD_STEP - 1) yield
  }
}

/** As many slots in use as there are records: so one is free, where the search for a missing key ends. */
function* checkIndex({ name, slots, offsets }: MapView): Generator<undefined> {
  let used = 0
  for (let i = 0; i < slots.length; i++) {
    const number = slots[i]!
    if (number > offsets.length) throw new ImageError(`${name}: its index points nowhere`)
    if (number > 0) used += 1
    if (i % SLOT_STEP === SLOT_STEP - 1) yield
  }
  if (used !== offsets.length) throw new ImageError(`${name}: its index is not that of its records`)
}

function afterOpaque(bytes: Buffer, at: number, end: number): number | undefined {
  const length = word(bytes, at)
  const after = at + 4 + length + (-length & 3)
  return after <= end ? after : undefined
}

/** One map of an image. Records are named by number: enumeration order, the hidden ones behind the others. */
export class MapView {
  readonly name: string
  /** carries hashes: only for callers on a reserved port */
  readonly secure: boolean
  /** the directory names it, not the configuration */
  readonly found: boolean
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

  constructor(bytes: Buffer, key: HashKey, places: MapPlaces) {
    this.name = places.name
    this.secure = places.secure
    this.found = places.found
    this.count = places.count
    this.section = places.section
    this.sectionEnd = places.sectionEnd
    this.hiddenEnd = places.hiddenEnd
    this.offsets = new Uint32Array(bytes.buffer, places.offsets, places.all)
    this.slots = new Uint32Array(bytes.buffer, places.slotTable, places.slots)
    this.#bytes = bytes
    this.#key = key
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
