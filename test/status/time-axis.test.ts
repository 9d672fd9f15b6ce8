import { afterEach, beforeEach, expect, test } from 'vitest'
import { timeAxis } from '../../src/status/time-axis.ts'

const NOW = Date.UTC(2026, 10, 21, 7, 3) / 1000
const zone = process.env['TZ']

beforeEach(() => {
  process.env['TZ'] = 'UTC'
})
afterEach(() => {
  if (zone === undefined) delete process.env['TZ']
  else process.env['TZ'] = zone
})

test.each([
  ['of ten minutes, though there is less', 20, ['06:54', '06:56', '06:58', '07:00', '07:02']],
  ['of an hour', 3599, ['06:10', '06:20', '06:30', '06:40', '06:50', '07:00']],
  ['of a day', 86_400, ['08:00', '12:00', '16:00', '20:00', '00:00', '04:00']],
  ['of a week', 7 * 86_400, ['11-15', '11-16', '11-17', '11-18', '11-19', '11-20', '11-21']],
])('an axis %s has ticks on whole times', (_what, age, labels) => {
  expect(timeAxis(NOW - age, NOW).ticks.map(({ label }) => label)).toEqual(labels)
})

test('ticks are whole hours where the clock is half an hour off', () => {
  process.env['TZ'] = 'Asia/Kolkata'
  expect(timeAxis(NOW - 86_400, NOW).ticks.map(({ label }) => label)).toEqual([
    '16:00',
    '20:00',
    '00:00',
    '04:00',
    '08:00',
    '12:00',
  ])
})

test('what is to come by a clock that was set back lies at its end, and what is too old at its beginning', () => {
  const { of } = timeAxis(NOW - 400 * 86_400, NOW)
  expect([of(NOW - 400 * 86_400), of(NOW + 60)]).toEqual([0, 1])
})

test('it ends now, and no tick lies beside it', () => {
  const { of, ticks } = timeAxis(NOW - 5000, NOW)
  expect(of(NOW)).toBe(1)
  expect(ticks.every(({ at }) => of(at) >= 0 && of(at) <= 1)).toBe(true)
})
