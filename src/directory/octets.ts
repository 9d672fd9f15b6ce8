import { isUtf8 } from 'node:buffer'

import type { Octets } from '../maps/rows.ts'

/** The UTF-8 bytes of a text of the configuration. */
export function utf8Octets(text: string): Octets {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** Neither capitals nor needless spaces nor bytes beyond ASCII. */
const FOLDED = /^[!-@[-~]+(?: [!-@[-~]+)*$/
const BEYOND_ASCII = /[\x80-\xff]/

/**
 * A form in which two values are the same text to LDAP's caseIgnoreMatch (RFC 4518): letters folded, spaces at
 * the ends dropped and in the middle counted once. Bytes that are not UTF-8 keep their identity.
 */
export function foldCase(value: Octets): string {
  if (FOLDED.test(value)) return value
  const folded = BEYOND_ASCII.test(value) ? foldUtf8(value) : value.toLowerCase()
  return folded.replace(/ {2,}/g, ' ').replace(/^ | $/g, '')
}

function foldUtf8(value: Octets): string {
  const bytes = Buffer.from(value, 'latin1')
  if (isUtf8(bytes)) return bytes.toString('utf8').toLowerCase()
  return value.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

/** For people: octets are UTF-8 as a rule. */
export function readable(octets: Octets): string {
  return Buffer.from(octets, 'latin1').toString('utf8')
}
