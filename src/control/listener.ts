/** The control socket: a unix socket on which ypldapctl asks, one request a connection. */
import { once } from 'node:events'
import {
  type BigIntStats,
  chmodSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  renameSync,
  statSync,
  unlinkSync,
} from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import type { Log } from '../log.ts'
import { StartError } from '../start-error.ts'
import { serveConnection } from './connection.ts'
import type { Operations } from './operations.ts'
import { controlPath, ROOT_CONTROL_PATH } from './path.ts'

/** sun_path of unix(7), less its NUL */
const MAX_PATH_BYTES = 107

/** Each may hold a few parts of an answer. */
const MAX_CONNECTIONS = 16

/** Milliseconds that an answer may take to be taken once the socket is closed. */
const GRACE_MS = 2000

/** Whoever may write to the socket may ask: its owner and one group. */
const SOCKET_MODE = 0o660
const NOBODY_ELSE = 0o177

const WRITABLE_BY_OTHERS = 0o002
const STICKY = 0o1000

export interface ControlPlace {
  readonly path: string
  /** who besides its owner may ask, by number; undefined: the group of whoever started us */
  readonly group: number | undefined
}

export interface ControlListener {
  /** Lets another group ask. Throws StartError. */
  readonly regroup: (group: number | undefined) => void
  /** Takes the socket away; those who have asked still get their answers. */
  readonly close: () => Promise<void>
}

/** Opens the socket; throws StartError. */
export async function listenControl(
  { path, group }: ControlPlace,
  operations: Operations,
  log: Log,
): Promise<ControlListener> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw unusable(path, `its path is longer than ${MAX_PATH_BYTES} bytes`)
  }
  checkFolder(path)
  await clearStale(path)
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    serveConnection(socket, operations, log)
  })
  server.maxConnections = MAX_CONNECTIONS
  await bind(server, path)
  const ours = lookAt(path)
  server.on('error', (error) => log('warning', 'control-fault', `the control socket: ${error.message}`))
  const regroup = (to: number | undefined) => {
    try {
      // Until here nobody but its owner could reach it.
      lchownSync(path, process.geteuid?.() ?? -1, to ?? process.getegid?.() ?? -1)
      chmodSync(path, SOCKET_MODE)
    } catch (error) {
      throw unusable(path, (error as Error).message)
    }
  }
  const close = async () => {
    closeUnlessForeign(server, path, ours)
    // Nobody who still waits for an answer, or does not take it, must keep a daemon alive that is to end.
    for (const socket of sockets) socket.unref()
    setTimeout(() => {
      for (const socket of sockets) if (socket.writableLength > 0) socket.destroy()
    }, GRACE_MS).unref()
  }
  try {
    regroup(group)
  } catch (error) {
    await close()
    throw error
  }
  return { regroup, close }
}

/** Whoever could put something else in its place would be asked in our stead. Only the usual folder is made. */
function checkFolder(path: string): void {
  const folder = dirname(path)
  try {
    if (path === controlPath()) makeFolder(folder, path === ROOT_CONTROL_PATH)
    const { mode } = statSync(folder)
    if ((mode & (WRITABLE_BY_OTHERS | STICKY)) !== WRITABLE_BY_OTHERS) return
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw unusable(path, code === 'ENOENT' ? `there is no ${folder}` : message)
  }
  throw unusable(path, `others may write in ${folder}`)
}

/** Of root's the members of a group must get in as well; whatever the umask. */
function makeFolder(folder: string, root: boolean): void {
  const made = mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (root && made !== undefined) chmodSync(folder, 0o755)
}

/** The socket's name appears, within the call, with the rights that the umask leaves: for its owner alone. */
async function bind(server: Server, path: string): Promise<void> {
  const umask = process.umask(NOBODY_ELSE)
  try {
    server.listen(path)
  } finally {
    process.umask(umask)
  }
  try {
    await once(server, 'listening')
  } catch (error) {
    throw unusable(path, (error as Error).message)
  }
}

/**
 * With its listener Node takes away whatever has the name, at once. If that is another daemon's socket by now, it is
 * put aside meanwhile.
 */
function closeUnlessForeign(server: Server, path: string, ours: BigIntStats | undefined): void {
  const there = lookAt(path)
  if (there === undefined || isSame(there, ours)) return void server.close()
  const aside = `${path}.${process.pid}`
  try {
    renameSync(path, aside)
    server.close()
    renameSync(aside, path)
  } catch {
    // Where we can't put it aside, Node can't take it away.
    server.close()
  }
}

function lookAt(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true })
  } catch {
    return undefined
  }
}

function isSame(a: BigIntStats, b: BigIntStats | undefined): boolean {
  // A number that has become free is soon given to another file.
  return a.dev === b?.dev && a.ino === b.ino && a.birthtimeNs === b.birthtimeNs
}

/** Takes away what a daemon that was killed has left, and nothing else. */
async function clearStale(path: string): Promise<void> {
  const there = lookAt(path)
  if (there === undefined) return
  if (!there.isSocket()) throw unusable(path, 'there is a file of that name, which is no socket')
  if (await isAlive(path)) {
    throw unusable(
      path,
      'another daemon listens there: end that one first',
      "or name another with 'control socket'",
    )
  }
  unlinkSync(path)
}

function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false)
      // Its queue is full.
      else if (error.code === 'EAGAIN') resolve(true)
      else reject(unusable(path, error.message))
    })
  })
}

function unusable(
  path: string,
  why: string,
  remedy = "mend that, or name another with 'control socket'",
): StartError {
  return new StartError(
    'control-socket-unusable',
    `the control socket ${path} can't be used: ${why}; ${remedy}`,
  )
}
