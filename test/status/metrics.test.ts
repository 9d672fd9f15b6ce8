import { describe, expect, test } from 'vitest'
import type { RequestCount } from '../../src/messages/usage.ts'
import { metricsText } from '../../src/status/metrics.ts'
import { domainOf, LDAP, REFRESHED, statusOf } from '../control/status-sample.ts'
import { countsOf } from './status-counts.ts'

const MATCHES: RequestCount = {
  procedure: 'match',
  domain: 'example.com',
  map: 'passwd.byname',
  outcome: 'true',
  calls: 41,
}

/** The values by what is before them. */
function valuesOf(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]))
}

const ALL = metricsText(
  statusOf(
    { last: { ...REFRESHED, reasons: [{ reason: 'bad "gecos" \\ \n', rows: 3 }] } },
    { requests: countsOf(100) },
  ),
  [MATCHES],
  17,
)

describe('the metrics', () => {
  test('tell of requests, domains, directories, processes and clients', () => {
    const values = valuesOf(ALL)
    const told = [
      'ypldap_requests_total{procedure="match",domain="example.com",map="passwd.byname",outcome="true"}',
      'ypldap_udp_calls_total',
      'ypldap_data_age_seconds{domain="example.com"}',
      'ypldap_refreshes_total{domain="example.com",outcome="trashed"}',
      'ypldap_refresh_seconds{domain="example.com"}',
      'ypldap_directory_up{domain="example.com",directory="ldap.example.com"}',
      'ypldap_process_restarts_total{role="directory"}',
      'ypldap_clients',
      'ypldap_build_info{version="1.2.3"}',
    ].map((name) => values.get(name))
    expect(told).toEqual([41, 100, expect.any(Number), 1, 1.25, 1, 2, 17, 1])
  })

  test('have a histogram in seconds, each bucket of which holds those before it', () => {
    const values = valuesOf(ALL)
    const bucket = (le: string) => values.get(`ypldap_request_seconds_bucket{transport="udp",le="${le}"}`)
    expect(['0.000004', '0.000008', '0.000016', '2.097152', '+Inf'].map(bucket)).toEqual([
      0, 0, 100, 100, 100,
    ])
    expect(values.get('ypldap_request_seconds_sum{transport="udp"}')).toBeCloseTo(0.0012)
    expect(values.get('ypldap_request_seconds_count{transport="udp"}')).toBe(100)
  })

  test('keep what a directory says in its label', () => {
    expect(ALL).toContain('ypldap_rejected_rows{domain="example.com",reason="bad \\"gecos\\" \\\\ \\n"} 3\n')
  })

  test('name and explain each metric once, before its values', () => {
    const heads = [...ALL.matchAll(/^# HELP (\S+) \S.*\n# TYPE (\S+) (?:counter|gauge|histogram)\n\2/gm)]
    const names = heads.map(([, help]) => help)
    expect(names.length).toBe(ALL.split('\n').filter((line) => line.startsWith('# TYPE')).length)
    expect(new Set(names).size).toBe(names.length)
    expect(heads.every(([, help, type]) => help === type)).toBe(true)
  })

  test('leave out what nobody can tell', () => {
    const status = statusOf(
      {},
      { requests: null, domains: [domainOf({ image: null, last: null, directories: [] })] },
    )
    const text = metricsText(status, [], 0)
    expect(text).toContain('ypldap_domain_served{domain="example.com"} 0\n')
    expect(text).not.toMatch(/request|udp|tcp|generation|refresh_seconds|directory_up|NaN|undefined|null/)
  })

  test('say that a directory that failed is down, also when its rows were kept', () => {
    const failed = { ...LDAP, state: 'kept' as const, error: 'no route' }
    const values = valuesOf(metricsText(statusOf({ directories: [failed] }), [], 0))
    expect(values.get('ypldap_directory_up{domain="example.com",directory="ldap.example.com"}')).toBe(0)
  })
})
