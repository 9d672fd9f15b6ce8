/** What Prometheus reads: its text format, version 0.0.4. */
import type { DomainStatus, Status } from '../messages/control.ts'
import type { Counts } from '../messages/counts.ts'
import { LATENCY_BOUNDS, type Latency, type RequestCount } from '../messages/usage.ts'

interface Metric {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly points: readonly Point[]
}

/** A value, and what tells it from others of its metric. */
interface Point {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  /** of a histogram: which part it is */
  readonly suffix?: string
}

/** `clients`: how many are remembered. A metric of which nobody can tell now is left out. */
export function metricsText(
  status: Status,
  usage: readonly RequestCount[],
  clients: number | undefined,
): string {
  const metrics = [
    ...daemonMetrics(status),
    ...domainMetrics(status),
    ...directoryMetrics(status.domains),
    ...requestMetrics(usage),
    ...(status.requests === null ? [] : countMetrics(status.requests)),
    gauge(
      'clients',
      'Clients that are remembered, see ypldapctl clients.',
      clients === undefined ? [] : [one(clients)],
    ),
  ]
  return metrics
    .filter(({ points }) => points.length > 0)
    .map(metricText)
    .join('')
}

function daemonMetrics({ version, started, processes }: Status): readonly Metric[] {
  const of = (value: (process: Status['processes'][number]) => number) =>
    processes.map((process): Point => ({ labels: { role: process.role }, value: value(process) }))
  return [
    gauge('build_info', 'The version that runs.', [{ labels: { version }, value: 1 }]),
    gauge('start_time_seconds', 'When the daemon was started, since 1970.', [one(started)]),
    gauge(
      'process_up',
      'Whether the process runs.',
      of(({ pid }) => Number(pid !== 0)),
    ),
    gauge(
      'process_resident_bytes',
      'Resident memory of the process.',
      of(({ memory }) => memory),
    ),
    gauge(
      'process_start_time_seconds',
      'When the process was started, since 1970; 0 while it does not run.',
      of((process) => process.started),
    ),
    counter(
      'process_restarts',
      'How often the process was started again.',
      of(({ restarts }) => restarts),
    ),
  ]
}

function domainMetrics({ domains, now }: Status): readonly Metric[] {
  const all = (value: (domain: DomainStatus) => number) =>
    domains.map((domain): Point => ({ labels: { domain: domain.name }, value: value(domain) }))
  /** of those that are served */
  const served = (value: (image: NonNullable<DomainStatus['image']>) => number) =>
    domains.flatMap(({ name, image }): readonly Point[] =>
      image === null ? [] : [{ labels: { domain: name }, value: value(image) }],
    )
  /** of those that had a refresh */
  const refreshed = (value: (last: NonNullable<DomainStatus['last']>) => number) =>
    domains.flatMap(({ name, last }): readonly Point[] =>
      last === null ? [] : [{ labels: { domain: name }, value: value(last) }],
    )
  return [
    gauge(
      'domain_served',
      'Whether the domain has maps.',
      all(({ image }) => Number(image !== null)),
    ),
    gauge(
      'data_age_seconds',
      'How long ago the maps were last found true.',
      served(({ fresh }) => Math.max(0, now - fresh)),
    ),
    gauge(
      'generation',
      'How often maps of the domain were made, also before the daemon was started.',
      served(({ generation }) => generation),
    ),
    gauge(
      'users',
      'Users in the maps.',
      served(({ users }) => users),
    ),
    gauge(
      'groups',
      'Groups in the maps.',
      served(({ groups }) => groups),
    ),
    gauge(
      'map_records',
      'Records of the map.',
      domains.flatMap(({ name, image }) =>
        (image?.maps ?? []).map(
          (map): Point => ({ labels: { domain: name, map: map.name }, value: map.records }),
        ),
      ),
    ),
    gauge(
      'image_refused',
      'Whether what was published last is not served.',
      all(({ refused }) => Number(refused !== '')),
    ),
    counter(
      'refreshes',
      'Refreshes that have ended, by what came of them.',
      domains.flatMap(({ name, refreshes }) =>
        Object.entries(refreshes).map(
          ([outcome, value]): Point => ({ labels: { domain: name, outcome }, value }),
        ),
      ),
    ),
    gauge(
      'refresh_ok',
      'Whether the last refresh was of use.',
      refreshed(({ outcome }) => Number(outcome !== 'trashed')),
    ),
    gauge(
      'refresh_time_seconds',
      'When the last refresh ended, since 1970.',
      refreshed(({ at }) => at),
    ),
    gauge(
      'refresh_seconds',
      'How long the last refresh took.',
      refreshed(({ took }) => took / 1000),
    ),
    gauge(
      'refresh_entries',
      'Entries that the last refresh read.',
      refreshed(({ entries }) => entries),
    ),
    gauge(
      'rejected_rows',
      'Rows that the last refresh left out, by kind of reason.',
      domains.flatMap(({ name, last }) =>
        (last?.reasons ?? []).map(
          ({ reason, rows }): Point => ({ labels: { domain: name, reason }, value: rows }),
        ),
      ),
    ),
  ]
}

