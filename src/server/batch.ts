/**
 * Up to 64 datagrams that are received at one go, and their replies that are sent at one go. All buffers and the
 * structures that the kernel reads are made once, in one arena: nothing is allocated for a call.
 */
import { getSystemErrorMessage } from 'node:util'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import { RECEIVE_BUFFER_BYTES, UDP_CALL_BYTES, UDP_REPLY_BYTES } from './limits.ts'
import { IOV_BYTES, MMSG_HEADER_BYTES, MmsgHeader, MSG_TRUNC, type SystemCalls } from './mmsg.ts'

export const BATCH = 64

/** sockaddr_in6; sockaddr_in is shorter */
const NAME_BYTES = 28
/** cmsghdr with in6_pktinfo takes 40 */
const CONTROL_BYTES = 64
/** One more than a call may have shows that it had more. */
const CALL_ROOM = UDP_CALL_BYTES + 8

const RECEIVE = 0
const SEND = RECEIVE + BATCH * MMSG_HEADER_BYTES
const RECEIVE_IOV = SEND + BATCH * MMSG_HEADER_BYTES
const SEND_IOV = RECEIVE_IOV + BATCH * IOV_BYTES
const NAMES = SEND_IOV + BATCH * 2 * IOV_BYTES
const CONTROLS = NAMES + BATCH * 32
const CALLS = CONTROLS + BATCH * CONTROL_BYTES
const HEADS = CALLS + BATCH * CALL_ROOM
const ARENA_BYTES = HEADS + BATCH * UDP_REPLY_BYTES

/** struct cmsghdr: length, level and type come before the data. */
const CMSG_DATA = 16
const SOL_SOCKET = 1
const SO_RCVBUF = 8
const IPPROTO_IP = 0
const IPPROTO_IPV6 = 41
const IP_PKTINFO = 8
const IPV6_RECVPKTINFO = 49
const AF_INET = 2

/** An address in two words, as V8 has no number for all of it that costs nothing. */
export interface Base {
  readonly low: number
  readonly high: number
}

export function baseOf(calls: SystemCalls, buffer: Uint8Array): Base {
  const address = calls.address(buffer)
  return { low: Number(address & 0xffffffffn), high: Number(address >> 32n) }
}

export class Batch {
  /** the calls as they came, at `callStart` */
  readonly bytes: Buffer
  /** for the head of each reply */
  readonly writers: readonly XdrWriter[]
  readonly #calls: SystemCalls
  readonly #arena: Base
  readonly #receiveHeaders: Uint8Array
  readonly #sendHeaders: readonly Uint8Array[]
  #replies = 0

