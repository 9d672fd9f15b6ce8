import type { News } from './news.ts'

/** Answering on one socket. */
export interface Service {
  /** Takes nothing new; resolves when all that came before is answered and the socket is closed. */
  readonly drain: () => Promise<void>
  /** What it answers from, where it has no part in the main thread's own. */
  readonly inform: (news: News) => void
  /** Closes the socket and what came in through it, now. */
  readonly close: () => void
}
