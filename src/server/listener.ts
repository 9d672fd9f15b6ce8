/**
 * A listening socket that can stop taking connections for a while: they wait in the kernel's queue meanwhile. Node has
 * no word for that, but closing the socket, which could not be had back.
 */
import type { Server } from 'node:net'
import { LISTEN_BACKLOG } from './limits.ts'

export interface Listener {
  readonly pause: () => void
  readonly resume: () => void
}

/** What Node has below its server: the stream of libuv, of which 0 means done. */
interface Handle {
  readonly readStart?: () => number
  readonly readStop?: () => number
  readonly listen?: (backlog: number) => number
}

export function listenerOf(server: Server): Listener {
  const handle = () => {
    const { _handle: below } = server as unknown as { readonly _handle: Handle | null }
    return below
  }
  return {
    pause() {
      const stream = handle()
      // To stop reading is to wait no longer for what makes a socket readable, and connections do; but libuv
      // stops only what has begun.
      const paused = stream?.readStart?.() === 0 && stream.readStop?.() === 0
      // Where that is not to be had, connections are closed as they come.
      if (!paused) server.maxConnections = 0
    },
    resume() {
      server.maxConnections = Infinity
      handle()?.listen?.(LISTEN_BACKLOG)
    },
  }
}
