import type { Position, Problem } from './config.ts'
import type { Cursor } from './cursor.ts'
import { nextGlobal } from './directory-settings.ts'
import { DIRECTORY_STATEMENTS } from './directory-statements.ts'
import type { DirectoryDraft, Draft } from './draft.ts'
import { atMacro, readMacro } from './macro-statement.ts'
import type { Macros } from './macros.ts'
import type { Report } from './report.ts'
import { unknownStatement } from './unknown-statement.ts'

/** Where the statements of a block go, and those of the file that stand in it by mistake. */
export interface BlockTarget {
  readonly directory: DirectoryDraft
  readonly draft: Draft
  readonly macros: Macros
  readonly report: Report
}

/** Reads a directory block after its `{`, up to the end of the line of its `}`. */
export function readDirectoryBlock(cursor: Cursor, target: BlockTarget): void {
  const { directory, report } = target
  const misplaced: Problem[] = []
  while (!report.full) {
    const token = cursor.beginStatement()
    if (cursor.atSymbol('}')) {
      for (const { at, message } of misplaced) report.problem(at, message)
      cursor.next()
      if (!cursor.attempt(() => cursor.lineEnd())) skipBadStatement(cursor)
      return
    }
    const outside = isGlobal(cursor)
    if (token.kind === 'end' || (!outside && cursor.at('directory'))) {
      // Statements that belong outside show where the block was meant to end.
      const at = misplaced[0]?.at ?? token.at
      report.problem(at, `block is not closed, expected '}' for the directory of line ${directory.at.line}`)
      return
    }
    const word = cursor.unquoted() ?? '*'
    const known = outside || DIRECTORY_STATEMENTS.has(word)
    const good = cursor.attempt(() => {
      if (outside) readMisplaced(cursor, target, misplaced)
      else readStatement(cursor, target, token.at)
    })
    if (good) continue
    const damaged = outside ? target.draft.damaged : directory.damaged
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
  if (cursor.atSymbol('}')) cursor.next()
}

function isGlobal(cursor: Cursor): boolean {
  return atMacro(cursor) || cursor.at('include') || nextGlobal(cursor) !== undefined
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

/** Reads a statement of the file all the same, so that it is not missed elsewhere. */
function readMisplaced(cursor: Cursor, { draft, macros, report }: BlockTarget, misplaced: Problem[]): void {
  const { at } = cursor.peek()
  if (atMacro(cursor)) {
    misplaced.push({ at, message: 'macro defined inside a directory block, expected before the block' })
    readMacro(cursor, macros, report)
  } else {
    const statement = nextGlobal(cursor)
    const words = statement?.words ?? ['include']
    misplaced.push({ at, message: `'${words.join(' ')}' inside a directory block, expected outside of it` })
    for (const word of words) cursor.word(word)
    if (statement === undefined) {
      draft.damaged.add('*')
      cursor.text('the path of a file as a quoted string')
    } else {
      statement.read(cursor, draft, report, at)
    }
  }
  if (!cursor.atSymbol('}')) cursor.lineEnd()
}

/** Skips the rest of the line, and a block that begins in it, but not the `}` of the block that it stands in. */
function skipBadStatement(cursor: Cursor): void {
  let depth = 0
  while (cursor.peek().kind !== 'end') {
    if (depth === 0 && (cursor.atLineEnd() || cursor.atSymbol('}'))) return
    if (cursor.atSymbol('{')) depth += 1
    if (cursor.atSymbol('}')) depth -= 1
    const { kind } = cursor.next()
    if (kind === 'newline' && cursor.at('directory')) return
  }
}
