/** What callers may cost, over HTTP. */

/** at each address */
export const MOST_CONNECTIONS = 64
export const HEADER_BYTES = 8192
/** Milliseconds in which a request must have come, and in which a client must take something of its answer. */
export const REQUEST_MS = 10_000
export const STALLED_MS = 30_000
/** Milliseconds until a connection without a request is closed: who scrapes each half minute keeps one. */
export const IDLE_MS = 40_000
/** Milliseconds between two looks at requests that have not come. */
export const LOOK_MS = 2000
