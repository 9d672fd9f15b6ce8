/**
 * Whether what is served is too old to be vouched for. Looked at once a second rather than at each request; and
 * not by one long timer, for machines sleep. Ages are measured by a clock that nobody sets: one that is set forward by
 * a year must not make clients leave maps that are a minute old.
 */
import { uptime } from 'node:os'
import type { Log } from '../log.ts'
import type { Served, ServedDomain } from './served.ts'

const LOOK_MS = 1000

export interface Expiry {
  /** so many seconds may pass before the maps are known to be true again; null: any number */
  readonly setLimit: (domain: string, seconds: number | null) => void
  /** The maps that are served are known to be true since then, in seconds since 1970. */
  readonly setFresh: (domain: string, at: number) => void
  readonly forget: (domain: string) => void
  readonly stop: () => void
}

interface Watched {
  limit: number | null
  fresh: number
  /** the same moment by `uptime` */
  at: number
}

/** Both in seconds. */
export interface Clock {
  /** since 1970 */
  readonly now: () => number
  /** since the machine was started, its sleep included */
  readonly uptime: () => number
}

const SYSTEM: Clock = { now: () => Date.now() / 1000, uptime }

/** `changed` hears each time that it has been decided anew. */
export function watchExpiry(
  served: Served,
  log: Log,
  changed: (domain: string, expired: boolean) => void,
  clock: Clock = SYSTEM,
): Expiry {
  const watched = new Map<string, Watched>()

  const look = (domain: ServedDomain) => {
    const { limit = null, fresh = 0, at = 0 } = watched.get(domain.name) ?? {}
    const { name, image } = domain
    const expired = image !== undefined && limit !== null && clock.uptime() - at > limit
    if (expired === domain.expired) return
    domain.expired = expired
    changed(name, expired)
    if (expired) {
      const since = new Date(fresh * 1000).toISOString()
      log(
        'warning',
        'data-expired',
        `${name}: the maps were last known to be true at ${since}, over ${limit} s ago: DOMAIN says no`,
      )
    } else if (image !== undefined) {
      log('info', 'data-renewed', `${name}: the maps no longer count as expired: DOMAIN says yes again`)
    }
  }

  const set = (name: string, change: Partial<Watched>) => {
    watched.set(name, { limit: null, fresh: 0, at: -Infinity, ...watched.get(name), ...change })
    const domain = served.named(name)
    if (domain !== undefined) look(domain)
  }

  const timer = setInterval(() => {
    for (const domain of served.domains) look(domain)
  }, LOOK_MS)
  return {
    setLimit: (domain, limit) => set(domain, { limit }),
    setFresh(domain, fresh) {
      if (watched.get(domain)?.fresh === fresh) return
      // By a clock that was set back meanwhile it is still to come.
      set(domain, { fresh, at: clock.uptime() - Math.max(0, clock.now() - fresh) })
    },
    forget: (domain) => void watched.delete(domain),
    stop: () => clearInterval(timer),
  }
}
