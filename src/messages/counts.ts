/** What is counted of requests, by its name: in the server process, in messages, and in what ypldapctl shows. */
import { count } from './common.ts'
import { type Of, record } from './shape.ts'
import { clientsState, latency } from './usage.ts'

/** Of both transports: what came, and what went out. */
const OF_ALL = {
  /** datagrams, and records of connections */
  calls: count,
  replies: count,
  /** calls, or connections, of those who may not ask: no answer */
  strangers: count,
  /** no calls at all, longer than any, or from port 0: no answer */
  undecodable: count,
} as const

export const udpCounts = record({
  ...OF_ALL,
  /** over the rate of a prefix; in a dry run they are answered */
  limited: count,
  /** answers too long for a datagram: YP_YPERR instead */
  tooLarge: count,
  /** replies that were lost, as there was no room for them here or in the kernel */
  unsent: count,
  /** receipts that failed */
  receiveErrors: count,
})

export const tcpCounts = record({
  ...OF_ALL,
  connections: count,
  /** of these, now */
  open: count,
  /** connections that were too many, in all or of one address */
  refused: count,
  /** closed at a limit: a record too long, one of too many fragments… */
  closedTooLong: count,
  closedFragments: count,
  /** …nothing to do, a record that did not end, a reader that read nothing… */
  closedIdle: count,
  closedUnfinished: count,
  closedStalled: count,
  /** …more to be sent than all connections together may have waiting */
  closedOutbound: count,
})

/** Since the server process was started, but for its clients. */
export const counts = record({
  udp: udpCounts,
  tcp: tcpCounts,
  latency: record({ udp: latency, tcp: latency }),
  clients: clientsState,
})

export type UdpCounts = Of<typeof udpCounts>
export type TcpCounts = Of<typeof tcpCounts>
export type Counts = Of<typeof counts>
