/** MurmurHash3 in its form of 32 bits, of a text of one byte a character: a number from 0 to 2^32 - 1. */
export function murmurhash3(text: string, seed: number): number {
  let hash = seed
  let at = 0
  for (; at + 4 <= text.length; at += 4) {
    hash ^= scramble(block(text, at, 4))
    hash = Math.imul(rotate(hash, 13), 5) + 0xe6546b64
  }
  hash ^= scramble(block(text, at, text.length - at)) ^ text.length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** Up to four bytes, the first the least. */
function block(text: string, at: number, count: number): number {
  let value = 0
  for (let i = 0; i < count; i++) value |= text.charCodeAt(at + i) << (8 * i)
  return value
}

function scramble(value: number): number {
  return Math.imul(rotate(Math.imul(value, 0xcc9e2d51), 15), 0x1b873593)
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
