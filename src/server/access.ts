/**
 * Who may ask at all. YP has no authentication: a caller's address is all there is, and it is judged before
 * anything of the message is looked at.
 */
import { LRUCache } from 'lru-cache'
import type { AccessRule } from '../config/config.ts'
import { addressBytes, isWithin } from './address.ts'
import { REMEMBERED_CALLERS } from './limits.ts'

/** True when the host at this address (as Node writes it) may ask. */
export type Access = (address: string) => boolean

/**
 * The first rule that covers the address decides; without one, only this host itself is answered. `refused`
 * hears of a stranger when its address is first judged, and again when it has been forgotten.
 */
export function createAccess(rules: readonly AccessRule[], refused: (address: string) => void): Access {
  // Judging means parsing the address's text; a fleet's clients are the same few thousand all day.
  const verdicts = new LRUCache<string, boolean>({ max: REMEMBERED_CALLERS })
  return (address) => {
    const known = verdicts.get(address)
    if (known !== undefined) return known
    const verdict = judge(rules, address)
    verdicts.set(address, verdict)
    if (!verdict) refused(address)
    return verdict
  }
}

function judge(rules: readonly AccessRule[], address: string): boolean {
  const bytes = addressBytes(address)
  if (bytes === undefined) return false
  for (const { prefix, bits, verdict } of rules) {
    if (isWithin(bytes, prefix, bits)) return verdict === 'allow'
  }
  return isLoopback(bytes)
}

function isLoopback(bytes: Uint8Array): boolean {
  return bytes.length === 4 ? bytes[0] === 127 : bytes.every((byte, index) => byte === (index === 15 ? 1 : 0))
}