function directoryMetrics(domains: readonly DomainStatus[]): readonly Metric[] {
  const of = (value: (directory: DomainStatus['directories'][number]) => number) =>
    domains.flatMap(({ name, directories }) =>
      directories.map(
        (directory): Point => ({
          labels: { domain: name, directory: directory.label },
          value: value(directory),
        }),
      ),
    )
  return [
    gauge(
      'directory_up',
      'Whether the directory was read when that was tried last.',
      of(({ state, error }) => Number(state !== 'waiting' && error === '')),
    ),
    gauge(
      'directory_read_time_seconds',
      'When it was last read whole, since 1970; 0 for never.',
      of(({ fetched }) => fetched),
    ),
    gauge(
      'directory_entries',
      'Entries that it gave then.',
      of(({ entries }) => entries),
    ),
    gauge(
      'directory_seconds',
      'How long that took.',
      of(({ took }) => took / 1000),
    ),
  ]
}

function requestMetrics(usage: readonly RequestCount[]): readonly Metric[] {
  return [
    counter(
      'requests',
      'Calls of those who may ask, by what became of them.',
      usage.map(({ calls, ...labels }) => ({ labels, value: calls })),
    ),
  ]
}

/** What each counts says src/messages/counts.ts, and LIMITS.md what to do about it. */
function countMetrics({ udp, tcp, latency }: Counts): readonly Metric[] {
  const parts = Object.entries(latency).flatMap(([transport, one]) => histogramPoints(transport, one))
  return [
    ...transportMetrics('udp', udp),
    ...transportMetrics('tcp', tcp),
    { name: 'ypldap_request_seconds', type: 'histogram', help: 'How long answers took.', points: parts },
  ]
}

function transportMetrics(transport: string, counts: Readonly<Record<string, number>>): readonly Metric[] {
  const help = `As ypldapctl status shows it of ${transport.toUpperCase()}.`
  return Object.entries(counts).map(([name, value]) =>
    // All but this have only ever grown.
    (name === 'open' ? gauge : counter)(`${transport}_${snake(name)}`, help, [one(value)]),
  )
}

/** Buckets hold all that took no longer. */
function histogramPoints(transport: string, { buckets, sum }: Latency): readonly Point[] {
  let below = 0
  const points = buckets.map((count, place): Point => {
    below += count
    const bound = LATENCY_BOUNDS[place]
    const le = bound === undefined ? '+Inf' : String(bound / 1e6)
    return { suffix: '_bucket', labels: { transport, le }, value: below }
  })
  return [
    ...points,
    { suffix: '_sum', labels: { transport }, value: sum / 1e6 },
    { suffix: '_count', labels: { transport }, value: below },
  ]
}

function one(value: number): Point {
  return { labels: {}, value }
}

function gauge(name: string, help: string, points: readonly Point[]): Metric {
  return { name: `ypldap_${name}`, type: 'gauge', help, points }
}

function counter(name: string, help: string, points: readonly Point[]): Metric {
  return { name: `ypldap_${name}_total`, type: 'counter', help, points }
}

function metricText({ name, type, help, points }: Metric): string {
  const lines = points.map(
    ({ suffix = '', labels, value }) => `${name}${suffix}${labelsText(labels)} ${value}\n`,
  )
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escaped(value: string): string {
  return value.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
