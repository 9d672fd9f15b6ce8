import type { Log } from '../log.ts'
import type { ServerLimits } from '../messages/server.ts'
import type { Access } from './access.ts'
import type { Counters } from './counters.ts'
import type { News } from './news.ts'
import type { Responder } from './responder.ts'
import type { Served } from './served.ts'

/** What a socket of the main thread is served with. */
export interface Serving {
  readonly served: Served
  readonly responder: Responder
  readonly access: Access
  /** what callers may cost, as it is now */
  readonly limits: () => ServerLimits
  /** told of a call for a domain that its sender may not ask for */
  readonly stranger: (address: string, domain: string) => void
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
