import type { Problem } from './config.ts'
import type { Cursor } from './cursor.ts'
import { atMacro } from './macro-statement.ts'
import { nextStatement, type Place } from './next-statement.ts'
import type { Report } from './report.ts'

/** What is wrong with the statement that comes next, when it stands in a block that it does not belong into. */
export function misplacedIn(cursor: Cursor, block: 'directory' | 'domain'): Problem {
  const { at } = cursor.peek()
  if (atMacro(cursor)) {
    return { at, message: `macro defined inside a ${block} block, expected before the block` }
  }
  const words = nextStatement(cursor)?.words ?? ['include']
  return { at, message: `'${words.join(' ')}' inside a ${block} block, expected outside of it` }
}

/** Reads a statement that belongs outside; what a file that is not included here would say is not known. */
export function readOutside(cursor: Cursor, place: Place, report: Report): void {
  const { at } = cursor.peek()
  const statement = nextStatement(cursor)
  if (statement === undefined) {
    place.file.damaged.add('*')
    cursor.word('include')
    cursor.text('the path of a file as a quoted string')
    return
  }
  for (const word of statement.words) cursor.word(word)
  statement.read(cursor, place, report, at)
}
