/**
 * Whether what is served is too old to be vouched for. Looked at once a second rather than at each request; and
 * not by one long timer, for clocks are set and machines sleep.
 */
import type { Log } from '../log.ts'
import type { Served } from './served.ts'

const LOOK_MS = 1000

export interface Expiry {
  /** so many seconds may pass before the maps are known to be true again; null: any number */
  readonly setLimit: (seconds: number | null) => void
  /** The maps that are served are known to be true since then, in seconds since 1970. */
  readonly setFresh: (at: number) => void
  readonly stop: () => void
}

/** `changed` hears each time that it has been decided anew. */
export function watchExpiry(served: Served, log: Log, changed: (expired: boolean) => void): Expiry {
  let limit: number | null = null
  let fresh = 0

  const look = () => {
    const { image } = served
    const expired = image !== undefined && limit !== null && Date.now() / 1000 - fresh > limit
    if (expired === served.expired) return
    served.expired = expired
    changed(expired)
    if (expired) {
      const since = new Date(fresh * 1000).toISOString()
      log(
        'warning',
        'data-expired',
        `${image.domain}: the maps were last known to be true at ${since}, over ${limit} s ago: DOMAIN says no`,
      )
    } else if (image !== undefined) {
      log(
        'info',
        'data-renewed',
        `${image.domain}: the maps no longer count as expired: DOMAIN says yes again`,
      )
    }
  }

  const timer = setInterval(look, LOOK_MS)
  return {
    setLimit(seconds) {
      limit = seconds
      look()
    },
    setFresh(at) {
      fresh = at
      look()
    },
    stop: () => clearInterval(timer),
  }
}
