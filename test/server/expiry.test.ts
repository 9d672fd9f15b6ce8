import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Expiry, watchExpiry } from '../../src/server/expiry.ts'
import { Served } from '../../src/server/served.ts'
import { imageOf, rows, user } from '../support/rows.ts'

const image = imageOf([rows([user()])])
const NOON = 1_800_000_000

let served: Served
let expiry: Expiry
let lines: string[]
/** seconds since the start of the machine */
let uptime: number

/** Lets seconds pass by all clocks. */
function pass(seconds: number): void {
  uptime += seconds
  vi.advanceTimersByTime(seconds * 1000)
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'], now: NOON * 1000 })
  lines = []
  uptime = 100
  served = new Served()
  expiry = watchExpiry(
    served,
    (level, id) => lines.push(`${level} ${id}`),
    () => {},
    { now: () => Date.now() / 1000, uptime: () => uptime },
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
  pass(600)
  expect([served.add('example.com').expired, lines]).toEqual([false, []])
  pass(1)
  expect(served.add('example.com').expired).toBe(true)
  pass(3600)
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

test.each([
  ['forward by a year', 365 * 86_400],
  ['back by a year', -365 * 86_400],
])('a clock that is set %s makes nothing older or younger', (_, jump) => {
  served.serve(image)
  expiry.setFresh('example.com', NOON)
  expiry.setLimit('example.com', 600)
  vi.setSystemTime((NOON + jump) * 1000)
  pass(600)
  expect(served.add('example.com').expired).toBe(false)
  pass(1)
  expect([served.add('example.com').expired, lines]).toEqual([true, ['warning data-expired']])
  // What is read by the new clock counts by it.
  expiry.setFresh('example.com', NOON + jump + 601)
  expect(served.add('example.com').expired).toBe(false)
})

test('a machine that slept wakes with maps that are as old as they are', () => {
  served.serve(image)
  expiry.setFresh('example.com', NOON)
  expiry.setLimit('example.com', 600)
  uptime += 86_400
  vi.advanceTimersByTime(1000)
  expect(served.add('example.com').expired).toBe(true)
})

test('maps of the future, as a clock that was set back finds them on disk, are new', () => {
  served.serve(image)
  expiry.setLimit('example.com', 600)
  expiry.setFresh('example.com', NOON + 86_400)
  pass(600)
  expect(served.add('example.com').expired).toBe(false)
  pass(1)
  expect(served.add('example.com').expired).toBe(true)
})

test('nothing expires without an image, or without a limit', () => {
  expiry.setLimit('example.com', 1)
  pass(10)
  expect(served.add('example.com').expired).toBe(false)
  expiry.setLimit('example.com', null)
  served.serve(image)
  pass(10)
  expect([served.add('example.com').expired, lines]).toEqual([false, []])
})
