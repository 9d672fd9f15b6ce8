/**
 * Sockets that the service manager opened and passes (sd_listen_fds(3)): descriptors from 3 on, for the process whose
 * id LISTEN_PID is. It keeps them as well, so what arrives while no daemon lives waits for the next one.
 */
import { StartError } from '../start-error.ts'
import { type Adopted, adopt, type Handle } from './handles.ts'
import type { Pair } from './sockets.ts'

/** SD_LISTEN_FDS_START */
const FIRST = 3
/** TCP and UDP on as many addresses as the configuration may name (MAX_LISTEN), and threads for each. */
const MOST = 512

/** What one address and port was given. */
interface Place {
  readonly address: string
  readonly port: number
  readonly tcp: Handle[]
  readonly udp: Handle[]
}

/** In the order in which they are passed; none when none are meant for us. Throws StartError. */
export function passedSockets(env: NodeJS.ProcessEnv, pid: number): readonly Pair[] {
  const { LISTEN_PID: whose, LISTEN_FDS: count = '' } = env
  if (whose !== String(pid)) return []
  if (!/^\d{1,4}$/.test(count) || Number(count) > MOST) {
    throw unusable(`LISTEN_FDS is "${count}"`, `pass ${MOST} at most`)
  }
  const places = new Map<string, Place>()
  for (let fd = FIRST; fd < FIRST + Number(count); fd++) {
    const { transport, address, port, handle } = adopted(fd)
    const key = `${address} port ${port}`
    const place = places.get(key) ?? { address, port, tcp: [], udp: [] }
    places.set(key, place)
    place[transport].push(handle)
  }
  return [...places.values()].map(pairOf)
}

function adopted(fd: number): Adopted {
  const found = adopt(fd)
  if (found !== undefined) return found
  throw unusable(`descriptor ${fd} is none of TCP or UDP`, 'name ports in the socket unit, and nothing else')
}

/** Every place answers on both, as clients expect. */
function pairOf({ address, port, tcp, udp }: Place): Pair {
  const [listener, ...others] = tcp
  if (listener !== undefined && others.length === 0 && udp.length > 0)
    return { address, port, tcp: listener, udp }
  throw unusable(
    `${address} port ${port} has ${tcp.length} of TCP and ${udp.length} of UDP`,
    'name each address once as ListenStream and once as ListenDatagram in the socket unit',
  )
}

function unusable(what: string, remedy: string): StartError {
  return new StartError(
    'passed-socket-unusable',
    `the sockets that were passed to us are of no use: ${what}; ${remedy}`,
  )
}
