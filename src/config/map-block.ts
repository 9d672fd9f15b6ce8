import { OVERFLOWS, type Overflow, type Position } from './config.ts'
import type { Cursor } from './cursor.ts'
import { type DomainDraft, emptyMap, type MapDraft } from './draft.ts'
import { MAX_MAPS, MAX_RECORD, MIN_RECORD } from './limits.ts'
import { parseMapName } from './map-name.ts'
import type { Report } from './report.ts'
import { unknownStatement } from './unknown-statement.ts'

const TEMPLATE = 'a template as a quoted string'

type MapStatement = (cursor: Cursor, draft: MapDraft) => void

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
])

/** Reads a map's name and its block, up to its `}`. */
export function readMapBlock(cursor: Cursor, domain: DomainDraft, report: Report, at: Position): void {
  const { value, at: nameAt } = cursor.value('the name of a map', parseMapName)
  const draft = emptyMap(at, value ?? '')
  const twin = domain.mapBlocks.find(({ name }) => name === draft.name)
  if (value !== undefined && twin !== undefined) {
    report.problem(nameAt, `map ${value} has a block in line ${twin.at.line}, expected one for each map`)
  } else if (domain.mapBlocks.length === MAX_MAPS) {
    report.problem(nameAt, `too many maps, expected at most ${MAX_MAPS} blocks`)
  } else {
    domain.mapBlocks.push(draft)
  }
  cursor.symbol('{')
  while (!cursor.atSymbol('}')) {
    const token = cursor.beginStatement()
    if (token.kind === 'end' || report.full) {
      report.problem(token.at, `block is not closed, expected '}' for the map of line ${at.line}`)
      return
    }
    if (cursor.atSymbol('}')) break
    if (!cursor.attempt(() => readStatements(cursor, draft))) skipLine(cursor, draft)
  }
  if (cursor.atSymbol('}')) cursor.next()
}

/** Several may share a line. */
function readStatements(cursor: Cursor, draft: MapDraft): void {
  do {
    const statement = MAP_STATEMENTS.get(cursor.unquoted() ?? '')
    if (statement === undefined) throw unknownStatement(cursor, [...MAP_STATEMENTS.keys(), '}'])
    cursor.next()
    statement(cursor, draft)
  } while (!cursor.atLineEnd() && !cursor.atSymbol('}'))
}

function skipLine(cursor: Cursor, draft: MapDraft): void {
  draft.damaged.add('*')
  while (!cursor.atLineEnd() && !cursor.atSymbol('}')) cursor.next()
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
export function recordLimit(cursor: Cursor): number {
  return cursor.number('a number of bytes', MIN_RECORD, MAX_RECORD)
}

export function overflowWord(cursor: Cursor): Overflow {
  const word = OVERFLOWS.find((one) => cursor.takes(one))
  if (word === undefined) throw cursor.unexpected("'cut', 'split', 'keep' or 'drop'")
  return word
}
