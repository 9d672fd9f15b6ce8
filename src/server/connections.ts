/**
 * All TCP connections, whichever socket they came in by: how many there may be, and how long each may keep others
 * waiting. One look every tenth of a second is all that this costs; nothing is done for a call.
 */
import type { RecordLimits } from '../../rpc/record.ts'
import type { Log } from '../log.ts'
import type { ServerLimits } from '../messages/server.ts'
import type { TcpCounters } from './counters.ts'
import { LEAST_IDLE_MS, LOOK_MS } from './limits.ts'
import type { Listener } from './listener.ts'
import { mostOpenFiles } from './open-files.ts'
import { rarely } from './rarely.ts'

/** The limit at which a connection was closed, as it is counted. */
export type Closing = keyof TcpCounters & `closed${string}`

/** What is asked of each connection. */
export interface Watched {
  readonly address: string
  /** bytes that it keeps in memory: copies of answers, and calls that were not looked at */
  readonly held: number
  /** the tick at which its client last took something of an answer that waits; Infinity when none waits */
  readonly waitingSince: number
  /** Closes itself if it has waited too long for its client; gives whether it does. */
  readonly look: (patience: Patience) => boolean
  readonly end: (limit: Closing) => void
}

/** In ticks. */
export interface Patience {
  readonly idle: number
  readonly unfinished: number
  readonly stalled: number
}

const MEGABYTE = 2 ** 20

/** Accepting goes on when so much of the places is free: at each single one it would stop and go all the time. */
const RESUME_PART = 1 / 16

export interface ConnectionsOptions {
  readonly limits: () => ServerLimits
  readonly counters: TcpCounters
  readonly log: Log
  /** for tests: descriptors that the process may have */
  readonly openFiles?: number
}

export class Connections {
  /** Looks so far: the clock by which connections are judged. It stands still while this process does. */
  now = 0
  /** of every connection's records, as they are now */
  readonly recordLimits: RecordLimits
  readonly #limits: () => ServerLimits
  readonly #counters: TcpCounters
  readonly #openFiles: number
  readonly #open = new Set<Watched>()
  readonly #byAddress = new Map<string, number>()
  readonly #listeners = new Set<Listener>()
  readonly #tellFull: (most: number) => void
  readonly #tellRefused: (address: string) => void
  readonly #tellClosed: (text: string) => void
  #paused = false
  #timer: NodeJS.Timeout | undefined

  constructor({ limits, counters, log, openFiles = mostOpenFiles() }: ConnectionsOptions) {
    this.#limits = limits
    this.#counters = counters
    this.#openFiles = openFiles
    this.recordLimits = {
      get bytes() {
        return limits().tcpRequest
      },
      get fragments() {
        return limits().tcpFragments
      },
    }
    this.#tellFull = rarely((most, count) => {
      const others = `others wait until some of them have gone; ${count} times so far`
      log('warning', 'tcp-full', `${most} TCP connections are open, as many as may be: ${others}`)
    })
    this.#tellRefused = rarely((address, count) => {
      const all = `${count} such connections so far`
      log('warning', 'tcp-refused', `${address} has as many connections as one address may; ${all}`)
    })
    this.#tellClosed = rarely((text, count) => {
      log('warning', 'tcp-closed', `${text}; ${count} such connections so far`)
    })
  }

  /** Calls of one connection that may be answered before the kernel has taken the answers. */
  get inFlight(): number {
    return this.#limits().tcpInFlight
  }

  get #most(): number {
    return Math.min(this.#limits().tcpConnections, Math.max(1, Math.floor(this.#openFiles / 2)))
  }

  addListener(listener: Listener): void {
    this.#listeners.add(listener)
    if (this.#paused) listener.pause()
  }

  removeListener(listener: Listener): void {
    this.#listeners.delete(listener)
  }

  /** Whether there may be one more from there; if not, that is counted. */
  admits(address: string): boolean {
    this.#counters.connections += 1
    if ((this.#byAddress.get(address) ?? 0) < this.#limits().tcpConnectionsPerAddress) return true
    this.#counters.refused += 1
    this.#tellRefused(address)
    return false
  }

  add(connection: Watched): void {
    const { address } = connection
    this.#open.add(connection)
    this.#counters.open = this.#open.size
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1)
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS)
    if (this.#open.size >= this.#most) this.#pause()
  }

  delete(connection: Watched): void {
    if (!this.#open.delete(connection)) return
    this.#counters.open = this.#open.size
    const { address } = connection
    const others = this.#byAddress.get(address)! - 1
    if (others > 0) this.#byAddress.set(address, others)
    else this.#byAddress.delete(address)
    if (this.#paused) this.#resume()
    if (this.#open.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Counts and tells of a connection that is closed at a limit. */
  closed({ address }: Watched, limit: Closing): void {
    this.#counters[limit] += 1
    // A client that has nothing to ask is none to be told of.
    if (limit !== 'closedIdle') this.#tellClosed(`closed the connection of ${address}: ${REASONS[limit]}`)
  }

  #look(): void {
    this.now += 1
    const { tcpIdle, tcpUnfinished, tcpStalled, tcpOutbound } = this.#limits()
    const idle = ticks(tcpIdle * 1000)
    const patience = { idle, unfinished: ticks(tcpUnfinished * 1000), stalled: ticks(tcpStalled * 1000) }
    const most = this.#most
    let staying = this.#open.size
    let held = 0
    for (const connection of this.#open) {
      // In the place of an idle client another may wait. The more are closed the longer the others may stay.
      patience.idle = Math.min(idle, Math.max(LEAST_IDLE, Math.ceil(idle * plenty(staying / most))))
      if (connection.look(patience)) staying -= 1
      else held += connection.held
    }
    if (held > tcpOutbound * MEGABYTE) this.#relieve(held - tcpOutbound * MEGABYTE)
    // The limit may be another one now.
    if (this.#paused) this.#resume()
    else if (this.#open.size >= most) this.#pause()
  }

  /** Of those whose clients take nothing, the ones that have for longest go: who reads keeps its answers. */
  #relieve(excess: number): void {
    let rest = excess
    const waiting = [...this.#open].sort((a, b) => a.waitingSince - b.waitingSince)
    for (const connection of waiting) {
      if (rest <= 0) return
      rest -= connection.held
      connection.end('closedOutbound')
    }
  }

  #pause(): void {
    if (this.#paused) return
    this.#paused = true
    this.#tellFull(this.#open.size)
    for (const listener of this.#listeners) listener.pause()
  }

  #resume(): void {
    const most = this.#most
    if (this.#open.size > most - Math.ceil(most * RESUME_PART)) return
    this.#paused = false
    for (const listener of this.#listeners) listener.resume()
  }
}

const REASONS: Readonly<Record<Exclude<Closing, 'closedIdle'>, string>> = {
  closedTooLong: 'it announced a call longer than any may be',
  closedFragments: 'its call came in too many fragments, or in an empty one',
  closedUnfinished: 'the rest of its call did not come',
  closedStalled: 'it took nothing of its answers',
  closedOutbound: 'all answers that wait for clients are too much, and it has taken nothing for longest',
}

/** 1 while half of the places are free, and then less and less, to 0 where accepting may go on after a pause. */
function plenty(taken: number): number {
  return (1 - RESUME_PART - taken) / (0.5 - RESUME_PART)
}

export function ticks(milliseconds: number): number {
  return Math.ceil(milliseconds / LOOK_MS)
}

const LEAST_IDLE = ticks(LEAST_IDLE_MS)
