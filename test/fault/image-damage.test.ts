import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ImageError } from '../../src/maps/image.ts'
import { commitImage, loadImage, readImageSummary } from '../../src/maps/image-file.ts'
import { HEADER_BYTES, MAP_ENTRY_BYTES } from '../../src/maps/image-format.ts'
import { figure } from '../support/figure.ts'
import { runSeed, seededRandom } from '../support/random.ts'
import { ALL_MAPS, build, group, rows, user } from '../support/rows.ts'

const BIT_FLIPS = 1000
const PAGE = 4096
const HEAD = HEADER_BYTES + ALL_MAPS.length * MAP_ENTRY_BYTES

const users = Array.from({ length: 400 }, (_, i) => user({ name: `user${i}`, uid: String(10_000 + i) }))
const groups = Array.from({ length: 40 }, (_, i) =>
  group({ name: `group${i}`, gid: String(i), members: users.slice(i, i + 20).map(({ name }) => name) }),
)
const { bytes } = build([rows(users, groups)])
const whole = Buffer.from(bytes)

let folder: string
let path: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ypldap-damage-'))
  path = join(folder, 'example.com.image')
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

beforeEach(async () => {
  await commitImage(path, bytes)
})

/** True unless the file is refused with ImageError; anything else fails the test. */
async function taken(read: (path: string) => Promise<unknown>): Promise<boolean> {
  try {
    await read(path)
    return true
  } catch (error) {
    if (error instanceof ImageError) return false
    throw error
  }
}

test('an image as it was committed is taken', async () => {
  expect(await taken(loadImage)).toBe(true)
  expect(await taken(readImageSummary)).toBe(true)
})

test('an image that is cut anywhere is refused', async () => {
  const lengths = new Set([
    0,
    1,
    8,
    HEADER_BYTES - 1,
    HEADER_BYTES,
    HEADER_BYTES + 1,
    HEAD - 1,
    HEAD,
    HEAD + 1,
  ])
  for (let length = PAGE; length < whole.length; length += PAGE) lengths.add(length)
  for (const left of [5, 4, 3, 2, 1]) lengths.add(whole.length - left)
  expect(lengths.size).toBeGreaterThan(60)
  const accepted: number[] = []
  // Downwards, for a file that is cut can be cut once more.
  for (const length of [...lengths].sort((a, b) => b - a)) {
    truncateSync(path, length)
    if ((await taken(loadImage)) || (await taken(readImageSummary))) accepted.push(length)
  }
  expect(accepted).toEqual([])
})

test('an image with a page of zeros, as a disk may have lost it, is refused', async () => {
  const accepted: number[] = []
  for (let at = 0; at < whole.length; at += PAGE) {
    writeFileSync(path, Buffer.from(whole).fill(0, at, Math.min(at + PAGE, whole.length)))
    if (await taken(loadImage)) accepted.push(at)
  }
  expect(accepted).toEqual([])
})

test(`an image with one bit flipped is refused, at each of ${BIT_FLIPS} places`, async () => {
  const seed = runSeed()
  console.log(`bit flips: YPLDAP_FUZZ_SEED=${seed}`)
  const random = seededRandom(seed)
  const accepted: string[] = []
  const file = openSync(path, 'r+')
  try {
    for (let flip = 0; flip < BIT_FLIPS; flip++) {
      // Every fourth in the head, which is small and says where everything is.
      const at = Math.floor(random() * (flip % 4 === 0 ? HEAD : whole.length))
      const bit = Math.floor(random() * 8)
      writeSync(file, Buffer.of(whole[at]! ^ (1 << bit)), 0, 1, at)
      if (await taken(loadImage)) accepted.push(`seed ${seed}: bit ${bit} of byte ${at}`)
      // Its head may be whole, or make sense all the same; it must not fail otherwise.
      await taken(readImageSummary)
      writeSync(file, whole, at, 1, at)
    }
  } finally {
    closeSync(file)
  }
  figure('G8', `${BIT_FLIPS.toLocaleString('en-US')} bits flipped one by one: all refused`)
  expect(accepted).toEqual([])
  expect((await loadImage(path)).bytes.equals(whole)).toBe(true)
})
