import { describe, expect, test } from 'vitest'
import type { Status } from '../../src/messages/control.ts'
import { createHistorian } from '../../src/status/historian.ts'
import { SAMPLE_SECONDS } from '../../src/status/view.ts'
import { REFRESHED, statusOf } from '../control/status-sample.ts'
import { countsOf } from './status-counts.ts'

/** A daemon that is asked so often a second, and looked at each SAMPLE_SECONDS. */
function watched() {
  let seconds = 0
  let calls = 0
  const historian = createHistorian(() => seconds * 1000)
  return {
    samples: () => historian.history().samples,
    refreshes: () => historian.history().refreshes,
    look(rate: number, changes: Partial<Status> = {}, domain: Parameters<typeof statusOf>[0] = {}) {
      seconds += SAMPLE_SECONDS
      calls += rate * SAMPLE_SECONDS
      historian.add(statusOf(domain, { now: seconds, requests: countsOf(calls), ...changes }))
    },
  }
}

const ANOTHER = statusOf().processes.map((process) =>
  process.role === 'server' ? { ...process, pid: 999 } : process,
)

describe('the samples', () => {
  test('are what came between two looks, and how long that took', () => {
    const daemon = watched()
    for (const rate of [1, 10, 0]) daemon.look(rate)
    expect(daemon.samples()).toEqual([
      { at: 20, rate: 10, median: 12, p99: 15.92 },
      { at: 30, rate: 0, median: undefined, p99: undefined },
    ])
  })

  test('have a gap where the server process could not be asked, and where another has taken its place', () => {
    const daemon = watched()
    daemon.look(1)
    daemon.look(1, { requests: null })
    daemon.look(1)
    daemon.look(1)
    daemon.look(1, { processes: ANOTHER })
    daemon.look(1, { processes: ANOTHER })
    expect(daemon.samples().map(({ at }) => at)).toEqual([40, 60])
  })

  test('are those of a day at most', () => {
    const daemon = watched()
    for (let look = 0; look < 9000; look++) daemon.look(1)
    expect(daemon.samples().length).toBe(8640)
    expect(daemon.samples().at(-1)?.at).toBe(90_000)
  })
})

describe('the refreshes', () => {
  test('are kept once each, of every domain', () => {
    const daemon = watched()
    daemon.look(1)
    daemon.look(1)
    daemon.look(1, {}, { last: { ...REFRESHED, at: 7 } })
    daemon.look(1, {}, { name: 'other', last: REFRESHED })
    daemon.look(1, {}, { last: null })
    expect(daemon.refreshes()).toEqual([
      { ...REFRESHED, domain: 'example.com' },
      { ...REFRESHED, at: 7, domain: 'example.com' },
      { ...REFRESHED, domain: 'other' },
    ])
  })

  test('are the last thousand', () => {
    const daemon = watched()
    for (let at = 0; at < 1100; at++) daemon.look(1, {}, { last: { ...REFRESHED, at } })
    const kept = daemon.refreshes()
    expect([kept.length, kept[0]?.at, kept.at(-1)?.at]).toEqual([1000, 100, 1099])
  })
})
