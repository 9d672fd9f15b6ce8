/**
 * The sockets calls come in on: UDP and TCP, IPv4 and IPv6, one port number for all of them where we choose
 * it. ypbind takes broadcast answers only from reserved ports, so root takes one.
 */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, isIPv6, type Server } from 'node:net'
import type { NetId } from '../../rpc/rpcbind.ts'
import type { Listen } from '../config/config.ts'
import type { Log } from '../log.ts'
import { isLingering, portHolder } from './port-holder.ts'
import { StartError } from './start-error.ts'

/** A socket's place, as rpcbind is told of it. */
export interface Endpoint {
  readonly netid: NetId
  readonly address: string
  readonly port: number
}

export interface Sockets {
  readonly udp: readonly Socket[]
  readonly tcp: readonly Server[]
  readonly endpoints: readonly Endpoint[]
  close(): void
}

/** What ypserv's own users have in their firewall rules: bindresvport(3) starts at 600. */
const FIRST_RESERVED = 600
const LAST_RESERVED = 1023

/** Ports that the kernel chose for TCP and that some UDP socket has already, before we give up. */
const EPHEMERAL_TRIES = 100

/** A burst of requests that arrive while the process is busy waits here; the kernel cuts it to its maximum. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024

interface Bound {
  readonly udp: Socket
  readonly tcp: Server
  readonly endpoints: readonly Endpoint[]
}

/** Binds what the configuration asks for, and for nothing asked every address, or loopback only if `local`. */
export async function bindSockets(listen: readonly Listen[], local: boolean, log: Log): Promise<Sockets> {
  const bound: Bound[] = []
  const everywhere = local ? ['127.0.0.1', '::1'] : ['0.0.0.0', '::']
  const wanted = listen.length === 0 ? [{ address: undefined, port: 0 }] : listen
  try {
    // Addresses whose port is ours to choose share one: rpcbind can name only one port a transport.
    const free = wanted.filter(({ port }) => port === 0).flatMap(({ address }) => address ?? everywhere)
    if (free.length > 0) bound.push(...(await bindAnyPort(free, log)))
    for (const { address, port } of wanted) {
      if (port === 0) continue
      for (const one of address === undefined ? everywhere : [address]) {
        const pair = await bindPair(one, port)
        if (!(pair instanceof Error)) bound.push(pair)
        else if (address === undefined && isFamilyMissing(pair)) noFamily(one, log)
        else throw bindError(one, port, pair)
      }
    }
  } catch (error) {
    closeAll(bound)
    throw error
  }
  return {
    udp: bound.map(({ udp }) => udp),
    tcp: bound.map(({ tcp }) => tcp),
    endpoints: bound.flatMap(({ endpoints }) => endpoints),
    close: () => closeAll(bound),
  }
}

async function bindAnyPort(addresses: readonly string[], log: Log): Promise<readonly Bound[]> {
  for (let port = FIRST_RESERVED; port <= LAST_RESERVED; port++) {
    const bound = await bindAll(addresses, port, log)
    if (!(bound instanceof Error)) return bound
    if (codeOf(bound) === 'EACCES') break
    if (codeOf(bound) !== 'EADDRINUSE') throw bindError(addresses[0]!, port, bound)
  }
  let last: Error | undefined
  for (let i = 0; i < EPHEMERAL_TRIES; i++) {
    const bound = await bindAll(addresses, 0, log)
    if (!(bound instanceof Error)) return bound
    last = bound
    if (codeOf(bound) !== 'EADDRINUSE') break
  }
  throw bindError(addresses[0]!, 0, last!)
}

/** All addresses on one port; the first one's, when that is 0. */
async function bindAll(
  addresses: readonly string[],
  port: number,
  log: Log,
): Promise<readonly Bound[] | Error> {
  const bound: Bound[] = []
  let common = port
  for (const address of addresses) {
    const pair = await bindPair(address, common)
    if (!(pair instanceof Error)) {
      bound.push(pair)
      common = pair.endpoints[0]!.port
    } else if (isIPv6(address) && bound.length > 0 && isFamilyMissing(pair)) {
      noFamily(address, log)
    } else {
      closeAll(bound)
      return pair
    }
  }
  return bound
}

/** TCP first, since the kernel chooses its port among those it knows to be free. */
async function bindPair(address: string, port: number): Promise<Bound | Error> {
  const six = isIPv6(address)
  const tcp = createServer({ allowHalfOpen: true })
  const udp = createSocket({
    type: six ? 'udp6' : 'udp4',
    ipv6Only: six,
    recvBufferSize: RECEIVE_BUFFER_BYTES,
    // An address needs no resolver; the default goes through one for every reply.
    lookup: (host, _options, done) => done(null, host, six ? 6 : 4),
  })
  try {
    const accepting = once(tcp, 'listening')
    tcp.listen({ host: address, port, ipv6Only: six })
    await accepting
    const { port: common } = tcp.address() as { port: number }
    // Listened for first: with a resolver that answers at once, the event comes before bind returns.
    const listening = once(udp, 'listening')
    udp.bind({ address, port: common, exclusive: true })
    await listening
    return {
      udp,
      tcp,
      endpoints: [
        { netid: six ? 'udp6' : 'udp', address, port: common },
        { netid: six ? 'tcp6' : 'tcp', address, port: common },
      ],
    }
  } catch (error) {
    tcp.close()
    udp.close()
    return error as Error
  }
}

function closeAll(bound: readonly Bound[]): void {
  for (const { udp, tcp } of bound) {
    udp.close()
    tcp.close()
  }
}

function codeOf(error: Error): string | undefined {
  return (error as NodeJS.ErrnoException).code
}

/** A kernel without IPv6, or an interface without its loopback address. */
function isFamilyMissing(error: Error): boolean {
  const code = codeOf(error)
  return code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL'
}

function noFamily(address: string, log: Log): void {
  log('info', 'no-ipv6', `this host has no ${address}: answering over IPv4 only`)
}

function bindError(address: string, port: number, error: Error): StartError {
  if (codeOf(error) === 'EADDRINUSE' && portHolder('udp', port) === undefined && isLingering(port)) {
    return new StartError(
      'address-in-use',
      `${address} port ${port} is still taken by a client's connection that was closed: start again in a minute`,
    )
  }
  if (codeOf(error) === 'EADDRINUSE') {
    const holder = portHolder('tcp', port) ?? portHolder('udp', port) ?? 'another process'
    return new StartError(
      'address-in-use',
      `${address} port ${port} is taken by ${holder}: stop it or listen elsewhere`,
    )
  }
  return new StartError('address-not-bound', `can't listen on ${address} port ${port}: ${error.message}`)
}
