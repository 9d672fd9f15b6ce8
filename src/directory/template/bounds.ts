import type { Octets } from '../../maps/rows.ts'
import { EvaluationError } from './error.ts'

export interface Bound {
  readonly values: number
  readonly bytes: number
}

/** Throws EvaluationError. */
export function boundValues(count: number, bound: Bound): void {
  if (count > bound.values) throw new EvaluationError(`more than ${bound.values} values`)
}

/** Throws EvaluationError. */
export function boundBytes(bytes: number, bound: Bound): void {
  if (bytes > bound.bytes) throw new EvaluationError(`more than ${bound.bytes} bytes of text`)
}

export function bytesOf(values: readonly Octets[]): number {
  let bytes = 0
  for (const value of values) bytes += value.length
  return bytes
}
