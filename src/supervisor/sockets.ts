/**
 * The sockets calls come in on: UDP and TCP, IPv4 and IPv6, one port number for all of them where we choose
 * it. ypbind takes broadcast answers only from reserved ports, so root takes one.
 */
import { isIPv6 } from 'node:net'
import type { NetId } from '../../rpc/rpcbind.ts'
import { isLoopback, parseAddress } from '../address.ts'
import type { Listen } from '../config/config.ts'
import type { Log } from '../log.ts'
import { StartError } from '../start-error.ts'
import { BindError, bindTcp, bindUdp, type Handle } from './handles.ts'
import { isLingering, portHolder } from './port-holder.ts'

/** A socket's place, as rpcbind is told of it. */
export interface Endpoint {
  readonly netid: NetId
  readonly address: string
  readonly port: number
}

/** TCP and UDP on one address and port; a UDP socket for each thread that answers, and one of the port mapper's. */
export interface Pair {
  readonly address: string
  readonly port: number
  readonly tcp: Handle
  readonly udp: readonly Handle[]
  /** calls that come here are for the port mapper */
  readonly portmap?: true
}

/** Pairs by what asked for them, so that the same wish finds its pairs again when others have changed. */
export type Sockets = ReadonlyMap<string, readonly Pair[]>

/** What ypserv's own users have in their firewall rules: bindresvport(3) starts at 600. */
const FIRST_RESERVED = 600
const LAST_RESERVED = 1023

/** Ports that the kernel chose for TCP and that some UDP socket has already, before we give up. */
const EPHEMERAL_TRIES = 100

/**
 * Binds what the configuration asks for, and for nothing asked every address, or loopback only if `local`.
 * Of `held` is taken what is still wanted; the rest of it stays open, for the caller to close. Sockets that were
 * `passed` are among them whatever the configuration says, and stand in for what it asks for on their addresses.
 * Throws StartError, and has then bound nothing new.
 */
export function bindSockets(
  listen: readonly Listen[],
  local: boolean,
  workers: number,
  log: Log,
  held: Sockets = new Map(),
  passed: readonly Pair[] = [],
): Sockets {
  if (local) refuseOutsideLoopback(passed)
  const everywhere = local ? ['127.0.0.1', '::1'] : ['0.0.0.0', '::']
  const wanted = listen.length + passed.length === 0 ? [{ address: undefined, port: 0 }] : listen
  // Addresses whose port is ours to choose share one: rpcbind can name only one port a transport.
  const free = wanted.filter(({ port }) => port === 0).flatMap(({ address }) => address ?? everywhere)
  const bound = new Map<string, readonly Pair[]>(
    passed.map((pair) => [`passed ${pair.address} port ${pair.port}`, [pair]]),
  )
  const isPassed = (address: string, port: number) =>
    passed.some((pair) => pair.port === port && isSameAddress(pair.address, address))
  const take = (wish: string, bind: () => readonly Pair[]) => {
    if (!bound.has(wish)) bound.set(wish, held.get(wish) ?? bind())
  }
  try {
    if (free.length > 0) take(`${free.join(' ')} any port`, () => bindAnyPort(free, workers, log))
    for (const { address, port } of wanted) {
      if (port === 0) continue
      const addresses = (address === undefined ? everywhere : [address]).filter((one) => !isPassed(one, port))
      if (addresses.length === 0) continue
      take(`${addresses.join(' ')} port ${port}`, () =>
        bindFixedPort(addresses, port, workers, address === undefined, log),
      )
    }
  } catch (error) {
    closeSockets(bound, held)
    throw error
  }
  return bound
}

/** However they are written. */
function isSameAddress(a: string, b: string): boolean {
  const [one, other] = [parseAddress(a), parseAddress(b)]
  return a === b || (one !== undefined && other !== undefined && Buffer.from(one).equals(other))
}

function refuseOutsideLoopback(passed: readonly Pair[]): void {
  const open = passed.find(({ address }) => {
    const bytes = parseAddress(address)
    return bytes === undefined || !isLoopback(bytes)
  })
  if (open === undefined) return
  const { address, port } = open
  throw new StartError(
    'passed-socket-unusable',
    `a socket on ${address} port ${port} was passed to us, beside "bind local": ` +
      'pass sockets on 127.0.0.1 and ::1 only, or say "bind portmap"',
  )
}

/** Closes those that are not also in `kept`. */
export function closeSockets(sockets: Sockets, kept: Sockets = new Map()): void {
  for (const [wish, pairs] of sockets) if (!kept.has(wish)) closeAll(pairs)
}

export function pairsOf(sockets: Sockets): readonly Pair[] {
  return [...sockets.values()].flat()
}

/** Where YP is answered. */
export function endpointsOf(sockets: Sockets): readonly Endpoint[] {
  return placesOf(pairsOf(sockets).filter(({ portmap }) => portmap === undefined))
}

