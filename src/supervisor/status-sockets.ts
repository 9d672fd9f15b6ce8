/** Sockets of the status process: they are ours, so that who waits there has an answer also when it is started anew. */
import type { MetricsConfig } from '../config/config.ts'
import { BindError, bindTcp, type Handle } from './handles.ts'
import { bindError } from './sockets.ts'

/** By address and port, as the configuration has them. */
export type StatusSockets = ReadonlyMap<string, Handle>

/** Of `held` is taken what is still wanted. Throws StartError, and has then bound nothing new. */
export function bindStatusSockets({ listen }: MetricsConfig, held: StatusSockets = new Map()): StatusSockets {
  const sockets = new Map<string, Handle>()
  try {
    for (const { address, port } of listen) {
      const place = `${address} port ${port}`
      sockets.set(place, held.get(place) ?? bind(address, port))
    }
    return sockets
  } catch (error) {
    closeStatusSockets(sockets, held)
    throw error
  }
}

function bind(address: string, port: number): Handle {
  try {
    return bindTcp(address, port).handle
  } catch (error) {
    throw error instanceof BindError ? bindError(address, port, error) : error
  }
}

/** Closes those that are not also in `kept`. */
export function closeStatusSockets(sockets: StatusSockets, kept: StatusSockets = new Map()): void {
  for (const [place, handle] of sockets) if (!kept.has(place)) handle.close()
}
