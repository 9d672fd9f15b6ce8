import type { AccessRule } from '../../src/config/config.ts'
import { type Rights, Rules } from '../../src/server/rights.ts'

/** Of a caller who may ask for whatever there is. */
export const EVERYTHING: Rights = { low: -1, high: -1 }

/** Those of the first domain, where there is but one. */
export function rulesOf(rules: readonly AccessRule[]): Rules {
  const all = new Rules()
  all.set(0, rules)
  return all
}
