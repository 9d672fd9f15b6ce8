/**
 * One child process: started anew with its role on its command line, an empty environment, its own account, and
 * no descriptors but its channel, the log, and the sockets that it is given. It is killed when it does not answer
 * or grows too large.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { type Duplex, PassThrough } from 'node:stream'
import { type Channel, openChannel } from '../messages/channel.ts'
import type { Shape } from '../messages/shape.ts'
import type { Account } from './accounts.ts'
import type { Handle } from './handles.ts'

export type Role = 'directory' | 'server' | 'status'

/** Milliseconds between two looks at a child. */
const LOOK_MS = 1000
/** A child whose channel was closed has so long to end. */
const STOP_MS = 5000
/** That many bytes which a child does not take mean that it takes none. */
const MAX_WAITING = 64 * 1024 * 1024

/**
 * A small young space leaves more for the old one: a refresh of 100,000 users takes 295 MB, with 32 of it 340. Of a
 * server it bounds what a flood makes V8 take: 80 MiB in a minute of 1,000 hostile connections, else 200.
 */
export const YOUNG_SPACE = '--max-semi-space-size=8'

/**
 * V8 ends a process whose heap has been over four fifths of its limit in four collections between which it did little
 * else. Whoever collects because memory is short does that on purpose; what is stuck is ended by us.
 */
const GO_ON_COLLECTING = '--no-detect-ineffective-gcs-near-heap-limit'

interface FromAny {
  readonly kind: string
}

export interface ChildOptions<In extends FromAny> {
  readonly role: Role
  /** of main.ts: the file that each process begins with */
  readonly program: string
  readonly account: Account | undefined
  /** told to the child behind its role, as its further descriptors are in this order from 4 on */
  readonly args: readonly string[]
  readonly handles: readonly Handle[]
  /** of V8's heap, in MiB; without it V8 decides */
  readonly heap?: number | undefined
  /** what it may say; anything else ends it */
  readonly shape: Shape<In>
  /** it must answer within so many milliseconds */
  readonly patience: number
  /** resident bytes it may have; asked for at each look */
  readonly memory: () => number
  readonly message: (message: Exclude<In, { kind: 'pong' }>) => void
  /** It has ended; `reason` is why, if it was not told to. */
  readonly ended: (reason: string | undefined) => void
}

export interface Child<Out> {
  /** 0 when it could not be started */
  readonly pid: number
  /** when it was started, in milliseconds since 1970 */
  readonly started: number
  readonly send: (message: Out | Ping) => void
  /** Closes its channel; resolves when it has ended, killed if it takes too long. */
  readonly stop: () => Promise<void>
}

interface Ping {
  readonly kind: 'ping'
  readonly id: number
}

export function startChild<In extends FromAny, Out>(options: ChildOptions<In>): Child<Out> {
  const started = Date.now()
  let process: ChildProcess
  try {
    process = spawnChild(options)
  } catch (error) {
    setImmediate(() => options.ended(notStarted(error as Error)))
    return { pid: 0, started, send() {}, async stop() {} }
  }
  const gone = Promise.withResolvers<void>()
  let stopping = false
  let reason: string | undefined
  let pinged = 0
  let ponged = 0
  let silentSince = performance.now()

  const kill = (why: string) => {
    reason ??= why
    process.kill('SIGKILL')
  }

  // Out of descriptors there are no streams at all; 'error' follows.
  const stream = (process.stdio as ChildProcess['stdio'] | undefined)?.[3] ?? new PassThrough().end()
  const channel: Channel<Out | Ping> = openChannel(stream as Duplex, options.shape, {
    message(message) {
      if (message.kind === 'pong') ponged = pinged
      else options.message(message as Exclude<In, { kind: 'pong' }>)
    },
    fault: (what) => kill(`it said what it must not: ${what}`),
    end: () => {
      // Without its channel it ends by itself, or is stuck.
      setTimeout(() => kill('it closed its channel'), STOP_MS).unref()
    },
  })

  const look = setInterval(() => {
    const now = performance.now()
    if (ponged === pinged) {
      silentSince = now
      channel.send({ kind: 'ping', id: ++pinged })
    } else if (now - silentSince > options.patience) {
      kill(`it did not answer for ${Math.round((now - silentSince) / 1000)} s`)
    }
    if (channel.waiting > MAX_WAITING) kill('it did not take what it was told')
    const [memory, limit] = [residentMemory(process.pid ?? 0), options.memory()]
    if (memory > limit) kill(`it grew to ${megabytes(memory)} MB, more than ${megabytes(limit)} MB`)
  }, LOOK_MS)

  const over = (why: string) => {
    clearInterval(look)
    gone.resolve()
    options.ended(stopping ? undefined : (reason ?? why))
  }
  process.once('error', (error) => {
    // Of one that runs: it could not be signalled, as it has ended.
    if (process.pid === undefined) over(notStarted(error))
  })
  process.once('exit', (code, signal) =>
    over(signal === null ? `it ended with status ${code}` : `it was ended by ${signal}`),
  )

  return {
    pid: process.pid ?? 0,
    started,
    send: (message) => channel.send(message),
    async stop() {
      stopping = true
      channel.end()
      const timer = setTimeout(() => process.kill('SIGKILL'), STOP_MS)
      await gone.promise
      clearTimeout(timer)
    },
  }
}

function notStarted(error: Error): string {
  return `it could not be started: ${error.message}`
}

function spawnChild<In extends FromAny>(options: ChildOptions<In>): ChildProcess {
  const { role, program, account, args, handles, heap } = options
  const flags = [
    YOUNG_SPACE,
    ...(heap === undefined ? [] : [`--max-old-space-size=${heap}`, GO_ON_COLLECTING]),
  ]
  return spawn(process.execPath, [...flags, program, '--role', role, ...args], {
    cwd: '/',
    env: {},
    stdio: ['ignore', 'ignore', 'inherit', 'pipe', ...handles.map(({ fd }) => fd)],
    ...(account !== undefined && { uid: account.uid, gid: account.gid }),
  })
}

/** In bytes; 0 when the process is gone, or where there is no /proc. */
export function residentMemory(pid: number): number {
  try {
    const kilobytes = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
    return Number(kilobytes ?? 0) * 1024
  } catch {
    return 0
  }
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20)
}
