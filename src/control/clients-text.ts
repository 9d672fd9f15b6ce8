/** Who still asks, as ypldapctl shows it to people. */
import type { Client, ClientsState } from '../messages/usage.ts'
import { table } from './status-text.ts'
import { age, moment } from './units.ts'

const HEADINGS = ['address', 'last seen', 'first seen', 'calls', 'procedures', 'maps'] as const

type MapNamer = (map: Client['maps'][number]) => string

/** `state` is null while it is not known. */
export function clientsText(clients: readonly Client[], state: ClientsState | null, now: number): string {
  const domains = new Set(clients.flatMap(({ maps }) => maps.map(({ domain }) => domain)))
  const nameOf: MapNamer = domains.size > 1 ? inDomain : ({ map }) => map
  const rows = clients.map((client) => [
    client.address,
    `${age(Math.max(0, now - client.last))} ago`,
    moment(client.first),
    String(client.calls),
    client.procedures.join(' '),
    namesOf(client, nameOf).join(' '),
  ])
  const lines = rows.length === 0 ? [] : ['', ...table([HEADINGS, ...rows], [3])]
  return [headline(clients.length, state), ...lines].map((line) => `${line}\n`).join('')
}

function headline(count: number, state: ClientsState | null): string {
  const since = state === null ? '' : ` since ${moment(state.since)}`
  if (count === 0) return `nobody has asked${since}`
  const forgotten = state?.forgotten ?? 0
  const missing =
    forgotten === 0
      ? ''
      : `; there was no room for more, and ${forgotten} times one that had been silent for longest was forgotten`
  return `${count === 1 ? '1 client' : `${count} clients`}${since}${missing}`
}

function namesOf({ maps }: Client, nameOf: MapNamer): readonly string[] {
  return maps.map(nameOf).sort()
}

/** As in CSV. */
function inDomain({ domain, map }: Client['maps'][number]): string {
  return `${domain}/${map}`
}
