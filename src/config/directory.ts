import type { Cursor } from './cursor.ts'
import { atDirectoryStatement, readDirectoryBlock, readStrayStatements } from './directory-block.ts'
import { readDirectoryHeader } from './directory-header.ts'
import { emptyDirectory } from './draft.ts'
import { isInBlock } from './next-statement.ts'
import type { Reading } from './reading.ts'
import { unknownStatement } from './unknown-statement.ts'

/**
 * Reads a directory, or what none of the `statements` begins with: when that has a block, it is a directory's,
 * misspelt.
 */
export function readDirectory(cursor: Cursor, reading: Reading, statements: readonly string[]): void {
  const { place, report, servicePort } = reading
  const { file, domain } = place
  const directory = emptyDirectory(cursor.peek().at, domain.cafiles.at(-1) ?? file.cafiles.at(-1))
  const target = { ...reading, directory }
  if (atDirectoryStatement(cursor)) return readStrayStatements(cursor, target)
  const misspelt = !cursor.at('directory')
  const good = cursor.attempt(() => {
    if (misspelt) throw unknownStatement(cursor, statements)
    cursor.next()
    readDirectoryHeader(cursor, directory, report, servicePort)
  })
  if (!good) {
    domain.damaged.add(misspelt ? '*' : 'directory')
    if (!findBlock(cursor, misspelt, isInBlock(place))) return
  }
  domain.directories.push(directory)
  readDirectoryBlock(cursor, target)
}

/** After a bad header: goes into its block, unless there is none. */
function findBlock(cursor: Cursor, sameLine: boolean, inBlock: boolean): boolean {
  const closes = () => inBlock && cursor.atSymbol('}')
  while (!cursor.atLineEnd() && !cursor.atSymbol('{') && !closes()) cursor.next()
  if (!sameLine) cursor.beginStatement()
  if (cursor.atSymbol('{')) {
    cursor.next()
    return true
  }
  return !sameLine && atDirectoryStatement(cursor)
}
