/**
 * The rows that a directory gave last, in a file: what stands in for it while it fails. A line of JSON that says
 * what follows, then one a row: users, groups, records of tables, rows that were left out. Its modification time is when they were
 * read. It holds hashes, but never what the directory was asked with.
 */
import { createHash } from 'node:crypto'
import { type FileHandle, open, utimes } from 'node:fs/promises'
import { replaceFile } from '../maps/replace-file.ts'
import type { Group, Keyed, Rejection, Rows, Table, User } from '../maps/rows.ts'
import { digest, words } from '../messages/common.ts'
import { flag, integer, list, type Of, oneOf, record, ShapeError, text } from '../messages/shape.ts'

/** For the process that wrote it and nobody else. */
const FILE_MODE = 0o600

const SLICE_BYTES = 1 << 20

/** Characters that are written at a time. */
const CHUNK_CHARACTERS = 1 << 20

/** A line is one row; with its members a group may have as much as an LDAP message. */
const MAX_LINE_BYTES = 256 * 2 ** 20

const FORMAT = 'ypldap rows 2'

/** More than an image has. */
const MAX_TABLES = 65_536

const count = integer(0, 2 ** 32)
const head = record({
  format: oneOf(FORMAT),
  source: words,
  entries: count,
  users: count,
  groups: count,
  tables: list(record({ name: text(256), found: flag, rows: count }), MAX_TABLES),
  rejected: count,
  /** SHA-256 of `tables` and of the lines that follow, in hex */
  digest,
})

/** The file is not what was written. */
export class RowsError extends Error {
  override readonly name = 'RowsError'
  readonly code = 'rows-damaged'
}

export type KeptLists = Omit<Rows, 'directory'>

/** What can be told of kept rows without reading them. */
export interface Kept extends Pick<Of<typeof head>, 'source' | 'entries' | 'users' | 'groups' | 'digest'> {
  /** when they were read, in seconds since 1970 */
  readonly at: number
}

/** Writes them, unless what lies there, `known`, says the same: then only its time is set. */
export async function keepRows(
  path: string,
  known: Kept | undefined,
  rows: KeptLists & Pick<Kept, 'source' | 'entries'>,
  at: number,
): Promise<Kept> {
  const tables = rows.tables.map(({ name, found, rows }) => ({ name, found, rows: rows.length }))
  const sum = createHash('sha256').update(JSON.stringify(tables))
  for (const chunk of chunks(rows)) sum.update(chunk)
  const { source, entries } = rows
  const [users, groups, rejected] = [rows.users.length, rows.groups.length, rows.rejected.length]
  const kept = { source, entries, users, groups, digest: sum.digest('hex'), at }
  if (known?.digest === kept.digest && (await touched(path, at))) return kept
  const { at: _, ...told } = kept
  const first = `${JSON.stringify({ format: FORMAT, ...told, tables, rejected })}\n`
  await replaceFile(path, FILE_MODE, async (file) => {
    await file.writeFile(first)
    for (const chunk of chunks(rows)) await file.writeFile(chunk)
    await file.utimes(at, at)
    await file.sync()
  })
  return kept
}

/** undefined when there is no such file, or none that can be used: the directory is read anew then. */
export async function findKept(path: string): Promise<Kept | undefined> {
  try {
    return await reading(path, async (file) => {
      const { source, entries, users, groups, digest } = await begin(linesOf(slicesOf(file), path), path)
      const { mtimeMs } = await file.stat()
      return { source, entries, users, groups, digest, at: Math.max(0, Math.floor(mtimeMs / 1000)) }
    })
  } catch {
    return undefined
  }
}

/** Throws what is wrong with the file. */
export async function readKept(path: string): Promise<KeptLists> {
  return reading(path, (file) => readRows(slicesOf(file), path))
}

/** The same of bytes that come in slices; `path` is for the error. Throws RowsError. */
export async function readRows(slices: AsyncIterable<Buffer>, path: string): Promise<KeptLists> {
  const lines = linesOf(slices, path)
  const told = await begin(lines, path)
  const users: User[] = []
  const groups: Group[] = []
  const records: Keyed[] = []
  const rejected: Rejection[] = []
  const inTables = told.tables.reduce((sum, { rows }) => sum + rows, 0)
  const sum = createHash('sha256').update(JSON.stringify(told.tables))
  for await (const { bytes, value } of lines) {
    sum.update(bytes).update('\n')
    // Their shapes are those of the lines that were hashed, or nothing of them is used.
    if (users.length < told.users) users.push(value as User)
    else if (groups.length < told.groups) groups.push(value as Group)
    else if (records.length < inTables) records.push(value as Keyed)
    else rejected.push(value as Rejection)
  }
  if (sum.digest('hex') !== told.digest)
    throw new RowsError(`${path}: its rows are not those that were written`)
  return { users, groups, tables: tablesOf(told.tables, records), rejected }
}

async function touched(path: string, at: number): Promise<boolean> {
  try {
    await utimes(path, at, at)
    return true
  } catch {
    return false
  }
}

/** The records of one table behind those of another. */
function tablesOf(told: Of<typeof head>['tables'], records: readonly Keyed[]): readonly Table[] {
  let end = 0
  return told.map(({ name, found, rows }) => {
    end += rows
    return { name, found, rows: records.slice(end - rows, end) }
  })
}

function* chunks({ users, groups, tables, rejected }: KeptLists): Generator<string> {
  let chunk = ''
  for (const list of [users, groups, ...tables.map(({ rows }) => rows), rejected]) {
    for (const row of list) {
      chunk += `${JSON.stringify(row)}\n`
      if (chunk.length >= CHUNK_CHARACTERS) {
        yield chunk
        chunk = ''
      }
    }
  }
  yield chunk
}

interface Line {
  readonly bytes: Buffer
  readonly value: unknown
}

async function reading<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path)
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

async function* slicesOf(file: FileHandle): AsyncGenerator<Buffer> {
  for (;;) {
    const slice = Buffer.allocUnsafe(SLICE_BYTES)
    const { bytesRead } = await file.read(slice, 0, SLICE_BYTES)
    if (bytesRead === 0) return
    yield slice.subarray(0, bytesRead)
  }
}

/** The first line, which tells of the others. */
async function begin(lines: AsyncGenerator<Line>, path: string): Promise<Of<typeof head>> {
  const first = await lines.next()
  if (first.done === true) throw new RowsError(`${path}: it is empty`)
  try {
    return head(first.value.value, 'head')
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error
    throw new RowsError(`${path}: it is not of this version: ${error.message}`)
  }
}

async function* linesOf(slices: AsyncIterable<Buffer>, path: string): AsyncGenerator<Line> {
  let held: Buffer = Buffer.alloc(0)
  for await (const slice of slices) {
    held = held.length === 0 ? slice : Buffer.concat([held, slice])
    let start = 0
    for (let end = held.indexOf(10); end >= 0; end = held.indexOf(10, start)) {
      const bytes = held.subarray(start, end)
      yield { bytes, value: parsed(bytes, path) }
      start = end + 1
    }
    held = held.subarray(start)
    if (held.length > MAX_LINE_BYTES)
      throw new RowsError(`${path}: a line of more than ${MAX_LINE_BYTES} bytes`)
  }
  if (held.length > 0) throw new RowsError(`${path}: its last line is cut`)
}

function parsed(bytes: Buffer, path: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    throw new RowsError(`${path}: a line of it is no row`)
  }
}
