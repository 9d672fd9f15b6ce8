import { beforeEach, describe, expect, test } from 'vitest'
import { YpProcedure as P, YpStat } from '../../rpc/yp.ts'
import { BATCH } from '../../src/server/batch.ts'
import { BatchedServer, type Words } from '../../src/server/batched-server.ts'
import { placeOf } from '../../src/server/counters.ts'
import { UDP_CALL_BYTES } from '../../src/server/limits.ts'
import { Errno, MMSG_HEADER_BYTES, MmsgHeader, MSG_TRUNC, type SystemCalls } from '../../src/server/mmsg.ts'
import { allocateShared, Control, type News, viewShared } from '../../src/server/news.ts'
import { group, imageOf, rows, user } from '../support/rows.ts'
import { readReply, writeCall } from '../support/rpc-codec.ts'

// What no kernel does on demand: a kernel made of buffers.

const domain = 'example.com'
const header = (xid: number) => ({ xid, program: 100004, version: 2, procedure: P.MATCH })
const match = (xid: number, key = 'alice') => writeCall(header(xid), { domain, map: 'passwd.byname', key })

interface Datagram {
  readonly bytes: Buffer
  readonly port?: number
  readonly flags?: number
  /** what the kernel says that it was long */
  readonly length?: number
}

const ENOBUFS = Errno.ENOBUFS
const EBADF = 9

