/** What `ypldapctl status` shows, put together from what each part knows. */
import type { Config, DomainConfig } from '../config/config.ts'
import type { LogLevel } from '../log.ts'
import type { DomainStatus, Status } from '../messages/control.ts'
import type { Counts } from '../messages/counts.ts'
import { VERSION } from '../version.ts'
import { type Role, residentMemory } from './child.ts'
import type { DirectorySide } from './directory-side.ts'
import type { Plan } from './plan.ts'
import type { ServedImage, ServerSide } from './server-side.ts'
import type { Endpoint } from './sockets.ts'
import type { StatusSide } from './status-side.ts'

export interface Named {
  readonly netid: string
  readonly port: number
}

export interface StatusSources {
  readonly file: string
  readonly config: Config
  readonly plan: Plan
  readonly level: LogLevel
  /** seconds since 1970 */
  readonly started: number
  readonly endpoints: readonly Endpoint[]
  /** of the endpoints those that clients find: rpcbind knows them, or our own port mapper does */
  readonly named: readonly Named[]
  /** where that is */
  readonly portmap: readonly Endpoint[]
  readonly server: ServerSide
  readonly directory: DirectorySide
  readonly statusSide: StatusSide
  readonly counts: Counts | undefined
}

export function statusOf(sources: StatusSources): Status {
  const { file, config, level, started, endpoints, named, portmap, server, directory, statusSide, counts } =
    sources
  return {
    version: VERSION,
    config: file,
    level,
    now: Math.floor(Date.now() / 1000),
    started,
    endpoints: endpoints.map((endpoint) => ({
      ...endpoint,
      registered: named.some(({ netid, port }) => netid === endpoint.netid && port === endpoint.port),
    })),
    portmapper: config.portmapper === undefined ? null : { ...config.portmapper, endpoints: [...portmap] },
    metrics: [...config.metrics.listen],
    transport: server.transport(),
    requests: counts ?? null,
    domains: config.domains.map((domain) => domainStatusOf(domain, sources)),
    processes: [
      { role: 'supervisor', pid: process.pid, started, restarts: 0, memory: process.memoryUsage.rss() },
      processStatusOf('server', server.process()),
      processStatusOf('directory', directory.process()),
      ...[statusSide.process() ?? []].flat().map((one) => processStatusOf('status', one)),
    ],
  }
}

function processStatusOf(
  role: Role,
  {
    child,
    restarts,
  }: {
    readonly child: { readonly pid: number; readonly started: number } | undefined
    readonly restarts: number
  },
): Status['processes'][number] {
  return {
    role,
    pid: child?.pid ?? 0,
    started: child === undefined ? 0 : Math.floor(child.started / 1000),
    restarts,
    memory: residentMemory(child?.pid ?? 0),
  }
}

function domainStatusOf(
  { domain, interval, expire }: DomainConfig,
  { plan, server, directory }: StatusSources,
): DomainStatus {
  const state = directory.state(domain)
  return {
    name: domain,
    state: plan.state,
    interval,
    expire: expire ?? null,
    image: imageStatusOf(server.image(domain)),
    refreshing: state?.refreshing ?? false,
    next: state?.next ?? 0,
    last: state?.last ?? null,
    refreshes: directory.refreshes(domain),
    refused: server.refused(domain),
    directories: state?.directories ?? [],
  }
}

function imageStatusOf(image: ServedImage | undefined): DomainStatus['image'] {
  if (image === undefined) return null
  const { generation, created, fresh, users, groups, maps } = image
  return { generation, created, fresh, users, groups, maps }
}
