import { readAccess, readSecurenets } from './access-statement.ts'
import { BadValue } from './bad-value.ts'
import { MAP_GROUPS } from './builtin-maps.ts'
import type { Position } from './config.ts'
import type { Cursor } from './cursor.ts'
import type { DomainDraft } from './draft.ts'
import { MAX_ACCOUNT, MAX_MAPS, MAX_REFUSED_NAMES } from './limits.ts'
import { overflowWord, readMapBlock, recordLimit } from './map-block.ts'
import { parseMapName } from './map-name.ts'
import { parsePath } from './path.ts'
import type { Report } from './report.ts'
import { SYSTEM_NAMES } from './system-names.ts'

/** Reads what follows the statement's first word, which stands `at`. */
export type DomainStatement = (cursor: Cursor, draft: DomainDraft, report: Report, at: Position) => void

/** What is said of one domain, by the first word of the statement; but for its directories. */
export const DOMAIN_STATEMENTS: ReadonlyMap<string, DomainStatement> = new Map([
  ['interval', readInterval],
  ['provide', readProvide],
  ['map', readMapBlock],
  ['cafile', readCafile],
  ['record', readRecord],
  ['overflow', readOverflow],
  ['allow', (cursor, { access }, report) => readAccess('allow', cursor, access, report)],
  ['deny', (cursor, { access }, report) => readAccess('deny', cursor, access, report)],
  ['securenets', (cursor, { access }, report) => readSecurenets(cursor, access, report)],
  ['guard', readGuard],
  ['expire', readExpire],
  ['minimum', readMinimum],
  ['refuse', readRefuse],
])

const MAX_INTERVAL = 2 ** 31 - 1

function readInterval(cursor: Cursor, draft: DomainDraft): void {
  draft.interval = cursor.number('a number of seconds', 1, MAX_INTERVAL)
}

function readProvide(cursor: Cursor, draft: DomainDraft, report: Report): void {
  if (cursor.takes('maps')) {
    const group = GROUPS.find((one) => cursor.takes(one))
    if (group === undefined) throw cursor.unexpected(`one of the groups ${GROUPS.join(', ')}`)
    draft.groups.add(group)
    return
  }
  cursor.word('map')
  const { value, at } = cursor.value('the name of a map', parseMapName)
  if (value === undefined) return
  if (draft.maps.some((map) => map.value === value)) {
    report.warning(at, `map ${value} is provided already, once is enough`)
  } else if (draft.maps.length === MAX_MAPS) {
    report.problem(at, `too many maps, expected at most ${MAX_MAPS} (provide maps has them by groups)`)
  } else {
    draft.maps.push({ value, at })
  }
}

const GROUPS = Object.keys(MAP_GROUPS)

function readCafile(cursor: Cursor, draft: DomainDraft): void {
  const { value, at } = cursor.value('the path of a PEM file', parsePath)
  draft.cafiles.push({ value: value ?? '', at })
}

function readRecord(cursor: Cursor, draft: DomainDraft): void {
  cursor.word('limit')
  draft.recordLimit = recordLimit(cursor)
}

function readOverflow(cursor: Cursor, draft: DomainDraft): void {
  draft.overflow = overflowWord(cursor)
}

function readGuard(cursor: Cursor, draft: DomainDraft): void {
  cursor.word('shrink')
  draft.guardShrink = cursor.number('a percentage', 0, 100)
}

function readExpire(cursor: Cursor, draft: DomainDraft): void {
  const { at } = cursor.peek()
  draft.expire = { value: cursor.number('a number of seconds', 1, MAX_INTERVAL), at }
}

/** The one after is "no such id". */
const MAX_ID = 4_294_967_294

function readMinimum(cursor: Cursor, draft: DomainDraft): void {
  const isUid = cursor.takes('uid')
  if (!isUid && !cursor.takes('gid')) throw cursor.unexpected("'uid' or 'gid'")
  const least = cursor.number('an id', 0, MAX_ID)
  if (isUid) draft.minimumUid = least
  else draft.minimumGid = least
}

function readRefuse(cursor: Cursor, draft: DomainDraft, report: Report, at: Position): void {
  const names = readRefused(cursor)
  draft.refusedNames = [...new Set([...(draft.refusedNames ?? []), ...names])]
  if (draft.refusedNames.length > MAX_REFUSED_NAMES) {
    report.problem(at, `too many names, expected at most ${MAX_REFUSED_NAMES}`)
  }
}

function readRefused(cursor: Cursor): readonly string[] {
  if (cursor.takes('system')) {
    cursor.word('names')
    return SYSTEM_NAMES
  }
  if (!cursor.takes('names')) throw cursor.unexpected("'names' or 'system names'")
  const names: string[] = []
  do {
    if (cursor.atSymbol(',')) throw cursor.unexpected('a blank', 'names are separated by blanks')
    const { value } = cursor.value('the name of a user or a group', parseRefused)
    if (value !== undefined) names.push(value)
  } while (!cursor.atLineEnd() && !cursor.atSymbol('}'))
  return names
}

/** Directories have names with blanks in them. Throws BadValue. */
function parseRefused(text: string): string {
  const size = Buffer.byteLength(text)
  if (size > 0 && size <= MAX_ACCOUNT && !/[:,\p{Cc}]/u.test(text)) return text
  throw new BadValue(
    `not a name, expected 1 to ${MAX_ACCOUNT} bytes without colon, comma and control characters`,
  )
}
