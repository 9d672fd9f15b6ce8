/** How datagrams are answered here, and why. */
import { loadSystemCalls } from './mmsg.ts'

export interface Transport {
  /** by a thread of its own, many at a time */
  readonly batched: boolean
  /** for people */
  readonly text: string
}

export function chooseTransport(): Transport {
  try {
    const { by } = loadSystemCalls()
    return { batched: true, text: `UDP many datagrams at a time, by recvmmsg through ${by}` }
  } catch (error) {
    return oneByOne((error as Error).message)
  }
}

export function oneByOne(why: string): Transport {
  // What a module that is not there says has many lines.
  return { batched: false, text: `UDP one datagram at a time, by node:dgram: ${why.split('\n', 1)[0]}` }
}
