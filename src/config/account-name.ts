import { BadValue } from './bad-value.ts'
import { MAX_ACCOUNT } from './limits.ts'

/**
 * Gives the name of an account or group back; a number in digits is one too. A sign at its beginning has another
 * meaning to most who read /etc/passwd. Throws BadValue.
 */
export function parseName(text: string): string {
  if (text === '') throw new BadValue('empty name, expected that of an account or group')
  if (Buffer.byteLength(text) > MAX_ACCOUNT) {
    throw new BadValue(`name is too long, expected at most ${MAX_ACCOUNT} bytes`)
  }
  if (/^[-+]|[\s:,/\p{Cc}]/u.test(text)) {
    throw new BadValue('not a name, expected one as /etc/passwd and /etc/group hold them')
  }
  return text
}

/** An account for a process that is to have no rights. Throws BadValue. */
export function parseAccount(text: string): string {
  if (text === 'root' || /^0+$/.test(text)) {
    throw new BadValue('root may do anything, expected an account that is for this alone')
  }
  return parseName(text)
}
