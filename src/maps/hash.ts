/**
 * HalfSipHash-1-3 (Aumasson, Bernstein; the Linux kernel's hsiphash on 32-bit machines): a keyed hash for
 * tables whose keys strangers may choose. Without the image's secret key nobody can make keys collide.
 */

export interface HashKey {
  readonly low: number
  readonly high: number
}

/** An unsigned 32-bit hash of `length` bytes at `start`. */
export function hash(bytes: Uint8Array, start: number, length: number, key: HashKey): number {
  let v0 = key.low | 0
  let v1 = key.high | 0
  let v2 = 0x6c796765 ^ key.low
  let v3 = 0x74656462 ^ key.high
  const tail = start + (length & ~3)
  let at = start
  // Whole words, then a last one of the remaining bytes and the length, then three rounds to finish.
  for (let left = (length >> 2) + 4; left > 0; left--) {
    let word = 0
    if (left > 4) {
      word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
      at += 4
    } else if (left === 4) {
      word = length << 24
      for (let i = length & 3; i > 0; i--) word |= bytes[tail + i - 1]! << ((i - 1) * 8)
    } else if (left === 3) {
      v2 ^= 0xff
    }
    v3 ^= word
    v0 = (v0 + v1) | 0
    v1 = (v1 << 5) | (v1 >>> 27)
    v1 ^= v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = (v3 << 8) | (v3 >>> 24)
    v3 ^= v2
    v0 = (v0 + v3) | 0
    v3 = (v3 << 7) | (v3 >>> 25)
    v3 ^= v0
    v2 = (v2 + v1) | 0
    v1 = (v1 << 13) | (v1 >>> 19)
    v1 ^= v2
    v2 = (v2 << 16) | (v2 >>> 16)
    v0 ^= word
  }
  return (v1 ^ v3) >>> 0
}
