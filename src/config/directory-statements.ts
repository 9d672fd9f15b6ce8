import { parseAttributeName } from './attribute-name.ts'
import { type Field, type Position, SCHEMAS } from './config.ts'
import type { Cursor } from './cursor.ts'
import type { DirectoryDraft } from './draft.ts'
import { parsePath } from './path.ts'
import type { Report } from './report.ts'
import { FIELDS } from './schemas.ts'

/** Reads what follows the statement's first word, which stands `at`. */
export type DirectoryStatement = (cursor: Cursor, draft: DirectoryDraft, report: Report, at: Position) => void

/** The statements of a directory block by their first word. */
export const DIRECTORY_STATEMENTS: ReadonlyMap<string, DirectoryStatement> = new Map([
  ['binddn', readBinddn],
  ['bindcred', readBindcred],
  ['bindext', readBindext],
  ['certfile', readCertfile],
  ['keyfile', readKeyfile],
  ['basedn', readBasedn],
  ['groupdn', readGroupdn],
  ['passwd', readUserFilter],
  ['group', readGroupFilter],
  ['attribute', readAttribute],
  ['fixed', readFixed],
  ['list', readList],
  ['page', readPage],
  ['schema', readSchema],
  ['idmap', readIdMap],
  ['template', readTemplate],
])

const MAX_PAGE = 100_000

function readBinddn(cursor: Cursor, draft: DirectoryDraft): void {
  draft.binddn = cursor.text('a DN as a quoted string')
}

function readBindcred(cursor: Cursor, draft: DirectoryDraft): void {
  // Of repeated ones the last counts. A lone `file` is a password, as it always was.
  delete draft.bindcred
  delete draft.bindcredFile
  const { kind } = cursor.peek(1)
  if (cursor.at('file') && (kind === 'string' || kind === 'word' || kind === 'unknown-macro')) {
    cursor.next()
    const { value, at } = cursor.value('the path of a file', parsePath)
    if (value === undefined) draft.damaged.add('bindcred')
    else draft.bindcredFile = { value, at }
  } else {
    draft.bindcred = cursor.secret("the password as a quoted string, or 'file' and a path")
  }
}

function readBindext(cursor: Cursor, draft: DirectoryDraft, _report: Report, at: Position): void {
  draft.bindext = cursor.atText() ? cursor.text('an authorization identity') : { value: '', at }
}

function readCertfile(cursor: Cursor, draft: DirectoryDraft): void {
  const { value, at } = cursor.value('the path of a PEM file', parsePath)
  draft.certfile = { value: value ?? '', at }
}

function readKeyfile(cursor: Cursor, draft: DirectoryDraft): void {
  const { value, at } = cursor.value('the path of a PEM file', parsePath)
  draft.keyfile = { value: value ?? '', at }
}

function readBasedn(cursor: Cursor, draft: DirectoryDraft): void {
  draft.basedn = cursor.text('a DN as a quoted string')
}

function readGroupdn(cursor: Cursor, draft: DirectoryDraft): void {
  draft.groupdn = cursor.text('a DN as a quoted string')
}

function readUserFilter(cursor: Cursor, draft: DirectoryDraft): void {
  cursor.word('filter')
  draft.userFilter = cursor.text('an LDAP filter as a quoted string')
}

function readGroupFilter(cursor: Cursor, draft: DirectoryDraft): void {
  cursor.word('filter')
  draft.groupFilter = cursor.text('an LDAP filter as a quoted string')
}

function readAttribute(cursor: Cursor, draft: DirectoryDraft): void {
  const field = readField(cursor)
  const attribute = readMapsTo(cursor)
  draft.fields[field] = { kind: 'first', attributes: [attribute] }
}

function readList(cursor: Cursor, draft: DirectoryDraft): void {
  const field = readField(cursor)
  const attribute = readMapsTo(cursor)
  draft.fields[field] = { kind: 'list', attribute }
}

function readFixed(cursor: Cursor, draft: DirectoryDraft, report: Report): void {
  cursor.word('attribute')
  const field = readField(cursor)
  const { value, at } = cursor.text('a value as a quoted string')
  if (/[:\n\r\0]/.test(value)) {
    report.problem(at, "fixed value holds ':' or an end of line, expected text that fits into one field")
  }
  draft.fields[field] = { kind: 'fixed', value }
}

function readMapsTo(cursor: Cursor): string {
  cursor.word('maps')
  cursor.word('to')
  return cursor.value('the name of an LDAP attribute', parseAttributeName).value ?? ''
}

function readField(cursor: Cursor): Field {
  const field = FIELDS.find((known) => cursor.at(known))
  if (field === undefined) throw cursor.unexpected(`one of the fields ${FIELDS.join(', ')}`)
  cursor.next()
  return field
}

function readPage(cursor: Cursor, draft: DirectoryDraft): void {
  cursor.word('size')
  const { at } = cursor.peek()
  draft.pageSize = { value: cursor.number('a number of entries', 1, MAX_PAGE), at }
}

function readSchema(cursor: Cursor, draft: DirectoryDraft): void {
  const schema = SCHEMAS.find((one) => cursor.takes(one))
  if (schema === undefined) throw cursor.unexpected(`one of the schemas ${SCHEMAS.join(', ')}`)
  draft.schema = schema
}

function readIdMap(cursor: Cursor, draft: DirectoryDraft, _report: Report, at: Position): void {
  if (cursor.takes('sid')) draft.idmap = { value: 'sid', at }
  else if (cursor.takes('none')) draft.idmap = { value: 'none', at }
  else throw cursor.unexpected("'sid' or 'none'")
}

function readTemplate(cursor: Cursor, draft: DirectoryDraft): void {
  const field = readField(cursor)
  draft.fields[field] = { kind: 'template', text: cursor.text('a template as a quoted string') }
}
