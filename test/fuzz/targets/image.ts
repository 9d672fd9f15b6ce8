/** A committed image: it is refused with ImageError, or every record of it can be read as a server reads it. */
import { createHash } from 'node:crypto'
import { type Image, ImageError, openImage } from '../../../src/maps/image.ts'
import { CHECKSUM_BYTES, HEADER_BYTES, Header } from '../../../src/maps/image-format.ts'
import { writeImage } from '../../../src/maps/image-writer.ts'
import { mapRecords } from '../../support/map-records.ts'
import type { Target } from '../target.ts'

const OPTIONS = {
  domain: 'example.com',
  master: 'nis.example.com',
  created: 1_700_000_000,
  generation: 1,
  users: 3,
  groups: 2,
  fingerprint: new Uint8Array(32),
}

export const WHOLE = Buffer.from(
  writeImage(
    [mapRecords('a', ['alice', 'bob', 'c'], ['value', '', 'x'.repeat(9)]), mapRecords('empty', [], [], true)],
    OPTIONS,
  ),
)

const EMPTY = Buffer.from(writeImage([mapRecords('empty', [], [])], OPTIONS))

/** As whoever wrote the image would have sealed it: what lies behind the header's length and checksum counts. */
export function sealed(bytes: Buffer): Buffer {
  if (bytes.length < HEADER_BYTES) return bytes
  WHOLE.copy(bytes, 0, 0, Header.length)
  bytes.writeBigUInt64LE(BigInt(bytes.length), Header.length)
  const behind = Header.checksum + CHECKSUM_BYTES
  createHash('sha256').update(bytes.subarray(behind)).digest().copy(bytes, Header.checksum)
  return bytes
}

/** The first thing in an image that was accepted that can't be read as a server reads it, or undefined. */
export function imageFault({ bytes, maps }: Image): string | undefined {
  for (const map of maps) {
    if (map.section < 0 || map.sectionEnd > bytes.length) return `${map.name}: ALL runs out of the image`
    // Without a free slot a search for a missing key would not end.
    if (!map.slots.includes(0)) return `${map.name}: no free slot`
    for (let number = 0; number < map.offsets.length; number++) {
      const start = map.answerStart(number)
      const value = map.valueEnd(number)
      const end = map.recordEnd(number)
      if (!(map.section < start && start < value && value < end && end <= bytes.length)) {
        return `${map.name}: record ${number} runs out of the image`
      }
      const length = bytes.readUInt32BE(value)
      const found = map.find(bytes, value + 4, length)
      if (!(found >= -1 && found < map.offsets.length)) return `${map.name}: MATCH finds ${found}`
      const next = map.successor(bytes, value + 4, length)
      if (!(next >= 0 && next <= map.count)) return `${map.name}: NEXT finds ${next}`
    }
  }
  return undefined
}

/** In memory of its own, where an image always lies. */
export function opened(bytes: Buffer): Image {
  const buffer = new ArrayBuffer(bytes.length)
  bytes.copy(new Uint8Array(buffer))
  return openImage(buffer)
}

function read(bytes: Buffer): void {
  const fault = imageFault(opened(bytes))
  if (fault !== undefined) throw new Error(fault)
}

export const targets: readonly Target[] = [
  { name: 'image/raw', seeds: [WHOLE, EMPTY], refusals: [ImageError], run: read },
  {
    name: 'image/sealed',
    seeds: [WHOLE, EMPTY],
    refusals: [ImageError],
    run: (bytes) => read(sealed(Buffer.from(bytes))),
  },
]
