/** What shadow(5) has behind the password: RFC 2307's shadowAccount. */
import type { Octets } from '../maps/rows.ts'
import type { Entry } from './entry.ts'

export const SHADOW_ATTRIBUTES = [
  'shadowLastChange',
  'shadowMin',
  'shadowMax',
  'shadowWarning',
  'shadowInactive',
  'shadowExpire',
  'shadowFlag',
] as const

const NAMES = SHADOW_ATTRIBUTES.map((name) => name.toLowerCase())

const NUMBER = /^-?[0-9]{1,10}$/

/** Seven fields with colons between them; what is missing or no number is empty. */
export function shadowFields({ attributes }: Entry): Octets {
  return NAMES.map((name) => {
    const value = attributes.get(name)?.[0] ?? ''
    return NUMBER.test(value) ? value : ''
  }).join(':')
}
