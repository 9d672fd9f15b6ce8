import { isIPv4, isIPv6, SocketAddress } from 'node:net'

import type { Octets } from '../../maps/rows.ts'

/** The IPv4 addresses: four decimal numbers without leading zeros, which some would read as octal. */
export function ipv4Addresses(values: readonly Octets[]): readonly Octets[] {
  return values.filter((value) => isIPv4(value))
}

/** The IPv6 addresses, as RFC 5952 writes them. */
export function ipv6Addresses(values: readonly Octets[]): readonly Octets[] {
  return values
    .filter((value) => isIPv6(value) && !value.includes('%'))
    .map((address) => new SocketAddress({ address, family: 'ipv6' }).address)
}

const ETHER = /^[0-9a-f]{1,2}(?:(?::[0-9a-f]{1,2}){5}|(?:-[0-9a-f]{1,2}){5})$/i

/** The ethernet addresses, as ether_ntoa(3) writes them. */
export function etherAddresses(values: readonly Octets[]): readonly Octets[] {
  return values
    .filter((value) => ETHER.test(value))
    .map((value) =>
      value
        .toLowerCase()
        .replaceAll('-', ':')
        .replace(/\b0(?=[0-9a-f])/g, ''),
    )
}
