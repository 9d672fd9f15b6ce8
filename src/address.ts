/** Addresses as bytes: 4 for IPv4, 16 for IPv6. */
import { isIPv4, isIPv6, SocketAddress } from 'node:net'

/**
 * The 4 or 16 bytes of an IPv4 or IPv6 address in text, without a zone; undefined for any other text. An
 * IPv4-mapped IPv6 address gives 16 bytes.
 */
export function parseAddress(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number)
  if (!isIPv6(text) || text.includes('%')) return undefined
  const [left = '', right = ''] = text.split('::')
  const tail = groupBytes(right)
  const bytes = new Uint8Array(16)
  bytes.set(groupBytes(left))
  bytes.set(tail, 16 - tail.length)
  return bytes
}

function groupBytes(groups: string): number[] {
  if (groups === '') return []
  return groups.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number)
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}

/** The usual text of an address of 4 or 16 bytes. */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, group) => {
    const value = ((bytes[2 * group] ?? 0) << 8) | (bytes[2 * group + 1] ?? 0)
    return value.toString(16)
  })
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address
}

/** RFC 4291 s.2.5.5.2: an IPv4 address in IPv6 form, as an IPv4 caller looks through an IPv6 socket. */
export function isMapped(bytes: Uint8Array): boolean {
  return bytes.length === 16 && isMappedAt(bytes, 0)
}

/** The same of the 16 bytes there, for who is asked for each call and makes no part of its own for it. */
export function isMappedAt(bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < 10; i++) if (bytes[start + i] !== 0) return false
  return bytes[start + 10] === 0xff && bytes[start + 11] === 0xff
}

/** 127.0.0.0/8, also mapped into IPv6, and ::1. */
export function isLoopback(bytes: Uint8Array): boolean {
  return isLoopbackAt(bytes, 0, bytes.length)
}

/** The same of the 4 or 16 bytes there. */
export function isLoopbackAt(bytes: Uint8Array, start: number, length: number): boolean {
  if (length === 4) return bytes[start] === 127
  if (isMappedAt(bytes, start)) return bytes[start + 12] === 127
  for (let i = 0; i < 15; i++) if (bytes[start + i] !== 0) return false
  return bytes[start + 15] === 1
}

/** Whether a host's name, or an address in text, is that of loopback. */
export function isThisHost(host: string): boolean {
  const address = parseAddress(host)
  return host === 'localhost' || (address !== undefined && isLoopback(address))
}

/** The IPv4 address that a mapped one stands for; any other as it is. */
export function unmapped(bytes: Uint8Array): Uint8Array {
  return isMapped(bytes) ? bytes.subarray(12) : bytes
}

/** True when the first `bits` bits are those of `prefix`, of the same family. */
export function isWithin(bytes: Uint8Array, prefix: Uint8Array, bits: number): boolean {
  if (bytes.length !== prefix.length) return false
  const whole = bits >> 3
  for (let i = 0; i < whole; i++) if (bytes[i] !== prefix[i]) return false
  const rest = bits & 7
  return rest === 0 || ((bytes[whole]! ^ prefix[whole]!) & (0xff00 >> rest) & 0xff) === 0
}
