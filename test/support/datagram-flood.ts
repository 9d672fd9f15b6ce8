/** Datagrams without end, or nearly: from many addresses of loopback, and from addresses that are not the sender's. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { loadKoffi } from '../../src/koffi.ts'

export interface Flood {
  readonly port: number
  /** addresses of this host: each sends in its turn */
  readonly from: readonly string[]
  /** 127.0.0.1 unless it says otherwise */
  readonly to?: string
  /** datagrams in all */
  readonly count: number
  /** one after the other, over and over */
  readonly messages: readonly Uint8Array[]
}

/** Sends them in a thread of its own; resolves, when the kernel has taken all, with how many answers have come. */
export async function flood(workerData: Flood): Promise<number> {
  const worker = new Worker(new URL('flooder.ts', import.meta.url), { workerData })
  const [answers] = (await once(worker, 'message')) as [number]
  await worker.terminate()
  return answers
}

export interface Forged {
  /** of IPv4 */
  readonly from: string
  readonly fromPort: number
  readonly port: number
  readonly message: Buffer
}

const AF_INET = 2
const SOCK_RAW = 3
const IPPROTO_RAW = 255
const IPPROTO_UDP = 17
const IP_HEADER_BYTES = 20
const UDP_HEADER_BYTES = 8

/** For root: datagrams to 127.0.0.1 that claim to come from elsewhere (raw(7)). Throws where the kernel takes one not. */
export function forge(all: readonly Forged[]): void {
  const koffi = loadKoffi()
  const libc = koffi.load('libc.so.6')
  const open = libc.func('int socket(int, int, int)')
  const sendTo = libc.func('intptr_t sendto(int, void*, size_t, int, void*, uint32_t)')
  const close = libc.func('int close(int)')
  const fd = open(AF_INET, SOCK_RAW, IPPROTO_RAW)
  if (fd < 0) throw new Error(`no raw socket: errno ${koffi.errno()}`)
  const to = Buffer.from([AF_INET, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
  try {
    for (const one of all) {
      const packet = packetOf(one)
      if (sendTo(fd, packet, packet.length, 0, to, to.length) !== packet.length) {
        throw new Error(
          `a datagram from ${one.from} port ${one.fromPort} was not sent: errno ${koffi.errno()}`,
        )
      }
    }
  } finally {
    close(fd)
  }
}

/** The kernel fills in what is left 0: identification and checksum of IP; UDP over IPv4 needs none. */
function packetOf({ from, fromPort, port, message }: Forged): Buffer {
  const packet = Buffer.alloc(IP_HEADER_BYTES + UDP_HEADER_BYTES + message.length)
  packet[0] = 0x45
  packet.writeUInt16BE(packet.length, 2)
  packet[8] = 64
  packet[9] = IPPROTO_UDP
  packet.set(from.split('.').map(Number), 12)
  packet.set([127, 0, 0, 1], 16)
  packet.writeUInt16BE(fromPort, IP_HEADER_BYTES)
  packet.writeUInt16BE(port, IP_HEADER_BYTES + 2)
  packet.writeUInt16BE(UDP_HEADER_BYTES + message.length, IP_HEADER_BYTES + 4)
  message.copy(packet, IP_HEADER_BYTES + UDP_HEADER_BYTES)
  return packet
}
