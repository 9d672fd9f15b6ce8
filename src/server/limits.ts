/** What a caller may cost. Each limit with what happens at it. */

/** A longer datagram is no call, for none is longer than about 2,000 bytes; it gets no answer. */
export const UDP_CALL_BYTES = 8800

/** Calls that come while nobody takes them wait in so many bytes; the kernel cuts that to its own maximum. */
export const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024

/** Replies on their way to the kernel; at the limit further requests get no answer, and clients ask again. */
export const UDP_REPLIES_IN_FLIGHT = 1024

/** Connections that wait in the kernel to be accepted; it cuts that to its own maximum. */
export const LISTEN_BACKLOG = 511

/** Between two looks at all connections: no time that they have is told apart more finely. */
export const LOOK_MS = 100

/** However many connections there are, an idle one has so long for its next call. */
export const LEAST_IDLE_MS = 200

/** A server that another has taken over from keeps a connection until it has been idle for so long… */
export const DRAIN_IDLE_MS = 2000

/** …and closes what is still open then. */
export const DRAIN_MS = 30_000

/** How ALL is cut for record marking and for back-pressure: what Linux ypserv's clients are used to. */
export const FRAGMENT_BYTES = 65_536

/** Fragments of ALL given to the kernel before others have their turn; one at a time cost a quarter more. */
export const ROUND_FRAGMENTS = 8

/** A reply up to this size is sent as one copy, a longer one as slices of the image. */
export const COPIED_REPLY_BYTES = 4096

/** Callers whose address was read from its text and is remembered. */
export const REMEMBERED_CALLERS = 10_000

/** Networks whose calls over UDP are counted against the rate; one that has been silent for longest is forgotten. */
export const REMEMBERED_NETWORKS = 10_000

/** Clients of which is known what they used, in each thread and in all; the one that was silent for longest is forgotten. */
export const REMEMBERED_CLIENTS = 8192

/** Maps whose calls are counted each alone, in each thread: 1.7 KB each, of those that are asked for. */
export const TALLIED_MAPS = 16_384

/** Answers to the supervisor that wait to be asked for their next part: each keeps an image. */
export const OPEN_LOOKUPS = 64

/** The longest answer of the embedded port mapper, its list of 16 entries, has about 1,400. */
export const PORTMAP_REPLY_BYTES = 2048