  constructor(calls: SystemCalls) {
    this.#calls = calls
    // Not of Buffer's pool: it must not share its memory, nor move.
    this.bytes = Buffer.from(new ArrayBuffer(ARENA_BYTES))
    this.#arena = baseOf(calls, this.bytes)
    this.#receiveHeaders = this.bytes.subarray(RECEIVE, SEND)
    this.#sendHeaders = Array.from({ length: BATCH }, (_, index) =>
      this.bytes.subarray(SEND + index * MMSG_HEADER_BYTES, RECEIVE_IOV),
    )
    this.writers = Array.from(
      { length: BATCH },
      (_, index) =>
        new XdrWriter(
          this.bytes.subarray(HEADS + index * UDP_REPLY_BYTES, HEADS + (index + 1) * UDP_REPLY_BYTES),
        ),
    )
    for (let index = 0; index < BATCH; index++) this.#prepare(index)
  }

  /**
   * Has the kernel tell which address a call came to, and take it for the reply's (ip(7), ipv6(7)), and keep many
   * calls while nobody takes them. Throws when this is no such socket.
   */
  prepareSocket(fd: number, six: boolean): void {
    const calls = this.#calls
    // Cut by the kernel to its own maximum; a smaller one serves as well, until there is a burst.
    calls.setOption(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    const done = six
      ? calls.setOption(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
      : calls.setOption(fd, IPPROTO_IP, IP_PKTINFO, 1)
    if (done < 0) throw new Error(getSystemErrorMessage(-this.#calls.errno()))
  }

  /** How many calls have come; -1 when there are none now, or for the reason in errno. */
  receive(fd: number): number {
    this.#replies = 0
    return this.#calls.receive(fd, this.#receiveHeaders, BATCH)
  }

  callStart(index: number): number {
    return CALLS + index * CALL_ROOM
  }

  /** One past a call's last byte; before its start when it was longer than any right call is. */
  callEnd(index: number): number {
    const at = RECEIVE + index * MMSG_HEADER_BYTES
    const { bytes } = this
    if ((bytes.readInt32LE(at + MmsgHeader.flags) & MSG_TRUNC) !== 0) return -1
    const length = bytes.readUInt32LE(at + MmsgHeader.length)
    return length > UDP_CALL_BYTES ? -1 : this.callStart(index) + length
  }

  /** of the caller; 0 is none that could be answered */
  port(index: number): number {
    // sockaddr_in(3): after the family, in both families.
    return this.bytes.readUInt16BE(NAMES + index * 32 + 2)
  }

  isIPv4(index: number): boolean {
    return this.bytes.readUInt16LE(NAMES + index * 32) === AF_INET
  }

  /** Where the caller's address lies, of 4 bytes or 16. */
  addressStart(index: number): number {
    return NAMES + index * 32 + (this.isIPv4(index) ? 4 : 8)
  }

  /** The reply to a call: the head that its writer holds, and `length` bytes at `start` behind an image's base. */
  reply(index: number, base: Base, start: number, length: number): void {
    const { bytes } = this
    const slot = this.#replies
    this.#replies += 1
    const from = RECEIVE + index * MMSG_HEADER_BYTES
    const to = SEND + slot * MMSG_HEADER_BYTES
    const iov = SEND_IOV + slot * 2 * IOV_BYTES
    this.#point(to + MmsgHeader.name, this.#arena, NAMES + index * 32)
    bytes.writeUInt32LE(bytes.readUInt32LE(from + MmsgHeader.nameLength), to + MmsgHeader.nameLength)
    bytes.writeUInt32LE(length > 0 ? 2 : 1, to + MmsgHeader.iovLength)
    this.#point(iov, this.#arena, HEADS + index * UDP_REPLY_BYTES)
    bytes.writeUInt32LE(this.writers[index]!.offset, iov + 8)
    if (length > 0) {
      this.#point(iov + IOV_BYTES, base, start)
      bytes.writeUInt32LE(length, iov + IOV_BYTES + 8)
    }
    this.#point(to + MmsgHeader.control, this.#arena, CONTROLS + index * CONTROL_BYTES)
    bytes.writeUInt32LE(this.#sourceControl(index, from), to + MmsgHeader.controlLength)
  }

  get replies(): number {
    return this.#replies
  }

  /** Sends the replies from the given one on; how many went out, or -1 for the reason in errno of the first. */
  send(fd: number, first: number): number {
    return this.#calls.send(fd, this.#sendHeaders[first]!, this.#replies - first)
  }

  /** After each receipt: the kernel writes lengths where it reads them. */
  renew(count: number): void {
    const { bytes } = this
    for (let index = 0; index < count; index++) {
      const at = RECEIVE + index * MMSG_HEADER_BYTES
      bytes.writeUInt32LE(NAME_BYTES, at + MmsgHeader.nameLength)
      bytes.writeUInt32LE(CONTROL_BYTES, at + MmsgHeader.controlLength)
      bytes.writeInt32LE(0, at + MmsgHeader.flags)
    }
  }

  #prepare(index: number): void {
    const { bytes } = this
    const header = RECEIVE + index * MMSG_HEADER_BYTES
    const iov = RECEIVE_IOV + index * IOV_BYTES
    this.#point(header + MmsgHeader.name, this.#arena, NAMES + index * 32)
    this.#point(header + MmsgHeader.iov, this.#arena, iov)
    bytes.writeUInt32LE(1, header + MmsgHeader.iovLength)
    this.#point(header + MmsgHeader.control, this.#arena, CONTROLS + index * CONTROL_BYTES)
    this.#point(iov, this.#arena, this.callStart(index))
    bytes.writeUInt32LE(CALL_ROOM, iov + 8)
    this.#point(
      SEND + index * MMSG_HEADER_BYTES + MmsgHeader.iov,
      this.#arena,
      SEND_IOV + index * 2 * IOV_BYTES,
    )
    this.renew(BATCH)
  }

  /** The bytes of control with the address that the call came to, for the reply to leave from; 0 without one. */
  #sourceControl(index: number, header: number): number {
    const { bytes } = this
    const length = bytes.readUInt32LE(header + MmsgHeader.controlLength)
    const data = CONTROLS + index * CONTROL_BYTES + CMSG_DATA
    if (length < CMSG_DATA + 12) return 0
    // The interface is the route's to choose, but for an address that means something on one link only.
    if (this.isIPv4(index)) bytes.writeUInt32LE(0, data)
    else if (bytes[data] !== 0xfe || (bytes[data + 1]! & 0xc0) !== 0x80) bytes.writeUInt32LE(0, data + 16)
    return length
  }

  /** Writes the address of what is `offset` bytes behind a base. */
  #point(at: number, base: Base, offset: number): void {
    const low = base.low + offset
    this.bytes.writeUInt32LE(low >>> 0, at)
    this.bytes.writeUInt32LE(base.high + Math.floor(low / 2 ** 32), at + 4)
  }
}
