import { formatAddress, isMapped, parseAddress } from '../address.ts'
import { BadValue } from './bad-value.ts'

/** The addresses whose first `bits` bits are those of `prefix`: 4 or 16 bytes, the others zero. */
export interface Prefix {
  readonly prefix: Uint8Array
  readonly bits: number
}

const EXPECTED =
  "expected an address such as 192.0.2.1, a prefix such as 192.0.2.0/24 or 2001:db8::/32, or 'any'"

/** All of both families. */
export const EVERYBODY: readonly Prefix[] = [
  { prefix: new Uint8Array(4), bits: 0 },
  { prefix: new Uint8Array(16), bits: 0 },
]

/** RFC 1122 s.3.2.1.3 (g), RFC 4291 s.2.5.3 */
export const LOOPBACK: readonly Prefix[] = [
  { prefix: Uint8Array.of(127, 0, 0, 0), bits: 8 },
  { prefix: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), bits: 128 },
]

/**
 * An IPv4 or IPv6 address, or such a prefix; `any` gives those of both families. A prefix within ::ffff:0:0/96 is
 * given as the IPv4 prefix it means. Throws BadValue.
 */
export function parsePrefixes(text: string): readonly Prefix[] {
  if (text === 'any') return EVERYBODY
  const prefix = parsePrefix(text)
  if (prefix === undefined) throw new BadValue(`not an address or prefix, ${EXPECTED}`)
  return [prefix]
}

/** Undefined for what does not look like an address or a prefix at all; throws BadValue for a wrong one. */
export function parsePrefix(text: string): Prefix | undefined {
  const [, addressText = '', bitsText] = /^([^/]*)(?:\/(0|[1-9][0-9]{0,2}))?$/.exec(text) ?? []
  const address = parseAddress(addressText)
  if (address === undefined) return undefined
  const most = address.length * 8
  const bits = bitsText === undefined ? most : Number(bitsText)
  if (bits > most) throw new BadValue(`prefix is too long, expected at most /${most}`)
  const prefix = firstBits(address, bits)
  if (prefix.some((byte, index) => byte !== address[index])) {
    throw new BadValue(
      `prefix has bits set after the first ${bits}, expected ${formatAddress(prefix)}/${bits}`,
    )
  }
  return unmapped({ prefix, bits })
}

/** The address with zeros behind its first bits. */
export function firstBits(address: Uint8Array, bits: number): Uint8Array {
  return address.map((byte, index) => byte & leadingOnes(bits - 8 * index))
}

/** A byte of as many one bits, from the left. */
function leadingOnes(count: number): number {
  return 0xff & ~(0xff >> Math.min(8, Math.max(0, count)))
}

/** Within ::ffff:0:0/96 the IPv4 prefix that is meant. */
export function unmapped({ prefix, bits }: Prefix): Prefix {
  return isMapped(prefix) && bits >= 96 ? { prefix: prefix.slice(12), bits: bits - 96 } : { prefix, bits }
}
