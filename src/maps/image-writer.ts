/** Records to an image. */
import { createHash, randomBytes } from 'node:crypto'
import { YPMAXRECORD, YpStat } from '../../rpc/yp.ts'
import { type HashKey, hash } from './hash.ts'
import {
  aligned,
  BYTE_ORDER_MARK,
  CHECKSUM_BYTES,
  FINGERPRINT_BYTES,
  FORMAT_VERSION,
  HEADER_BYTES,
  Header,
  MAGIC,
  MAP_ENTRY_BYTES,
  MAX_IMAGE_BYTES,
  MAX_MAPS,
  MAX_NAME_BYTES,
  MAX_SECTION_BYTES,
  MapEntry,
  RECORD_HEAD_BYTES,
  SECTION_END_BYTES,
  SECURE,
  SpecialKey,
  slotsFor,
} from './image-format.ts'
import type { MapRecords } from './records.ts'
import type { Octets } from './rows.ts'

export interface ImageOptions {
  readonly domain: string
  /** the host name that MASTER answers */
  readonly master: string
  /** seconds since 1970 */
  readonly created: number
  readonly generation: number
  /** users and groups that the maps were made from */
  readonly users: number
  readonly groups: number
  /** FINGERPRINT_BYTES */
  readonly fingerprint: Uint8Array
}

/** What is known of a map before its bytes are written. */
interface Plan {
  readonly records: MapRecords
  /** record numbers in ascending key order */
  readonly order: Uint32Array
  readonly hidden: readonly (readonly [key: Octets, value: Octets])[]
  readonly sectionLength: number
  readonly hiddenLength: number
  readonly slots: number
  readonly section: number
  readonly offsets: number
  readonly slotTable: number
}

/**
 * Writes `count` maps, each before the next is asked for, into a buffer that grows with them. Throws RangeError for
 * what no image can hold: the maps are the caller's own work, not input.
 */
export function writeImage(maps: Iterable<MapRecords>, count: number, options: ImageOptions): ArrayBuffer {
  check(count, options)
  let end = HEADER_BYTES + count * MAP_ENTRY_BYTES
  const buffer = new ArrayBuffer(end, { maxByteLength: MAX_IMAGE_BYTES })
  const seed = randomBytes(8)
  const key: HashKey = { low: seed.readUInt32LE(0), high: seed.readUInt32LE(4) }
  const contents = createHash('sha256').update(options.fingerprint)
  const { domain, master, users, groups } = options
  contents.update(JSON.stringify([FORMAT_VERSION, domain, master, users, groups]))
  let number = 0
  for (const records of maps) {
    checkName(records.name)
    const plan = planMap(records, options, end)
    end = plan.slotTable + plan.slots * 4
    if (end > MAX_IMAGE_BYTES) throw new RangeError(`the maps take more than ${MAX_IMAGE_BYTES} bytes`)
    buffer.resize(aligned(end))
    const bytes = Buffer.from(buffer, 0, buffer.byteLength)
    writeMapEntry(bytes, HEADER_BYTES + number * MAP_ENTRY_BYTES, plan)
    writeMap(bytes, plan, key)
    // All that an answer may depend on, but for the time, the generation and the hash key.
    contents.update(JSON.stringify([records.name, records.secure, plan.sectionLength]))
    contents.update(bytes.subarray(plan.section, plan.section + plan.sectionLength))
    number += 1
  }
  const bytes = Buffer.from(buffer, 0, buffer.byteLength)
  writeHeader(bytes, options, seed, count)
  bytes.set(contents.digest(), Header.contents)
  const checksum = createHash('sha256')
    .update(bytes.subarray(Header.checksum + CHECKSUM_BYTES))
    .digest()
  bytes.set(checksum, Header.checksum)
  return buffer
}

function check(count: number, options: ImageOptions): void {
  if (count > MAX_MAPS) throw new RangeError(`${count} maps: at most ${MAX_MAPS}`)
  checkName(options.domain)
  if (options.fingerprint.length !== FINGERPRINT_BYTES) throw new RangeError('a fingerprint has 32 bytes')
}

function checkName(name: string): void {
  if (name.length > 0 && name.length <= MAX_NAME_BYTES) return
  throw new RangeError(`the name "${name}" has ${name.length} bytes: 1 to ${MAX_NAME_BYTES} are possible`)
}

function planMap(records: MapRecords, options: ImageOptions, place: number): Plan {
  const { keys, values } = records
  const order = Uint32Array.from(keys.keys())
  if (!isAscending(keys)) order.sort((a, b) => compare(keys[a]!, keys[b]!))
  let sectionLength = SECTION_END_BYTES
  let previous: Octets | undefined
  for (const index of order) {
    const key = keys[index]!
    if (key === previous || key === '' || key.length > YPMAXRECORD) {
      throw new RangeError(
        `${records.name}: the key "${key}" is empty, over ${YPMAXRECORD} bytes, or twice there`,
      )
    }
    previous = key
    sectionLength += recordLength(key, values[index]!)
  }
  const hidden = [
    [SpecialKey.lastModified, String(options.created)],
    [SpecialKey.masterName, options.master],
    [SpecialKey.domainName, options.domain],
  ] as const
  const hiddenLength = hidden.reduce((sum, [key, value]) => sum + recordLength(key, value), 0)
  if (sectionLength + hiddenLength > MAX_SECTION_BYTES) {
    throw new RangeError(`${records.name}: ${sectionLength} bytes of records; a map can hold 4 GiB`)
  }
  const section = aligned(place)
  const offsets = aligned(section + sectionLength + hiddenLength)
  const slotTable = aligned(offsets + (keys.length + hidden.length) * 4)
  const slots = slotsFor(keys.length + hidden.length)
  return { records, order, hidden, sectionLength, hiddenLength, slots, section, offsets, slotTable }
}

