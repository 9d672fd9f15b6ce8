/** Addresses as bytes: 4 for IPv4, 16 for IPv6; one that is IPv4 in IPv6 clothes (RFC 4291 s.2.5.5.2) is 4. */
import { isIPv4, isIPv6 } from 'node:net'

/** Undefined when the text is no address. A zone (`fe80::1%eth0`) is not part of it. */
export function addressBytes(text: string): Uint8Array | undefined {
  const bare = text.split('%', 1)[0]!
  if (isIPv4(bare)) return Uint8Array.from(bare.split('.'), Number)
  if (!isIPv6(bare)) return undefined
  const bytes = ipv6Bytes(bare)
  const mapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255
  return mapped ? bytes.subarray(12) : bytes
}

function ipv6Bytes(text: string): Uint8Array {
  // A dotted IPv4 tail is two groups.
  const plain = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
    const [a, b, c, d] = parts.slice(0, 4).map(Number) as [number, number, number, number]
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
  })
  const [head = '', tail] = plain.split('::')
  const before = groups(head)
  const after = tail === undefined ? [] : groups(tail)
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  for (const [index, group] of before.entries()) view.setUint16(index * 2, group)
  for (const [index, group] of after.entries()) view.setUint16((8 - after.length + index) * 2, group)
  return bytes
}

function groups(text: string): readonly number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
}

/** True when the first `bits` bits are those of `prefix`, of the same family. */
export function isWithin(bytes: Uint8Array, prefix: Uint8Array, bits: number): boolean {
  if (bytes.length !== prefix.length) return false
  const whole = bits >> 3
  for (let i = 0; i < whole; i++) if (bytes[i] !== prefix[i]) return false
  const rest = bits & 7
  return rest === 0 || ((bytes[whole]! ^ prefix[whole]!) & (0xff00 >> rest) & 0xff) === 0
}
