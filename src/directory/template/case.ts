import type { Octets } from '../../maps/rows.ts'

/** Letters of ASCII alone, as tolower(3) of the clients that ask for such a key. */
export function lowerCase(value: Octets): Octets {
  return value.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

export function upperCase(value: Octets): Octets {
  return value.replace(/[a-z]+/g, (letters) => letters.toUpperCase())
}
