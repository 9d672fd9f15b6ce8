/** At which of our addresses a caller reaches us, where a socket is bound to all of them. */
import { networkInterfaces } from 'node:os'
import { formatAddress, isLoopback, isWithin, parseAddress } from '../address.ts'

/** An address of an interface of this host. */
export interface OwnAddress {
  readonly bytes: Uint8Array
  /** of its network */
  readonly bits: number
}

/** Milliseconds for which the interfaces are remembered: to ask for them costs more than the rest of an answer. */
const REMEMBERED_MS = 1000

let known: readonly OwnAddress[] = []
let next = 0

export function ownAddresses(): readonly OwnAddress[] {
  const now = performance.now()
  if (now < next) return known
  next = now + REMEMBERED_MS
  known = addressesOf(networkInterfaces)
  return known
}

/** None where they can't be had, as in a sandbox without AF_NETLINK: a caller's question must not end the process. */
export function addressesOf(interfaces: typeof networkInterfaces): readonly OwnAddress[] {
  try {
    return Object.values(interfaces()).flatMap((addresses = []) =>
      addresses.flatMap(({ address, cidr }) => {
        const bytes = parseAddress(address)
        return bytes === undefined ? [] : [{ bytes, bits: Number(cidr?.split('/')[1] ?? bytes.length * 8) }]
      }),
    )
  } catch {
    return []
  }
}

/**
 * As rpcbind chooses: what the caller says that it asked (`hint`), unless it names itself; what its connection is to
 * (`here`); our address on its network; any that is not loopback's. All of the family of `length` bytes, or undefined.
 */
export function addressFor(
  caller: Uint8Array,
  length: 4 | 16,
  { hint = '', here = '' }: { readonly hint?: string | undefined; readonly here?: string | undefined },
  own: () => readonly OwnAddress[] = ownAddresses,
): string | undefined {
  const asked = parseAddress(hint)
  const isOurs = (bytes: Uint8Array) => own().some((one) => isSame(one.bytes, bytes))
  if (asked?.length === length && isOneHost(asked) && (!isSame(asked, caller) || isOurs(asked))) {
    return formatAddress(asked)
  }
  const called = parseAddress(here.split('%', 1)[0]!)
  if (called?.length === length) return formatAddress(called)
  const family = own().filter(({ bytes }) => bytes.length === length)
  const near = family.find(({ bytes, bits }) => isWithin(caller, bytes, bits))
  const any = family.find(({ bytes }) => !isLoopback(bytes) && !isLinkLocal(bytes))
  const found = near ?? any
  return found === undefined ? undefined : formatAddress(found.bytes)
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return isWithin(a, b, b.length * 8)
}

/** Neither a wildcard nor an address of many hosts. */
function isOneHost(bytes: Uint8Array): boolean {
  const isMany = bytes.length === 4 ? bytes[0]! >= 224 : bytes[0] === 0xff
  return !isMany && bytes.some((byte) => byte !== 0)
}

/** RFC 4291 s.2.5.6: nobody reaches it without naming an interface of his own. */
function isLinkLocal(bytes: Uint8Array): boolean {
  return bytes.length === 16 && bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80
}
