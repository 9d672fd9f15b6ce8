import { expect, test } from 'vitest'
import { runs, thin } from '../../src/status/thin.ts'
import type { Sample } from '../../src/status/view.ts'

const DAY = 86_400

const sampleOf = (at: number, changes: Partial<Sample> = {}): Sample => ({
  at,
  rate: 1,
  median: 32,
  p99: 256,
  ...changes,
})

const every10 = (from: number, to: number) =>
  Array.from({ length: (to - from) / 10 }, (_, n) => sampleOf(from + 10 * n))

test('samples of ten minutes are all shown', () => {
  expect(thin(every10(0, 600), 0, 600).points).toHaveLength(60)
})

test('a day has a point for each five minutes', () => {
  const { points, seconds } = thin(every10(0, DAY), 0, DAY)
  expect([points.length, seconds]).toEqual([288, 300])
})

test('a point tells the average, and keeps the worst', () => {
  const samples = [
    sampleOf(10, { rate: 2, median: 16, p99: 64 }),
    sampleOf(20, { rate: 4, median: undefined, p99: undefined }),
    sampleOf(30, { rate: 90, median: 64, p99: 8192 }),
    sampleOf(40, { rate: 0, median: 32, p99: 128 }),
  ]
  expect(thin(samples, 0, DAY).points).toEqual([{ at: 25, rate: 24, peak: 90, median: 32, p99: 8192 }])
})

test('samples of before the span are left out', () => {
  expect(thin(every10(0, 1200), 600, 1200).points.map(({ at }) => at)).toEqual(
    every10(600, 1200).map(({ at }) => at),
  )
})

test('a line ends where samples are missing, and begins anew behind them', () => {
  const places = [...every10(0, 100), ...every10(200, 300)]
  expect(runs(places, 10).map((run) => [run[0]!.at, run.at(-1)!.at])).toEqual([
    [0, 90],
    [200, 290],
  ])
})

test('a sample that comes late ends no line', () => {
  expect(
    runs(
      [0, 10, 29, 31].map((at) => sampleOf(at)),
      10,
    ),
  ).toHaveLength(1)
})

test('without samples there is no line', () => {
  expect(runs([], 10)).toEqual([])
})
