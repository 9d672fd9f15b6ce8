/** The server side: sockets in, images in, answers out. */
import type { Socket } from 'node:dgram'
import type { Server as TcpServer } from 'node:net'
import type { AccessRule } from '../config/config.ts'
import type { Log } from '../log.ts'
import { ImageError, openImage } from '../maps/image.ts'
import type { DirectoryMessage } from '../messages.ts'
import { createAccess } from './access.ts'
import { Domains } from './domains.ts'
import { rarely } from './rarely.ts'
import { serveTcp } from './tcp.ts'
import { serveUdp } from './udp.ts'

export interface ServerOptions {
  /** bound; still the caller's to close */
  readonly udp: readonly Socket[]
  /** listening, with half-open connections allowed; still the caller's to close */
  readonly tcp: readonly TcpServer[]
  readonly access: readonly AccessRule[]
  readonly log: Log
}

export interface Server {
  /** Takes what the directory side says. */
  readonly receive: (message: DirectoryMessage) => void
  /** Ends all connections. */
  readonly close: () => void
}

export function startServer({ udp, tcp, access: rules, log }: ServerOptions): Server {
  const domains = new Domains()
  const access = createAccess(
    rules,
    rarely((address, count) => {
      const all = `${count} such addresses so far`
      log('warning', 'stranger', `no answer to ${address}, which no "allow from" covers; ${all}`)
    }),
  )
  for (const socket of udp) serveUdp(socket, domains, access, log)
  const ends = tcp.map((server) => serveTcp(server, domains, access, log))
  return {
    receive: (message) => receive(message, domains, log),
    close: () => {
      for (const end of ends) end()
    },
  }
}

function receive(message: DirectoryMessage, domains: Domains, log: Log): void {
  switch (message.kind) {
    case 'image':
      try {
        domains.serve(openImage(message.bytes))
      } catch (error) {
        if (!(error instanceof ImageError)) throw error
        log('error', 'image-refused', `the new image of ${message.domain} is refused: ${error.message}`)
      }
      return
    case 'trashed':
      log('warning', 'update-trashed', `${message.domain}: nothing changes: ${message.reason}`)
      return
    default:
      message satisfies never
  }
}
