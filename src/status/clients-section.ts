/** Who still uses NIS, the one last seen first: the list that one needs in order to retire it. */
import type { Status } from '../messages/control.ts'
import type { Client, Procedure } from '../messages/usage.ts'
import { type Content, type Html, html, NOTHING, outside } from './html.ts'
import { table } from './table.ts'
import type { PageView } from './view.ts'
import { ago, counted, number, time } from './words.ts'

const MAX_CLIENTS_SHOWN = 500
const MAX_MAPS_SHOWN = 12

const DAY = 86_400

/** What ypbind asks to find a server, and to learn that it still answers. */
const BINDING: ReadonlySet<Procedure> = new Set(['null', 'domain', 'domain_nonack'])

export function clientsSection(view: PageView): Html {
  const { clients, status } = view
  return html`<section aria-labelledby="clients">
<h2 id="clients">Who still uses NIS</h2>
${clients === undefined ? html`<p class="bad">Nobody can tell now: there is no server process that could be asked.</p>\n` : clientList(clients, status)}</section>
`
}

function clientList(clients: readonly Client[], status: Status): Html {
  const several = status.domains.length > 1
  return html`<p>${summary(clients, status)}</p>
${table({
  id: 'client-table',
  caption:
    clients.length > MAX_CLIENTS_SHOWN
      ? `Clients: the ${MAX_CLIENTS_SHOWN} last seen of ${number(clients.length)}`
      : 'Clients, the last seen first',
  columns: {
    Address: 'short',
    'Last seen': 'short',
    'First seen': 'short',
    Calls: 'number',
    Procedures: 'text',
    Maps: 'text',
  },
  rows: clients
    .slice(0, MAX_CLIENTS_SHOWN)
    .map((client) => [
      outside(client.address),
      ago(client.last, status.now),
      time(client.first),
      number(client.calls),
      client.procedures.map((one) => one.toUpperCase()).join(', '),
      isIdle(client)
        ? html`<em>bound, asks for nothing</em>`
        : several
          ? mapsByDomain(client)
          : mapNames(client.maps),
    ]),
})}`
}

function summary(clients: readonly Client[], { now, requests }: Status): Content {
  const since = requests === null ? NOTHING : html` since ${time(requests.clients.since)}`
  if (clients.length === 0) return html`Nobody has asked${since}.`
  const idle = clients.filter(isIdle).length
  const silent = clients.filter(({ last }) => now - last >= DAY).length
  return [
    counted(clients.length, 'client'),
    since,
    ...(idle > 0 ? [`; ${number(idle)} bound, asking for nothing`] : []),
    ...(silent > 0 ? [`; ${number(silent)} not seen for a day`] : []),
    requests !== null && requests.clients.forgotten > 0
      ? '; there was no room for all, and those that had been silent for longest were forgotten'
      : '',
    html`. <a href="clients.csv">All of them as CSV</a>`,
  ]
}

function isIdle({ procedures, maps }: Client): boolean {
  return maps.length === 0 && procedures.every((procedure) => BINDING.has(procedure))
}

function mapsByDomain({ maps }: Client): Content {
  return [...Map.groupBy(maps, ({ domain }) => domain)].map(([domain, maps], index) => [
    index === 0 ? '' : '; ',
    html`${outside(domain)}: `,
    mapNames(maps),
  ])
}

function mapNames(maps: Client['maps']): Content {
  const names = maps.map(({ map }) => map).sort()
  const more = names.length - MAX_MAPS_SHOWN
  return [
    ...names.slice(0, MAX_MAPS_SHOWN).map((name, index) => [index === 0 ? '' : ', ', outside(name)]),
    more > 0 ? ` and ${more} more` : '',
  ]
}
