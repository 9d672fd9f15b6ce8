import type { Octets } from '../../maps/rows.ts'
import type { Entry } from '../entry.ts'
import { type Bound, boundBytes, boundValues, bytesOf } from './bounds.ts'
import type { Run } from './context.ts'
import { EvaluationError } from './error.ts'
import { type List, NONE } from './expression.ts'

/** Text with expressions in it. */
export interface Text {
  /** one more than there are expressions: before, between and behind them */
  readonly literals: readonly Octets[]
  readonly lists: readonly List[]
  /** of each expression, as it is written */
  readonly sources: readonly string[]
}

/** The texts of all combinations of the expressions' values, those of the last one varying first. */
export function product(text: Text, bound: Bound): List {
  return (entry, run) => combine(text, bound, entry, run, () => NONE)
}

/** The same, but an expression without values ends the evaluation. */
export function fullProduct(text: Text, bound: Bound): List {
  return (entry, run) => combine(text, bound, entry, run, noValue)
}

function noValue(source: string): never {
  throw new EvaluationError(`no value of ${source}`)
}

function combine(
  { literals, lists, sources }: Text,
  bound: Bound,
  entry: Entry,
  run: Run,
  ifNone: (source: string) => readonly Octets[],
): readonly Octets[] {
  const parts = [literals[0]!]
  let heads: readonly Octets[] | undefined
  for (let i = 0; i < lists.length; i++) {
    const values = lists[i]!(entry, run)
    const literal = literals[i + 1]!
    if (values.length === 0) return ifNone(sources[i]!)
    // One attribute of one value is what nearly all expressions are.
    if (heads === undefined && values.length === 1) parts.push(values[0]!, literal)
    else heads = multiply(heads ?? [whole(parts, bound)], values, literal, bound)
  }
  return heads ?? [whole(parts, bound)]
}

/** Joined, not added: V8 keeps each sum of a longer text as an object, until the text is read. */
function whole(parts: readonly Octets[], bound: Bound): Octets {
  boundBytes(bytesOf(parts), bound)
  return parts.length > 3 ? parts.join('') : parts[0]! + (parts[1] ?? '') + (parts[2] ?? '')
}

function multiply(
  heads: readonly Octets[],
  values: readonly Octets[],
  literal: Octets,
  bound: Bound,
): Octets[] {
  const count = heads.length * values.length
  boundValues(count, bound)
  boundBytes(bytesOf(heads) * values.length + bytesOf(values) * heads.length + literal.length * count, bound)
  const texts: Octets[] = []
  for (const head of heads) for (const value of values) texts.push(head + value + literal)
  return texts
}
