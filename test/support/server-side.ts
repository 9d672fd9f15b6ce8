/** The supervisor's side of a server process: bound sockets for it, and what is said and heard through its channel. */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { commitImage } from '../../src/maps/image-file.ts'
import { openChannel } from '../../src/messages/channel.ts'
import { type FromServer, fromServer, type ServerSettings, type ToServer } from '../../src/messages/server.ts'
import { bindTcp, bindUdp, type Handle } from '../../src/supervisor/handles.ts'
import { ALL_MAPS } from './rows.ts'

type Kind = FromServer['kind']
type Message<K extends Kind> = Extract<FromServer, { kind: K }>

export interface ServerChannel {
  readonly send: (message: ToServer) => void
  /** The next message, which must be of this kind. */
  readonly next: <K extends Kind>(kind: K) => Promise<Message<K>>
  readonly end: () => void
}

export function openServerChannel(stream: Duplex): ServerChannel {
  const heard: FromServer[] = []
  const waiting: ((message: FromServer | Error) => void)[] = []
  let over: Error | undefined
  const finish = (reason: string) => {
    over = new Error(reason)
    for (const take of waiting.splice(0)) take(over)
  }
  const channel = openChannel<FromServer, ToServer>(stream, fromServer, {
    message(message) {
      const take = waiting.shift()
      if (take === undefined) heard.push(message)
      else take(message)
    },
    fault: (reason) => finish(`the server process said what it must not: ${reason}`),
    end: () => finish('the server process has ended its channel'),
  })
  return {
    send: (message) => channel.send(message),
    end: () => channel.end(),
    next: (kind) =>
      new Promise((resolve, reject) => {
        const take = (message: FromServer | Error) => {
          if (message instanceof Error) reject(message)
          else if (message.kind === kind) resolve(message as never)
          else reject(new Error(`${kind} expected, not ${JSON.stringify(message)}`))
        }
        const next = heard.shift() ?? over
        if (next === undefined) waiting.push(take)
        else take(next)
      }),
  }
}

export interface BoundSockets {
  readonly port: number
  readonly tcp: Handle
  readonly udp: Handle
  /** what the server process is told they are */
  readonly kinds: readonly string[]
}

/** TCP and UDP on one port of an address, bound and nothing more. */
export function bindBoth(address: string, tries = 20): BoundSockets {
  const { handle: tcp, port } = bindTcp(address, 0)
  try {
    return { port, tcp, udp: bindUdp(address, port), kinds: ['tcp', address.includes(':') ? 'udp6' : 'udp4'] }
  } catch (error) {
    tcp.close()
    // The kernel chose a port that is free for TCP, and another program may have it for UDP.
    if (tries === 1) throw error
    return bindBoth(address, tries - 1)
  }
}

const PROGRAM = fileURLToPath(new URL('server-child.ts', import.meta.url))

/**
 * A server process of its own on these sockets; nothing is said to it yet. `flags` are for Node; `openFiles` is how
 * many descriptors it may have.
 */
export function spawnServer(
  { kinds, tcp, udp }: BoundSockets,
  flags: readonly string[] = [],
  openFiles?: number,
): {
  readonly child: ChildProcess
  readonly channel: ServerChannel
} {
  const limit = openFiles === undefined ? [] : ['/usr/bin/prlimit', `--nofile=${openFiles}:${openFiles}`]
  const [program = '', ...args] = [...limit, process.execPath, ...flags, PROGRAM, ...kinds]
  const child = spawn(program, args, {
    env: {},
    stdio: ['ignore', 'ignore', 'inherit', 'pipe', tcp.fd, udp.fd],
  })
  return { child, channel: openServerChannel(child.stdio[3] as Duplex) }
}

/** Has an image loaded, which must be like those of test/support/rows.ts. */
export function loading(
  path: string,
  fresh = 0,
  made: { readonly domain?: string; readonly fingerprint?: string } = {},
): ToServer {
  return { kind: 'load', id: 1, path, fresh, domain: 'example.com', fingerprint: '00'.repeat(32), ...made }
}

export function settings(changes: Partial<ServerSettings> = {}): ServerSettings {
  return {
    kind: 'configure',
    domain: 'example.com',
    access: [],
    expire: null,
    maps: ALL_MAPS.map((name) => ({ name, secure: name.startsWith('master.') })),
    found: true,
    ...changes,
  }
}

export interface ImageFolder extends AsyncDisposable {
  /** Commits an image there and gives its path. */
  readonly commit: (name: string, bytes: ArrayBuffer) => Promise<string>
  readonly path: (name: string) => string
}

export async function imageFolder(): Promise<ImageFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'ypldap-server-'))
  const path = (name: string) => join(folder, name)
  return {
    path,
    async commit(name, bytes) {
      await commitImage(path(name), bytes)
      return path(name)
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}
