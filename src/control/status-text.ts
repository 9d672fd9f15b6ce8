/** What `ypldapctl status` prints for people: aligned, and nothing of a directory drives the terminal. */
import type { DomainStatus, Status } from '../messages/control.ts'
import type { TcpCounts, UdpCounts } from '../messages/counts.ts'
import { visible } from '../visible.ts'
import { age, megabytes, moment, span } from './units.ts'
import type { Verdict, Word } from './verdict.ts'

const COLOURS: Readonly<Record<Word, number>> = { fresh: 32, stale: 33, down: 31 }

type Counted = Readonly<Record<string, number>>

/** In this order. */
const COUNTERS: Readonly<Record<keyof UdpCounts | keyof TcpCounts, string>> = {
  calls: 'calls',
  replies: 'replies',
  strangers: 'strangers',
  undecodable: 'undecodable',
  limited: 'over the rate',
  tooLarge: 'too large',
  unsent: 'not sent',
  receiveErrors: 'receive errors',
  connections: 'connections',
  open: 'open now',
  refused: 'refused',
  closedTooLong: 'closed: too long',
  closedFragments: 'closed: fragments',
  closedIdle: 'closed: idle',
  closedUnfinished: 'closed: unfinished',
  closedStalled: 'closed: stalled',
  closedOutbound: 'closed: outbound',
}

/** Of a daemon that can't be asked there is nothing but the verdict. */
export function statusText(verdict: Verdict, status: Status | undefined, colour: boolean): string {
  const details =
    status === undefined
      ? []
      : [
          daemonLines(status),
          ...status.domains.flatMap((domain) => [
            domainLines(domain, status.now),
            directoryLines(domain, status.now),
          ]),
          requestLines(status),
          processLines(status),
        ]
  const blocks = [[verdictLine(verdict, colour)], ...details]
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n')
}

function verdictLine({ word, text }: Verdict, colour: boolean): string {
  return `${colour ? `\u001b[${COLOURS[word]}m${word}\u001b[0m` : word}: ${visible(text)}`
}

function daemonLines({
  version,
  config,
  level,
  now,
  started,
  endpoints,
  portmapper,
  metrics,
  transport,
}: Status): readonly string[] {
  return [
    visible(`ypldap ${version}, up ${age(Math.max(0, now - started))}, log level ${level}, ${config}`),
    ...table([
      ...endpoints.map(({ registered, ...place }) => [
        ...placeCells(place),
        registered
          ? portmapper === null
            ? 'registered with rpcbind'
            : 'in the port mapper'
          : 'not registered',
      ]),
      ...(portmapper?.endpoints ?? []).map((place) => [
        ...placeCells(place),
        portmapper?.broadcast === true ? 'port mapper, answers broadcasts' : 'port mapper',
      ]),
      ...metrics.map(({ address, port }) => ['http', `${address} port ${port}`, 'status page, metrics']),
    ]),
    ...(transport === '' ? [] : [`  ${visible(transport)}`]),
  ]
}

function placeCells({
  netid,
  address,
  port,
}: Omit<Status['endpoints'][number], 'registered'>): readonly string[] {
  return [netid, `${address} port ${port}`]
}

function domainLines(domain: DomainStatus, now: number): readonly string[] {
  const { name, state, interval, expire, image, refreshing, next, last, refused } = domain
  const rows = [['kept in', state]]
  if (image !== null) {
    rows.push(
      ['generation', `${image.generation}, of ${moment(image.created)}`],
      ['true since', `${moment(image.fresh)}, ${age(Math.max(0, now - image.fresh))} ago`],
    )
  }
  if (refused !== '') rows.push(['refused', refused])
  if (last !== null) {
    const { outcome, at, took, entries, rejected, reason } = last
    const found = outcome === 'trashed' ? reason : `${entries} entries, ${rejected} rows left out or cut`
    rows.push(['last refresh', `${outcome} ${moment(at)} in ${span(took)}: ${found}`])
  }
  rows.push(['next refresh', refreshing ? 'under way' : coming(next, now)], ['interval', age(interval)])
  if (expire !== null) rows.push(['expires', `${age(expire)} after the last time it was found true`])
  const maps = image?.maps.map((map) => [
    map.name,
    String(map.records),
    map.secure ? 'reserved ports only' : '',
  ])
  return [
    `domain ${visible(name)}`,
    ...table(rows),
    ...(maps === undefined ? [] : ['maps', ...table(maps, [1])]),
  ]
}

function directoryLines({ directories }: DomainStatus, now: number): readonly string[] {
  return directories.flatMap(({ label, state, source, fetched, entries, took, next, error }) => {
    const rows = [['state', state]]
    if (source !== '') rows.push(['read from', source])
    if (fetched > 0) {
      const how = took > 0 ? `: ${entries} entries in ${span(took)}` : ''
      rows.push(['last read', `${moment(fetched)}, ${age(Math.max(0, now - fetched))} ago${how}`])
    }
    if (error !== '') rows.push(['last error', error])
    if (state !== 'reading') rows.push(['next try', coming(next, now)])
    return [`directory ${visible(label)}`, ...table(rows)]
  })
}

/** What was never counted is left out. */
function requestLines({ requests }: Status): readonly string[] {
  if (requests === null) return []
  const udp: Counted = requests.udp
  const tcp: Counted = requests.tcp
  const rows = Object.entries(COUNTERS)
    .map(([name, shown]) => [shown, String(udp[name] ?? ''), String(tcp[name] ?? '')])
    .filter(([, ...cells]) => cells.some((cell) => Number(cell) > 0))
  return rows.length === 0 ? [] : ['requests', ...table([['', 'UDP', 'TCP'], ...rows], [1, 2])]
}

function processLines({ now, processes }: Status): readonly string[] {
  return [
    'processes',
    ...table(
      processes.map(({ role, pid, started, restarts, memory }) =>
        pid === 0
          ? [role, 'not running', '', '', `${restarts} restarts`]
          : [
              role,
              `pid ${pid}`,
              `up ${age(Math.max(0, now - started))}`,
              megabytes(memory),
              `${restarts} restarts`,
            ],
      ),
    ),
  ]
}

function coming(next: number, now: number): string {
  if (next === 0) return 'not yet decided'
  return next <= now ? 'now' : `in ${age(next - now)}`
}

/** Rows with their columns aligned, those named in `right` to the right. */
export function table(
  cells: readonly (readonly string[])[],
  right: readonly number[] = [],
): readonly string[] {
  const rows = cells.map((row) => row.map(visible))
  const widths: number[] = []
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length)
  }
  return rows.map((row) =>
    `  ${row.map((cell, index) => (right.includes(index) ? cell.padStart(widths[index]!) : cell.padEnd(widths[index]!))).join('  ')}`.trimEnd(),
  )
}
