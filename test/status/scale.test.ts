import { expect, test } from 'vitest'
import { linear, logarithmic } from '../../src/status/scale.ts'

test.each([
  [0, [0, 1]],
  [5e-324, [0, 1]],
  [0.3, [0, 0.1, 0.2, 0.3]],
  [1, [0, 0.5, 1]],
  [97, [0, 50, 100]],
  [280, [0, 100, 200, 300]],
  [401, [0, 200, 400, 600]],
])('rates up to %d have their ticks at %j', (greatest, ticks) => {
  expect(linear(greatest).ticks).toEqual(ticks)
})

test('a linear scale has 0 at the bottom, and its last tick at the top', () => {
  const { of, ticks } = linear(280)
  expect([of(0), of(ticks.at(-1)!)]).toEqual([0, 1])
})

test.each([
  [32, 64, [10, 20, 50, 100]],
  [1200, 1300, [1000, 2000, 5000, 10_000]],
  [1, 1, [1, 2, 5, 10]],
  [24, 10_004, [10, 100, 1000, 10_000, 100_000]],
  [4, 2_097_152, [1, 100, 10_000, 1_000_000]],
])('values from %d to %d have their ticks at %j', (least, greatest, ticks) => {
  expect(logarithmic(least, greatest).ticks).toEqual(ticks)
})

test('no value lies below a logarithmic scale', () => {
  expect(logarithmic(100, 1000).of(1)).toBe(0)
})
