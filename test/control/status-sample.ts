/** The status of a daemon that fares well, for tests to change. */
import type { DomainStatus, Status } from '../../src/messages/control.ts'
import type { Counts } from '../../src/messages/counts.ts'
import { createCounters, sumOf } from '../../src/server/counters.ts'

/** 2026-11-21 07:00:00 UTC */
export const NOW = 1_795_244_400

const DAY = 86_400

export const IMAGE: NonNullable<DomainStatus['image']> = {
  generation: 3,
  created: NOW - 2 * DAY,
  fresh: NOW - 34,
  users: 12,
  groups: 5,
  maps: [
    { name: 'passwd.byname', records: 12, secure: false },
    { name: 'master.passwd.byname', records: 12, secure: true },
    { name: 'group.byname', records: 5, secure: false },
  ],
}

export const REFRESHED: NonNullable<DomainStatus['last']> = {
  outcome: 'unchanged',
  at: NOW - 33,
  took: 1250,
  entries: 18,
  users: 12,
  groups: 5,
  rejected: 1,
  reasons: [{ reason: 'uid "..." is not a number from 0 to N', rows: 1 }],
  reason: '',
}

export const LDAP: DomainStatus['directories'][number] = {
  label: 'ldap.example.com',
  state: 'fresh',
  source: '192.0.2.1 port 636',
  fetched: NOW - 34,
  entries: 18,
  took: 1200,
  next: NOW + 566,
  error: '',
}

/** Of a server process that nobody has asked yet. */
export const UNASKED: Counts = {
  ...sumOf(createCounters(), []),
  clients: { since: NOW - 3 * DAY - 7200, forgotten: 0 },
}

export function domainOf(changes: Partial<DomainStatus> = {}): DomainStatus {
  return {
    name: 'example.com',
    state: '/var/lib/ypldap',
    interval: 600,
    expire: null,
    image: IMAGE,
    refreshing: false,
    next: NOW + 566,
    last: REFRESHED,
    refreshes: { published: 3, unchanged: 41, trashed: 1 },
    refused: '',
    directories: [LDAP],
    ...changes,
  }
}

export function statusOf(domain: Partial<DomainStatus> = {}, rest: Partial<Status> = {}): Status {
  return {
    version: '1.2.3',
    config: '/etc/ypldap.conf',
    level: 'info',
    now: NOW,
    started: NOW - 3 * DAY - 7200,
    transport: 'UDP many datagrams at a time',
    endpoints: [
      { netid: 'udp', address: '0.0.0.0', port: 834, registered: true },
      { netid: 'tcp6', address: '::', port: 834, registered: false },
    ],
    portmapper: null,
    metrics: [],
    requests: null,
    domains: [domainOf(domain)],
    processes: [
      { role: 'supervisor', pid: 100, started: NOW - 3 * DAY - 7200, restarts: 0, memory: 52 * 2 ** 20 },
      { role: 'server', pid: 101, started: NOW - 3 * DAY - 7200, restarts: 0, memory: 80 * 2 ** 20 },
      { role: 'directory', pid: 113, started: NOW - 600, restarts: 2, memory: 120 * 2 ** 20 },
    ],
    ...rest,
  }
}
