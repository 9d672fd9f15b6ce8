import { describe, expect, test } from 'vitest'
import { EXIT_STATUS, verdictOf } from '../../src/control/verdict.ts'
import type { DomainStatus, Status } from '../../src/messages/control.ts'
import { domainOf, IMAGE, LDAP, NOW, REFRESHED, statusOf } from './status-sample.ts'

const TRASHED: DomainStatus['last'] = { ...REFRESHED, outcome: 'trashed', reason: 'no users at all' }

function line(status: Status): string {
  const { word, text } = verdictOf(status)
  return `${word}: ${text}`
}

function aged(seconds: number, domain: Partial<DomainStatus> = {}): string {
  return line(statusOf({ image: { ...IMAGE, fresh: NOW - seconds }, ...domain }))
}

describe('the verdict', () => {
  test('is fresh when all is well', () => {
    expect(line(statusOf())).toBe('fresh: example.com, 12 users and 5 groups, 34 s old')
  })

  test('is fresh up to a minute more than two intervals and two refreshes, and stale from there on', () => {
    const late = 2 * 600 + 2 * 40 + 60
    const last = { ...REFRESHED, took: 40_000 }
    expect(aged(late, { last })).toBe('fresh: example.com, 12 users and 5 groups, 22 min 20 s old')
    expect(aged(late + 1, { last })).toBe(
      'stale: example.com, 12 users and 5 groups, 22 min 21 s old: refreshes are late',
    )
  })

  test('judges an image that comes from before a restart by its interval', () => {
    expect(aged(1260, { last: null })).toMatch(/^fresh: /)
    expect(aged(1261, { last: null })).toMatch(/^stale: .*: refreshes are late$/)
  })

  test('does not take a clock that was set back for an age', () => {
    expect(aged(-5)).toBe('fresh: example.com, 12 users and 5 groups, 0 s old')
  })

  test('is stale when the data has expired', () => {
    expect(aged(901, { expire: 900 })).toBe(
      'stale: example.com, 12 users and 5 groups, 15 min 1 s old: expired',
    )
    expect(aged(900, { expire: 900 })).toMatch(/^fresh: /)
  })

  test('is stale when the last refresh was thrown away', () => {
    expect(line(statusOf({ last: TRASHED }))).toBe(
      'stale: example.com, 12 users and 5 groups, 34 s old: the last refresh was thrown away: no users at all',
    )
  })

  test.each(['kept', 'failed', 'reading'] as const)(
    'is stale when a directory that is %s has failed, and says why',
    (state) => {
      const directories = [LDAP, { ...LDAP, label: 'b', state, error: 'connection refused' }]
      expect(line(statusOf({ directories }))).toBe(
        'stale: example.com, 12 users and 5 groups, 34 s old: b failed: connection refused',
      )
    },
  )

  test('says one reason once', () => {
    const directories = [{ ...LDAP, error: 'no users at all' }]
    expect(line(statusOf({ last: TRASHED, directories }))).toBe(line(statusOf({ last: TRASHED })))
  })

  test('is stale when the last image was refused', () => {
    expect(line(statusOf({ refused: 'damaged' }))).toBe(
      'stale: example.com, 12 users and 5 groups, 34 s old: the last image is refused: damaged',
    )
  })

  test('is stale for all reasons at once, and says them all', () => {
    const image = { ...IMAGE, fresh: NOW - 7200 }
    const directories = [{ ...LDAP, state: 'kept' as const, error: 'refused' }]
    const status = statusOf({ image, expire: 3600, last: TRASHED, refused: 'damaged', directories })
    expect(line(status)).toBe(
      'stale: example.com, 12 users and 5 groups, 2 h old: expired; refreshes are late; ' +
        'the last refresh was thrown away: no users at all; ldap.example.com failed: refused; ' +
        'the last image is refused: damaged',
    )
  })

  test('is down without maps, and says why there are none', () => {
    expect(line(statusOf({ image: null, last: null }))).toBe(
      'down: example.com: there are no maps: no directory has been read yet',
    )
    expect(line(statusOf({ image: null, last: TRASHED }))).toBe(
      'down: example.com: there are no maps: no users at all',
    )
    expect(line(statusOf({ image: null, last: TRASHED, refused: 'damaged' }))).toBe(
      'down: example.com: there are no maps: damaged',
    )
  })

  test('is down without a server process, whatever it served', () => {
    const { processes } = statusOf()
    const without = processes.map((process) => (process.role === 'server' ? { ...process, pid: 0 } : process))
    expect(line(statusOf({}, { processes: without }))).toBe('down: example.com: no server process runs')
    expect(line(statusOf({}, { processes: [] }))).toBe('down: example.com: no server process runs')
  })

  test('of several domains is that of the one that fares worst, and tells of those that are not fresh', () => {
    const [a, b] = [domainOf({ name: 'a' }), domainOf({ name: 'b' })]
    expect(line(statusOf({}, { domains: [a, b] }))).toBe('fresh: 2 of 2 domains fresh')
    const stale = domainOf({ name: 'c', refused: 'damaged' })
    expect(line(statusOf({}, { domains: [a, stale] }))).toBe(
      'stale: 1 of 2 domains fresh; c, 12 users and 5 groups, 34 s old: the last image is refused: damaged',
    )
    const down = domainOf({ name: 'd', image: null, last: TRASHED })
    expect(line(statusOf({}, { domains: [stale, down, a] }))).toMatch(
      /^down: 1 of 3 domains fresh; c, .*; d: there are no maps: no users at all$/,
    )
  })

  test('has an exit status of its own each', () => {
    expect(EXIT_STATUS).toEqual({ fresh: 0, stale: 1, down: 2 })
  })
})
