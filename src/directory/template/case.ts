import { isUtf8 } from 'node:buffer'

import type { Octets } from '../../maps/rows.ts'
import { utf8Octets } from '../octets.ts'

const BEYOND_ASCII = /[\x80-\xff]/

export function lowerCase(value: Octets): Octets {
  return changeCase(value, (text) => text.toLowerCase(), /[A-Z]+/g)
}

export function upperCase(value: Octets): Octets {
  return changeCase(value, (text) => text.toUpperCase(), /[a-z]+/g)
}

/** Of bytes that are no UTF-8 only the letters of ASCII change. */
function changeCase(value: Octets, change: (text: string) => string, letters: RegExp): Octets {
  if (!BEYOND_ASCII.test(value)) return change(value)
  const bytes = Buffer.from(value, 'latin1')
  return isUtf8(bytes) ? utf8Octets(change(bytes.toString('utf8'))) : value.replace(letters, change)
}
