import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { YpProcedure as P, YpStat } from '../../rpc/yp.ts'
import { DEFAULT_LIMITS } from '../../src/config/limit-table.ts'
import { BATCH } from '../../src/server/batch.ts'
import { BatchedServer, type Words } from '../../src/server/batched-server.ts'
import { ClientWord } from '../../src/server/clients.ts'
import { latencyWords, placeOf } from '../../src/server/counters.ts'
import { latencyOf } from '../../src/server/latency.ts'
import { UDP_CALL_BYTES } from '../../src/server/limits.ts'
import { Errno, MSG_TRUNC } from '../../src/server/mmsg.ts'
import { allocateShared, Control, type News, viewShared } from '../../src/server/news.ts'
import { sumOfRows } from '../../src/server/tally.ts'
import {
  argumentCases,
  askingCases,
  headerCases,
  misdirectedCases,
  transferCases,
} from '../e2e/ypserv-cases.ts'
import { Kernel } from '../support/datagram-kernel.ts'
import { group, imageOf, rows, user } from '../support/rows.ts'
import { readReply, writeCall } from '../support/rpc-codec.ts'
import { ruleOf } from '../support/rules.ts'

// What no kernel does on demand: a kernel made of buffers.

const domain = 'example.com'
const header = (xid: number) => ({ xid, program: 100004, version: 2, procedure: P.MATCH })
const match = (xid: number, key = 'alice') => writeCall(header(xid), { domain, map: 'passwd.byname', key })

const ENOBUFS = Errno.ENOBUFS
const EBADF = 9

let kernel: Kernel
let said: Words[]
let words: Int32Array
let counters: Float64Array
let server: BatchedServer
let news: News[]

