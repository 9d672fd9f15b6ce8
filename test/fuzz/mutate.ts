import type { Random } from '../support/random.ts'

/** Numbers that decoders trip over: lengths at, below and above what a bound or a sign allows. */
const NUMBERS = [
  0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 64, 65, 127, 128, 255, 256, 257, 400, 401, 1024, 1025, 4095, 4096,
  8800, 65_535, 65_536, 0x7fffffff, 0x80000000, 0x80000004, 0xfffffffc, 0xffffffff,
]

/** The same in text, and characters that end, open or escape something in most languages. */
const TEXTS = [
  '"\'\\\n\t\0 (){}[]:,=*/.-+\xc3'.split(''),
  '0 1 -1 65535 65536 2147483648 4294967295 4294967296 1844674407370955161 1e9 .. %s __proto__'.split(' '),
  ['\r\n', '\xc3\xa9', '\xf0\x9f\x98\x80', '\xef\xbb\xbf', '\xed\xa0\x80'],
]
  .flat()
  .map((text) => Buffer.from(text, 'latin1'))

/** Changes inputs into new ones, in one run of bytes that is used again for each. */
export class Mutator {
  readonly #random: Random
  readonly #tokens: readonly Buffer[]
  readonly #work: Buffer
  #length = 0

  /** `work` is where the changed input lies; no input gets longer. */
  constructor(random: Random, tokens: readonly string[], work: Buffer) {
    this.#random = random
    this.#tokens = [...TEXTS, ...tokens.map((token) => Buffer.from(token, 'latin1'))]
    this.#work = work
  }

  /** One, two or four changes to one of the inputs; valid until the next. */
  next(inputs: readonly Buffer[]): Buffer {
    const input = this.#one(inputs)
    this.#length = input.copy(this.#work, 0, 0, this.#work.length)
    for (let changes = 1 << this.#below(3); changes > 0; changes--) this.#change(inputs)
    return this.#work.subarray(0, this.#length)
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  #one<T>(list: readonly T[]): T {
    return list[this.#below(list.length)]!
  }

  #change(inputs: readonly Buffer[]): void {
    const work = this.#work
    const length = this.#length
    const at = this.#below(length)
    switch (this.#below(12)) {
      case 0:
        if (length > 0) work[at]! ^= 1 << this.#below(8)
        break
      case 1:
        if (length > 0) work[at] = this.#below(256)
        break
      case 2:
        this.#number(at)
        break
      case 3:
        if (length > 0) this.#length = this.#below(length + 1)
        break
      case 4:
        this.#insert(at, Buffer.of(this.#below(256), this.#below(256)), 1 + this.#below(2))
        break
      case 5:
        this.#remove(at, 1 + this.#below(8))
        break
      case 6:
        this.#remove(at, this.#below(length))
        break
      case 7: {
        const token = this.#one(this.#tokens)
        this.#insert(at, token, token.length)
        break
      }
      case 8: {
        const token = this.#one(this.#tokens)
        this.#length = Math.max(length, at + token.copy(work, at))
        break
      }
      case 9:
        // Itself once more: lists get longer, and what may stand but once stands twice.
        this.#insert(this.#below(length), Buffer.from(work.subarray(at, length)), 1 + this.#below(64))
        break
      case 10: {
        const other = this.#one(inputs)
        const from = this.#below(other.length)
        this.#insert(at, other.subarray(from), 1 + this.#below(64))
        break
      }
      default: {
        // The head of this and the tail of another.
        const other = this.#one(inputs)
        this.#length = at
        this.#insert(at, other.subarray(this.#below(other.length)), other.length)
      }
    }
  }

  /** A number of one, two or four bytes, of either order, as a rule where words lie. */
  #number(somewhere: number): void {
    const work = this.#work
    const at = this.#below(4) === 0 ? somewhere : somewhere & ~3
    const number = this.#below(4) === 0 ? this.#length - at + this.#below(9) - 4 : this.#one(NUMBERS)
    const left = this.#length - at
    if (left < 1) return
    switch (this.#below(4)) {
      case 0:
        if (left >= 4) work.writeUInt32LE(number >>> 0, at)
        break
      case 1:
        if (left >= 2) work.writeUInt16BE(number & 0xffff, at)
        break
      case 2:
        work[at] = number & 0xff
        break
      default:
        if (left >= 4) work.writeUInt32BE(number >>> 0, at)
    }
  }

  #insert(at: number, bytes: Buffer, most: number): void {
    const count = Math.min(most, bytes.length, this.#work.length - this.#length)
    this.#work.copyWithin(at + count, at, this.#length)
    bytes.copy(this.#work, at, 0, count)
    this.#length += count
  }

  #remove(at: number, count: number): void {
    const end = Math.min(at + count, this.#length)
    this.#work.copyWithin(at, end, this.#length)
    this.#length -= end - at
  }
}
