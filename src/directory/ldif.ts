import type { Octets } from '../maps/rows.ts'
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

/** A line after unfolding; `number` is where it begins. */
interface Line {
  readonly number: number
  readonly text: Octets
}

/**
 * The entries of an LDIF file (RFC 2849): content records, and `changetype: add`. Nothing is fetched and
 * nothing is changed: URL values and other change records are refused.
 * @throws LdifError at the first line that can't be understood
 */
export function* parseLdif(bytes: Buffer, longestLine: number = LIMITS.line): Generator<Entry> {
  let record: Line[] = []
  let first = true
  for (const line of unfold(bytes, longestLine)) {
    if (line.text.startsWith('#')) continue
    if (line.text === '') {
      if (record.length > 0) yield readRecord(record)
      record = []
    } else if (first && line.text.startsWith('version:')) {
      checkVersion(line)
    } else {
      record.push(line)
    }
    if (line.text !== '') first = false
  }
  if (record.length > 0) yield readRecord(record)
}

/** A line that begins with one space goes on the line before; the space is dropped (RFC 2849, note 2). */
function* unfold(bytes: Buffer, longest: number): Generator<Line> {
  const text = bytes.toString('latin1')
  let held: { number: number; text: Octets } | undefined
  let at = 0
  for (let number = 1; at < text.length; number += 1) {
    const newline = text.indexOf('\n', at)
    const next = newline === -1 ? text.length : newline
    const physical = text.slice(at, text[next - 1] === '\r' && next > at ? next - 1 : next)
    at = next + 1
    if (physical.startsWith(' ')) {
      if (held === undefined || held.text === '') {
        throw new LdifError(number, 'it begins with a space but there is no line before it to go on')
      }
      held.text += physical.slice(1)
    } else {
      if (held !== undefined) yield held
      held = { number, text: physical }
    }
    if (held.text.length > longest) {
      throw new LdifError(held.number, `it is longer than ${longest} bytes; give the value in parts`)
    }
  }
  if (held !== undefined) yield held
}

function checkVersion(line: Line): void {
  const { value } = readAttribute(line)
  if (value !== '1') throw new LdifError(line.number, `LDIF version ${value} is not known; write version: 1`)
}

function readRecord(lines: readonly Line[]): Entry {
  const [head, ...rest] = lines as [Line, ...Line[]]
  const { name, value: dn } = readAttribute(head)
  if (name !== 'dn') throw new LdifError(head.number, `a record begins with dn:, not with ${name}:`)
  try {
    normalizeDn(dn)
  } catch (error) {
    if (error instanceof DnError) throw new LdifError(head.number, error.message)
    throw error
  }
  const attributes = new Map<string, Octets[]>()
  for (const [index, line] of rest.entries()) {
    const { name, value } = readAttribute(line)
    if (index === 0 && isAddRecord(name, value, line)) continue
    const values = attributes.get(name)
    if (values === undefined) attributes.set(name, [value])
    else values.push(value)
  }
  if (attributes.size === 0) throw new LdifError(head.number, 'the entry has no attributes')
  return { dn, attributes }
}

/** Only the line after dn: can make a record one of changes. */
function isAddRecord(name: string, value: Octets, line: Line): boolean {
  if (name === 'changetype' && value.toLowerCase() === 'add') return true
  if (name === 'changetype' || name === 'control') {
    throw new LdifError(
      line.number,
      `"${name}: ${value}" is a change to a directory; give the entries themselves`,
    )
  }
  return false
}

const DESCRIPTION = /^[a-z0-9][a-z0-9._;=-]*$/
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

function readAttribute({ number, text }: Line): { name: string; value: Octets } {
  const colon = text.indexOf(':')
  const name = text.slice(0, colon).toLowerCase()
  if (colon === -1 || !DESCRIPTION.test(name)) {
    throw new LdifError(number, `"${text.slice(0, 60)}" is not of the form attribute: value`)
  }
  const kind = text[colon + 1]
  if (kind === '<') {
    throw new LdifError(
      number,
      `the value of ${name} is given as a URL, which is never fetched; write it out`,
    )
  }
  if (kind !== ':') return { name, value: withoutFill(text, colon + 1) }
  const encoded = withoutFill(text, colon + 2)
  if (!BASE64.test(encoded)) throw new LdifError(number, `the value of ${name} is not base64`)
  return { name, value: Buffer.from(encoded, 'base64').toString('latin1') }
}

/** The rest of a line without the spaces that may come before a value; those after it belong to it. */
function withoutFill(text: Octets, at: number): Octets {
  let start = at
  while (text[start] === ' ') start += 1
  return text.slice(start)
}
