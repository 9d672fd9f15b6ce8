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

/** Milliseconds that an answer is good for; the list of clients may be long, and changes slowly. */
export const GOOD_MS = 1000
export const CLIENTS_GOOD_MS = 5000

/** Milliseconds in which the server process and the directory process tell, or are left out. */
export const UNTOLD_MS = 2000

/** Rejected rows of a domain that are shown: who wants all asks ypldapctl. */
export const SHOWN_ROWS = 50

/** Milliseconds that the number of clients is good for. */
export const CLIENT_COUNT_GOOD_MS = 60_000
