/**
 * Who may ask at all. YP has no authentication: a caller's address is all there is, and it is judged before
 * anything of the message is looked at.
 */
import { LRUCache } from 'lru-cache'
import { isLoopback, isWithin, parseAddress, unmapped } from '../address.ts'
import type { AccessRule } from '../config/config.ts'
import { REMEMBERED_CALLERS } from './limits.ts'

/** True when the host at this address (as Node writes it) may ask. */
export type Access = (address: string) => boolean

/**
 * The first rule that covers the address decides; without one, only loopback is answered. `refused`
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

function judge(rules: readonly AccessRule[], text: string): boolean {
  // A zone (`fe80::1%eth0`) says where the caller is reached, not who it is.
  const address = parseAddress(text.split('%', 1)[0]!)
  return address !== undefined && judgeAddress(rules, address)
}

/** The same of an address of 4 or 16 bytes. */
export function judgeAddress(rules: readonly AccessRule[], address: Uint8Array): boolean {
  const bytes = unmapped(address)
  for (const { prefix, bits, verdict } of rules) {
    if (isWithin(bytes, prefix, bits)) return verdict === 'allow'
  }
  return isLoopback(bytes)
}
