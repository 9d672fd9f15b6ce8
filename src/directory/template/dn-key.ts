import type { Octets } from '../../maps/rows.ts'
import { DnError, normalizeDn } from '../dn.ts'

/** Names, and values of printable ASCII with no character that RFC 4514 treats apart and no needless space. */
const PLAIN =
  /^[A-Za-z][A-Za-z0-9-]*=[!-*.-[\]-~-]+(?: [!-*.-[\]-~-]+)*(?:,[A-Za-z][A-Za-z0-9-]*=[!-*.-[\]-~-]+(?: [!-*.-[\]-~-]+)*)*$/

/** One text for all ways to write a DN, or nothing for what is none. Nearly all DNs are plain. */
export function dnKey(dn: Octets): string | undefined {
  if (PLAIN.test(dn)) return dn.toLowerCase()
  // A comma inside of a value must not look like one between two RDNs.
  return rdnsOf(dn)
    ?.map((rdn) => rdn.replaceAll(',', '\\,'))
    .join(',')
}

/** As normalizeDn gives them, or nothing for what is no DN. */
export function rdnsOf(dn: Octets): readonly string[] | undefined {
  try {
    return normalizeDn(dn)
  } catch (error) {
    if (error instanceof DnError) return undefined
    throw error
  }
}

/** The DN above, as it is written there, or nothing at the top. */
export function parentDn(dn: Octets): Octets | undefined {
  for (let at = 0; at < dn.length; at++) {
    if (dn[at] === '\\') at += 1
    else if (dn[at] === ',') return dn.slice(at + 1)
  }
  return undefined
}
