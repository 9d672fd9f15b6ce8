/**
 * Who may ask, for a domain or a map. YP has no authentication: a caller's address and whether its port is reserved are
 * all there is.
 */
import { isMappedAt } from '../address.ts'
import type { AccessRule } from '../config/config.ts'
import { LOOPBACK } from '../config/prefix.ts'
import { Ranges } from './ranges.ts'

/** Where a call came from. */
export interface Origin {
  /** its source port is below 1024: on a Unix host only root can have sent from there */
  readonly reserved: boolean
  /** its address is 4 of these bytes, or 16 */
  readonly bytes: Uint8Array
  readonly start: number
  readonly length: number
}

/** Whom no rule covers is answered on loopback alone. */
const AT_LAST: readonly AccessRule[] = LOOPBACK.map((prefix) => ({
  verdict: 'allow',
  ...prefix,
  reserved: false,
}))

export class AccessList {
  /** equal in two lists with the same rules */
  readonly key: string
  readonly #reserved: Verdicts
  readonly #unreserved: Verdicts

  constructor(rules: readonly AccessRule[]) {
    this.key = keyOf(rules)
    this.#reserved = verdictsOf([...rules, ...AT_LAST])
    const forAll = rules.filter(({ reserved }) => !reserved)
    this.#unreserved = forAll.length < rules.length ? verdictsOf([...forAll, ...AT_LAST]) : this.#reserved
  }

  /** RFC 4291 s.2.5.5.2: an IPv4 address in IPv6 form is the IPv4 address. */
  allows({ reserved, bytes, start, length }: Origin): boolean {
    const { four, six } = reserved ? this.#reserved : this.#unreserved
    if (length === 4) return four.allows(bytes, start)
    return isMappedAt(bytes, start) ? four.allows(bytes, start + 12) : six.allows(bytes, start)
  }
}

export function keyOf(rules: readonly AccessRule[]): string {
  return rules
    .map(({ verdict, prefix, bits, reserved }) => [verdict, prefix, bits, reserved].join())
    .join(' ')
}

interface Verdicts {
  readonly four: Ranges
  readonly six: Ranges
}

function verdictsOf(rules: readonly AccessRule[]): Verdicts {
  return { four: new Ranges(4, rules), six: new Ranges(16, rules) }
}
