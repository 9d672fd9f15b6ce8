/** Who asks, as a spreadsheet reads it: RFC 4180, with a header line. */
import type { Client } from '../messages/usage.ts'

const HEADER = ['address', 'first seen', 'last seen', 'calls', 'procedures', 'maps']

const QUOTED = /[",\r\n]/

/** A spreadsheet would take such a cell for a formula. */
const FORMULA = /^[=+\-@\t\r]/

/** A line for each client; times are UTC, lists have blanks between, a map is `domain/map`. */
export function clientsCsv(clients: readonly Client[]): string {
  return [HEADER, ...clients.map(cellsOf)].map((cells) => `${cells.map(cell).join(',')}\r\n`).join('')
}

function cellsOf({ address, first, last, calls, procedures, maps }: Client): readonly string[] {
  return [
    address,
    timeOf(first),
    timeOf(last),
    String(calls),
    procedures.join(' '),
    maps
      .map(({ domain, map }) => `${domain}/${map}`)
      .sort()
      .join(' '),
  ]
}

/** `2026-11-21T07:00:00Z` */
function timeOf(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`
}

function cell(text: string): string {
  const harmless = FORMULA.test(text) ? `'${text}` : text
  return QUOTED.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
