/** Ticks off each user of passwd.byname as its record comes, in whatever order, and only if it says what it must. */
import { nameOf, passwdOf } from './data.ts'

export class Ledger {
  /** the last record's key as it lay on the wire, length and padding with it */
  key: Buffer = Buffer.alloc(0)
  wrong = 0
  readonly #left: Map<string, string>

  constructor(users: number) {
    this.#left = new Map(Array.from({ length: users }, (_, index) => [nameOf(index), passwdOf(index)]))
  }

  /** Users whose record has not come. */
  get missing(): number {
    return this.#left.size
  }

  /** Takes value and key at `at`; where they end. */
  take(bytes: Buffer, at: number): number {
    const valueLength = bytes.readUInt32BE(at)
    const keyAt = at + 4 + padded(valueLength)
    const keyLength = bytes.readUInt32BE(keyAt)
    const end = keyAt + 4 + padded(keyLength)
    const name = bytes.toString('latin1', keyAt + 4, keyAt + 4 + keyLength)
    this.key = bytes.subarray(keyAt, end)
    // A second record of one user finds nothing.
    if (this.#left.get(name) !== bytes.toString('latin1', at + 4, at + 4 + valueLength)) this.wrong += 1
    this.#left.delete(name)
    return end
  }
}

function padded(length: number): number {
  return (length + 3) & ~3
}
