/**
 * Up to 64 datagrams that are received at one go, and their replies that are sent at one go. All buffers and the
 * structures that the kernel reads are made once, in one arena: nothing is allocated for a call.
 */

import { XdrWriter } from '../../rpc/xdr-writer.ts'
import { MOST_UDP_REPLY } from '../config/limit-table.ts'
import { UDP_CALL_BYTES } from './limits.ts'
import { IOV_BYTES, MMSG_HEADER_BYTES, MmsgHeader, MSG_TRUNC, type SystemCalls } from './mmsg.ts'

export const BATCH = 64

/** sockaddr_in6; sockaddr_in is shorter */
export const NAME_BYTES = 28
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
const ARENA_BYTES = HEADS + BATCH * MOST_UDP_REPLY

/** struct cmsghdr: length, level and type come before the data. */
const CMSG_DATA = 16
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
  /** the same bytes: the kernel's structures are made of words, and a word is written in a third of the time */
  readonly #words: Uint32Array
  readonly #receiveHeaders: Uint8Array
  readonly #sendHeaders: readonly Uint8Array[]
  #replies = 0

  constructor(calls: SystemCalls) {
    this.#calls = calls
    // Not of Buffer's pool: it must not share its memory, nor move.
    this.bytes = Buffer.from(new ArrayBuffer(ARENA_BYTES))
    this.#words = new Uint32Array(this.bytes.buffer)
    this.#arena = baseOf(calls, this.bytes)
    this.#receiveHeaders = this.bytes.subarray(RECEIVE, SEND)
    this.#sendHeaders = Array.from({ length: BATCH }, (_, index) =>
      this.bytes.subarray(SEND + index * MMSG_HEADER_BYTES, RECEIVE_IOV),
    )
    this.writers = Array.from(
      { length: BATCH },
      (_, index) =>
        new XdrWriter(
          this.bytes.subarray(HEADS + index * MOST_UDP_REPLY, HEADS + (index + 1) * MOST_UDP_REPLY),
        ),
    )
    for (let index = 0; index < BATCH; index++) this.#prepare(index)
  }

  /** How many calls have come; -1 when none came for a while, or for the reason in errno. */
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
    if ((this.#word(at + MmsgHeader.flags) & MSG_TRUNC) !== 0) return -1
    const length = this.#word(at + MmsgHeader.length)
    return length > UDP_CALL_BYTES ? -1 : this.callStart(index) + length
  }

  /** of the caller; 0 is none that could be answered */
  port(index: number): number {
    // sockaddr_in(3): after the family, in both families, and in network order.
    const at = NAMES + index * 32 + 2
    return (this.bytes[at]! << 8) | this.bytes[at + 1]!
  }

  isIPv4(index: number): boolean {
    return (this.#word(NAMES + index * 32) & 0xffff) === AF_INET
  }

  /** Where the caller's address lies, of 4 bytes or 16. */
  addressStart(index: number): number {
    return NAMES + index * 32 + (this.isIPv4(index) ? 4 : 8)
  }

  /** The reply to a call: the head that its writer holds, and `length` bytes at `start` behind an image's base. */
  reply(index: number, base: Base, start: number, length: number): void {
    const slot = this.#replies
    this.#replies += 1
    const from = RECEIVE + index * MMSG_HEADER_BYTES
    const to = SEND + slot * MMSG_HEADER_BYTES
    const iov = SEND_IOV + slot * 2 * IOV_BYTES
    this.#point(to + MmsgHeader.name, this.#arena, NAMES + index * 32)
    this.#put(to + MmsgHeader.nameLength, this.#word(from + MmsgHeader.nameLength))
    this.#put(to + MmsgHeader.iovLength, length > 0 ? 2 : 1)
    this.#point(iov, this.#arena, HEADS + index * MOST_UDP_REPLY)
    this.#put(iov + 8, this.writers[index]!.offset)
    if (length > 0) {
      this.#point(iov + IOV_BYTES, base, start)
      this.#put(iov + IOV_BYTES + 8, length)
    }
    this.#point(to + MmsgHeader.control, this.#arena, CONTROLS + index * CONTROL_BYTES)
    this.#put(to + MmsgHeader.controlLength, this.#sourceControl(index, from))
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
    for (let index = 0; index < count; index++) {
      const at = RECEIVE + index * MMSG_HEADER_BYTES
      this.#put(at + MmsgHeader.nameLength, NAME_BYTES)
      this.#put(at + MmsgHeader.controlLength, CONTROL_BYTES)
      this.#put(at + MmsgHeader.flags, 0)
    }
  }

  #prepare(index: number): void {
    const header = RECEIVE + index * MMSG_HEADER_BYTES
    const iov = RECEIVE_IOV + index * IOV_BYTES
    this.#point(header + MmsgHeader.name, this.#arena, NAMES + index * 32)
    this.#point(header + MmsgHeader.iov, this.#arena, iov)
    this.#put(header + MmsgHeader.iovLength, 1)
    this.#point(header + MmsgHeader.control, this.#arena, CONTROLS + index * CONTROL_BYTES)
    this.#point(iov, this.#arena, this.callStart(index))
    this.#put(iov + 8, CALL_ROOM)
    this.#point(
      SEND + index * MMSG_HEADER_BYTES + MmsgHeader.iov,
      this.#arena,
      SEND_IOV + index * 2 * IOV_BYTES,
    )
    this.renew(BATCH)
  }

  /** The bytes of control with the address that the call came to, for the reply to leave from; 0 without one. */
  #sourceControl(index: number, header: number): number {
    const length = this.#word(header + MmsgHeader.controlLength)
    if (length < CMSG_DATA + 12) return 0
    const data = CONTROLS + index * CONTROL_BYTES + CMSG_DATA
    const { bytes } = this
    // The interface is the route's to choose, but for an address that means something on one link only.
    if (this.isIPv4(index)) this.#put(data, 0)
    else if (bytes[data] !== 0xfe || (bytes[data + 1]! & 0xc0) !== 0x80) this.#put(data + 16, 0)
    return length
  }

  /** Writes the address of what is `offset` bytes behind a base. */
  #point(at: number, base: Base, offset: number): void {
    const low = base.low + offset
    this.#put(at, low)
    this.#put(at + 4, base.high + Math.floor(low / 2 ** 32))
  }

  #word(at: number): number {
    return this.#words[at >>> 2]!
  }

  #put(at: number, value: number): void {
    this.#words[at >>> 2] = value
  }
}
