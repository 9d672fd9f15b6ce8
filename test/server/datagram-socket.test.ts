import { expect, test } from 'vitest'
import { prepareSocket } from '../../src/server/datagram-socket.ts'
import { Errno, type SystemCalls } from '../../src/server/mmsg.ts'

const PKTINFO = [
  [0, 8],
  [41, 49],
] as const

/** Calls on a socket of this name, and the options that were set. */
function socketOf(name: readonly number[], failing?: keyof SystemCalls, buffer = 212_992) {
  const options: (readonly [level: number, option: number])[] = []
  const result = (call: keyof SystemCalls) => (call === failing ? -1 : 0)
  let blocking = false
  const calls: SystemCalls = {
    by: 'a test',
    address: () => 0n,
    receive: () => 0,
    send: () => 0,
    setOption(_fd, level, option) {
      options.push([level, option])
      return result('setOption')
    },
    getOption(_fd, _level, _option, into) {
      new Int32Array(into.buffer)[0] = buffer
      return result('getOption')
    },
    getName(_fd, into) {
      into.set(name)
      return result('getName')
    },
    setBlocking() {
      blocking = true
      return result('setBlocking')
    },
    useLargePages: () => {},
    errno: () => Errno.ENOBUFS,
  }
  return { calls, options, isBlocking: () => blocking }
}

const four = (...address: readonly number[]) => [2, 0, 3, 2, ...address]
const six = (...address: readonly number[]) => [10, 0, 3, 2, 0, 0, 0, 0, ...address]
const sixteen = (last: number) => [...Array.from({ length: 15 }, () => 0), last]

test.each([
  ['all addresses of IPv4', four(0, 0, 0, 0), false, PKTINFO[0]],
  ['all addresses of IPv6', six(...sixteen(0)), true, PKTINFO[1]],
] as const)('on %s the kernel is asked which one a call came to', (_, name, isSix, option) => {
  const socket = socketOf(name)
  prepareSocket(socket.calls, 3, isSix, 50)
  expect(socket.options).toContainEqual(option)
})

test.each([
  ['an address of IPv4', four(0, 0, 0, 1), false],
  ['an address of IPv6', six(...sixteen(1)), true],
] as const)('on %s it is not, for there is but one', (_, name, isSix) => {
  const socket = socketOf(name)
  prepareSocket(socket.calls, 3, isSix, 50)
  for (const option of PKTINFO) expect(socket.options).not.toContainEqual(option)
})

test('a buffer that whoever opened it made larger than we may is left so', () => {
  const SO_RCVBUF = [1, 8]
  const usual = socketOf(four(0, 0, 0, 0))
  prepareSocket(usual.calls, 3, false, 50)
  expect(usual.options).toContainEqual(SO_RCVBUF)
  const large = socketOf(four(0, 0, 0, 0), undefined, 8 * 1024 * 1024)
  prepareSocket(large.calls, 3, false, 50)
  expect(large.options).not.toContainEqual(SO_RCVBUF)
})

test('a receipt waits, but not for ever', () => {
  const socket = socketOf(four(127, 0, 0, 1))
  prepareSocket(socket.calls, 3, false, 50)
  expect(socket.options).toContainEqual([1, 20])
  expect(socket.isBlocking()).toBe(true)
})

test.each(['getName', 'setOption', 'setBlocking'] as const)('it is of no use when %s fails', (call) => {
  expect(() => prepareSocket(socketOf(four(0, 0, 0, 0), call).calls, 3, false, 50)).toThrow(
    'no buffer space available',
  )
})
