/**
 * Who may ask at all. YP has no authentication: a caller's address is all there is, and it is judged before
 * anything of the message is looked at.
 */
import { LRUCache } from 'lru-cache'
import { parseAddress } from '../address.ts'
import { REMEMBERED_CALLERS } from './limits.ts'
import { hasRights, NO_RIGHTS, type Rights, type Rules } from './rights.ts'

/** What the host at this address (as Node writes it) may ask for: a stranger for nothing. */
export type Access = (address: string) => Rights

/** `refused` hears of a stranger when its address is first judged, and again when it has been forgotten. */
export function createAccess(rules: Rules, refused: (address: string) => void): Access {
  // Judging means parsing the address's text; a fleet's clients are the same few thousand all day.
  const verdicts = new LRUCache<string, Rights>({ max: REMEMBERED_CALLERS })
  return (address) => {
    const known = verdicts.get(address)
    if (known !== undefined) return known
    const rights = judge(rules, address)
    verdicts.set(address, rights)
    if (!hasRights(rights)) refused(address)
    return rights
  }
}

function judge(rules: Rules, text: string): Rights {
  // A zone (`fe80::1%eth0`) says where the caller is reached, not who it is.
  const address = parseAddress(text.split('%', 1)[0]!)
  return address === undefined ? NO_RIGHTS : rules.judge(address)
}