function isAscending(keys: readonly Octets[]): boolean {
  for (let i = 1; i < keys.length; i++) if (keys[i - 1]! >= keys[i]!) return false
  return true
}

function compare(a: Octets, b: Octets): number {
  return a < b ? -1 : Number(a > b)
}

function recordLength(key: Octets, value: Octets): number {
  return RECORD_HEAD_BYTES + opaqueLength(value.length) + opaqueLength(key.length)
}

function opaqueLength(length: number): number {
  return 4 + length + (-length & 3)
}

function writeHeader(bytes: Buffer, options: ImageOptions, seed: Buffer, maps: number): void {
  bytes.write(MAGIC, Header.magic, 'latin1')
  bytes.writeUInt32LE(FORMAT_VERSION, Header.formatVersion)
  new Uint32Array(bytes.buffer, Header.byteOrder, 1)[0] = BYTE_ORDER_MARK
  bytes.writeBigUInt64LE(BigInt(bytes.length), Header.length)
  bytes.writeBigUInt64LE(BigInt(options.created), Header.created)
  bytes.writeBigUInt64LE(BigInt(options.generation), Header.generation)
  bytes.writeUInt32LE(options.users, Header.users)
  bytes.writeUInt32LE(options.groups, Header.groups)
  bytes.set(seed, Header.hashKey)
  bytes.set(options.fingerprint, Header.fingerprint)
  bytes.writeUInt32LE(maps, Header.maps)
  bytes.writeUInt32LE(options.domain.length, Header.domainLength)
  bytes.write(options.domain, Header.domain, 'latin1')
}

function writeMapEntry(bytes: Buffer, at: number, plan: Plan): void {
  const { records } = plan
  bytes.writeUInt32LE(records.name.length, at + MapEntry.nameLength)
  bytes.write(records.name, at + MapEntry.name, 'latin1')
  bytes.writeUInt32LE(records.secure ? SECURE : 0, at + MapEntry.flags)
  bytes.writeUInt32LE(records.keys.length, at + MapEntry.count)
  bytes.writeUInt32LE(plan.hidden.length, at + MapEntry.hidden)
  bytes.writeUInt32LE(plan.slots, at + MapEntry.slots)
  bytes.writeBigUInt64LE(BigInt(plan.section), at + MapEntry.section)
  bytes.writeBigUInt64LE(BigInt(plan.sectionLength), at + MapEntry.sectionLength)
  bytes.writeBigUInt64LE(BigInt(plan.hiddenLength), at + MapEntry.hiddenLength)
  bytes.writeBigUInt64LE(BigInt(plan.offsets), at + MapEntry.offsets)
  bytes.writeBigUInt64LE(BigInt(plan.slotTable), at + MapEntry.slotTable)
}

function writeMap(bytes: Buffer, plan: Plan, key: HashKey): void {
  const { records, order, hidden, section } = plan
  const offsets = new Uint32Array(bytes.buffer, plan.offsets, order.length + hidden.length)
  const slots = new Uint32Array(bytes.buffer, plan.slotTable, plan.slots)
  let at = section
  let number = 0
  const put = (recordKey: Octets, value: Octets) => {
    offsets[number] = at - section
    const keyAt = writeOpaque(bytes, writeWords(bytes, at, 1, YpStat.TRUE), value)
    at = writeOpaque(bytes, keyAt, recordKey)
    const mask = plan.slots - 1
    let slot = hash(bytes, keyAt + 4, recordKey.length, key) & mask
    while (slots[slot] !== 0) slot = (slot + 1) & mask
    number += 1
    slots[slot] = number
  }
  for (const index of order) put(records.keys[index]!, records.values[index]!)
  at = writeWords(bytes, at, 1, YpStat.NOMORE)
  at = writeWords(bytes, at, 0, 0)
  at = writeWords(bytes, at, 0)
  for (const [recordKey, value] of hidden) put(recordKey, value)
}

function writeWords(bytes: Buffer, at: number, ...words: readonly number[]): number {
  for (const [index, value] of words.entries()) bytes.writeUInt32BE(value, at + index * 4)
  return at + words.length * 4
}

/** The padding is there already: a new buffer is zero. */
function writeOpaque(bytes: Buffer, at: number, value: Octets): number {
  bytes.writeUInt32BE(value.length, at)
  bytes.write(value, at + 4, 'latin1')
  return at + opaqueLength(value.length)
}
