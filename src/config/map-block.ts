import { readAccess } from './access-statement.ts'
import { type Located, OVERFLOWS, type Overflow, type Position } from './config.ts'
import type { Cursor } from './cursor.ts'
import { type DomainDraft, emptyMap, type MapDraft } from './draft.ts'
import { MAX_MAPS, MAX_RECORD, MIN_RECORD } from './limits.ts'
import { parseMapName } from './map-name.ts'
import type { Report } from './report.ts'
import { skipBadStatement } from './skip-bad-statement.ts'
import { unknownStatement } from './unknown-statement.ts'

const TEMPLATE = 'a template as a quoted string'

type MapStatement = (cursor: Cursor, draft: MapDraft, report: Report) => void

/** The statements of a map block by their first word. */
export const MAP_STATEMENTS: ReadonlyMap<string, MapStatement> = new Map([
  ['base', textReader('base', 'a DN as a quoted string')],
  ['filter', textReader('filter', 'an LDAP filter as a quoted string')],
  ['each', textReader('each', TEMPLATE)],
  ['key', textReader('key', TEMPLATE)],
  ['aliases', textReader('aliases', TEMPLATE)],
  ['value', textReader('value', TEMPLATE)],
  ['record', readRecord],
  ['overflow', (cursor, draft) => void (draft.overflow = overflowWord(cursor))],
  ['port', readPort],
  ['allow', (cursor, { access }, report) => readAccess('allow', cursor, access, report)],
  ['deny', (cursor, { access }, report) => readAccess('deny', cursor, access, report)],
])

/** Reads a map's name and its block, up to its `}`. */
export function readMapBlock(cursor: Cursor, domain: DomainDraft, report: Report, at: Position): void {
  let draft = emptyMap(at, '')
  const good = cursor.attempt(() => {
    const { value = '', at: nameAt } = cursor.value('the name of a map', parseMapName)
    draft = emptyMap(at, value)
    addMap(draft, nameAt, domain, report)
    cursor.symbol('{')
  })
  if (!good) draft.damaged.add('*')
  if (good || findBlock(cursor)) readBlock(cursor, draft, report)
}

function addMap(draft: MapDraft, nameAt: Position, { mapBlocks }: DomainDraft, report: Report): void {
  const { name } = draft
  const twin = mapBlocks.find((other) => other.name === name)
  if (name !== '' && twin !== undefined) {
    report.problem(nameAt, `map ${name} has a block in line ${twin.at.line}, expected one for each map`)
  } else if (mapBlocks.length === MAX_MAPS) {
    report.problem(nameAt, `too many maps, expected at most ${MAX_MAPS} blocks`)
  } else {
    mapBlocks.push(draft)
  }
}

/** After a bad header: goes into its block, which may begin in the next line, unless there is none. */
function findBlock(cursor: Cursor): boolean {
  while (!cursor.atLineEnd() && !cursor.atSymbol('{')) cursor.next()
  if (cursor.atSymbol('{', 1)) cursor.next()
  if (!cursor.atSymbol('{')) return false
  cursor.next()
  return true
}

/** Statements that show where the block was meant to end. */
const OUTSIDE: ReadonlySet<string> = new Set(['directory', 'domain', 'include', 'map', 'provide'])

function readBlock(cursor: Cursor, draft: MapDraft, report: Report): void {
  for (;;) {
    while (cursor.atLineEnd() && cursor.peek(1).kind === 'newline') cursor.next()
    if (report.full || (cursor.atLineEnd() && isBehind(cursor))) {
      const line = `the map of line ${draft.at.line}`
      report.problem(cursor.peek(1).at, `block is not closed, expected '}' for ${line}`)
      draft.damaged.add('*')
      return
    }
    cursor.beginStatement()
    if (cursor.atSymbol('}')) break
    if (cursor.attempt(() => readStatements(cursor, draft, report))) continue
    draft.damaged.add('*')
    skipBadStatement(cursor)
  }
  cursor.next()
}

/** At the end of a line: whether the next one, if there is one, is no part of the block. */
function isBehind(cursor: Cursor): boolean {
  return cursor.peek(1).kind === 'end' || OUTSIDE.has(cursor.unquoted(1) ?? '')
}

/** Several may share a line. */
function readStatements(cursor: Cursor, draft: MapDraft, report: Report): void {
  do {
    const statement = MAP_STATEMENTS.get(cursor.unquoted() ?? '')
    if (statement === undefined) throw unknownStatement(cursor, [...MAP_STATEMENTS.keys(), '}'])
    cursor.next()
    statement(cursor, draft, report)
  } while (!cursor.atLineEnd() && !cursor.atSymbol('}'))
}

function textReader(
  field: 'base' | 'filter' | 'each' | 'key' | 'aliases' | 'value',
  what: string,
): MapStatement {
  return (cursor, draft) => {
    draft[field] = cursor.text(what)
  }
}

function readRecord(cursor: Cursor, draft: MapDraft): void {
  cursor.word('limit')
  draft.recordLimit = recordLimit(cursor)
}

function readPort(cursor: Cursor, draft: MapDraft): void {
  if (cursor.takes('reserved')) draft.secure = true
  else if (cursor.takes('any')) draft.secure = false
  else throw cursor.unexpected("'reserved' or 'any'")
}

/** Bytes that a value may have. */
export function recordLimit(cursor: Cursor): Located<number> {
  const { at } = cursor.peek()
  return { value: cursor.number('a number of bytes', MIN_RECORD, MAX_RECORD), at }
}

export function overflowWord(cursor: Cursor): Overflow {
  const word = OVERFLOWS.find((one) => cursor.takes(one))
  if (word === undefined) throw cursor.unexpected("'cut', 'split', 'keep' or 'drop'")
  return word
}
