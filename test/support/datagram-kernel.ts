import { MOST_UDP_REPLY } from '../../src/config/limit-table.ts'
import { Errno, MMSG_HEADER_BYTES, MmsgHeader, type SystemCalls } from '../../src/server/mmsg.ts'

export interface Datagram {
  readonly bytes: Buffer
  readonly port?: number
  readonly from?: readonly number[]
  readonly flags?: number
  /** what the kernel says that it was long */
  readonly length?: number
}

/** A kernel made of buffers: memory by its address, and datagrams on their way. */
export class Kernel {
  /** what comes next, one list a receipt; a number is an error */
  readonly arriving: (readonly Datagram[] | number)[] = []
  /** what sendmmsg says, one after the other: how many it takes, or an error as a negative number */
  readonly sending: number[] = []
  readonly sent: Buffer[] = []
  madeBlocking = 0
  /** Has all room for a call, and for the head of a reply, hold this byte before the call comes and after the reply went. */
  poison: number | undefined
  #errno = 0
  #next = 0x7f00_0000_0000n
  readonly #memory: { readonly at: bigint; readonly bytes: Uint8Array }[] = []

  readonly calls: SystemCalls = {
    by: 'a test',
    address: (bytes) => {
      // Across a border of 32 bits, so that both words count.
      const at = this.#next + 0xffff_f000n
      this.#next += 0x10_0000_0000n
      this.#memory.push({ at, bytes })
      return at
    },
    setOption: () => 0,
    getOption: () => 0,
    useLargePages: () => {},
    getName: () => 0,
    setBlocking: () => {
      this.madeBlocking += 1
      return 0
    },
    errno: () => this.#errno,
    receive: (_fd, headers, count) => {
      const datagrams = this.arriving.shift() ?? Errno.EAGAIN
      if (typeof datagrams === 'number') return this.#fail(datagrams)
      for (const [index, datagram] of datagrams.slice(0, count).entries())
        this.#deliver(headers, index, datagram)
      return Math.min(count, datagrams.length)
    },
    send: (_fd, headers, count) => {
      const takes = this.sending.shift() ?? count
      if (takes < 0) return this.#fail(-takes)
      const taken = Math.min(takes, count)
      for (let index = 0; index < taken; index++) this.sent.push(this.#gather(headers, index))
      return taken
    },
  }

  #fail(errno: number): number {
    this.#errno = errno
    return -1
  }

  #deliver(
    headers: Uint8Array,
    index: number,
    { bytes, port = 40_000, from = [127, 0, 0, 1], flags = 0, length = bytes.length }: Datagram,
  ) {
    const view = new DataView(headers.buffer, headers.byteOffset + index * MMSG_HEADER_BYTES)
    if (view.getUint32(MmsgHeader.nameLength, true) !== 28) throw new Error('no room for the name')
    const name = this.#at(view.getBigUint64(MmsgHeader.name, true))
    Buffer.from([2, 0, port >> 8, port & 255, ...from]).copy(name)
    const iov = this.#at(view.getBigUint64(MmsgHeader.iov, true))
    const room = iov.readUInt32LE(8)
    if (this.poison !== undefined) this.#at(iov.readBigUInt64LE(0)).fill(this.poison, 0, room)
    bytes.copy(this.#at(iov.readBigUInt64LE(0)), 0, 0, Math.min(room, bytes.length))
    view.setUint32(MmsgHeader.nameLength, 16, true)
    view.setUint32(MmsgHeader.controlLength, 0, true)
    view.setUint32(MmsgHeader.flags, flags, true)
    view.setUint32(MmsgHeader.length, Math.min(length, room), true)
  }

  #gather(headers: Uint8Array, index: number): Buffer {
    const view = new DataView(headers.buffer, headers.byteOffset + index * MMSG_HEADER_BYTES)
    const iov = this.#at(view.getBigUint64(MmsgHeader.iov, true))
    const parts = Array.from({ length: view.getUint32(MmsgHeader.iovLength, true) }, (_, part) => {
      const length = iov.readUInt32LE(part * 16 + 8)
      return this.#at(iov.readBigUInt64LE(part * 16)).subarray(0, length)
    })
    const reply = Buffer.concat(parts)
    if (this.poison !== undefined) this.#at(iov.readBigUInt64LE(0)).fill(this.poison, 0, MOST_UDP_REPLY)
    return reply
  }

  /** What lies at an address, which must be in memory that somebody has told of. */
  #at(address: bigint): Buffer {
    const found = this.#memory.find(({ at, bytes }) => address >= at && address < at + BigInt(bytes.length))
    if (found === undefined) throw new Error(`a segmentation fault at ${address}`)
    return Buffer.from(found.bytes.buffer, found.bytes.byteOffset, found.bytes.length).subarray(
      Number(address - found.at),
    )
  }
}
