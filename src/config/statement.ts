import type { Located } from './config.ts'
import type { Cursor } from './cursor.ts'
import { readDirectory } from './directory.ts'
import { parseDomain } from './domain.ts'
import { readDomainBlock } from './domain-block.ts'
import { DOMAIN_STATEMENTS } from './domain-statements.ts'
import { type BlockDraft, emptyBlock } from './draft.ts'
import { GLOBAL_STATEMENTS } from './global-statements.ts'
import { atMacro, readMacro } from './macro-statement.ts'
import { atDomainBlock, nextStatement } from './next-statement.ts'
import type { Reading } from './reading.ts'

/** Reads a statement that stands in no block; gives the path of the file that is to be read in its place, if one is. */
export function readStatement(cursor: Cursor, reading: Reading): Located<string> | undefined {
  const { macros, report, place } = reading
  const { at } = cursor.peek()
  if (atMacro(cursor)) {
    readLine(cursor, () => readMacro(cursor, macros, report))
    return undefined
  }
  if (cursor.at('include')) return readInclude(cursor, reading)
  const statement = nextStatement(cursor)
  if (statement === undefined) {
    if (atDomainBlock(cursor)) readDomain(cursor, reading)
    else readDirectory(cursor, reading, STATEMENTS)
    return undefined
  }
  const good = cursor.attempt(() => {
    for (const word of statement.words) cursor.word(word)
    statement.read(cursor, place, report, at)
    cursor.lineEnd()
  })
  if (good) return undefined
  place.file.damaged.add(statement.words.join(' '))
  if (statement.words[0] !== 'domain') skipLine(cursor)
  // The directories of the domain that this was taken for are in the block.
  else if (findDomainBlock(cursor, reading, emptyBlock(at))) place.file.damaged.add('directory')
  return undefined
}

const STATEMENTS = [
  ...new Set(['include', 'directory', 'domain', ...DOMAIN_STATEMENTS.keys(), ...GLOBAL_STATEMENTS.keys()]),
  'name = "value"',
]

/** Reads a statement that ends with its line; gives whether it is good. */
function readLine(cursor: Cursor, read: () => void): boolean {
  const good = cursor.attempt(() => {
    read()
    cursor.lineEnd()
  })
  if (!good) skipLine(cursor)
  return good
}

function skipLine(cursor: Cursor): void {
  while (!cursor.atLineEnd()) cursor.next()
}

function readInclude(cursor: Cursor, { place }: Reading): Located<string> | undefined {
  let path: Located<string> | undefined
  const good = readLine(cursor, () => {
    cursor.next()
    path = cursor.text('the path of a file as a quoted string')
  })
  if (good) return path
  place.file.damaged.add('*')
  return undefined
}

/** Reads the header of a domain's block, and the block. */
function readDomain(cursor: Cursor, reading: Reading): void {
  const { at } = cursor.next()
  const block = emptyBlock(at)
  cursor.attempt(() => {
    const { value } = cursor.value('the name of the domain', parseDomain)
    if (value !== undefined) block.domain = value
  })
  if (!findDomainBlock(cursor, reading, block)) reading.place.file.damaged.add('*')
}

/** What is in a block is not the file's, whatever is wrong with its header. */
function findDomainBlock(cursor: Cursor, reading: Reading, block: BlockDraft): boolean {
  while (!cursor.atLineEnd() && !cursor.atSymbol('{')) cursor.next()
  if (!cursor.atSymbol('{')) return false
  cursor.next()
  readDomainBlock(cursor, reading, block)
  return true
}
