import type { Cursor } from './cursor.ts'
import { Mistake } from './mistake.ts'

const LONGEST_SHOWN = 32

/** The mistake that the next token is where a statement should begin. */
export function unknownStatement(cursor: Cursor, expected: readonly string[]): Mistake {
  const token = cursor.peek()
  const list = `one of ${expected.join(', ')}`
  if (token.kind !== 'word' || token.text.length > LONGEST_SHOWN) return cursor.unexpected(list)
  return new Mistake(token.at, `unknown statement '${token.text}', expected ${list}`)
}
