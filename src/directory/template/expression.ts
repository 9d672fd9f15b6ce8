import type { Octets } from '../../maps/rows.ts'
import type { Entry } from '../entry.ts'
import type { Run } from './context.ts'

/** The values of an expression for an entry. */
export type List = (entry: Entry, run: Run) => readonly Octets[]

export type Condition = (entry: Entry, run: Run) => boolean

/** Works on values alone. */
export type Step = (values: readonly Octets[]) => readonly Octets[]

/** An expression that was parsed. */
export interface Expression {
  readonly list: List
  /** of `… | join 'x'`, and nothing behind it: what is joined */
  readonly joined?: Joined
}

export interface Joined {
  readonly list: List
  readonly separator: Octets
}

export const NONE: readonly Octets[] = []
