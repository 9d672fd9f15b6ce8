import type { Octets } from '../maps/rows.ts'
import { foldCase } from './octets.ts'

export class DnError extends Error {
  readonly code = 'dn-invalid'

  constructor(dn: Octets, text: string) {
    super(`"${dn}" is not a distinguished name: ${text}`)
    this.name = 'DnError'
  }
}

const TYPE = /^(?:[a-z][a-z0-9-]*|\d+(?:\.\d+)*)$/
const HEX_PAIR = /^[0-9a-f]{2}$/i

/**
 * A DN's RDNs in a form in which equal ones are equal strings, the entry's own first (RFC 4514): case, spaces
 * round `,` `=` `+`, the way of escaping and the order inside a multi-valued RDN don't count.
 * @throws DnError
 */
export function normalizeDn(dn: Octets): readonly string[] {
  if (dn.trim() === '') return []
  const rdns: string[] = []
  let pairs: string[] = []
  let at = 0
  for (;;) {
    const equals = dn.indexOf('=', at)
    if (equals === -1) throw new DnError(dn, `"${dn.slice(at).trim()}" has no "="`)
    const type = dn.slice(at, equals).trim().toLowerCase()
    if (!TYPE.test(type)) throw new DnError(dn, `"${type}" is not an attribute name`)
    const value = readValue(dn, equals + 1)
    // The two characters that divide what follows are escaped again, so that no value can look like two.
    pairs.push(`${type}=${foldCase(value.octets).replace(/[\\+]/g, '\\$&')}`)
    if (dn[value.end] !== '+') {
      rdns.push(pairs.sort().join('+'))
      pairs = []
    }
    if (value.end >= dn.length) return rdns
    at = value.end + 1
  }
}

/** One attribute value from `at` to the `,` or `+` that ends it, with its escapes undone. */
function readValue(dn: Octets, at: number): { octets: Octets; end: number } {
  let octets = ''
  let end = at
  for (;;) {
    const start = end
    while (end < dn.length && dn[end] !== ',' && dn[end] !== '+' && dn[end] !== '\\') end += 1
    octets += dn.slice(start, end)
    if (dn[end] !== '\\') return { octets, end }
    const pair = dn.slice(end + 1, end + 3)
    if (HEX_PAIR.test(pair)) {
      octets += String.fromCharCode(Number.parseInt(pair, 16))
      end += 3
    } else if (pair === '') {
      throw new DnError(dn, 'it ends in a backslash')
    } else {
      octets += pair[0]
      end += 2
    }
  }
}

/**
 * Whether a normalized DN is the base or lies below it.
 * @throws DnError for a base that is none
 */
export function withinBase(base: Octets): (rdns: readonly string[]) => boolean {
  const wanted = normalizeDn(base)
  return (rdns) => {
    const below = rdns.length - wanted.length
    return below >= 0 && wanted.every((rdn, index) => rdn === rdns[below + index])
  }
}
