/** What `ypldapctl status` shows, put together from what each part knows. */

import type { Binding } from '../../rpc/rpcbind.ts'
import { universalPort } from '../../rpc/rpcbind.ts'
import type { Config, DomainConfig } from '../config/config.ts'
import type { LogLevel } from '../log.ts'
import type { DomainStatus, Status } from '../messages/control.ts'
import type { Counts } from '../messages/counts.ts'
import { VERSION } from '../version.ts'
import { residentMemory } from './child.ts'
import type { DirectorySide } from './directory-side.ts'
import type { Plan } from './plan.ts'
import type { ServedImage, ServerSide } from './server-side.ts'
import type { Endpoint } from './sockets.ts'

export interface StatusSources {
  readonly file: string
  readonly config: Config
  readonly plan: Plan
  readonly level: LogLevel
  /** seconds since 1970 */
  readonly started: number
  readonly endpoints: readonly Endpoint[]
  readonly registered: readonly Binding[]
  readonly server: ServerSide
  readonly directory: DirectorySide
  readonly counts: Counts | undefined
}

export function statusOf(sources: StatusSources): Status {
  const { file, config, level, started, endpoints, registered, server, directory, counts } = sources
  return {
    version: VERSION,
    config: file,
    level,
    now: Math.floor(Date.now() / 1000),
    started,
    endpoints: endpoints.map((endpoint) => ({
      ...endpoint,
      registered: registered.some(
        ({ netid, address }) => netid === endpoint.netid && universalPort(address) === endpoint.port,
      ),
    })),
    transport: server.transport(),
    requests: counts ?? null,
    domains: config.domains.map((domain) => domainStatusOf(domain, sources)),
    processes: [
      { role: 'supervisor', pid: process.pid, started, restarts: 0, memory: process.memoryUsage.rss() },
      ...([server, directory] as const).map((side, index) => {
        const { child, restarts } = side.process()
        return {
          role: index === 0 ? ('server' as const) : ('directory' as const),
          pid: child?.pid ?? 0,
          started: child === undefined ? 0 : Math.floor(child.started / 1000),
          restarts,
          memory: residentMemory(child?.pid ?? 0),
        }
      }),
    ],
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
    refused: server.refused(domain),
    directories: state?.directories ?? [],
  }
}

function imageStatusOf(image: ServedImage | undefined): DomainStatus['image'] {
  if (image === undefined) return null
  const { generation, created, fresh, users, groups, maps } = image
  return { generation, created, fresh, users, groups, maps }
}
