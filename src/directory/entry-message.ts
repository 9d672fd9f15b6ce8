/**
 * Search result entries (RFC 4511 s.4.5.2), read in one pass: they are what a refresh consists of. The library needs
 * two and a half times as long for one, and a look at its shape before.
 */
import type { Octets } from '../maps/rows.ts'
import { createAttributeNames } from './attribute-names.ts'
import { Cursor, INTEGER, malformed, OCTETS, SEQUENCE, SET } from './ber.ts'
import { type Entry, emptied } from './entry.ts'
import { LIMITS } from './limits.ts'
import { checkControls } from './wellformed.ts'

const SEARCH_ENTRY = 0x64

export class EntryMessage {
  readonly messageId: number
  readonly entry: Entry

  constructor(messageId: number, entry: Entry) {
    this.messageId = messageId
    this.entry = entry
  }
}

/**
 * Gives a function that reads the message at a place of what came, or gives undefined for one that is no entry. Of an
 * entry with more than `most` attributes and values no more are made than that: an empty one of two bytes takes eight.
 * @throws DirectoryError (protocol) from the function
 */
export function createEntryReader(
  most: number = LIMITS.values,
): (bytes: Buffer, start: number, limit: number) => EntryMessage | undefined {
  const nameAt = createAttributeNames()

  return (bytes, start, limit) => {
    const cursor = new Cursor(bytes, start)
    const end = cursor.open(limit, SEQUENCE)
    const messageId = cursor.number(end, INTEGER)
    if (cursor.tag(end) !== SEARCH_ENTRY) return undefined
    if (end < limit) throw malformed('more follows its end')
    const entryEnd = cursor.open(end)
    const dn = readOctets(cursor, entryEnd)
    const attributes = new Map<string, Octets[]>()
    const attributesEnd = cursor.open(entryEnd, SEQUENCE)
    let room = most
    while (cursor.at < attributesEnd) {
      if (room < 0) {
        cursor.skip(attributesEnd, SEQUENCE)
        continue
      }
      const attributeEnd = cursor.open(attributesEnd, SEQUENCE)
      const nameEnd = cursor.open(attributeEnd, OCTETS)
      const name = nameAt(bytes, cursor.at, nameEnd)
      cursor.at = nameEnd
      const values = readValues(cursor, attributeEnd, room)
      cursor.close(attributeEnd)
      room -= Math.max(1, values.length)
      const before = attributes.get(name)
      if (before === undefined) attributes.set(name, values)
      else for (const value of values) before.push(value)
    }
    cursor.close(entryEnd)
    checkControls(cursor, end)
    return new EntryMessage(messageId, room < 0 ? emptied(dn) : { dn, attributes })
  }
}

/** At most one more than there is room for. */
function readValues(cursor: Cursor, limit: number, room: number): Octets[] {
  const end = cursor.open(limit, SET)
  if (cursor.at === end) return []
  // Most attributes have one value, for which an array that is pushed to makes room for 17.
  const values = [readOctets(cursor, end)]
  while (cursor.at < end) {
    if (values.length > room) cursor.skip(end, OCTETS)
    else values.push(readOctets(cursor, end))
  }
  return values
}

function readOctets(cursor: Cursor, limit: number): Octets {
  const end = cursor.open(limit, OCTETS)
  const octets = cursor.bytes.toString('latin1', cursor.at, end)
  cursor.at = end
  return octets
}
