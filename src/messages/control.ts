/** What ypldapctl and the supervisor say to each other: one request a connection, its answer in parts, and `end`. */
import { logLevel } from './child.ts'
import {
  count,
  domain,
  finding,
  MAX_DIRECTORIES,
  MAX_MAPS,
  mapName,
  mapState,
  octets,
  progress,
  records,
  rejectedRows,
  words,
} from './common.ts'
import { counts } from './counts.ts'
import { directoryState, refreshResult } from './directory.ts'
import { flag, list, nullable, type Of, oneOf, optional, record, text, union } from './shape.ts'
import { packedClients, requestCounts } from './usage.ts'

export const request = union('kind', {
  status: {},
  /** A domain need not be named where there is but one; so with what follows. */
  refresh: { domain: optional(domain), force: flag, directory: optional(words) },
  reload: {},
  log: { level: logLevel },
  maps: { domain: optional(domain) },
  match: { domain: optional(domain), map: mapName, key: octets },
  cat: { domain: optional(domain), map: mapName },
  rejected: { domain: optional(domain) },
  explain: { domain: optional(domain), name: words },
  /** calls by what became of them, and who has called: of all domains */
  usage: {},
  clients: {},
  check: {},
  stop: {},
})

/** How a domain fares. Times are seconds since 1970, 0 for never. */
export const domainStatus = record({
  name: domain,
  /** the state directory */
  state: words,
  /** seconds between two refreshes */
  interval: count,
  /** seconds, or null */
  expire: nullable(count),
  /** what is served now, or null */
  image: nullable(
    record({
      generation: count,
      created: count,
      fresh: count,
      users: count,
      groups: count,
      maps: list(mapState, MAX_MAPS),
    }),
  ),
  refreshing: flag,
  next: count,
  last: nullable(refreshResult),
  /** since the daemon was started, by what came of them */
  refreshes: record({ published: count, unchanged: count, trashed: count }),
  /** why the last image that was committed is not served, or '' */
  refused: words,
  directories: list(directoryState, MAX_DIRECTORIES),
})

const place = { netid: words, address: words, port: count }

/** The same of the daemon. */
export const daemonStatus = record({
  version: words,
  config: words,
  level: logLevel,
  /** by the daemon's clock */
  now: count,
  started: count,
  /** `udp 127.0.0.1 port 834`, and whether rpcbind has it, or the daemon's own port mapper */
  endpoints: list(record({ ...place, registered: flag }), 1000),
  /** where that one is, or null, and whether it answers what is sent to all hosts */
  portmapper: nullable(record({ broadcast: flag, endpoints: list(record(place), 1000) })),
  /** where the status page is read by HTTP */
  metrics: list(record({ address: words, port: count }), 64),
  /** how datagrams are answered, for people; '' while nobody does */
  transport: words,
  /** what the server process has counted, or null while none can be asked */
  requests: nullable(counts),
  processes: list(
    record({
      role: oneOf('supervisor', 'directory', 'server', 'status'),
      /** 0 while it is not running */
      pid: count,
      started: count,
      restarts: count,
      /** resident, in bytes */
      memory: count,
    }),
    16,
  ),
})

export const answer = union('kind', {
  status: { status: daemonStatus },
  /** Behind `status`, each domain alone: what is said of one may take much of a message. */
  domain: { domain: domainStatus },
  progress,
  maps: { maps: list(mapState, MAX_MAPS) },
  records: { records },
  rows: { rows: rejectedRows },
  finding: { finding },
  usage: { usage: requestCounts },
  /** the one last seen first */
  clients: { clients: packedClients },
  /** what a check or a reload found, as it is shown, line by line */
  problems: { lines: list(text(8192), 100) },
  /** Always the last. */
  end: { error: optional(words) },
})

export type Request = Of<typeof request>
export type Answer = Of<typeof answer>
export type DaemonStatus = Of<typeof daemonStatus>
export type DomainStatus = Of<typeof domainStatus>

/** All of it. */
export interface Status extends DaemonStatus {
  readonly domains: readonly DomainStatus[]
}
