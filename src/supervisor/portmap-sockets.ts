/** Port 111, where we are the port mapper of this host ourselves. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { RPCBIND_PORT } from '../../rpc/rpcbind.ts'
import { StartError } from '../start-error.ts'
import { BindError } from './handles.ts'
import { portHolder } from './port-holder.ts'
import { RPCBIND_SOCKETS } from './rpcbind-client.ts'
import { bindError, bindPair, closeSockets, type Pair, pairsOf, type Sockets } from './sockets.ts'

/** rpcbind is on this host, and takes a connection at once or never. */
const CONNECT_MS = 2000

/**
 * With sockets on port 111 of the addresses where YP is answered; those of `held` are taken as they are. Throws
 * StartError, and has then closed all that is not of `held`.
 */
export function withPortmapper(sockets: Sockets, held: Sockets = new Map()): Sockets {
  const all = new Map(sockets)
  for (const address of addressesOf(pairsOf(sockets))) {
    const wish = `port mapper on ${address}`
    const pair = held.get(wish)?.[0] ?? bindPair(address, RPCBIND_PORT, 1)
    if (pair instanceof BindError) {
      closeSockets(all, held)
      throw pair.code === 'EADDRINUSE' ? occupied() : bindError(address, RPCBIND_PORT, pair)
    }
    all.set(wish, [{ ...pair, portmap: true }])
  }
  return all
}

/** Throws StartError where rpcbind, or who starts it when it is asked for, is there. */
export async function refuseBesideRpcbind(paths: readonly string[] = RPCBIND_SOCKETS): Promise<void> {
  for (const path of paths) if (await answers(path)) throw occupied(path)
}

async function answers(path: string): Promise<boolean> {
  const socket = connect({ path })
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_MS) })
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** A wildcard covers the others of its family, and keeps them from their port. */
function addressesOf(pairs: readonly Pair[]): readonly string[] {
  const all = [...new Set(pairs.map(({ address }) => address))]
  const four = all.filter((address) => !address.includes(':'))
  const six = all.filter((address) => address.includes(':'))
  return [...(four.includes('0.0.0.0') ? ['0.0.0.0'] : four), ...(six.includes('::') ? ['::'] : six)]
}

function occupied(path?: string): StartError {
  const holder = portHolder('udp', RPCBIND_PORT) ?? portHolder('tcp', RPCBIND_PORT)
  const where = path === undefined ? `port ${RPCBIND_PORT} is taken` : `something answers at ${path}`
  return new StartError(
    'rpcbind-there',
    `this host has a port mapper already, beside "portmapper embedded": ${where}` +
      `${holder === undefined ? '' : ` (${holder})`}: leave that statement out, or stop the other for good ` +
      '(systemctl mask --now rpcbind.socket rpcbind.service)',
  )
}
