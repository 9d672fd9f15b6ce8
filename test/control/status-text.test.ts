import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { statusText } from '../../src/control/status-text.ts'
import { verdictOf } from '../../src/control/verdict.ts'
import type { Status } from '../../src/messages/control.ts'
import { createCounters } from '../../src/server/counters.ts'
import { LDAP, NOW, REFRESHED, statusOf, UNASKED } from './status-sample.ts'

beforeEach(() => void vi.stubEnv('TZ', 'UTC'))
afterEach(() => void vi.unstubAllEnvs())

function shown(status: Status, colour = false): string {
  return statusText(verdictOf(status), status, colour)
}

describe('the status', () => {
  test('tells of the port mapper that the daemon is, and what that names', () => {
    const endpoints = [{ netid: 'udp', address: '0.0.0.0', port: 111 }]
    const lines = (broadcast: boolean) =>
      shown(statusOf({}, { portmapper: { broadcast, endpoints } }))
        .split('\n')
        .slice(3, 6)
    expect(lines(false)).toEqual([
      '  udp   0.0.0.0 port 834  in the port mapper',
      '  tcp6  :: port 834       not registered',
      '  udp   0.0.0.0 port 111  port mapper',
    ])
    expect(lines(true)[2]).toBe('  udp   0.0.0.0 port 111  port mapper, answers broadcasts')
  })

  test('tells where the status page is', () => {
    const lines = shown(statusOf({}, { metrics: [{ address: '127.0.0.1', port: 10_004 }] })).split('\n')
    expect(lines).toContain('  http  127.0.0.1 port 10004  status page, metrics')
  })

  test('of a daemon that fares well shows all of it, aligned', () => {
    expect(shown(statusOf())).toBe(`fresh: example.com, 12 users and 5 groups, 34 s old

ypldap 1.2.3, up 3 d 2 h, log level info, /etc/ypldap.conf
  udp   0.0.0.0 port 834  registered with rpcbind
  tcp6  :: port 834       not registered
  UDP many datagrams at a time

domain example.com
  kept in       /var/lib/ypldap
  generation    3, of 2026-11-19 07:00:00
  true since    2026-11-21 06:59:26, 34 s ago
  last refresh  unchanged 2026-11-21 06:59:27 in 1.3 s: 18 entries, 1 rows left out or cut
  next refresh  in 9 min 26 s
  interval      10 min
maps
  passwd.byname         12
  master.passwd.byname  12  reserved ports only
  group.byname           5

directory ldap.example.com
  state      fresh
  read from  192.0.2.1 port 636
  last read  2026-11-21 06:59:26, 34 s ago: 18 entries in 1.2 s
  next try   in 9 min 26 s

processes
  supervisor  pid 100  up 3 d 2 h  52 MB   0 restarts
  server      pid 101  up 3 d 2 h  80 MB   0 restarts
  directory   pid 113  up 10 min   120 MB  2 restarts
`)
  })

  test('of a daemon that fares badly shows what is wrong', () => {
    const status = statusOf(
      {
        image: null,
        expire: 86_400,
        next: 0,
        last: { ...REFRESHED, outcome: 'trashed', reason: 'no users at all' },
        refused: 'damaged',
        directories: [
          { ...LDAP, state: 'kept', next: NOW - 1, took: 0, error: 'invalidCredentials (49)' },
          { ...LDAP, label: 'b', state: 'failed', fetched: 0, source: '', error: 'connection refused' },
          { ...LDAP, label: 'c', state: 'reading', fetched: 0, source: '' },
        ],
      },
      {
        processes: [{ role: 'server', pid: 0, started: 0, restarts: 7, memory: 0 }],
        endpoints: [],
      },
    )
    expect(shown(status)).toBe(`down: example.com: no server process runs

ypldap 1.2.3, up 3 d 2 h, log level info, /etc/ypldap.conf
  UDP many datagrams at a time

domain example.com
  kept in       /var/lib/ypldap
  refused       damaged
  last refresh  trashed 2026-11-21 06:59:27 in 1.3 s: no users at all
  next refresh  not yet decided
  interval      10 min
  expires       1 d after the last time it was found true

directory ldap.example.com
  state       kept
  read from   192.0.2.1 port 636
  last read   2026-11-21 06:59:26, 34 s ago
  last error  invalidCredentials (49)
  next try    now
directory b
  state       failed
  last error  connection refused
  next try    in 9 min 26 s
directory c
  state  reading

processes
  server  not running      7 restarts
`)
  })

  test('of a daemon that can not be asked is the verdict alone', () => {
    expect(statusText({ word: 'down', text: 'ypldap is not running' }, undefined, false)).toBe(
      'down: ypldap is not running\n',
    )
  })

  test('leaves out what is not known yet, without a hole', () => {
    const text = shown(statusOf({ image: null, last: null, directories: [] }))
    expect(text).not.toContain('\n\n\n')
    expect(text).not.toContain('directory ldap')
  })

  test('shows what was counted of requests, and nothing of what never was', () => {
    const { udp, tcp } = createCounters()
    const requests = {
      ...UNASKED,
      udp: { ...udp, calls: 1234, replies: 1200, limited: 34 },
      tcp: { ...tcp, calls: 7, closedIdle: 2 },
    }
    expect(shown(statusOf({}, { requests }))).toContain(`
requests
                  UDP  TCP
  calls          1234    7
  replies        1200    0
  over the rate    34
  closed: idle           2

`)
    expect(shown(statusOf({}, { requests: { ...UNASKED, udp, tcp } }))).not.toContain('requests')
  })

  test.each([
    ['fresh', 32, statusOf()],
    ['stale', 33, statusOf({ refused: 'damaged' })],
    ['down', 31, statusOf({ image: null })],
  ])('has %s in its colour on a terminal, and no other', (word, number, status) => {
    const [first, ...rest] = shown(status, true).split('\n')
    expect(first?.startsWith(`\u001b[${number}m${word}\u001b[0m: `)).toBe(true)
    expect(rest.join('\n')).toBe(shown(status).split('\n').slice(1).join('\n'))
  })

  test('drives no terminal, whatever a directory or a file says', () => {
    const evil = 'a\u001b[31mb\nc\u009b'
    const everywhere = JSON.parse(
      JSON.stringify(statusOf({ refused: evil, expire: 1 }, { config: evil, version: evil }), (key, value) =>
        ['label', 'source', 'error', 'address', 'netid', 'name', 'state', 'reason'].includes(key)
          ? evil
          : (value as unknown),
      ),
    ) as Status
    const text = shown({
      ...everywhere,
      domains: everywhere.domains.map((domain) => ({
        ...domain,
        last: { ...REFRESHED, outcome: 'trashed', reason: evil },
      })),
    })
    expect(text.split('a\\x1b[31mb\\x0ac\\x9b').length).toBeGreaterThan(12)
    // oxlint-disable-next-line no-control-regex
    expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
  })
})
