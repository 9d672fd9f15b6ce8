import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type Image, ImageError, openImage } from '../../src/maps/image.ts'
import {
  CHECKSUM_BYTES,
  HEADER_BYTES,
  Header,
  MAP_ENTRY_BYTES,
  MapEntry,
} from '../../src/maps/image-format.ts'
import { writeImage } from '../../src/maps/image-writer.ts'
import { mapRecords } from '../support/map-records.ts'
import { mutate, type Random, runSeed, seededRandom } from '../support/mutate.ts'

const EXECUTIONS = 100_000

const OPTIONS = {
  domain: 'example.com',
  master: 'nis.example.com',
  created: 1_700_000_000,
  generation: 1,
  users: 3,
  groups: 2,
  fingerprint: new Uint8Array(32),
}

const whole = Buffer.from(
  writeImage(
    [mapRecords('a', ['alice', 'bob', 'c'], ['value', '', 'x'.repeat(9)]), mapRecords('empty', [], [], true)],
    OPTIONS,
  ),
)
const TABLES = HEADER_BYTES + 2 * MAP_ENTRY_BYTES

/** Anything anywhere. */
function anywhere(random: Random): Buffer {
  return mutate(whole, random)
}

/** The header and the table of maps, whose words are little-endian, with lengths that nearly fit. */
function tables(random: Random): Buffer {
  const head = Buffer.from(whole.subarray(0, TABLES)).swap32()
  const changed = Buffer.alloc(TABLES)
  mutate(head, random).copy(changed)
  return Buffer.concat([changed.swap32(), whole.subarray(TABLES)])
}

/** As whoever wrote the image would have sealed it: what lies behind the header's length and checksum counts. */
function sealed(bytes: Buffer): Buffer {
  if (bytes.length < HEADER_BYTES) return bytes
  whole.copy(bytes, 0, 0, Header.length)
  bytes.writeBigUInt64LE(BigInt(bytes.length), Header.length)
  const behind = Header.checksum + CHECKSUM_BYTES
  createHash('sha256').update(bytes.subarray(behind)).digest().copy(bytes, Header.checksum)
  return bytes
}

function opened(bytes: Buffer): Image {
  const buffer = new ArrayBuffer(bytes.length)
  bytes.copy(new Uint8Array(buffer))
  return openImage(buffer)
}

/** The first thing in an image that was accepted that can't be read as a server reads it, or undefined. */
function fault({ bytes, maps }: Image): string | undefined {
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

const targets: readonly (readonly [name: string, change: (random: Random) => Buffer, accepts: boolean])[] = [
  ['an image', anywhere, false],
  ['an image with its checksum made good again', (random) => sealed(anywhere(random)), true],
  ['the tables of an image with its checksum made good again', (random) => sealed(tables(random)), true],
]

describe('an image is refused with ImageError, or every record of it can be read', () => {
  test.each(targets)(`${EXECUTIONS} mutations of %s`, (name, change, accepts) => {
    const seed = runSeed()
    console.log(`${name}: YPLDAP_FUZZ_SEED=${seed}`)
    const random = seededRandom(seed)
    let accepted = 0
    for (let i = 0; i < EXECUTIONS; i++) {
      const bytes = change(random)
      try {
        const found = fault(opened(bytes))
        if (found !== undefined) throw new Error(found)
        accepted += 1
      } catch (error) {
        if (error instanceof ImageError) continue
        throw new Error(`seed ${seed}, execution ${i}: ${bytes.toString('hex')}`, { cause: error })
      }
    }
    expect(accepted).toBeLessThan(EXECUTIONS)
    if (accepts) expect(accepted).toBeGreaterThan(0)
  })
})

test('an image as it was written is accepted', () => {
  expect(fault(opened(whole))).toBeUndefined()
  expect(fault(opened(sealed(Buffer.from(whole))))).toBeUndefined()
})

test('an index without a free slot is refused', () => {
  const bytes = Buffer.from(whole)
  const at = Number(bytes.readBigUInt64LE(HEADER_BYTES + MapEntry.slotTable))
  const slots = new Uint32Array(
    bytes.buffer,
    bytes.byteOffset + at,
    bytes.readUInt32LE(HEADER_BYTES + MapEntry.slots),
  )
  slots.fill(1)
  expect(() => opened(sealed(bytes))).toThrow(ImageError)
})