/** Memory by its address, and datagrams on their way. */
class Kernel {
  /** what comes next, one list a receipt; a number is an error */
  readonly arriving: (readonly Datagram[] | number)[] = []
  /** what sendmmsg says, one after the other: how many it takes, or an error as a negative number */
  readonly sending: number[] = []
  readonly sent: Buffer[] = []
  madeBlocking = 0
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
    { bytes, port = 40_000, flags = 0, length = bytes.length }: Datagram,
  ) {
    const view = new DataView(headers.buffer, headers.byteOffset + index * MMSG_HEADER_BYTES)
    if (view.getUint32(MmsgHeader.nameLength, true) !== 28) throw new Error('no room for the name')
    const name = this.#at(view.getBigUint64(MmsgHeader.name, true))
    Buffer.from([2, 0, port >> 8, port & 255, 127, 0, 0, 1]).copy(name)
    const iov = this.#at(view.getBigUint64(MmsgHeader.iov, true))
    const room = iov.readUInt32LE(8)
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
    return Buffer.concat(parts)
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

let kernel: Kernel
let said: Words[]
let words: Int32Array
let counters: Float64Array
let server: BatchedServer

beforeEach(() => {
  kernel = new Kernel()
  said = []
  ;({ words, counters } = viewShared(allocateShared()))
  const { bytes } = imageOf([rows([user()], [group()])])
  const memory = new SharedArrayBuffer(bytes.length)
  Buffer.from(memory).set(bytes)
  const news: News[] = [
    { kind: 'domain', domain, rules: [] },
    { kind: 'image', bytes: memory },
  ]
  server = new BatchedServer({
    calls: kernel.calls,
    fd: 3,
    six: false,
    words,
    counters,
    news: () => news.shift(),
    say: (one) => said.push(one),
  })
})

const xids = () => kernel.sent.map((reply) => reply.readUInt32BE(0))

describe('a batch', () => {
  test('is answered whole, each call with its own reply', () => {
    kernel.arriving.push(
      Array.from({ length: BATCH }, (_, i) => ({ bytes: match(i, i % 2 === 0 ? 'alice' : 'bob') })),
    )
    expect(server.turn()).toBe(true)
    expect(xids()).toEqual(Array.from({ length: BATCH }, (_, i) => i))
    for (const [i, reply] of kernel.sent.entries()) {
      const { fields, left } = readReply(header(i), reply)
      expect({ status: fields['status'], left }).toEqual({
        status: i % 2 === 0 ? YpStat.TRUE : YpStat.NOKEY,
        left: 0,
      })
    }
    expect([counters[placeOf.calls], counters[placeOf.replies]]).toEqual([BATCH, BATCH])
  })

  test('that is full is followed by the rest', () => {
    const full = Array.from({ length: BATCH }, (_, i) => ({ bytes: match(i) }))
    kernel.arriving.push(full, full, full.slice(1))
    for (let turn = 0; turn < 3; turn++) server.turn()
    expect(kernel.sent).toHaveLength(3 * BATCH - 1)
  })

  test('holds no trace of the one before it', () => {
    kernel.arriving.push([{ bytes: match(1) }], [{ bytes: match(2).subarray(0, 30) }], [{ bytes: match(3) }])
    for (let turn = 0; turn < 3; turn++) server.turn()
    expect(xids()).toEqual([1, 3])
  })
})

describe('datagrams of a length that is not right', () => {
  test.each([
    ['cut by the kernel', { bytes: Buffer.alloc(9000), flags: MSG_TRUNC }],
    ['longer than any call', { bytes: Buffer.alloc(UDP_CALL_BYTES + 1) }],
    ['empty', { bytes: Buffer.alloc(0) }],
  ])('%s, get no answer; those beside them do', (_, datagram) => {
    kernel.arriving.push([{ bytes: match(1) }, datagram, { bytes: match(2) }])
    server.turn()
    expect(xids()).toEqual([1, 2])
  })

  test('from port 0 get no answer', () => {
    kernel.arriving.push([{ bytes: match(1), port: 0 }, { bytes: match(2) }])
    server.turn()
    expect(xids()).toEqual([2])
  })
})

describe('replies', () => {
  const four = [1, 2, 3, 4].map((xid) => ({ bytes: match(xid) }))

  test('of which the kernel takes some at a time all go out, each once', () => {
    kernel.arriving.push(four)
    kernel.sending.push(1, 2, 1)
    server.turn()
    expect(xids()).toEqual([1, 2, 3, 4])
  })

  test.each([
    ['EINTR', Errno.EINTR],
    ['ECONNREFUSED', Errno.ECONNREFUSED],
  ])('that meet %s, which is of another, are sent again', (_, errno) => {
    kernel.arriving.push(four)
    kernel.sending.push(2, -errno, -errno)
    server.turn()
    expect(xids()).toEqual([1, 2, 3, 4])
    expect(said).toEqual([])
  })

  test('for which there is no room are lost alone, and that is counted and told of once', () => {
    kernel.arriving.push(four, four)
    kernel.sending.push(1, -ENOBUFS, 2, 0 - Errno.EAGAIN)
    server.turn()
    expect(xids()).toEqual([1, 3, 4])
    server.turn()
    expect(xids()).toEqual([1, 3, 4, 2, 3, 4])
    expect(counters[placeOf.unsent]).toBe(2)
    expect(said).toEqual([{ kind: 'error', what: 'sending', errno: ENOBUFS }])
  })

  test('that can never be sent are given up, and not tried for ever', () => {
    kernel.arriving.push(four)
    kernel.sending.push(...Array.from({ length: 10_000 }, () => -Errno.ECONNREFUSED))
    server.turn()
    expect(kernel.sent).toEqual([])
    expect(counters[placeOf.unsent]).toBe(4)
  })
})

describe('a receipt', () => {
  test.each([
    ['EINTR', Errno.EINTR],
    ['ECONNREFUSED', Errno.ECONNREFUSED],
    ['EAGAIN', Errno.EAGAIN],
  ])('that ends in %s is no error', (_, errno) => {
    kernel.arriving.push(errno, [{ bytes: match(1) }])
    server.turn()
    server.turn()
    expect(xids()).toEqual([1])
    expect([said, counters[placeOf.receiveErrors]]).toEqual([[], 0])
  })

  test('that does not wait, because somebody changed the mode of the socket, waits the next time', () => {
    const before = kernel.madeBlocking
    kernel.arriving.push(Errno.EAGAIN)
    server.turn()
    expect(kernel.madeBlocking).toBe(before + 1)
  })

  test('that fails otherwise is told of, and the next one may be right', () => {
    kernel.arriving.push(ENOBUFS, [{ bytes: match(1) }])
    server.turn()
    server.turn()
    expect(xids()).toEqual([1])
    expect(said).toEqual([{ kind: 'error', what: 'receiving', errno: ENOBUFS }])
  })

  test('that fails again and again ends the server, which is started anew', () => {
    for (let i = 0; i < 2000; i++) kernel.arriving.push(EBADF)
    expect(() => {
      while (server.turn());
    }).toThrow('receiving failed 1001 times in a row')
    expect(said).toHaveLength(1)
  })
})

test('it stops when it is told to, and answers nothing more', () => {
  Atomics.store(words, Control.stop, 1)
  kernel.arriving.push([{ bytes: match(1) }])
  expect(server.turn()).toBe(false)
  expect(kernel.sent).toEqual([])
})