beforeEach(() => {
  kernel = new Kernel()
  said = []
  ;({ words, counters } = viewShared(allocateShared()))
  const { bytes } = imageOf([rows([user()], [group()])])
  const memory = new SharedArrayBuffer(bytes.length)
  Buffer.from(memory).set(bytes)
  news = [
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

/** Between two turns. */
function tell(...more: readonly News[]): void {
  news.push(...more)
  Atomics.add(words, Control.generation, 1)
}

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

const from = (...address: readonly number[]) => ({ bytes: match(1), from: address })
const fast = (udpRate: number, udpRateDryRun = 0): News => ({
  kind: 'limits',
  limits: { ...DEFAULT_LIMITS, udpRate, udpRateDryRun },
})

/** A batch of as many calls as fit, each from one of these addresses in turn. */
const come = (...addresses: readonly (readonly number[])[]) => {
  const calls = Array.from({ length: BATCH }, (_, i) => from(...addresses[i % addresses.length]!))
  kernel.arriving.push(calls)
  server.turn()
}

describe('a network that sends faster than its rate', () => {
  const everybody = { kind: 'domain' as const, domain, rules: [ruleOf('allow 0.0.0.0/0')] }
  beforeEach(() => {
    vi.spyOn(performance, 'now').mockReturnValue(5000)
  })
  afterEach(() => void vi.restoreAllMocks())

  test('gets no answer to what is over it, is counted, and told of once', () => {
    tell(everybody, fast(10))
    come([192, 0, 2, 1], [192, 0, 2, 2])
    come([192, 0, 2, 3])
    expect(kernel.sent).toHaveLength(10)
    expect([counters[placeOf.calls], counters[placeOf.limited]]).toEqual([2 * BATCH, 2 * BATCH - 10])
    expect(said).toEqual([{ kind: 'too-many', calls: { address: '192.0.2.1', rate: 10, dryRun: false } }])
  })

  test('takes nothing from others, nor from this host', () => {
    tell(everybody, fast(10))
    come([192, 0, 2, 1], [192, 0, 3, 1], [127, 0, 0, 1], [127, 0, 0, 2])
    come([127, 0, 0, 1])
    expect(kernel.sent).toHaveLength(10 + 10 + BATCH / 2 + BATCH)
  })

  test('has its answers in a dry run, and is counted and told of', () => {
    tell(everybody, fast(0, 10))
    come([192, 0, 2, 1])
    expect(kernel.sent).toHaveLength(BATCH)
    expect(counters[placeOf.limited]).toBe(BATCH - 10)
    expect(said).toEqual([{ kind: 'too-many', calls: { address: '192.0.2.1', rate: 10, dryRun: true } }])
  })

  test('stays over it when rules or limits change', () => {
    tell(everybody, fast(10))
    come([192, 0, 2, 1])
    tell({ ...everybody, rules: [...everybody.rules, ...everybody.rules] }, fast(11))
    come([192, 0, 2, 1])
    expect(kernel.sent).toHaveLength(10)
  })

  test('is no matter where it may not ask at all: a stranger is a stranger', () => {
    tell(fast(10))
    come([192, 0, 2, 1])
    expect([counters[placeOf.strangers], counters[placeOf.limited]]).toEqual([BATCH, 0])
  })
})

test('no reply has a byte that another call, or another reply, left in its buffers', () => {
  const calls = [
    ...argumentCases(domain, 'passwd.byname'),
    ...headerCases(domain),
    ...misdirectedCases(domain),
    ...transferCases({ domain, maps: { 'passwd.byname': ['alice'] }, huge: [] }),
    ...askingCases({ domain, maps: { 'passwd.byname': ['alice'] }, huge: [] }),
  ].map(({ message }) => ({ bytes: message }))
  const answers = (poison?: number) => {
    kernel.poison = poison
    // Twice: the first time poisons what the second finds.
    for (const _ of [1, 2]) {
      kernel.sent.length = 0
      for (let at = 0; at < calls.length; at += BATCH) {
        kernel.arriving.push(calls.slice(at, at + BATCH))
        server.turn()
      }
    }
    return kernel.sent.map((reply) => reply.toString('hex'))
  }
  const clean = answers()
  expect(clean.length).toBeGreaterThan(100)
  expect(answers(0xa5)).toEqual(clean)
  expect(answers(0x5a)).toEqual(clean)
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

const ask = (key: string, ...address: readonly number[]) => ({ bytes: match(1, key), from: address })

describe('what it was asked', () => {
  test('is told when that is asked for, with who asked, and not before', () => {
    vi.spyOn(Date, 'now').mockReturnValue(1_795_244_400_999)
    tell({ kind: 'domain', domain, rules: [ruleOf('allow 192.0.2.0/24')] })
    kernel.arriving.push([
      ask('alice', 192, 0, 2, 1),
      ask('bob', 192, 0, 2, 1),
      ask('alice', 198, 51, 100, 1),
    ])
    server.turn()
    expect(said.map(({ kind }) => kind)).toEqual(['stranger'])
    tell({ kind: 'tell' })
    server.turn()
    const told = said.find(({ kind }) => kind === 'told') as Extract<Words, { kind: 'told' }>
    expect(sumOfRows(told.told.rows)).toEqual([
      { procedure: 'match', domain, map: 'passwd.byname', outcome: 'true', calls: 1 },
      { procedure: 'match', domain, map: 'passwd.byname', outcome: 'nokey', calls: 1 },
    ])
    const { size, words: known } = told.told.clients
    expect([size, known[3], known[ClientWord.first], known[ClientWord.calls]]).toEqual([
      1, 0xc0000201, 1_795_244_400, 2,
    ])
    vi.restoreAllMocks()
  })

  test('is told with how long the answers took that went out', () => {
    vi.spyOn(performance, 'now').mockReturnValueOnce(5000).mockReturnValueOnce(5000.05).mockReturnValue(6000)
    kernel.arriving.push([{ bytes: match(1) }, { bytes: match(2) }, { bytes: match(3) }])
    kernel.sending.push(1, -ENOBUFS, 1)
    server.turn()
    vi.restoreAllMocks()
    const { buckets, sum } = latencyOf([latencyWords(counters)])
    expect(buckets.reduce((all, calls) => all + calls, 0)).toBe(2)
    expect(sum).toBeGreaterThan(0)
  })
})

test('it stops when it is told to, and answers nothing more', () => {
  Atomics.store(words, Control.stop, 1)
  kernel.arriving.push([{ bytes: match(1) }])
  expect(server.turn()).toBe(false)
  expect(kernel.sent).toEqual([])
})
