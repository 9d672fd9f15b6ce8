/** Who still asks, for people and for spreadsheets. */
import type { Client, ClientsState } from '../messages/usage.ts'
import { table } from './status-text.ts'
import { age, moment } from './units.ts'

const HEADINGS = ['address', 'last seen', 'first seen', 'calls', 'procedures', 'maps'] as const

/** A map with its domain where there are several. */
export type MapNamer = (map: Client['maps'][number]) => string

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

/** RFC 4180: a line with the names, and one for each client; times are of UTC, and lists have spaces between. */
export function clientsCsv(clients: readonly Client[]): string {
  const rows = clients.map((client) => [
    client.address,
    utc(client.last),
    utc(client.first),
    String(client.calls),
    client.procedures.join(' '),
    namesOf(client, inDomain).join(' '),
  ])
  return [HEADINGS.map((heading) => heading.replace(' ', '_')), ...rows]
    .map((row) => `${row.map(field).join(',')}\r\n`)
    .join('')
}

/** No map's name is to be a formula where the file is opened. */
function field(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

function namesOf({ maps }: Client, nameOf: MapNamer): readonly string[] {
  return maps.map(nameOf).sort()
}

function inDomain({ domain, map }: Client['maps'][number]): string {
  return `${map}@${domain}`
}

function utc(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000', '')
}
