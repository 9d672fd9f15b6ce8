/**
 * The system calls that take and give many datagrams at once (recvmmsg(2), sendmmsg(2)), through koffi: Linux with
 * glibc on two kinds of machine.
 */
import { endianness } from 'node:os'
import { loadKoffi } from '../koffi.ts'

export interface SystemCalls {
  /** name and version of what makes them possible */
  readonly by: string
  /** the address of a buffer's first byte, which stays while the buffer lives */
  readonly address: (buffer: Uint8Array) => bigint
  /** Each gives a number from 0 up, or -1 and errno(3). This one waits until there is a datagram. */
  readonly receive: (fd: number, headers: Uint8Array, count: number) => number
  readonly send: (fd: number, headers: Uint8Array, count: number) => number
  readonly setOption: (fd: number, level: number, option: number, value: Uint8Array) => number
  /** writes the option's value */
  readonly getOption: (fd: number, level: number, option: number, value: Uint8Array) => number
  /** writes the address that the socket is bound to, a sockaddr(3) */
  readonly getName: (fd: number, name: Uint8Array) => number
  /** makes `receive` wait: Node's own sockets never do */
  readonly setBlocking: (fd: number) => number
  /** has memory that nobody has touched yet made of large pages, where there are any (madvise(2)) */
  readonly useLargePages: (memory: Uint8Array) => void
  readonly errno: () => number
}

/** struct mmsghdr: offsets and size in bytes, on x86-64 and arm64 alike */
export const MmsgHeader = {
  name: 0,
  nameLength: 8,
  iov: 16,
  iovLength: 24,
  control: 32,
  controlLength: 40,
  flags: 48,
  length: 56,
} as const
export const MMSG_HEADER_BYTES = 64
export const IOV_BYTES = 16

export const MSG_TRUNC = 0x20
const MSG_DONTWAIT = 0x40
const MSG_WAITFORONE = 0x10000
const MADV_HUGEPAGE = 14
/** the largest that these machines have */
const PAGE_BYTES = 65_536n
const F_GETFL = 3
const F_SETFL = 4
const O_NONBLOCK = 0x800

/** errno(3) of Linux on every machine that Node knows, but for names that differ (mips, sparc) */
export const Errno = {
  EINTR: 4,
  EAGAIN: 11,
  ENOBUFS: 105,
  ECONNREFUSED: 111,
} as const

/** Throws why there are none. */
export function loadSystemCalls(): SystemCalls {
  if (process.platform !== 'linux') throw new Error(`recvmmsg is of Linux, and this is ${process.platform}`)
  if (!['x64', 'arm64'].includes(process.arch) || endianness() !== 'LE') {
    throw new Error(`structures are known for x64 and arm64, and this is ${process.arch}`)
  }
  const koffi = loadKoffi()
  const libc = koffi.load('libc.so.6')
  const receive = libc.func('int recvmmsg(int, void*, unsigned int, int, void*)')
  const send = libc.func('int sendmmsg(int, void*, unsigned int, int)')
  const setOption = libc.func('int setsockopt(int, int, int, void*, unsigned int)')
  const getOption = libc.func('int getsockopt(int, int, int, void*, void*)')
  const getName = libc.func('int getsockname(int, void*, void*)')
  const control = libc.func('int fcntl(int, int, int)')
  const advise = libc.func('int madvise(uint64_t, size_t, int)')
  return {
    by: `koffi ${koffi.version}`,
    address: (buffer) => koffi.address(buffer),
    receive: (fd, headers, count) => receive(fd, headers, count, MSG_WAITFORONE, null),
    send: (fd, headers, count) => send(fd, headers, count, MSG_DONTWAIT),
    setOption: (fd, level, option, value) => setOption(fd, level, option, value, value.length),
    getOption: (fd, level, option, value) =>
      getOption(fd, level, option, value, Uint32Array.of(value.length)),
    getName: (fd, name) => getName(fd, name, Uint32Array.of(name.length)),
    setBlocking: (fd) => control(fd, F_SETFL, control(fd, F_GETFL, 0) & ~O_NONBLOCK),
    useLargePages(memory) {
      const address = koffi.address(memory)
      const start = (address + PAGE_BYTES - 1n) & -PAGE_BYTES
      const length = (address + BigInt(memory.length) - start) & -PAGE_BYTES
      if (length > 0n) advise(start, length, MADV_HUGEPAGE)
    },
    errno: () => koffi.errno(),
  }
}
