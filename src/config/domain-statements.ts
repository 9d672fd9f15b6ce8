import { MAP_GROUPS } from './builtin-maps.ts'
import type { AccessRule, Position } from './config.ts'
import type { Cursor } from './cursor.ts'
import type { DomainDraft } from './draft.ts'
import { MAX_MAPS, MAX_RULES } from './limits.ts'
import { overflowWord, readMapBlock, recordLimit } from './map-block.ts'
import { parseMapName } from './map-name.ts'
import { parsePath } from './path.ts'
import { parsePrefixes } from './prefix.ts'
import type { Report } from './report.ts'

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
  ['allow', accessReader('allow')],
  ['deny', accessReader('deny')],
  ['guard', readGuard],
  ['expire', readExpire],
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

function accessReader(verdict: AccessRule['verdict']): DomainStatement {
  return (cursor, draft, report) => {
    cursor.word('from')
    do {
      if (cursor.atSymbol(',')) throw cursor.unexpected('a blank', 'prefixes are separated by blanks')
      const { value = [], at } = cursor.value("an address, a prefix or 'any'", parsePrefixes)
      if (draft.access.length + value.length > MAX_RULES) {
        report.problem(at, `too many prefixes, expected at most ${MAX_RULES} in all`)
      } else {
        for (const prefix of value) draft.access.push({ verdict, ...prefix })
      }
    } while (!cursor.atLineEnd() && !cursor.atSymbol('}'))
  }
}

function readGuard(cursor: Cursor, draft: DomainDraft): void {
  cursor.word('shrink')
  draft.guardShrink = cursor.number('a percentage', 0, 100)
}

function readExpire(cursor: Cursor, draft: DomainDraft): void {
  const { at } = cursor.peek()
  draft.expire = { value: cursor.number('a number of seconds', 1, MAX_INTERVAL), at }
}
