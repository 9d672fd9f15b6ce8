/** Of all places where we answer, those that a port mapper can name: one a transport. */
import type { Log } from '../log.ts'
import type { Endpoint } from './sockets.ts'

/** Of several the first one's port, on every address: a wildcard becomes the address that its caller can reach. */
export function namedOf(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  return byNetid(endpoints).map(([first, ...others]) => {
    const wildcard = first!.netid.endsWith('6') ? '::' : '0.0.0.0'
    return others.length > 0 ? { ...first!, address: wildcard } : first!
  })
}

export function tellOfUnnamed(endpoints: readonly Endpoint[], log: Log): void {
  for (const [first, ...others] of byNetid(endpoints)) {
    const { netid, port } = first!
    if (others.every((other) => other.port === port)) continue
    log('warning', 'port-not-registered', `a port mapper can name one ${netid} port only: ${port} is it`)
  }
}

function byNetid(endpoints: readonly Endpoint[]): readonly (readonly Endpoint[])[] {
  return [...Map.groupBy(endpoints, ({ netid }) => netid).values()]
}
