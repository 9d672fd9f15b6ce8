import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ascending } from '../../src/maps/order.ts'

/** By memcmp, and by number where keys are equal. */
function expected(keys: readonly string[]): number[] {
  const bytes = keys.map((key) => Buffer.from(key, 'latin1'))
  return [...keys.keys()].sort((a, b) => Buffer.compare(bytes[a]!, bytes[b]!) || a - b)
}

/** Few bytes, NUL among them, so that keys begin alike, are equal, or one ends where another goes on with NUL. */
const key = fc.oneof(
  fc.string({ unit: fc.constantFrom('\0', 'a', 'b', '\x7f', '\xff'), maxLength: 14 }),
  fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
)

test('any keys come in the order of their bytes, equal ones as they stood', () => {
  fc.assert(
    fc.property(
      fc.array(key, { maxLength: 400 }),
      fc.constantFrom('', 'user', 'x'.repeat(80)),
      (keys, prefix) => {
        const all = keys.map((one) => prefix + one)
        expect([...ascending(all)]).toEqual(expected(all))
      },
    ),
    { numRuns: 1000 },
  )
})

describe('many keys', () => {
  const numbers = Array.from({ length: 20_000 }, (_, i) => (i * 7919) % 20_000)

  test.each([
    ['ids', numbers.map(String)],
    ['names that begin alike', numbers.map((number) => `user${number}`)],
    [
      'names that are alike for longer than is looked at',
      numbers.map((number) => `${'x'.repeat(200)}${number}`),
    ],
    ['a few names, each many times', numbers.map((number) => `group${number % 7}`)],
    ['one name, again and again', numbers.map(() => 'name')],
    ['keys that differ in NULs behind them', numbers.map((number) => `name${'\0'.repeat(number % 50)}`)],
    ['keys that are in order', numbers.map((_, i) => String(100_000 + i))],
    ['keys in descending order', numbers.map((_, i) => String(900_000 - i))],
  ])('%s', (_, keys) => {
    expect([...ascending(keys)]).toEqual(expected(keys))
  })
})

test('no keys are in order', () => {
  expect([...ascending([])]).toEqual([])
})
