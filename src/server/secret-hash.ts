/**
 * Sums of secret numbers, one for each byte and its place (Zobrist): quicker than the hash of maps, and nobody can choose
 * bytes of one sum.
 */
import { getRandomValues } from 'node:crypto'

export class SecretHash {
  readonly #secrets: Int32Array

  constructor(mostBytes: number) {
    this.#secrets = getRandomValues(new Int32Array(mostBytes * 256))
  }

  /** A number that V8 holds without allocating. */
  of(bytes: Uint8Array, start: number, length: number): number {
    let sum = 0
    for (let i = 0; i < length; i++) sum ^= this.#secrets[(i << 8) | bytes[start + i]!]!
    return sum
  }
}
