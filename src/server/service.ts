import type { Log } from '../log.ts'
import type { ServerLimits } from '../messages/server.ts'
import type { Answerer } from './answerer.ts'
import type { Counters } from './counters.ts'
import type { News } from './news.ts'
import type { Served } from './served.ts'

/**
 * Told of each call that gets no answer because no rule covers its sender: of one about a domain that others may ask
 * for with its name. A thread tells of several `calls` at a time, by the last of them.
 */
export type Stranger = (address: string, domain?: string, calls?: number) => void

/** What a socket of the main thread is served with. */
export interface Serving {
  readonly served: Served
  readonly responder: Answerer
  /** what callers may cost, as it is now */
  readonly limits: () => ServerLimits
  readonly stranger: Stranger
  readonly counters: Counters
  readonly log: Log
}

/** Answering on one socket. */
export interface Service {
  /** Takes nothing new; resolves when all that came before is answered and the socket is closed. */
  readonly drain: () => Promise<void>
  /** What it answers from, where it has no part in the main thread's own. */
  readonly inform: (news: News) => void
  /** Closes the socket and what came in through it, now. */
  readonly close: () => void
}
