/**
 * The system calls that take and give many datagrams at once (recvmmsg(2), sendmmsg(2)), through koffi: Linux with
 * glibc on two kinds of machine.
 */
import { createRequire } from 'node:module'
import { endianness } from 'node:os'

/** Of koffi, what is used here; it need not be installed. */
interface Koffi {
  readonly version: string
  load(library: string): { func(prototype: string): (...args: unknown[]) => number }
  address(buffer: Uint8Array): bigint
  errno(): number
}

export interface SystemCalls {
  /** name and version of what makes them possible */
  readonly by: string
  /** the address of a buffer's first byte, which stays while the buffer lives */
  readonly address: (buffer: Uint8Array) => bigint
  /** each a number from 0 up, or -1 and errno(3) */
  readonly receive: (fd: number, headers: Uint8Array, count: number) => number
  readonly send: (fd: number, headers: Uint8Array, count: number) => number
  readonly poll: (entry: Uint8Array, count: number, milliseconds: number) => number
  readonly setOption: (fd: number, level: number, option: number, value: number) => number
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
  const koffi = createRequire(import.meta.url)('koffi') as Koffi
  const libc = koffi.load('libc.so.6')
  const receive = libc.func('int recvmmsg(int, void*, unsigned int, int, void*)')
  const send = libc.func('int sendmmsg(int, void*, unsigned int, int)')
  const poll = libc.func('int poll(void*, unsigned long, int)')
  const setOption = libc.func('int setsockopt(int, int, int, void*, unsigned int)')
  const int = Buffer.alloc(4)
  return {
    by: `koffi ${koffi.version}`,
    address: (buffer) => koffi.address(buffer),
    receive: (fd, headers, count) => receive(fd, headers, count, MSG_DONTWAIT, null),
    send: (fd, headers, count) => send(fd, headers, count, MSG_DONTWAIT),
    poll: (entry, count, milliseconds) => poll(entry, count, milliseconds),
    setOption(fd, level, option, value) {
      int.writeInt32LE(value)
      return setOption(fd, level, option, int, int.length)
    },
    errno: () => koffi.errno(),
  }
}
