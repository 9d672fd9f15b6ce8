import { BOOLEAN, Cursor, ENUMERATED, INTEGER, malformed, OCTETS, SEQUENCE } from './ber.ts'

const SEARCH_REFERENCE = 0x73
const CONTROLS = 0xa0

/**
 * Checks that one whole message has the shape of an LDAP response (RFC 4511 s.4.1.1) that is no entry, every element
 * inside the one that holds it. The library's decoder needs it: it reads a missing result code as success, and where
 * an element is cut short it makes no step and loops until the memory is used up.
 * @throws DirectoryError (protocol)
 */
export function checkResponse(message: Buffer): void {
  const cursor = new Cursor(message, 0)
  const end = cursor.open(message.length, SEQUENCE)
  if (end < message.length) throw malformed('more follows its end')
  cursor.number(end, INTEGER)
  const operation = cursor.tag(end)
  const operationEnd = cursor.open(end)
  if (operation === SEARCH_REFERENCE) {
    while (cursor.at < operationEnd) cursor.skip(operationEnd, OCTETS)
  } else {
    cursor.number(operationEnd, ENUMERATED)
    cursor.skip(operationEnd, OCTETS)
    cursor.skip(operationEnd, OCTETS)
    while (cursor.at < operationEnd) cursor.skip(operationEnd)
  }
  cursor.close(operationEnd)
  checkControls(cursor, end)
}

/** Controls or nothing until `end`. */
export function checkControls(cursor: Cursor, end: number): void {
  if (cursor.at < end) {
    const controlsEnd = cursor.open(end, CONTROLS)
    while (cursor.at < controlsEnd) checkControl(cursor, controlsEnd)
    cursor.close(controlsEnd)
  }
  cursor.close(end)
}

function checkControl(cursor: Cursor, limit: number): void {
  const end = cursor.open(limit, SEQUENCE)
  cursor.skip(end, OCTETS)
  if (cursor.at < end && cursor.tag(end) === BOOLEAN) cursor.number(end, BOOLEAN)
  if (cursor.at < end) cursor.skip(end, OCTETS)
  cursor.close(end)
}
