import type { Position, Problem } from './config.ts'
import type { Cursor } from './cursor.ts'
import { DIRECTORY_STATEMENTS } from './directory-statements.ts'
import type { DirectoryDraft } from './draft.ts'
import { atMacro, readMacro } from './macro-statement.ts'
import type { Macros } from './macros.ts'
import { misplacedIn, readOutside } from './misplaced.ts'
import { atDomainBlock, isInBlock, nextStatement, type Place } from './next-statement.ts'
import type { Report } from './report.ts'
import { skipBadStatement } from './skip-bad-statement.ts'
import { unknownStatement } from './unknown-statement.ts'

/** Where the statements of a block go, and those that stand in it by mistake. */
export interface BlockTarget {
  readonly directory: DirectoryDraft
  readonly place: Place
  readonly macros: Macros
  readonly report: Report
}

/**
 * Reads a directory block after its `{`, up to the end of the line of its `}`, or to the `}` of the block that it
 * stands in.
 */
export function readDirectoryBlock(cursor: Cursor, target: BlockTarget): void {
  const { directory, report } = target
  const misplaced: Problem[] = []
  while (!report.full) {
    const token = cursor.beginStatement()
    if (cursor.atSymbol('}')) {
      for (const { at, message } of misplaced) report.problem(at, message)
      cursor.next()
      if (!cursor.atSymbol('}') && !cursor.attempt(() => cursor.lineEnd())) skipBadStatement(cursor)
      return
    }
    const outside = isOutside(cursor)
    if (token.kind === 'end' || (!outside && (cursor.at('directory') || atDomainBlock(cursor)))) {
      // Statements that belong outside show where the block was meant to end.
      const at = misplaced[0]?.at ?? token.at
      report.problem(at, `block is not closed, expected '}' for the directory of line ${directory.at.line}`)
      return
    }
    const word = cursor.unquoted() ?? '*'
    const known = outside || DIRECTORY_STATEMENTS.has(word)
    const { domain, file } = target.place
    const damaged = outside ? (nextStatement(cursor)?.ofDomain ? domain : file).damaged : directory.damaged
    const good = cursor.attempt(() => {
      if (outside) readMisplaced(cursor, target, misplaced)
      else readStatement(cursor, target, token.at)
    })
    if (good) continue
    damaged.add(known ? word : '*')
    skipBadStatement(cursor)
  }
}

/** Whether a statement comes next that belongs into a directory block. */
export function atDirectoryStatement(cursor: Cursor): boolean {
  return !atMacro(cursor) && DIRECTORY_STATEMENTS.has(cursor.unquoted() ?? '')
}

/** Reads statements outside of a block, which one '}' too early makes of all that follow it: reported once. */
export function readStrayStatements(cursor: Cursor, target: BlockTarget): void {
  const word = cursor.unquoted()
  target.report.problem(cursor.peek().at, `'${word}' outside a directory block, expected inside of one`)
  while (!target.report.full && atDirectoryStatement(cursor)) {
    const { at } = cursor.peek()
    if (!cursor.attempt(() => readStatement(cursor, target, at))) skipBadStatement(cursor)
    cursor.beginStatement()
  }
  // In a domain without a directory it is the end of the domain.
  const { place } = target
  if (cursor.atSymbol('}') && (!isInBlock(place) || place.domain.directories.length > 0)) cursor.next()
}

function isOutside(cursor: Cursor): boolean {
  return atMacro(cursor) || cursor.at('include') || nextStatement(cursor) !== undefined
}

function readStatement(cursor: Cursor, { directory, report }: BlockTarget, at: Position): void {
  const word = cursor.unquoted()
  const statement = word === undefined ? undefined : DIRECTORY_STATEMENTS.get(word)
  if (statement === undefined) throw unknownStatement(cursor, [...DIRECTORY_STATEMENTS.keys(), '}'])
  cursor.next()
  statement(cursor, directory, report, at)
  // The original lets the second statement follow on the line of the first.
  const another = DIRECTORY_STATEMENTS.has(cursor.unquoted() ?? '')
  if (!another && !cursor.atSymbol('}')) cursor.lineEnd()
}

/** Reads a statement from outside all the same, so that it is not missed there. */
function readMisplaced(cursor: Cursor, target: BlockTarget, misplaced: Problem[]): void {
  const { macros, report } = target
  misplaced.push(misplacedIn(cursor, 'directory'))
  if (atMacro(cursor)) readMacro(cursor, macros, report)
  else readOutside(cursor, target.place, report)
  if (!cursor.atSymbol('}')) cursor.lineEnd()
}
