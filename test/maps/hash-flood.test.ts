import { expect, test } from 'vitest'
import { type HashKey, hash } from '../../src/maps/hash.ts'
import type { Image, MapView } from '../../src/maps/image.ts'
import { Header } from '../../src/maps/image-format.ts'
import { group, imageOf, rows, user } from '../support/rows.ts'

// Whoever may choose names, or keys to ask for, must not be able to make them meet in one place of the index.

const NAMES = 400
/** Places of a table of the size that so many names have. */
const PLACES = 1024

const imageWith = (names: readonly string[]): Image =>
  imageOf([
    rows(
      names.map((name, i) => user({ name, uid: String(10_000 + i) })),
      [group()],
    ),
  ])

const byName = ({ maps }: Image): MapView => maps.find(({ name }) => name === 'passwd.byname')!

function keyOf({ bytes }: Image): HashKey {
  return { low: bytes.readUInt32LE(Header.hashKey), high: bytes.readUInt32LE(Header.hashKey + 4) }
}

const placeOf = (name: string, key: HashKey, places: number) =>
  hash(Buffer.from(name, 'latin1'), 0, name.length, key) & (places - 1)

/** Names that all have one place in a table under this key, as somebody would choose them who knew it. */
function collidingUnder(key: HashKey): readonly string[] {
  const names: string[] = []
  for (let i = 0; names.length < NAMES; i++) {
    const name = `u${i.toString(36)}`
    if (placeOf(name, key, PLACES) === 7) names.push(name)
  }
  return names
}

/** Places in a row that are taken: the most that any look-up goes through, whether its key is there or not. */
function longestRun({ slots }: MapView): number {
  const twice = [...slots, ...slots]
  let longest = 0
  let run = 0
  for (const slot of twice) {
    run = slot === 0 ? 0 : run + 1
    longest = Math.max(longest, run)
  }
  return Math.min(longest, slots.length)
}

/** Far above what chance brings about (some 40 among 20,000 keys), and far below what a flood would. */
const BOUND = 150

test('each image has a key of its own, also of the same contents', () => {
  const keys = Array.from({ length: 20 }, () => keyOf(imageWith(['alice'])))
  expect(new Set(keys.map(({ low, high }) => `${low} ${high}`)).size).toBe(20)
})

test('names that meet in one place under the key of one image do not under that of the next', () => {
  const first = imageWith(['alice'])
  const names = collidingUnder(keyOf(first))
  expect(new Set(names.map((name) => placeOf(name, keyOf(first), PLACES))).size).toBe(1)
  const next = imageWith(names)
  const places = names.map((name) => placeOf(name, keyOf(next), PLACES))
  // 400 balls in 1,024 boxes take some 331 of them.
  expect(new Set(places).size).toBeGreaterThan(250)
  expect(longestRun(byName(next))).toBeLessThan(BOUND)
  const map = byName(next)
  const found = names.map((name) => map.find(Buffer.from(name, 'latin1'), 0, name.length))
  expect(new Set(found).size).toBe(NAMES)
  expect(found).not.toContain(-1)
})

test('no key that anybody asks for, there or not, goes through more than a few places of an index', () => {
  const image = imageWith(Array.from({ length: 20_000 }, (_, i) => `user${i}`))
  expect(image.maps.length).toBeGreaterThan(5)
  for (const map of image.maps) {
    const free = map.slots.filter((slot) => slot === 0).length
    expect(free / map.slots.length).toBeGreaterThanOrEqual(0.5)
    expect(longestRun(map)).toBeLessThan(BOUND)
  }
})
