/** The C library's batched datagrams through koffi, where it is installed: the generator must not be the bottleneck. */
import { loadKoffi } from '../../src/koffi.ts'

const AF_INET = 2
const SOCK_DGRAM = 2
const SOL_SOCKET = 1
const SO_RCVBUF = 8
const SO_RCVTIMEO = 20
const MSG_WAITFORONE = 0x10000
const ADDRESS_BYTES = 16
const SOCKET_BUFFER = 4 << 20

/** struct mmsghdr and struct iovec of 64-bit Linux, in words of four bytes. */
const HEADER = { words: 16, name: 0, nameLength: 2, vector: 4, vectors: 6, length: 14 } as const
const VECTOR = { words: 4, base: 0, length: 2 } as const

export interface Native {
  readonly address: (buffer: Uint32Array | Uint8Array) => bigint
  readonly socket: (domain: number, type: number, protocol: number) => number
  readonly setOption: (fd: number, level: number, option: number, value: Uint8Array, size: number) => number
  readonly connect: (fd: number, address: Uint8Array, size: number) => number
  readonly bind: (fd: number, address: Uint8Array, size: number) => number
  readonly close: (fd: number) => number
  readonly receive: (fd: number, headers: Uint32Array, count: number, flags: number, timeout: null) => number
  readonly send: (fd: number, headers: Uint32Array, count: number, flags: number) => number
}

/** Undefined where koffi can't be loaded, or the kernel is none whose structures are known here. */
export function loadNative(): Native | undefined {
  if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64')) return undefined
  try {
    const koffi = loadKoffi()
    const library = koffi.load(null)
    return {
      address: koffi.address,
      socket: library.func('int socket(int domain, int type, int protocol)'),
      setOption: library.func('int setsockopt(int fd, int level, int option, void *value, uint32_t size)'),
      connect: library.func('int connect(int fd, void *address, uint32_t size)'),
      bind: library.func('int bind(int fd, void *address, uint32_t size)'),
      close: library.func('int close(int fd)'),
      receive: library.func('int recvmmsg(int fd, void *headers, uint32_t count, int flags, void *timeout)'),
      send: library.func('int sendmmsg(int fd, void *headers, uint32_t count, int flags)'),
    }
  } catch {
    return undefined
  }
}

/** C's pointer, in two words. */
function put(into: Uint32Array, at: number, address: bigint): void {
  into[at] = Number(address & 0xffffffffn)
  into[at + 1] = Number(address >> 32n)
}

/**
 * Room for so many datagrams, one behind the other, with the structures that recvmmsg and sendmmsg want. It holds
 * every buffer that C is told the address of: what JavaScript forgets, V8 frees.
 */
export class Batch {
  readonly words: Uint32Array
  readonly count: number
  /** words from one datagram to the next */
  readonly stride: number
  readonly headers: Uint32Array
  readonly #vectors: Uint32Array
  readonly #names: Uint8Array | undefined

  /** `names` of another batch: answers go where its calls came from. */
  constructor(native: Native, count: number, bytes: number, names?: 'named' | Batch) {
    this.count = count
    this.stride = bytes / 4
    this.words = new Uint32Array(count * this.stride)
    this.headers = new Uint32Array(count * HEADER.words)
    this.#vectors = new Uint32Array(count * VECTOR.words)
    if (names === 'named') this.#names = new Uint8Array(count * ADDRESS_BYTES)
    else if (names !== undefined) this.#names = names.#names
    for (let i = 0; i < count; i++) {
      put(
        this.#vectors,
        i * VECTOR.words + VECTOR.base,
        native.address(this.words) + BigInt(i * this.stride * 4),
      )
      this.#vectors[i * VECTOR.words + VECTOR.length] = bytes
      const header = i * HEADER.words
      put(this.headers, header + HEADER.vector, native.address(this.#vectors) + BigInt(i * VECTOR.words * 4))
      this.headers[header + HEADER.vectors] = 1
      if (this.#names === undefined) continue
      put(this.headers, header + HEADER.name, native.address(this.#names) + BigInt(i * ADDRESS_BYTES))
      this.headers[header + HEADER.nameLength] = ADDRESS_BYTES
    }
  }

  /** bytes received */
  length(index: number): number {
    return this.headers[index * HEADER.words + HEADER.length]!
  }

  /** bytes to send */
  setLength(index: number, bytes: number): void {
    this.#vectors[index * VECTOR.words + VECTOR.length] = bytes
  }

  /** The kernel leaves the length of the name that it wrote: before the next receive there is room again. */
  renew(count: number): void {
    for (let i = 0; i < count; i++) this.headers[i * HEADER.words + HEADER.nameLength] = ADDRESS_BYTES
  }
}

/** A UDP socket of 127.0.0.1, `bind` there or `connect` to there; a receive on it waits for so many milliseconds. */
export function openSocket(native: Native, how: 'bind' | 'connect', port: number, patience: number): number {
  const fd = native.socket(AF_INET, SOCK_DGRAM, 0)
  if (fd < 0) throw new Error('socket failed')
  const size = Buffer.alloc(4)
  size.writeUInt32LE(SOCKET_BUFFER)
  native.setOption(fd, SOL_SOCKET, SO_RCVBUF, size, size.length)
  const wait = Buffer.alloc(16)
  wait.writeBigUInt64LE(BigInt(Math.floor(patience / 1000)), 0)
  wait.writeBigUInt64LE(BigInt((patience % 1000) * 1000), 8)
  native.setOption(fd, SOL_SOCKET, SO_RCVTIMEO, wait, wait.length)
  const address = Buffer.alloc(ADDRESS_BYTES)
  address.writeUInt16LE(AF_INET, 0)
  address.writeUInt16BE(port, 2)
  address.set([127, 0, 0, 1], 4)
  if (native[how](fd, address, address.length) !== 0) throw new Error(`${how} to port ${port} failed`)
  return fd
}

/** At least one datagram, unless none comes in time: how many. */
export function receiveBatch(native: Native, fd: number, batch: Batch): number {
  return Math.max(0, native.receive(fd, batch.headers, batch.count, MSG_WAITFORONE, null))
}

/** A refusal by the other side (nobody listens) comes back as an error here: what was not sent is lost, as any. */
export function sendBatch(native: Native, fd: number, batch: Batch, count: number): void {
  native.send(fd, batch.headers, count, 0)
}
