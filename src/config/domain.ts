import { BadValue } from './bad-value.ts'

/** YPMAXDOMAIN: a longer one fits into no request */
const MAX_DOMAIN = 64

/** Gives the YP domain back. It also names files, so it cannot hold a slash. Throws BadValue. */
export function parseDomain(text: string): string {
  if (text === '') throw new BadValue('empty domain, expected its name')
  const size = Buffer.byteLength(text)
  if (size > MAX_DOMAIN) {
    throw new BadValue(`domain is ${size} bytes long, expected at most ${MAX_DOMAIN}`)
  }
  // Clients differ in how they write any other character, and would never agree with us on the name.
  if (!/^[!-.0-~]+$/.test(text) || text === '.' || text === '..') {
    throw new BadValue('not a domain, expected a name of ASCII without blanks and slashes')
  }
  return text
}
