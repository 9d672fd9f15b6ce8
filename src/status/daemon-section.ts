/** The daemon itself: its processes, and where it is reached. */
import { age, megabytes } from '../control/units.ts'
import { type Html, html, outside } from './html.ts'
import { table } from './table.ts'
import type { PageView } from './view.ts'
import { number } from './words.ts'

export function daemonSection({ status }: PageView): Html {
  const { now, processes, endpoints, portmapper, metrics, transport } = status
  const registry = portmapper === null ? 'rpcbind' : 'its own port mapper'
  const mappers = (portmapper?.endpoints ?? []).map((place) => ({ ...place, state: 'the port mapper' }))
  const pages = metrics.map((place) => ({ netid: 'http', ...place, state: 'this page, metrics' }))
  const places = endpoints.map((place) => ({
    ...place,
    state: place.registered ? `registered with ${registry}` : 'not registered',
  }))
  return html`<section aria-labelledby="daemon">
<h2 id="daemon">The daemon</h2>
<div class="pair">
<div>${table({
    id: 'processes',
    caption: 'Processes',
    columns: { Process: 'short', Pid: 'number', Up: 'number', Memory: 'number', Restarts: 'number' },
    rows: processes.map(({ role, pid, started, memory, restarts }) => [
      role,
      ...(pid === 0
        ? [html`<span class="bad">not running</span>`, '', '']
        : [pid, age(Math.max(0, now - started)), megabytes(memory)]),
      number(restarts),
    ]),
  })}</div>
<div>${table({
    id: 'endpoints',
    caption: 'Listens on',
    columns: { Transport: 'short', Address: 'short', Port: 'number', State: 'short' },
    rows: [...places, ...mappers, ...pages].map(({ netid, address, port, state }) => [
      outside(netid),
      outside(address),
      port,
      state,
    ]),
  })}${transport === '' ? '' : html`<p>${outside(transport)}</p>`}</div>
</div>
</section>
`
}
