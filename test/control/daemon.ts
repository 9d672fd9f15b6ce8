/** A control socket in a folder of the test, with operations that the test makes up. */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { type ControlListener, listenControl } from '../../src/control/listener.ts'
import type { Operations } from '../../src/control/operations.ts'
import type { Log } from '../../src/log.ts'
import { openChannel } from '../../src/messages/channel.ts'
import { type Answer, answer, type Request } from '../../src/messages/control.ts'
import { statusOf } from './status-sample.ts'

let folder: string
const listeners: ControlListener[] = []
const sockets: Socket[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ypldap-control-'))
})

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await Promise.all(listeners.splice(0).map((listener) => listener.close()))
  rmSync(folder, { recursive: true, force: true })
})

/** A path in the folder of the test, where nothing is. */
export function nowhere(name = 'control.sock'): string {
  return join(folder, name)
}

/** What every daemon answers that has nothing to say. */
export function operations(changes: Partial<Operations> = {}): Operations {
  return {
    status: async () => statusOf(),
    refresh: async () => {},
    reload: async () => [],
    check: async () => [],
    setLevel: () => {},
    maps: () => [],
    match: nothing,
    cat: nothing,
    rejected: nothing,
    explain: async () => [],
    usage: nothing,
    clients: nothing,
    stop: () => {},
    ...changes,
  }
}

async function* nothing() {}

export interface Daemon extends ControlListener {
  readonly path: string
  /** `level id: text` */
  readonly logged: readonly string[]
}

export async function daemon(
  changes: Partial<Operations> = {},
  { path = nowhere(), group }: { path?: string; group?: number } = {},
): Promise<Daemon> {
  const logged: string[] = []
  const log: Log = (level, id, text) => logged.push(`${level} ${id}: ${text}`)
  const listener = await listenControl({ path, group }, operations(changes), log)
  listeners.push(listener)
  return { ...listener, path, logged }
}

/** A connection that says nothing of itself; `closed` resolves when it is over. */
export function connected(path: string): { readonly socket: Socket; readonly closed: Promise<void> } {
  const socket = connect(path)
  sockets.push(socket)
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  return { socket, closed }
}

export interface Asker {
  readonly socket: Socket
  readonly answers: readonly Answer[]
  /** resolves when the connection is over, with all that was answered */
  readonly over: Promise<readonly Answer[]>
}

/** Asks and takes everything that comes. */
export function asking(path: string, request: Request): Asker {
  const { socket, closed } = connected(path)
  const answers: Answer[] = []
  const channel = openChannel<Answer, Request>(socket, answer, {
    message: (message) => void answers.push(message),
    fault: (reason) => {
      throw new Error(reason)
    },
    end: () => {},
  })
  channel.send(request)
  return { socket, answers, over: closed.then(() => answers) }
}
