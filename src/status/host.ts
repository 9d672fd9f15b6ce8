/** Whom a request is for, by its head. */
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { isLoopback, parseAddress } from '../address.ts'

/**
 * Whether it is for us. A page from anywhere can have a browser on this host ask loopback under a name of its own, and then
 * read what is answered (DNS rebinding): so loopback has no other names than those that nobody else can give. At other
 * addresses a host has the names that its administrators gave it.
 */
export function isMeant(host: string | undefined, localAddress: string | undefined): boolean {
  const bytes = localAddress === undefined ? undefined : parseAddress(localAddress)
  if (host === undefined || bytes === undefined || !isLoopback(bytes)) return true
  const name = host.replace(/:\d*$/, '').toLowerCase()
  return (
    isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0 || name === 'localhost' || name === hostname().toLowerCase()
  )
}
