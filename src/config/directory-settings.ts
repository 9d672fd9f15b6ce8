import { parseAccount } from './account-name.ts'
import type { Cursor } from './cursor.ts'
import { HEADER_WORDS } from './directory-header.ts'
import type { Draft } from './draft.ts'
import { GLOBAL_STATEMENTS, type GlobalStatement } from './global-statements.ts'

/** What is said of the process that reads the directories, by the word after `directory`. */
export const DIRECTORY_SETTINGS: ReadonlyMap<string, GlobalStatement> = new Map([
  ['user', readUser],
  ['memory', readMemory],
])

/** Node itself takes a hundred or so. */
const LEAST_MEMORY = 192
const MOST_MEMORY = 65_536

function readUser(cursor: Cursor, draft: Draft): void {
  const { value, at } = cursor.value('the name of an account', parseAccount)
  draft.directoryUser = { value: value ?? '', at }
}

function readMemory(cursor: Cursor, draft: Draft): void {
  draft.directoryMemory = cursor.number('a number of megabytes', LEAST_MEMORY, MOST_MEMORY)
}

/** A statement outside of directory blocks: its words, and what reads the rest of it. */
export interface FoundStatement {
  readonly words: readonly [string] | readonly [string, string]
  readonly read: GlobalStatement
}

/** The statement that comes next, if it is one of those that stand outside of directory blocks. */
export function nextGlobal(cursor: Cursor): FoundStatement | undefined {
  const word = cursor.unquoted() ?? ''
  if (word === 'directory') return nextSetting(cursor)
  const read = GLOBAL_STATEMENTS.get(word)
  return read && { words: [word], read }
}

/** A host may have the name of a setting: it is one when what follows can't follow a host. */
function nextSetting(cursor: Cursor): FoundStatement | undefined {
  const word = cursor.unquoted(1) ?? ''
  const read = DIRECTORY_SETTINGS.get(word)
  if (read === undefined) return undefined
  const isHost = cursor.atSymbol('{', 2) || HEADER_WORDS.includes(cursor.unquoted(2) ?? '')
  return isHost ? undefined : { words: ['directory', word], read }
}
