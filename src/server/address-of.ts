import { LRUCache } from 'lru-cache'
import { parseAddress } from '../address.ts'
import { REMEMBERED_CALLERS } from './limits.ts'

/** To read one takes 2 µs; a fleet's clients are the same few thousand all day. */
const known = new LRUCache<string, Uint8Array>({ max: REMEMBERED_CALLERS })

/** The 4 or 16 bytes of an address as Node writes it; undefined for what is none. */
export function addressOf(text: string): Uint8Array | undefined {
  const remembered = known.get(text)
  if (remembered !== undefined) return remembered
  // A zone (`fe80::1%eth0`) says where the caller is reached, not who it is.
  const address = parseAddress(text.split('%', 1)[0]!)
  if (address !== undefined) known.set(text, address)
  return address
}
