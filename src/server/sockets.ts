/** The sockets that the supervisor bound, opened here: it keeps them as well, so they outlive this process. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Log } from '../log.ts'
import type { Access } from './access.ts'
import type { Responder } from './responder.ts'
import type { Service } from './service.ts'
import { serveTcp } from './tcp.ts'
import { serveUdp } from './udp.ts'

/** A socket that this process was started with: bound, and for TCP not listening yet. */
export interface Descriptor {
  /** `tcp`, `udp4` or `udp6` */
  readonly kind: string
  readonly fd: number
}

/** The kernel cuts it to its own maximum. */
const BACKLOG = 511

/** A burst of requests that arrive while the process is busy waits here; the kernel cuts it to its maximum. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024

/** Answers on all of them, or throws and has closed those that it had opened. */
export async function openSockets(
  descriptors: readonly Descriptor[],
  responder: Responder,
  access: Access,
  log: Log,
): Promise<readonly Service[]> {
  const services: Service[] = []
  try {
    for (const { kind, fd } of descriptors) {
      try {
        services.push(
          kind === 'tcp'
            ? await openTcp(fd, responder, access, log)
            : openUdp(kind, fd, responder, access, log),
        )
      } catch (error) {
        throw new Error(`descriptor ${fd} is of no use as ${kind}: ${(error as Error).message}`, {
          cause: error,
        })
      }
    }
  } catch (error) {
    for (const service of services) service.close()
    throw error
  }
  return services
}

async function openTcp(fd: number, responder: Responder, access: Access, log: Log): Promise<Service> {
  const server = createServer({ allowHalfOpen: true })
  const listening = once(server, 'listening')
  server.listen({ fd, backlog: BACKLOG })
  await listening
  // No connection is accepted before this: the event loop has not turned since.
  return serveTcp(server, responder, access, log)
}

function openUdp(kind: string, fd: number, responder: Responder, access: Access, log: Log): Service {
  if (kind !== 'udp4' && kind !== 'udp6') throw new Error('tcp, udp4 or udp6 expected')
  const socket = createSocket({
    type: kind,
    // An address needs no resolver; the default goes through one for every reply.
    lookup: (host, _options, done) => done(null, host, kind === 'udp6' ? 6 : 4),
  })
  try {
    socket.bind({ fd })
  } catch (error) {
    socket.close()
    throw error
  }
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES)
  } catch {
    // A smaller one serves as well, until there is a burst.
  }
  return serveUdp(socket, responder, access, log)
}
