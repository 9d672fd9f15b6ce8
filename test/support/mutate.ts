/** A mutation fuzzer: bytes that were right once, changed. The same seed makes the same run. */

export type Random = () => number

/** mulberry32: 32 bits of state are plenty for choosing mutations. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Words that decoders trip over: lengths at, below and above what a bound or a sign allows. */
const WORDS = [
  0, 1, 2, 3, 4, 16, 17, 64, 65, 255, 256, 257, 400, 401, 1024, 1025, 4096, 0x7fffffff, 0x80000000,
  0xffffffff,
]

/** One to four changes to a copy. */
export function mutate(seed: Buffer, random: Random): Buffer {
  let bytes: Buffer = Buffer.from(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  for (let changes = 1 + below(4); changes > 0; changes--) {
    const at = below(bytes.length)
    switch (below(6)) {
      case 0:
        if (bytes.length > 0) bytes[at]! ^= 1 << below(8)
        break
      case 1:
        if (bytes.length > 0) bytes[at] = below(256)
        break
      case 2:
        if (bytes.length >= 4) bytes.writeUInt32BE(WORDS[below(WORDS.length)]!, below(bytes.length >> 2) * 4)
        break
      case 3:
        bytes = bytes.subarray(0, below(bytes.length + 1))
        break
      case 4:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from([below(256), below(256)]),
          bytes.subarray(at),
        ])
        break
      default:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          bytes.subarray(Math.min(bytes.length, at + 1 + below(8))),
        ])
    }
  }
  return bytes
}

/** A seed for this run, or that of an earlier one in YPLDAP_FUZZ_SEED. */
export function runSeed(): number {
  const given = process.env['YPLDAP_FUZZ_SEED']
  return given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given)
}
