import { BadValue } from './bad-value.ts'
import { MAX_ATTRIBUTE } from './limits.ts'

/** RFC 4512 s.2.5: attributedescription = ( descr / numericoid ) *( ";" option ) */
const DESCRIPTION = /^(?:[A-Za-z][A-Za-z0-9-]*|(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))+)(?:;[A-Za-z0-9-]+)*$/

/** Gives the name back. Throws BadValue. */
export function parseAttributeName(text: string): string {
  if (text.length > MAX_ATTRIBUTE) {
    throw new BadValue(`name of an attribute is too long, expected at most ${MAX_ATTRIBUTE} characters`)
  }
  if (DESCRIPTION.test(text)) return text
  throw new BadValue(
    'not the name of an LDAP attribute, expected a letter and then letters, digits or hyphens, or a numeric OID',
  )
}
