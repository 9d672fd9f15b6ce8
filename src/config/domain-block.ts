import type { Problem } from './config.ts'
import type { Cursor } from './cursor.ts'
import { readDirectory } from './directory.ts'
import { DOMAIN_STATEMENTS } from './domain-statements.ts'
import type { BlockDraft } from './draft.ts'
import { atMacro, readMacro } from './macro-statement.ts'
import { misplacedIn, readOutside } from './misplaced.ts'
import { atDomainBlock, nextStatement } from './next-statement.ts'
import type { Reading } from './reading.ts'
import { skipBadStatement } from './skip-bad-statement.ts'

/** Reads a domain's block after its `{`, up to the end of the line of its `}`. */
export function readDomainBlock(cursor: Cursor, outside: Reading, block: BlockDraft): void {
  const { report, place } = outside
  const reading = { ...outside, place: { file: place.file, domain: block } }
  const misplaced: Problem[] = []
  place.file.blocks.push(block)
  while (!report.full) {
    const token = cursor.beginStatement()
    if (cursor.atSymbol('}')) {
      for (const { at, message } of misplaced) report.problem(at, message)
      cursor.next()
      if (!cursor.attempt(() => cursor.lineEnd())) skipBadStatement(cursor)
      return
    }
    if (token.kind === 'end' || atDomainBlock(cursor)) {
      // As with a directory's.
      const at = misplaced[0]?.at ?? token.at
      report.problem(at, `block is not closed, expected '}' for the domain of line ${block.at.line}`)
      return
    }
    readStatement(cursor, reading, misplaced)
  }
}

function readStatement(cursor: Cursor, reading: Reading, misplaced: Problem[]): void {
  const { macros, report, place } = reading
  const statement = nextStatement(cursor)
  const isMacro = atMacro(cursor)
  if (statement === undefined && !isMacro && !cursor.at('include')) {
    return readDirectory(cursor, reading, STATEMENTS)
  }
  if (isMacro || statement?.ofDomain !== true) misplaced.push(misplacedIn(cursor, 'domain'))
  const good = cursor.attempt(() => {
    if (isMacro) readMacro(cursor, macros, report)
    else readOutside(cursor, place, report)
    if (!cursor.atSymbol('}')) cursor.lineEnd()
  })
  if (good) return
  const damaged = statement?.ofDomain === true ? place.domain.damaged : place.file.damaged
  damaged.add(statement?.words.join(' ') ?? '*')
  skipBadStatement(cursor)
}

const STATEMENTS = ['directory', ...DOMAIN_STATEMENTS.keys(), '}']
