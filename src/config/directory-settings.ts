import { parseAccount } from './account-name.ts'
import type { Cursor } from './cursor.ts'
import type { Draft } from './draft.ts'
import type { GlobalStatement } from './global-statements.ts'

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
