import type { Octets } from '../maps/rows.ts'
import { createAttributeNames } from './attribute-names.ts'
import { DnError, normalizeDn } from './dn.ts'
import type { Entry } from './entry.ts'
import { LIMITS } from './limits.ts'

export class LdifError extends Error {
  readonly code = 'ldif-invalid'
  /** counts from 1 */
  readonly line: number

  constructor(line: number, text: string) {
    super(`line ${line}: ${text}`)
    this.name = 'LdifError'
    this.line = line
  }
}

export interface LdifEntry extends Entry {
  /** its DN, as normalizeDn gives it */
  readonly rdns: readonly string[]
}

/**
 * The entries of an LDIF file (RFC 2849): content records, and `changetype: add`. Nothing is fetched and nothing is
 * changed: URL values and other change records are refused. The file comes in chunks, cut anywhere; a chunk is not
 * looked at again when the next has been asked for.
 * @throws LdifError at the first line that can't be understood
 */
export function* parseLdif(
  chunks: Iterable<Buffer>,
  longestLine: number = LIMITS.line,
  mostValues: number = LIMITS.values,
): Generator<LdifEntry> {
  const readAttribute = createAttributeReader()
  let record: Unfinished | undefined
  let first = true
  for (const line of unfold(chunks, longestLine)) {
    if (line.bytes[line.start] === HASH) continue
    if (line.start === line.end) {
      if (record !== undefined) yield finished(record)
      record = undefined
      continue
    }
    const attribute = readAttribute(line)
    if (first && attribute.name === 'version') checkVersion(line, attribute)
    else if (record === undefined) record = begin(line, attribute)
    else add(record, line, attribute, mostValues)
    first = false
  }
  if (record !== undefined) yield finished(record)
}

const NEWLINE = 0x0a
const RETURN = 0x0d
const SPACE = 0x20
const HASH = 0x23
const COLON = 0x3a
const LESS = 0x3c

