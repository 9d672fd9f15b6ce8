/** Records to an image. */
import { createHash, randomBytes } from 'node:crypto'
import { addTo, checksumOf } from './checksum.ts'
import {
  aligned,
  BYTE_ORDER_MARK,
  FINGERPRINT_BYTES,
  FORMAT_VERSION,
  FOUND,
  HEADER_BYTES,
  Header,
  MAGIC,
  MAP_ENTRY_BYTES,
  MAX_IMAGE_BYTES,
  MAX_MAPS,
  MAX_NAME_BYTES,
  MapEntry,
  SECURE,
  SpecialKey,
} from './image-format.ts'
import { type Hidden, type Plan, planMap, TooLargeError, writeMap } from './map-writer.ts'
import type { Lines, MapRecords } from './records.ts'

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
  /** told how many bytes the image has, before they are taken; it may throw */
  readonly reserve?: (bytes: number) => void
  /** for tests: bytes that an image, and in it the records of a map, may have */
  readonly limits?: { readonly image?: number; readonly section?: number }
}

/**
 * Throws RangeError for names and keys that no image can hold, as they are the caller's own work, and TooLargeError,
 * before any memory is taken.
 */
export function writeImage(maps: readonly MapRecords[], options: ImageOptions): ArrayBuffer {
  check(maps, options)
  const plans = planMaps(maps, options)
  const length = aligned(plans.at(-1)?.end ?? HEADER_BYTES)
  options.reserve?.(length)
  const buffer = new ArrayBuffer(length)
  const bytes = Buffer.from(buffer)
  const seed = randomBytes(8)
  const hashKey = { low: seed.readUInt32LE(0), high: seed.readUInt32LE(4) }
  const { domain, master, users, groups } = options
  const contents = createHash('sha256').update(options.fingerprint)
  contents.update(JSON.stringify([FORMAT_VERSION, domain, master, users, groups]))
  const places = new Map<Lines, Float64Array>()
  for (const [index, plan] of plans.entries()) {
    const { records, section, sectionLength } = plan
    const { name, secure, found, lines } = records
    const written = places.get(lines) ?? new Float64Array(lines.lengths.length)
    places.set(lines, written)
    writeMap(bytes, plan, hashKey, written)
    writeMapEntry(bytes.subarray(HEADER_BYTES + index * MAP_ENTRY_BYTES), plan)
    // All that an answer may depend on, but for the time, the generation and the hash key.
    contents.update(JSON.stringify([name, secure, found, sectionLength]))
    addTo(contents, bytes.subarray(section, section + sectionLength))
  }
  writeHeader(bytes, options, seed, maps.length)
  bytes.set(contents.digest(), Header.contents)
  bytes.set(checksumOf(bytes), Header.checksum)
  return buffer
}

function planMaps(maps: readonly MapRecords[], options: ImageOptions): readonly Plan[] {
  const { domain, master, created, limits } = options
  const hidden: Hidden = [
    [SpecialKey.lastModified, String(created)],
    [SpecialKey.masterName, master],
    [SpecialKey.domainName, domain],
  ]
  const most = limits?.image ?? MAX_IMAGE_BYTES
  let end = HEADER_BYTES + maps.length * MAP_ENTRY_BYTES
  return maps.map((records) => {
    const plan = planMap(records, hidden, end, limits?.section)
    end = plan.end
    if (end > most) {
      throw new TooLargeError(
        `the maps would take more than ${most} bytes: provide fewer, or narrow bases and filters`,
      )
    }
    return plan
  })
}

function check(maps: readonly MapRecords[], options: ImageOptions): void {
  if (maps.length > MAX_MAPS) {
    throw new TooLargeError(`${maps.length} maps, and an image has room for ${MAX_MAPS}: provide fewer`)
  }
  for (const { name } of [...maps, { name: options.domain }]) checkName(name)
  if (options.fingerprint.length !== FINGERPRINT_BYTES) throw new RangeError('a fingerprint has 32 bytes')
}

function checkName(name: string): void {
  if (name.length > 0 && name.length <= MAX_NAME_BYTES) return
  throw new RangeError(`the name "${name}" has ${name.length} bytes: 1 to ${MAX_NAME_BYTES} are possible`)
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

function writeMapEntry(bytes: Buffer, plan: Plan): void {
  const { name, secure, found, keys } = plan.records
  bytes.writeUInt32LE(name.length, MapEntry.nameLength)
  bytes.write(name, MapEntry.name, 'latin1')
  bytes.writeUInt32LE((secure ? SECURE : 0) | (found ? FOUND : 0), MapEntry.flags)
  bytes.writeUInt32LE(keys.length, MapEntry.count)
  bytes.writeUInt32LE(plan.hidden.length, MapEntry.hidden)
  bytes.writeUInt32LE(plan.slots, MapEntry.slots)
  bytes.writeBigUInt64LE(BigInt(plan.section), MapEntry.section)
  bytes.writeBigUInt64LE(BigInt(plan.sectionLength), MapEntry.sectionLength)
  bytes.writeBigUInt64LE(BigInt(plan.hiddenLength), MapEntry.hiddenLength)
  bytes.writeBigUInt64LE(BigInt(plan.offsets), MapEntry.offsets)
  bytes.writeBigUInt64LE(BigInt(plan.slotTable), MapEntry.slotTable)
}
