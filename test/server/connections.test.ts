import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { DEFAULT_LIMITS } from '../../src/config/limit-table.ts'
import type { ServerLimits } from '../../src/messages/server.ts'
import { type Closing, Connections, type Patience, type Watched } from '../../src/server/connections.ts'
import { createCounters } from '../../src/server/counters.ts'
import { LEAST_IDLE_MS, LOOK_MS } from '../../src/server/limits.ts'

const MIB = 2 ** 20

/** A connection that only notes what it is told. */
class Noted implements Watched {
  readonly address: string
  held = 0
  waitingSince = Infinity
  patience: Patience | undefined
  readonly ended: Closing[] = []
  /** it has been idle for so many ticks */
  idle = 0

  constructor(address = '192.0.2.1') {
    this.address = address
  }

  look(patience: Patience): boolean {
    this.patience = { ...patience }
    return this.idle >= patience.idle
  }

  end(limit: Closing): void {
    this.ended.push(limit)
  }
}

let limits: ServerLimits
let said: string[]
let states: string[]
let connections: Connections
const counters = createCounters().tcp

function create(changes: Partial<ServerLimits>, openFiles = Infinity): void {
  limits = { ...DEFAULT_LIMITS, ...changes }
  connections = new Connections({
    limits: () => limits,
    counters,
    log: (level, id, text) => said.push(`${level} ${id} ${text}`),
    openFiles,
  })
  connections.addListener({ pause: () => states.push('paused'), resume: () => states.push('resumed') })
}

/** So many more. */
function add(count: number, address?: string): readonly Noted[] {
  const added = Array.from({ length: count }, () => new Noted(address))
  for (const one of added) connections.add(one)
  return added
}

const look = () => vi.advanceTimersByTime(LOOK_MS)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  said = []
  states = []
})

afterEach(() => {
  vi.useRealTimers()
})

describe('accepting', () => {
  test('pauses when as many are open as may be, and goes on when a sixteenth has gone', () => {
    create({ tcpConnections: 32 })
    const open = add(32)
    expect(states).toEqual(['paused'])
    expect(said).toEqual([
      'warning tcp-full 32 TCP connections are open, as many as may be: others wait until some of them have ' +
        'gone; 1 times so far',
    ])
    connections.delete(open[0]!)
    expect(states).toEqual(['paused'])
    connections.delete(open[1]!)
    expect(states).toEqual(['paused', 'resumed'])
  })

  test('never takes more than half of the descriptors that the process may have', () => {
    create({ tcpConnections: 32 }, 20)
    add(9)
    expect(states).toEqual([])
    add(1)
    expect(states).toEqual(['paused'])
  })

  test('pauses on a socket that comes later, and does not resume one that has gone', () => {
    create({ tcpConnections: 1 })
    const [only] = add(1)
    const late = { pause: vi.fn<() => void>(), resume: vi.fn<() => void>() }
    connections.addListener(late)
    expect(late.pause).toHaveBeenCalledOnce()
    connections.removeListener(late)
    connections.delete(only!)
    expect(states).toEqual(['paused', 'resumed'])
    expect(late.resume).not.toHaveBeenCalled()
  })

  test('follows a limit that a reload changes, up and down', () => {
    create({ tcpConnections: 10 })
    add(10)
    limits = { ...limits, tcpConnections: 20 }
    look()
    expect(states).toEqual(['paused', 'resumed'])
    limits = { ...limits, tcpConnections: 5 }
    look()
    expect(states).toEqual(['paused', 'resumed', 'paused'])
  })
})

