import type { Octets } from '../../maps/rows.ts'
import type { Links } from './links.ts'

export interface Budget {
  visits: number
}

/** What a template knows besides the entry. */
export interface Context {
  /** the NIS domain */
  readonly domain: Octets
  readonly links: Links
  /** the value that the record is made for, where the table makes one for each of several */
  readonly it?: Octets | undefined
  /** other entries that all evaluations together may still look at; undefined: any number */
  readonly budget?: Budget | undefined
}

/** One evaluation of a template. */
export interface Run extends Context {
  /** other entries that may still be looked at */
  visits: number
}
