import type { Octets } from '../../maps/rows.ts'
import { boundBytes, bytesOf } from './bounds.ts'
import { OUTPUT } from './limits.ts'

/** One text, '' of nothing. Throws EvaluationError. */
export function joinAll(values: readonly Octets[], separator: Octets): readonly Octets[] {
  boundBytes(bytesOf(values) + separator.length * values.length, OUTPUT)
  return [values.join(separator)]
}

/** Texts of at most `limit` bytes each, as few as the order allows. What is longer by itself is left out. */
export function joinUpTo(values: readonly Octets[], separator: Octets, limit: number): readonly Octets[] {
  const texts: Octets[] = []
  let text: Octets | undefined
  for (const value of values) {
    if (value.length > limit) continue
    const longer = text === undefined ? value : text + separator + value
    if (text !== undefined && longer.length > limit) {
      texts.push(text)
      text = value
    } else text = longer
  }
  texts.push(text ?? '')
  return texts
}
