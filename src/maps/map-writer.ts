/** One map to the bytes of an image: its section, its hidden records, its tables. */
import { word } from '../../rpc/xdr-reader.ts'
import { YPMAXRECORD, YpStat } from '../../rpc/yp.ts'
import { type HashKey, hash } from './hash.ts'
import { aligned, MAX_SECTION_BYTES, RECORD_HEAD_BYTES, SECTION_END_BYTES, slotsFor } from './image-format.ts'
import type { MapRecords } from './records.ts'
import type { Octets } from './rows.ts'

/** Up to so many bytes are written by a loop before a call has begun to. */
const SHORT = 32

/** What the directories gave has no room. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError'
  readonly code = 'image-too-large'
}

/** Records that MATCH finds and enumeration does not. */
export type Hidden = readonly (readonly [key: Octets, value: Octets])[]

/** Where the parts of a map will lie. */
export interface Plan {
  readonly records: MapRecords
  readonly hidden: Hidden
  readonly section: number
  readonly sectionLength: number
  readonly hiddenLength: number
  readonly offsets: number
  readonly slots: number
  readonly slotTable: number
  /** one past its last byte */
  readonly end: number
}

/** Throws RangeError for keys that no map can have, and TooLargeError. `most` bytes is what records may take. */
export function planMap(records: MapRecords, hidden: Hidden, place: number, most = MAX_SECTION_BYTES): Plan {
  const { name, keys, numbers, lines } = records
  let sectionLength = SECTION_END_BYTES
  let previous = ''
  for (let record = 0; record < keys.length; record++) {
    const key = keys[record]!
    if (key <= previous || key.length > YPMAXRECORD) {
      throw new RangeError(`${name}: the key "${key}" is empty, over ${YPMAXRECORD} bytes, or not in order`)
    }
    previous = key
    sectionLength += recordLength(key.length, lines.lengths[numbers[record]!]!)
  }
  let hiddenLength = 0
  for (const [key, value] of hidden) hiddenLength += recordLength(key.length, value.length)
  const length = sectionLength + hiddenLength
  if (length > most) {
    throw new TooLargeError(
      `${name} would take ${length} bytes, and a map ends at ${most}: narrow bases and filters`,
    )
  }
  const section = aligned(place)
  const all = keys.length + hidden.length
  const offsets = aligned(section + length)
  const slots = slotsFor(all)
  const slotTable = aligned(offsets + all * 4)
  const end = slotTable + slots * 4
  return { records, hidden, section, sectionLength, hiddenLength, offsets, slots, slotTable, end }
}

/**
 * Writes a map into the bytes of an image, which are zero where it will lie. `places` says where lines of the same
 * kind have been written before, by their numbers, and is told of those that are written now; 0 is nowhere.
 */
export function writeMap(bytes: Buffer, plan: Plan, hashKey: HashKey, places: Float64Array): void {
  const { records, hidden, section, sectionLength } = plan
  const { name, keys, numbers, lines } = records
  const words = new Uint32Array(bytes.buffer)
  const offsets = new Uint32Array(bytes.buffer, plan.offsets, keys.length + hidden.length)
  const slots = new Uint32Array(bytes.buffer, plan.slotTable, plan.slots)
  let at = section
  for (let record = 0; record < keys.length; record++) {
    const number = numbers[record]!
    const value = writeRecordHead(bytes, at)
    const place = places[number]!
    let keyAt: number
    if (place === 0) {
      places[number] = value
      keyAt = writeOpaque(bytes, value, lines.line(number))
    } else {
      keyAt = copyOpaque(bytes, words, value, place)
    }
    offsets[record] = at - section
    at = writeOpaque(bytes, keyAt, keys[record]!)
    addSlot(slots, hash(bytes, keyAt + 4, keys[record]!.length, hashKey), record)
  }
  for (const value of [1, YpStat.NOMORE, 0, 0, 0]) at = writeWord(bytes, at, value)
  if (at !== section + sectionLength)
    throw new Error(`${name}: its lines are not as long as they were said to be`)
  for (const [index, [key, value]] of hidden.entries()) {
    const record = keys.length + index
    offsets[record] = at - section
    const keyAt = writeOpaque(bytes, writeRecordHead(bytes, at), value)
    at = writeOpaque(bytes, keyAt, key)
    addSlot(slots, hash(bytes, keyAt + 4, key.length, hashKey), record)
  }
}

function addSlot(slots: Uint32Array, hashed: number, record: number): void {
  const mask = slots.length - 1
  let slot = hashed & mask
  while (slots[slot] !== 0) slot = (slot + 1) & mask
  slots[slot] = record + 1
}

function recordLength(key: number, value: number): number {
  return RECORD_HEAD_BYTES + opaqueLength(value) + opaqueLength(key)
}

function opaqueLength(length: number): number {
  return 4 + length + (-length & 3)
}

function writeRecordHead(bytes: Buffer, at: number): number {
  return writeWord(bytes, writeWord(bytes, at, 1), YpStat.TRUE)
}

function writeWord(bytes: Buffer, at: number, value: number): number {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
  return at + 4
}

/** The padding is there already. */
function writeOpaque(bytes: Buffer, at: number, value: Octets): number {
  const { length } = value
  const start = writeWord(bytes, at, length)
  if (length > SHORT) bytes.write(value, start, length, 'latin1')
  else for (let i = 0; i < length; i++) bytes[start + i] = value.charCodeAt(i)
  return at + opaqueLength(length)
}

/** Places are multiples of four. A call of copyWithin would take longer than most values. */
function copyOpaque(bytes: Buffer, words: Uint32Array, at: number, from: number): number {
  const length = opaqueLength(word(bytes, from))
  const end = (at + length) / 4
  for (let to = at / 4, source = from / 4; to < end; to++, source++) words[to] = words[source]!
  return at + length
}
