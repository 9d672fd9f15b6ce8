import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Expiry, watchExpiry } from '../../src/server/expiry.ts'
import { Served } from '../../src/server/served.ts'
import { imageOf, rows, user } from '../support/rows.ts'

const image = imageOf([rows([user()])])
const NOON = 1_800_000_000

let served: Served
let expiry: Expiry
let lines: string[]

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'], now: NOON * 1000 })
  lines = []
  served = new Served()
  expiry = watchExpiry(
    served,
    (level, id) => lines.push(`${level} ${id}`),
    () => {},
  )
})

afterEach(() => {
  expiry.stop()
  vi.useRealTimers()
})

test('an image expires by itself, a moment after its time, and once', () => {
  served.serve(image)
  expiry.setFresh('example.com', NOON)
  expiry.setLimit('example.com', 600)
  vi.advanceTimersByTime(600_000)
  expect([served.add('example.com').expired, lines]).toEqual([false, []])
  vi.advanceTimersByTime(1000)
  expect(served.add('example.com').expired).toBe(true)
  vi.advanceTimersByTime(3_600_000)
  expect(lines).toEqual(['warning data-expired'])
})

test('it is vouched for again at once when it is found true, or when the limit is taken away or raised', () => {
  served.serve(image)
  for (const renew of [
    () => expiry.setFresh('example.com', NOON),
    () => expiry.setLimit('example.com', null),
    () => expiry.setLimit('example.com', 1_000_000),
  ]) {
    lines = []
    expiry.setFresh('example.com', NOON - 601)
    expiry.setLimit('example.com', 600)
    expect(served.add('example.com').expired).toBe(true)
    renew()
    expect([served.add('example.com').expired, lines]).toEqual([
      false,
      ['warning data-expired', 'info data-renewed'],
    ])
    expiry.setFresh('example.com', NOON)
  }
})

test('a clock that is set back or a machine that slept changes nothing but the answer', () => {
  served.serve(image)
  expiry.setFresh('example.com', NOON)
  expiry.setLimit('example.com', 600)
  vi.setSystemTime((NOON - 86_400) * 1000)
  vi.advanceTimersByTime(1000)
  expect(served.add('example.com').expired).toBe(false)
  vi.setSystemTime((NOON + 86_400) * 1000)
  vi.advanceTimersByTime(1000)
  expect(served.add('example.com').expired).toBe(true)
})

test('nothing expires without an image, or without a limit', () => {
  expiry.setLimit('example.com', 1)
  vi.advanceTimersByTime(10_000)
  expect(served.add('example.com').expired).toBe(false)
  expiry.setLimit('example.com', null)
  served.serve(image)
  vi.advanceTimersByTime(10_000)
  expect([served.add('example.com').expired, lines]).toEqual([false, []])
})
