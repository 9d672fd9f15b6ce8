import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { rarely } from '../../src/server/rarely.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'], now: 1_800_000_000_000 })
})

afterEach(() => {
  vi.useRealTimers()
})

const DAY = 86_400_000

test.each([
  ['is not set', 0],
  ['is set back', -365 * DAY],
  ['is set forward', 365 * DAY],
])('of many things the first is told of, and one a minute, when the clock %s', (_, jump) => {
  const told: string[] = []
  const tell = rarely<string>((last, count) => told.push(`${last} of ${count}`))
  tell('a')
  vi.setSystemTime(Date.now() + jump)
  tell('b')
  vi.advanceTimersByTime(59_999)
  tell('c')
  expect(told).toEqual(['a of 1'])
  vi.advanceTimersByTime(1)
  tell('d')
  expect(told).toEqual(['a of 1', 'd of 4'])
})