/** Where the port mapper is that we are ourselves. */
export function portmapEndpointsOf(sockets: Sockets): readonly Endpoint[] {
  return placesOf(pairsOf(sockets).filter(({ portmap }) => portmap === true))
}

export function placesOf(pairs: readonly Pair[]): readonly Endpoint[] {
  return pairs.flatMap(({ address, port }): Endpoint[] => [
    { netid: isIPv6(address) ? 'udp6' : 'udp', address, port },
    { netid: isIPv6(address) ? 'tcp6' : 'tcp', address, port },
  ])
}

function bindFixedPort(
  addresses: readonly string[],
  port: number,
  workers: number,
  everywhere: boolean,
  log: Log,
): readonly Pair[] {
  const pairs: Pair[] = []
  for (const address of addresses) {
    const pair = bindPair(address, port, workers)
    if (!(pair instanceof BindError)) pairs.push(pair)
    else if (everywhere && isFamilyMissing(pair)) noFamily(address, log)
    else {
      closeAll(pairs)
      throw bindError(address, port, pair)
    }
  }
  return pairs
}

function bindAnyPort(addresses: readonly string[], workers: number, log: Log): readonly Pair[] {
  for (let port = FIRST_RESERVED; port <= LAST_RESERVED; port++) {
    const pairs = bindAll(addresses, port, workers, log)
    if (!(pairs instanceof BindError)) return pairs
    if (pairs.code === 'EACCES') break
    if (pairs.code !== 'EADDRINUSE') throw bindError(addresses[0]!, port, pairs)
  }
  let last: BindError | undefined
  for (let i = 0; i < EPHEMERAL_TRIES; i++) {
    const pairs = bindAll(addresses, 0, workers, log)
    if (!(pairs instanceof BindError)) return pairs
    last = pairs
    if (pairs.code !== 'EADDRINUSE') break
  }
  throw bindError(addresses[0]!, 0, last!)
}

/** All addresses on one port; the first one's, when that is 0. */
function bindAll(
  addresses: readonly string[],
  port: number,
  workers: number,
  log: Log,
): readonly Pair[] | BindError {
  const pairs: Pair[] = []
  let common = port
  for (const address of addresses) {
    const pair = bindPair(address, common, workers)
    if (!(pair instanceof BindError)) {
      pairs.push(pair)
      common = pair.port
    } else if (isIPv6(address) && pairs.length > 0 && isFamilyMissing(pair)) {
      noFamily(address, log)
    } else {
      closeAll(pairs)
      return pair
    }
  }
  return pairs
}

/** TCP first, since the kernel chooses its port among those it knows to be free. */
export function bindPair(address: string, wanted: number, workers: number): Pair | BindError {
  let tcp: Handle | undefined
  try {
    const bound = bindTcp(address, wanted)
    tcp = bound.handle
    return { address, port: bound.port, tcp, udp: bindWorkers(address, bound.port, workers) }
  } catch (error) {
    if (!(error instanceof BindError)) throw error
    tcp?.close()
    return error
  }
}

/** Throws BindError. */
function bindWorkers(address: string, port: number, workers: number): readonly Handle[] {
  const first = bindUdp(address, port)
  if (workers === 1) return [first]
  // What is shared would share with a stranger's as well: that there is none the first has shown.
  first.close()
  const handles: Handle[] = []
  try {
    for (let worker = 0; worker < workers; worker++) handles.push(bindUdp(address, port, true))
    return handles
  } catch (error) {
    for (const handle of handles) handle.close()
    throw error
  }
}

function closeAll(pairs: readonly Pair[]): void {
  for (const { tcp, udp } of pairs) {
    tcp.close()
    for (const handle of udp) handle.close()
  }
}

/** A kernel without IPv6, or an interface without its loopback address. */
function isFamilyMissing({ code }: BindError): boolean {
  return code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL'
}

function noFamily(address: string, log: Log): void {
  log('info', 'no-ipv6', `this host has no ${address}: answering over IPv4 only`)
}

export function bindError(address: string, port: number, { code, message }: BindError): StartError {
  if (code === 'EADDRINUSE' && portHolder('udp', port) === undefined && isLingering(port)) {
    return new StartError(
      'address-in-use',
      `${address} port ${port} is still taken by a client's connection that was closed: start again in a minute`,
    )
  }
  if (code === 'EADDRINUSE') {
    const holder = portHolder('tcp', port) ?? portHolder('udp', port) ?? 'another process'
    return new StartError(
      'address-in-use',
      `${address} port ${port} is taken by ${holder}: stop it or listen elsewhere`,
    )
  }
  const remedies = new Map([
    ['EACCES', '; a port below 1024 is for root: start as root, or listen on another'],
    ['EADDRNOTAVAIL', '; it is no address of this host: listen on another'],
  ])
  const remedy = remedies.get(code) ?? ''
  return new StartError('address-not-bound', `can't listen on ${address} port ${port}: ${message}${remedy}`)
}
