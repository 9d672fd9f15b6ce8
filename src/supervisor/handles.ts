/**
 * Sockets that this process binds and never reads: their calls are for the server process, which gets the
 * descriptors and may die and come back without one queued call being lost. Node's public functions bind and
 * begin to read at once; those of its cluster module, which holds sockets in the same way, do not.
 */
import dgram from 'node:dgram'
import net, { isIPv6 } from 'node:net'
import { getSystemErrorMessage, getSystemErrorName } from 'node:util'

/** A bound socket of this process. */
export interface Handle {
  readonly fd: number
  readonly close: () => void
}

/** As Node's own: its functions want their object. */
interface Bound {
  readonly fd: number
  close(): void
  getsockname(name: Name): number
}

interface Name {
  address?: string
  port?: number
}

type Create<Type> = (
  address: string | null,
  port: number,
  type: Type,
  descriptor: number,
  flags: number,
) => Bound | number

const { _createServerHandle: createTcp } = net as unknown as { _createServerHandle: Create<4 | 6> }
const { _createSocketHandle: createUdp } = dgram as unknown as {
  _createSocketHandle: Create<'udp4' | 'udp6'>
}

/** UV_TCP_IPV6ONLY and UV_UDP_IPV6ONLY: an address of ours is of one family. */
const IPV6_ONLY = 1
/** UV_UDP_REUSEPORT */
const UDP_REUSE_PORT = 64

export class BindError extends Error {
  override readonly name = 'BindError'
  /** as errno(3) calls it */
  readonly code: string

  constructor(errno: number) {
    super(getSystemErrorMessage(errno))
    this.code = getSystemErrorName(errno)
  }
}

/** Bound, not yet listening. Throws BindError. */
export function bindTcp(address: string, port: number): { readonly handle: Handle; readonly port: number } {
  const six = isIPv6(address)
  const bound = made(createTcp(address, port, six ? 6 : 4, -1, six ? IPV6_ONLY : 0))
  // libuv tells of an address that is taken not when it binds but later.
  const name: Name = {}
  const errno = bound.getsockname(name)
  if (errno === 0) return { handle: handleOf(bound), port: name.port ?? 0 }
  bound.close()
  throw new BindError(errno)
}

/** Several that are shared have one address and port, and the kernel gives each caller to one. Throws BindError. */
export function bindUdp(address: string, port: number, shared = false): Handle {
  const six = isIPv6(address)
  const flags = (six ? IPV6_ONLY : 0) | (shared ? UDP_REUSE_PORT : 0)
  return handleOf(made(quietly(() => createUdp(address, port, six ? 'udp6' : 'udp4', -1, flags))))
}

/** A socket that this process was started with: which it is. */
export interface Adopted {
  readonly transport: 'tcp' | 'udp'
  readonly address: string
  readonly port: number
  readonly handle: Handle
}

/** Undefined when the descriptor is not of an IP socket. */
export function adopt(fd: number): Adopted | undefined {
  return (
    adoptedAs(
      'tcp',
      quietly(() => createTcp(null, 0, 4, fd, 0)),
    ) ??
    adoptedAs(
      'udp',
      quietly(() => createUdp(null, 0, 'udp4', fd, 0)),
    )
  )
}

function adoptedAs(transport: Adopted['transport'], result: Bound | number): Adopted | undefined {
  if (typeof result === 'number') return undefined
  const name: Name = {}
  // A unix socket has no such function.
  const errno = (result as Partial<Bound>).getsockname?.call(result, name)
  const { address, port } = name
  if (errno === 0 && address !== undefined && port !== undefined)
    return { transport, address, port, handle: handleOf(result) }
  result.close()
  return undefined
}

/** The functions are there for Node's own cluster module; the warning is for those who have another way. */
function quietly<T>(call: () => T): T {
  const { noDeprecation = false } = process
  process.noDeprecation = true
  try {
    return call()
  } finally {
    process.noDeprecation = noDeprecation
  }
}

function made(result: Bound | number): Bound {
  if (typeof result === 'number') throw new BindError(result)
  return result
}

function handleOf(bound: Bound): Handle {
  return { fd: bound.fd, close: () => bound.close() }
}
