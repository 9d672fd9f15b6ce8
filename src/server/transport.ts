/** How datagrams are answered here, and why. */
import { loadSystemCalls } from './mmsg.ts'

export interface Transport {
  /** by a thread of its own, many at a time */
  readonly batched: boolean
  /** for people */
  readonly text: string
  /** the memory of an image */
  readonly allocate: (size: number) => ArrayBufferLike
}

export function chooseTransport(): Transport {
  try {
    const { by, useLargePages } = loadSystemCalls()
    return {
      batched: true,
      text: `UDP many datagrams at a time, by recvmmsg through ${by}`,
      // Memory that the threads share is none of V8's, which does not know how much of it can go.
      allocate(size) {
        const memory = new SharedArrayBuffer(size)
        // Small ones cost a MATCH among 100,000 users a twelfth of its time, and each the load a fault.
        useLargePages(new Uint8Array(memory))
        return memory
      },
    }
  } catch (error) {
    return oneByOne((error as Error).message)
  }
}

export function oneByOne(why: string): Transport {
  // What a module that is not there says has many lines.
  return {
    batched: false,
    text: `UDP one datagram at a time, by node:dgram: ${why.split('\n', 1)[0]}`,
    allocate: (size) => new ArrayBuffer(size),
  }
}