/** A line after unfolding, in bytes that are soon another's; `number` is where it begins. */
interface Line {
  readonly number: number
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

/** A line that begins with one space goes on the line before; the space is dropped (RFC 2849, note 2). */
function* unfold(chunks: Iterable<Buffer>, longest: number): Generator<Line> {
  let number = 0
  for (const bytes of wholeLines(chunks, longest)) {
    let at = 0
    while (at < bytes.length) {
      const start = at
      const newline = newlineAt(bytes, start)
      const end = endOfText(bytes, start, newline)
      at = Math.min(newline + 1, bytes.length)
      number += 1
      if (end > start && bytes[start] === SPACE) {
        throw new LdifError(number, 'it begins with a space but there is no line before it to go on')
      }
      if (end === start || bytes[at] !== SPACE) {
        if (end - start > longest) throw tooLong(number, longest)
        yield { number, bytes, start, end }
        continue
      }
      const first = number
      const parts = [bytes.subarray(start, end)]
      while (bytes[at] === SPACE) {
        const newline = newlineAt(bytes, at)
        parts.push(bytes.subarray(at + 1, endOfText(bytes, at, newline)))
        at = Math.min(newline + 1, bytes.length)
        number += 1
      }
      const joined = Buffer.concat(parts)
      if (joined.length > longest) throw tooLong(first, longest)
      yield { number: first, bytes: joined, start: 0, end: joined.length }
    }
  }
}

/**
 * The same bytes, cut where a line ends that the next does not go on. A line that is many times the longest is cut
 * anywhere, for it is refused.
 */
function* wholeLines(chunks: Iterable<Buffer>, longest: number): Generator<Buffer> {
  let rest = Buffer.alloc(0)
  for (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    // What follows a newline at the very end is not known yet; in `rest` none but its last can be a place to cut.
    let end = lineBefore(bytes, bytes.length)
    while (end > rest.length && bytes[end] === SPACE) end = lineBefore(bytes, end)
    if (bytes[end] === SPACE) end = 0
    if (end === 0 && bytes.length > MAX_FOLDING * longest) end = bytes.length
    if (end > 0) yield bytes.subarray(0, end)
    rest = Buffer.from(bytes.subarray(end))
  }
  if (rest.length > 0) yield rest
}

/** A line folded after each character is three times as long. */
const MAX_FOLDING = 4

/** Where the last line begins that begins before `at`. */
function lineBefore(bytes: Buffer, at: number): number {
  return at < 2 ? 0 : bytes.lastIndexOf(NEWLINE, at - 2) + 1
}

/** Where the newline of the line that begins at `start` is; the last line may have none. */
function newlineAt(bytes: Buffer, start: number): number {
  const newline = bytes.indexOf(NEWLINE, start)
  return newline === -1 ? bytes.length : newline
}

/** Where the text of a line ends. */
function endOfText(bytes: Buffer, start: number, newline: number): number {
  return newline > start && bytes[newline - 1] === RETURN ? newline - 1 : newline
}

function tooLong(number: number, longest: number): LdifError {
  return new LdifError(number, `it is longer than ${longest} bytes; give the value in parts`)
}

function checkVersion({ number }: Line, { value }: Attribute): void {
  if (value !== '1') throw new LdifError(number, `LDIF version ${value} is not known; write version: 1`)
}

/** A record of which more may come. */
interface Unfinished extends LdifEntry {
  /** of its DN */
  readonly number: number
  /** nothing has come after its DN */
  bare: boolean
  values: number
  readonly attributes: Map<string, Octets[]>
}

function begin({ number }: Line, { name, value: dn }: Attribute): Unfinished {
  if (name !== 'dn') throw new LdifError(number, `a record begins with dn:, not with ${name}:`)
  try {
    return { dn, rdns: normalizeDn(dn), attributes: new Map(), number, bare: true, values: 0 }
  } catch (error) {
    if (error instanceof DnError) throw new LdifError(number, error.message)
    throw error
  }
}

function add(record: Unfinished, line: Line, attribute: Attribute, most: number): void {
  const { name, value } = attribute
  // No attribute has that name; read on, and two entries would be one.
  if (name === 'dn')
    throw new LdifError(line.number, 'a second dn: in one record; put an empty line before it')
  const isSecond = record.bare
  record.bare = false
  if (isSecond && isAddRecord(attribute, line)) return
  record.values += 1
  if (record.values > most) {
    throw new LdifError(line.number, `the entry has more than ${most} values (limit ldap values)`)
  }
  const values = record.attributes.get(name)
  if (values === undefined) record.attributes.set(name, [value])
  else values.push(value)
}

/** Only the line after dn: can make a record one of changes. */
function isAddRecord({ name, value }: Attribute, { number }: Line): boolean {
  if (name === 'changetype' && value.toLowerCase() === 'add') return true
  if (name === 'changetype' || name === 'control') {
    throw new LdifError(number, `"${name}: ${value}" is a change to a directory; give the entries themselves`)
  }
  return false
}

function finished({ number, dn, rdns, attributes }: Unfinished): LdifEntry {
  if (attributes.size === 0) throw new LdifError(number, 'the entry has no attributes')
  return { dn, rdns, attributes }
}

const DESCRIPTION = /^[a-z0-9][a-z0-9._;=-]*$/
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

interface Attribute {
  readonly name: string
  readonly value: Octets
}

function createAttributeReader(): (line: Line) => Attribute {
  const nameAt = createAttributeNames()
  return (line) => {
    const { number, bytes, start, end } = line
    let colon = start
    while (colon < end && bytes[colon] !== COLON) colon += 1
    const name = nameAt(bytes, start, colon)
    if (colon === end || !DESCRIPTION.test(name)) {
      // Not what stands there: it may be the rest of a hash that somebody's editor has wrapped.
      throw new LdifError(number, 'it is not of the form attribute: value')
    }
    const kind = bytes[colon + 1]
    if (kind === LESS && colon + 1 < end) {
      throw new LdifError(
        number,
        `the value of ${name} is given as a URL, which is never fetched; write it out`,
      )
    }
    if (kind !== COLON || colon + 1 === end) return { name, value: withoutFill(line, colon + 1) }
    const encoded = withoutFill(line, colon + 2)
    if (!BASE64.test(encoded)) throw new LdifError(number, `the value of ${name} is not base64`)
    return { name, value: Buffer.from(encoded, 'base64').toString('latin1') }
  }
}

/** The rest of a line without the spaces that may come before a value; those after it belong to it. */
function withoutFill({ bytes, end }: Line, at: number): Octets {
  let start = at
  while (start < end && bytes[start] === SPACE) start += 1
  return bytes.toString('latin1', start, end)
}
