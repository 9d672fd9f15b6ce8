/** What was refused, dropped or closed: a limit that many meet is too low, or they mean no good. */
import type { Counts, TcpCounts, UdpCounts } from '../messages/counts.ts'
import { type Html, html } from './html.ts'
import { table } from './table.ts'
import { number } from './words.ts'

type Limit = Exclude<keyof UdpCounts | keyof TcpCounts, 'calls' | 'replies' | 'connections' | 'open'>

const MEANINGS: Readonly<Record<Limit, string>> = {
  strangers: 'from callers whom no rule allows',
  undecodable: 'no calls at all, or from port 0',
  limited: 'over the rate of their network',
  tooLarge: 'answers too long for a datagram',
  unsent: 'answers lost for want of room',
  receiveErrors: 'receipts that failed',
  refused: 'connections that were too many',
  closedTooLong: 'closed: a record too long',
  closedFragments: 'closed: too many fragments',
  closedIdle: 'closed: nothing to do',
  closedUnfinished: 'closed: a record that did not end',
  closedStalled: 'closed: a reader that read nothing',
  closedOutbound: 'closed: too much waiting to be sent',
}

export function limitsMet({ udp, tcp }: Counts): Html {
  const counts: readonly Readonly<Record<string, number>>[] = [udp, tcp]
  const met = Object.entries(MEANINGS)
    .map(([limit, meaning]) => ({ meaning, of: counts.map((one) => one[limit]) }))
    .filter(({ of }) => of.some((calls) => calls !== undefined && calls > 0))
  if (met.length === 0) return html`<p>Nobody has met a limit.</p>`
  return table({
    id: 'limits',
    caption: 'Limits that were met',
    columns: { What: 'text', UDP: 'number', TCP: 'number' },
    rows: met.map(({ meaning, of }) => [
      meaning,
      ...of.map((calls) => (calls === undefined ? '' : number(calls))),
    ]),
  })
}
