/** Prepares a bound UDP socket for one thread that waits for its calls and does nothing else. */
import { getSystemErrorMessage } from 'node:util'
import { NAME_BYTES } from './batch.ts'
import { RECEIVE_BUFFER_BYTES } from './limits.ts'
import type { SystemCalls } from './mmsg.ts'

const SOL_SOCKET = 1
const SO_RCVBUF = 8
const SO_RCVTIMEO = 20
const IPPROTO_IP = 0
const IPPROTO_IPV6 = 41
const IP_PKTINFO = 8
const IPV6_RECVPKTINFO = 49

/**
 * Has a receipt wait so many milliseconds, and the kernel keep many calls while nobody takes them. Where the socket
 * is bound to all addresses, the kernel is to tell which of them a call came to, and to take that one for the reply
 * (ip(7), ipv6(7)); elsewhere there is but one. Throws when this is no such socket.
 */
export function prepareSocket(calls: SystemCalls, fd: number, six: boolean, patience: number): void {
  const must = (result: number) => {
    if (result < 0) throw new Error(getSystemErrorMessage(-calls.errno()))
  }
  const name = new Uint8Array(NAME_BYTES)
  must(calls.getName(fd, name))
  if (isEveryAddress(name, six)) {
    must(
      six
        ? calls.setOption(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, int(1))
        : calls.setOption(fd, IPPROTO_IP, IP_PKTINFO, int(1)),
    )
  }
  // Cut by the kernel to its own maximum; a smaller one serves as well, until there is a burst.
  if (!hasLargeBuffer(calls, fd)) calls.setOption(fd, SOL_SOCKET, SO_RCVBUF, int(RECEIVE_BUFFER_BYTES))
  must(calls.setOption(fd, SOL_SOCKET, SO_RCVTIMEO, timeval(patience)))
  must(calls.setBlocking(fd))
}

/** Whoever opened the socket may have had the right to pass that maximum, which we would take back. */
function hasLargeBuffer(calls: SystemCalls, fd: number): boolean {
  const size = new Int32Array(1)
  calls.getOption(fd, SOL_SOCKET, SO_RCVBUF, new Uint8Array(size.buffer))
  // The kernel tells twice what was asked for (socket(7)).
  return size[0]! >= 2 * RECEIVE_BUFFER_BYTES
}

function isEveryAddress(name: Uint8Array, six: boolean): boolean {
  return (six ? name.subarray(8, 24) : name.subarray(4, 8)).every((byte) => byte === 0)
}

function int(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer)
}

/** struct timeval of 64-bit machines */
function timeval(milliseconds: number): Uint8Array {
  const seconds = Math.floor(milliseconds / 1000)
  return new Uint8Array(BigInt64Array.of(BigInt(seconds), BigInt((milliseconds % 1000) * 1000)).buffer)
}
