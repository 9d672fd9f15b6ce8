import type { Position } from './config.ts'
import type { Cursor } from './cursor.ts'
import { HEADER_WORDS } from './directory-header.ts'
import { DIRECTORY_SETTINGS } from './directory-settings.ts'
import { DOMAIN_STATEMENTS } from './domain-statements.ts'
import type { DomainDraft, Draft } from './draft.ts'
import { GLOBAL_STATEMENTS, type GlobalStatement } from './global-statements.ts'
import type { Report } from './report.ts'

/** Where a statement stands: in these files, and there among those of this domain. */
export interface Place {
  readonly file: Draft
  readonly domain: DomainDraft
}

/** A statement outside of directory blocks: its words, what reads the rest of it, and what it speaks of. */
export interface FoundStatement {
  readonly words: readonly [string] | readonly [string, string]
  readonly ofDomain: boolean
  readonly read: (cursor: Cursor, place: Place, report: Report, at: Position) => void
}

export function isInBlock({ file, domain }: Place): boolean {
  return domain !== file
}

/** The statement that comes next, if it is one of those that stand outside of directory blocks. */
export function nextStatement(cursor: Cursor): FoundStatement | undefined {
  const word = cursor.unquoted() ?? ''
  if (word === 'directory') return nextSetting(cursor)
  if (atDomainBlock(cursor)) return undefined
  const ofDomain = DOMAIN_STATEMENTS.get(word)
  return ofDomain === undefined
    ? found([word], GLOBAL_STATEMENTS.get(word))
    : {
        words: [word],
        ofDomain: true,
        read: (cursor, { domain }, report, at) => ofDomain(cursor, domain, report, at),
      }
}

/** Whether a block of a domain begins here, rather than a line that names the domain of the file. */
export function atDomainBlock(cursor: Cursor): boolean {
  return cursor.at('domain') && cursor.atSymbol('{', 2)
}

/** A host may have the name of a setting: it is one when what follows can't follow a host. */
function nextSetting(cursor: Cursor): FoundStatement | undefined {
  const word = cursor.unquoted(1) ?? ''
  const isHost = cursor.atSymbol('{', 2) || HEADER_WORDS.includes(cursor.unquoted(2) ?? '')
  return isHost ? undefined : found(['directory', word], DIRECTORY_SETTINGS.get(word))
}

function found(
  words: FoundStatement['words'],
  read: GlobalStatement | undefined,
): FoundStatement | undefined {
  return (
    read && {
      words,
      ofDomain: false,
      read: (cursor, { file }, report, at) => read(cursor, file, report, at),
    }
  )
}
