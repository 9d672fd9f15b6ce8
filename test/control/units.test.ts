import { expect, test } from 'vitest'
import { age, megabytes, moment, span } from '../../src/control/units.ts'

test.each([
  [0, '0 s'],
  [59, '59 s'],
  [60, '1 min'],
  [200, '3 min 20 s'],
  [3600, '1 h'],
  [3659, '1 h'],
  [11_100, '3 h 5 min'],
  [86_399, '23 h 59 min'],
  [187_200, '2 d 4 h'],
])('an age of %d seconds is read as %s', (seconds, text) => {
  expect(age(seconds)).toBe(text)
})

test.each([
  [6, '6 ms'],
  [999, '999 ms'],
  [1250, '1.3 s'],
  [12_400, '12 s'],
  [59_700, '59 s'],
  [125_000, '2 min 5 s'],
])('a span of %d milliseconds is read as %s', (milliseconds, text) => {
  expect(span(milliseconds)).toBe(text)
})

test("a moment is told by this host's clock", () => {
  expect(moment(new Date(2026, 10, 1, 7, 5, 3).getTime() / 1000)).toBe('2026-11-01 07:05:03')
})

test('memory is told in units that people compare', () => {
  expect(megabytes(52.4 * 2 ** 20)).toBe('52 MB')
})
