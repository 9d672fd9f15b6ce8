/** What became of calls: how many, by procedure and outcome, for each map that was asked for. */
import {
  type Procedure as Name,
  OUTCOMES,
  PROCEDURES,
  type RequestCount,
  type Outcome as Result,
} from '../messages/usage.ts'
import { TALLIED_MAPS } from './limits.ts'

/** The place of what is no procedure of YP, behind theirs. */
export const OTHER = PROCEDURES.length

/** The places of outcomes. */
export const Outcome = Object.fromEntries(OUTCOMES.map((name, place) => [name, place])) as Readonly<
  Record<Result, number>
>

/** A map, or '' for a domain as a whole, or where none that is served was named. */
export interface Row {
  readonly domain: string
  readonly map: string
  /** among all, in the order in which they were first asked for */
  readonly number: number
  /** by procedure and outcome */
  readonly calls: Float64Array
}

export class Tally {
  /** of calls that name nothing that is served */
  readonly nothing: Row
  readonly #rows: Row[] = []
  /** by domain, then by map: a name goes on from where it was, whatever image it is of */
  readonly #byName = new Map<string, Map<string, Row>>()

  constructor() {
    this.nothing = this.#add('', '')
  }

  get rows(): readonly Row[] {
    return this.#rows
  }

  /** Made when it is first asked for. Beyond the limit a map counts as its domain. */
  row(domain: string, map: string): Row {
    const known = this.#byName.get(domain)?.get(map)
    if (known !== undefined) return known
    if (this.#rows.length < TALLIED_MAPS) return this.#add(domain, map)
    return map === '' ? this.nothing : this.row(domain, '')
  }

  #add(domain: string, map: string): Row {
    const calls = new Float64Array((OTHER + 1) * OUTCOMES.length)
    const row = { domain, map, number: this.#rows.length, calls }
    this.#rows.push(row)
    const maps = this.#byName.get(domain) ?? new Map<string, Row>()
    this.#byName.set(domain, maps.set(map, row))
    return row
  }
}

export function countCall({ calls }: Row, procedure: number, outcome: number): void {
  calls[procedure * OUTCOMES.length + outcome]! += 1
}

export function procedureAt(place: number): Name {
  return PROCEDURES[place] ?? 'other'
}

/** What is in the rows of several tallies, of which each has rows of the same names. */
export function sumOfRows(rows: Iterable<Pick<Row, 'domain' | 'map' | 'calls'>>): readonly RequestCount[] {
  const sums = new Map<string, Pick<Row, 'domain' | 'map' | 'calls'>>()
  for (const { domain, map, calls } of rows) {
    const key = `${domain}\0${map}`
    const sum = sums.get(key)
    if (sum === undefined) sums.set(key, { domain, map, calls: calls.slice() })
    else for (const [cell, more] of calls.entries()) sum.calls[cell]! += more
  }
  return [...sums.values()].flatMap(({ domain, map, calls }) =>
    [...calls.entries()]
      .filter(([, count]) => count > 0)
      .map(([cell, count]) => ({
        procedure: procedureAt(Math.floor(cell / OUTCOMES.length)),
        domain,
        map,
        outcome: OUTCOMES[cell % OUTCOMES.length]!,
        calls: count,
      })),
  )
}
