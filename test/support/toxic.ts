/** Clients that do what no client of YP does: slowly, in slices, half, or by the thousand. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { MARK_BYTES, writeMark } from '../../rpc/record.ts'
import { YpProcedure } from '../../rpc/yp.ts'
import { encodeKey, encodeNoKey } from '../../rpc/yp-arguments.ts'
import { encodeYpCall } from './yp-client.ts'

/** A connection that shows what becomes of it and closes nothing by itself. */
export async function openToxic(port: number, from = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from, allowHalfOpen: true })
  socket.on('error', () => {})
  socket.setNoDelay(true)
  await once(socket, 'connect')
  return socket
}

/** The bytes of a call as one record. */
export function recordOf(message: Buffer): Buffer {
  const bytes = Buffer.alloc(MARK_BYTES + message.length)
  writeMark(bytes, 0, message.length, true)
  message.copy(bytes, MARK_BYTES)
  return bytes
}

export function matchRecord(domain: string, map: string, key: string): Buffer {
  const encode = (writer: Parameters<typeof encodeKey>[0]) => encodeKey(writer, domain, map, key)
  return recordOf(encodeYpCall({ procedure: YpProcedure.MATCH, encode }))
}

export function allRecord(domain: string, map: string): Buffer {
  const encode = (writer: Parameters<typeof encodeNoKey>[0]) => encodeNoKey(writer, domain, map)
  return recordOf(encodeYpCall({ procedure: YpProcedure.ALL, encode }))
}

/** Sends a byte, waits so many milliseconds, sends the next; gives how many it could send until it was closed. */
export async function drip(socket: Socket, bytes: Buffer, milliseconds: number): Promise<number> {
  let sent = 0
  const gone = new AbortController()
  for (const event of ['end', 'close'] as const) socket.once(event, () => gone.abort())
  for (const byte of bytes) {
    if (gone.signal.aborted) break
    socket.write(Buffer.of(byte))
    sent += 1
    await setTimeout(milliseconds, undefined, { signal: gone.signal }).catch(() => {})
  }
  return sent
}

/** Sends each byte as a segment of its own: the next when the kernel has sent the one before. */
export async function slice(socket: Socket, bytes: Buffer): Promise<void> {
  for (const byte of bytes) {
    await new Promise((resolve) => socket.write(Buffer.of(byte), resolve))
  }
}

/** Reads `bytes` at a time with a pause between; gives all there was until the other side ended. */
export async function sip(socket: Socket, bytes: number, milliseconds: number): Promise<number> {
  let total = 0
  let since = 0
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    total += chunk.length
    since += chunk.length
    if (since < bytes) continue
    since = 0
    await setTimeout(milliseconds)
  }
  return total
}

/** What each of a crowd does with its connection. */
export const MANNERS = [
  /** nothing */
  'idle',
  /** the first bytes of a call */
  'unfinished',
  /** asks for a whole map, again and again, and reads nothing */
  'frozen',
  /** sends calls without end and reads nothing */
  'pipelining',
  /** sends fragments of one byte without end */
  'fragments',
  /** announces a call of 2 GiB */
  'announcing',
] as const

export type Manner = (typeof MANNERS)[number]

/** Said to the process of a crowd. */
export interface CrowdOrder {
  readonly port: number
  readonly count: number
  readonly manners: readonly Manner[]
  /** each that is closed comes again */
  readonly again: boolean
  readonly domain: string
  readonly map: string
}

export interface CrowdReport {
  /** connections that are open now, and that were ever opened */
  readonly open: number
  readonly opened: number
  readonly closed: number
  /** attempts that the kernel refused or gave up */
  readonly failed: number
}

export interface Crowd {
  readonly report: () => Promise<CrowdReport>
  readonly leave: () => Promise<void>
}

const PROGRAM = new URL('toxic-crowd.ts', import.meta.url)

/** Many clients in a process of their own, from addresses of their own within 127.0.0.0/8, 200 of each. */
export async function startCrowd(order: CrowdOrder): Promise<Crowd> {
  const child: ChildProcess = fork(PROGRAM, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  child.send(order)
  return {
    async report() {
      const told = once(child, 'message')
      child.send('report')
      const [report] = (await told) as [CrowdReport]
      return report
    },
    async leave() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
    },
  }
}
