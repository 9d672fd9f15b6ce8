import type { Octets } from '../maps/rows.ts'

/** No password matches it. An empty field would let everyone in, so it stands for every missing hash too. */
export const LOCKED = '*'

/** Said to be a hash, or in a form of crypt(5) that nobody types: a password in clear text must not get out. */
const CRYPT = /^(?:\{crypt\}.|\$[0-9a-z][0-9a-z-]*\$.|_[./0-9a-z]{19}$)/i

/** RFC 2307 s.5.3: `{CRYPT}` before a hash of crypt(3); hashes of other schemes are of no use to a NIS client. */
export function cryptHash(values: readonly Octets[]): Octets {
  // The values of an attribute come in no order: one of another scheme may well stand before the hash.
  const hash = values.find((value) => CRYPT.test(value))
  return hash?.replace(/^\{crypt\}/i, '') ?? LOCKED
}
