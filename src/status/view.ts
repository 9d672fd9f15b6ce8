/** What the status page and the metrics are made of. Times are seconds since 1970 by the daemon's clock. */
import type { Status } from '../messages/control.ts'
import type { RefreshResult } from '../messages/directory.ts'
import type { Client, RequestCount } from '../messages/usage.ts'

export interface View {
  readonly status: Status
  /** by procedure, domain, map and outcome; none where there is no server process that could tell */
  readonly usage: readonly RequestCount[]
  readonly history: History
}

/** What the page shows beside it. */
export interface PageView extends View {
  /** the one last seen comes first; undefined where nobody can tell */
  readonly clients: readonly Client[] | undefined
  /** the first of each domain that has some; how many there are says `last.rejected` of the domain's status */
  readonly rejected: readonly RejectedOf[]
}

export interface RejectedOf {
  readonly domain: string
  readonly rows: readonly { readonly directory: string; readonly dn: string; readonly reason: string }[]
}

export interface History {
  /** the oldest first, one each SAMPLE_SECONDS, of a day at most; a gap where the server process could not be asked */
  readonly samples: readonly Sample[]
  /** of all domains, the oldest first */
  readonly refreshes: readonly Refresh[]
}

/** Between two samples: what came since the one before. */
export interface Sample {
  readonly at: number
  /** calls a second */
  readonly rate: number
  /** microseconds within which half of the answers went out, and 99 of 100; undefined when there was none */
  readonly median: number | undefined
  readonly p99: number | undefined
}

export interface Refresh extends RefreshResult {
  readonly domain: string
}

export const SAMPLE_SECONDS = 10
