/** The sockets that the supervisor bound, opened here: it keeps them as well, so they outlive this process. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { PortmapSettings } from '../messages/server.ts'
import type { Batched } from './batched-udp.ts'
import { LISTEN_BACKLOG, RECEIVE_BUFFER_BYTES } from './limits.ts'
import type { News } from './news.ts'
import { Portmapper } from './portmapper.ts'
import type { Service } from './service.ts'
import { serveTcp, type TcpServing } from './tcp.ts'
import { oneByOne, type Transport } from './transport.ts'
import { serveUdp, type UdpServing } from './udp.ts'

/** A socket that this process was started with: bound, and for TCP not listening yet. */
export interface Descriptor {
  /** `tcp`, `udp4` or `udp6`; with `portmap-` before it, one of the port mapper's */
  readonly kind: string
  readonly fd: number
}

export interface Answering extends TcpServing, UdpServing {
  readonly transport: Transport
  /** threads that were started for some of the descriptors */
  readonly threads: ReadonlyMap<number, Batched>
  /** what a thread of its own begins with */
  readonly news: readonly News[]
  /** what the port mapper tells, as it is now */
  readonly portmap: () => PortmapSettings
}

export interface Opened {
  readonly services: readonly Service[]
  /** how datagrams are answered */
  readonly transport: Transport
}

const PORTMAP = 'portmap-'

/** Answers on all of them, or throws and has closed those that it had opened. */
export async function openSockets(descriptors: readonly Descriptor[], answering: Answering): Promise<Opened> {
  let { transport } = answering
  const services: Service[] = []
  try {
    for (const { kind, fd } of descriptors) {
      try {
        if (kind === 'tcp') {
          services.push(await openTcp(fd, answering))
        } else if (kind.startsWith(PORTMAP)) {
          services.push(await openPortmap(kind.slice(PORTMAP.length), fd, answering))
        } else {
          const opened = await openUdp(kind, fd, { ...answering, transport })
          services.push(opened.service)
          transport = opened.transport
        }
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
  return { services, transport }
}

/** Its datagrams are few: they need no thread. */
async function openPortmap(kind: string, fd: number, answering: Answering): Promise<Service> {
  const { served, portmap } = answering
  if (kind === 'tcp') return openTcp(fd, { ...answering, responder: new Portmapper('tcp', served, portmap) })
  if (kind !== 'udp4' && kind !== 'udp6') throw new Error('tcp, udp4 or udp6 expected')
  return openOneByOne(kind, fd, { ...answering, responder: new Portmapper('udp', served, portmap) })
}

async function openTcp(fd: number, serving: TcpServing): Promise<Service> {
  const server = createServer({ allowHalfOpen: true })
  const listening = once(server, 'listening')
  server.listen({ fd, backlog: LISTEN_BACKLOG })
  await listening
  // No connection is accepted before this: the event loop has not turned since.
  return serveTcp(server, serving)
}

/** The second way, where the first is not to be had. */
async function openUdp(
  kind: string,
  fd: number,
  answering: Answering,
): Promise<{ readonly service: Service; readonly transport: Transport }> {
  if (kind !== 'udp4' && kind !== 'udp6') throw new Error('tcp, udp4 or udp6 expected')
  const { transport, threads, news } = answering
  const thread = transport.batched ? threads.get(fd) : undefined
  if (thread === undefined) return { service: openOneByOne(kind, fd, answering), transport }
  try {
    return { service: await thread.begin(news), transport }
  } catch (error) {
    const service = openOneByOne(kind, fd, answering)
    return { service, transport: oneByOne((error as Error).message) }
  }
}

function openOneByOne(kind: 'udp4' | 'udp6', fd: number, serving: UdpServing): Service {
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
    // The kernel tells twice what was asked for; whoever opened the socket may have had the right to have more than we.
    if (socket.getRecvBufferSize() < 2 * RECEIVE_BUFFER_BYTES) socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES)
  } catch {
    // A smaller one serves as well, until there is a burst.
  }
  return serveUdp(socket, serving)
}
