import { describe, expect, test } from 'vitest'
import { median, quantile, ratios, spread } from './statistics.ts'

describe('statistics', () => {
  test('the median is the middle value, or the mean of the two in the middle', () => {
    expect(median([30, 1, 2])).toBe(2)
    expect(median([4, 1, 30, 2])).toBe(3)
    expect(median([])).toBeNaN()
  })

  test('a spread names the least and the most, and there is none of nothing', () => {
    expect(spread([3, 9, 1])).toEqual({ median: 3, least: 1, most: 9 })
    expect(spread([])).toBeUndefined()
  })

  test('a quantile leaves that share of the values below it', () => {
    const values = Array.from({ length: 200 }, (_, i) => i)
    expect(quantile(values, 0.5)).toBe(100)
    expect(quantile(values, 0.99)).toBe(198)
    expect(quantile(values, 1)).toBe(199)
  })

  test('ratios compare a round with itself, and leave out rounds that only one has', () => {
    const ours = new Map([
      [0, 30],
      [1, 80],
      [2, 10],
    ])
    const theirs = new Map([
      [1, 20],
      [0, 10],
      [3, 1],
    ])
    expect(ratios(ours, theirs)).toEqual([3, 4])
  })
})