describe('one address', () => {
  test('has no more than its share, which is counted and told, and another has its own', () => {
    create({ tcpConnectionsPerAddress: 2 })
    const before = { ...counters }
    const [first] = add(2, '192.0.2.1')
    expect(connections.admits('192.0.2.1')).toBe(false)
    expect(connections.admits('192.0.2.2')).toBe(true)
    connections.delete(first!)
    expect(connections.admits('192.0.2.1')).toBe(true)
    expect(counters).toEqual({
      ...before,
      connections: before.connections + 3,
      open: 1,
      refused: before.refused + 1,
    })
    expect(said).toEqual([
      'warning tcp-refused 192.0.2.1 has as many connections as one address may; 1 such connections so far',
    ])
  })

  test('is forgotten with its last connection, however often it is told that one has gone', () => {
    create({ tcpConnectionsPerAddress: 1 })
    const [one] = add(1)
    connections.delete(one!)
    connections.delete(one!)
    expect(connections.admits('192.0.2.1')).toBe(true)
    add(1)
    expect(connections.admits('192.0.2.1')).toBe(false)
  })
})

describe('patience', () => {
  test('is what the limits say while half of the places are free', () => {
    create({ tcpConnections: 10, tcpIdle: 10, tcpUnfinished: 2, tcpStalled: 7 })
    const [one] = add(5)
    look()
    expect(one!.patience).toEqual({ idle: 100, unfinished: 20, stalled: 70 })
  })

  test('with idle clients shrinks with the places that are free, and with others does not', () => {
    create({ tcpConnections: 10, tcpIdle: 10, tcpUnfinished: 2, tcpStalled: 7 })
    const [one] = add(8)
    look()
    expect(one!.patience).toEqual({ idle: 32, unfinished: 20, stalled: 70 })
    add(2)
    look()
    expect(one!.patience).toEqual({ idle: LEAST_IDLE_MS / LOOK_MS, unfinished: 20, stalled: 70 })
  })

  test('grows again with each that goes, so that no more go than must', () => {
    create({ tcpConnections: 160, tcpIdle: 7 })
    const open = add(160)
    for (const one of open) one.idle = 10
    look()
    // With 21 of 160 places free the patience is 11 ticks.
    expect(open.filter(({ idle, patience }) => idle >= patience!.idle)).toHaveLength(21)
  })

  test('is so short while no more are taken that some go, however long it is at other times', () => {
    create({ tcpConnections: 160, tcpIdle: 3600 })
    const open = add(160)
    for (const one of open) one.idle = 10
    look()
    expect(open.filter(({ idle, patience }) => idle >= patience!.idle)).toHaveLength(11)
  })

  test('is not asked for where nobody is connected', () => {
    create({})
    expect(vi.getTimerCount()).toBe(0)
    const [one] = add(1)
    expect(vi.getTimerCount()).toBe(1)
    connections.delete(one!)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('what all of them hold', () => {
  test('over the limit closes those whose clients have taken nothing for longest, and no more than must', () => {
    create({ tcpOutbound: 4 })
    const [reading, slow, slower, slowest] = add(4)
    const since = [30, 20, 10, 5]
    for (const [index, one] of [reading!, slow!, slower!, slowest!].entries()) {
      one.held = 2 * MIB
      one.waitingSince = since[index]!
    }
    look()
    expect([reading, slow, slower, slowest].map((one) => one!.ended)).toEqual([
      [],
      [],
      ['closedOutbound'],
      ['closedOutbound'],
    ])
  })

  test('at the limit closes nobody', () => {
    create({ tcpOutbound: 4 })
    const open = add(2)
    for (const one of open) one.held = 2 * MIB
    look()
    expect(open.flatMap(({ ended }) => ended)).toEqual([])
  })
})

test('a connection that is closed at a limit is counted and told of once a minute, an idle one only counted', () => {
  create({})
  const [one] = add(1, '192.0.2.9')
  const before = { ...counters }
  connections.closed(one!, 'closedIdle')
  expect(said).toEqual([])
  connections.closed(one!, 'closedUnfinished')
  connections.closed(one!, 'closedStalled')
  expect(said).toEqual([
    'warning tcp-closed closed the connection of 192.0.2.9: the rest of its call did not come; ' +
      '1 such connections so far',
  ])
  expect(counters).toEqual({
    ...before,
    closedIdle: before.closedIdle + 1,
    closedUnfinished: before.closedUnfinished + 1,
    closedStalled: before.closedStalled + 1,
  })
})
