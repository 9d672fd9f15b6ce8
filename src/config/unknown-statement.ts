import type { Cursor } from './cursor.ts'
import { Mistake } from './mistake.ts'

/** The mistake that the next token is where a statement should begin. Its place says which: it may be a password. */
export function unknownStatement(cursor: Cursor, expected: readonly string[]): Mistake {
  const token = cursor.peek()
  const list = `one of ${expected.join(', ')}`
  return token.kind === 'word'
    ? new Mistake(token.at, `unknown statement, expected ${list}`)
    : cursor.unexpected(list)
}
