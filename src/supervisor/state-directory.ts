/**
 * The directory where images lie between the process that makes them and the one that serves them: the first
 * writes there, the second reads, and nobody else does either.
 */
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  type Stats,
  statSync,
} from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { StartError } from '../start-error.ts'
import type { Accounts } from './accounts.ts'
import { type Step, walk } from './path-walk.ts'
import { describeBarrier, NOTHING, unreadableFor } from './readable.ts'

/** With the bit that gives new files the group of the directory, which is the server's. */
const SHARED_MODE = 0o2750
const OWN_MODE = 0o700

const WRITABLE_BY_OTHERS = 0o002
const STICKY = 0o1000

/** Where the configuration says, or the usual place of who starts us. Throws StartError. */
export function stateDirectoryOf(
  configured: string | undefined,
  root: boolean,
  env: NodeJS.ProcessEnv = process.env,
): string {
  const place = configured ?? usualPlace(root, env)
  if (place !== undefined) return place
  throw new StartError(
    'state-directory-unusable',
    "there is no state directory, for neither XDG_STATE_HOME nor HOME says where: name one with 'state directory'",
  )
}

function usualPlace(root: boolean, env: NodeJS.ProcessEnv): string | undefined {
  if (root) return '/var/lib/ypldap'
  const { XDG_STATE_HOME: xdg = '', HOME: home = '' } = env
  // XDG Base Directory Specification: a path that is not absolute is as good as none.
  if (isAbsolute(xdg)) return join(xdg, 'ypldap')
  if (isAbsolute(home)) return join(home, '.local/state/ypldap')
  return undefined
}

/**
 * Makes the directory if need be and sees that the children can work with it: under `accounts`, or without them
 * as whoever we are. Throws StartError, and has then given away nothing.
 */
export function prepareStateDirectory(
  path: string,
  accounts: Accounts | undefined,
  env: NodeJS.ProcessEnv = process.env,
): void {
  try {
    make(path, accounts !== undefined, env)
    if (accounts === undefined) checkOwn(path, statSync(path))
    else handOver(path, accounts)
    checkAccess(path, accounts !== undefined)
  } catch (error) {
    if (error instanceof StartError) throw error
    throw unusable(path, (error as Error).message, MEND)
  }
}

/** Root in a sandbox may be kept from what is another's; that one writes there, and not we. */
function checkAccess(path: string, handedOver: boolean): void {
  accessSync(path, constants.R_OK | constants.X_OK)
  try {
    accessSync(path, constants.W_OK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (!handedOver || code !== 'EACCES') throw error
  }
}

const OTHERWISE = "or name another with 'state directory'"
const MEND = `mend that, ${OTHERWISE}`

/** Nothing above it is made but for the usual place: a path with a typing error should not become one. */
function make(path: string, root: boolean, env: NodeJS.ProcessEnv): void {
  if (tryToMake(path)) return
  if (path !== usualPlace(root, env)) {
    throw unusable(path, `there is no ${dirname(path)} to make it in`, `make that first, ${OTHERWISE}`)
  }
  mkdirSync(dirname(path), { recursive: true, mode: root ? 0o755 : OWN_MODE })
  tryToMake(path)
}

function tryToMake(path: string): boolean {
  try {
    mkdirSync(path, { mode: OWN_MODE })
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return false
    if (code === 'EEXIST') return true
    throw error
  }
}

function checkOwn(path: string, stats: Stats): void {
  if (!stats.isDirectory()) throw unusable(path, 'it is no directory', MEND)
  const us = process.geteuid?.() ?? 0
  if (stats.uid !== us && stats.uid !== 0) {
    throw unusable(path, `it belongs to uid ${stats.uid}, and we are ${us}`, MEND)
  }
  refuseIfPublic(path, stats)
}

function handOver(path: string, accounts: Accounts): void {
  const steps = walk(path)
  const place = steps.at(-1)!
  if (!place.stats.isDirectory()) throw unusable(path, 'it is no directory', MEND)
  for (const step of steps.slice(0, -1)) checkAbove(path, step)
  checkReach(path, accounts)
  // Judged and changed is what this descriptor holds, whatever becomes of the name.
  const directory = openSync(place.path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    const stats = fstatSync(directory)
    refuseIfPublic(path, stats)
    checkOwner(path, stats, accounts)
    const { server, directory: owner } = accounts
    if (stats.uid !== owner.uid || stats.gid !== server.gid) fchownSync(directory, owner.uid, server.gid)
    if ((stats.mode & 0o7777) !== SHARED_MODE) fchmodSync(directory, SHARED_MODE)
    for (const name of readdirSync(place.path)) {
      if (name.endsWith('.image')) handOverImage(join(place.path, name), accounts)
    }
  } finally {
    closeSync(directory)
  }
}

/**
 * An image that was made for another server account is for this one now. What lies there is the directory
 * process's to choose: only a file that is its own and has no other name is given, and no link is followed.
 */
function handOverImage(path: string, { server, directory: owner }: Accounts): void {
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch {
    // The server process will say what is wrong with it.
    return
  }
  try {
    const stats = fstatSync(file)
    const isOurs = stats.isFile() && stats.uid === owner.uid && stats.nlink === 1
    if (isOurs && stats.gid !== server.gid) fchownSync(file, owner.uid, server.gid)
  } finally {
    closeSync(file)
  }
}

/** Whoever could put something else in the place of what we are about to give away must be root. */
function checkAbove(path: string, { path: at, stats }: Step): void {
  const { uid, mode } = stats
  const isPublic = !stats.isSymbolicLink() && (mode & (WRITABLE_BY_OTHERS | STICKY)) === WRITABLE_BY_OTHERS
  if (uid === 0 && !isPublic) return
  const found = describeBarrier({ path: at, uid, mode })
  throw unusable(path, `others than root can put something else in its place: ${found}`, MEND)
}

function checkReach(path: string, { server, directory }: Accounts): void {
  for (const account of [server, directory]) {
    const barrier = unreadableFor(path, account, NOTHING)
    if (barrier === undefined) continue
    throw unusable(
      path,
      `${account.name} can't reach it through ${describeBarrier(barrier)}`,
      `run: chmod o+x ${barrier.path}; ${OTHERWISE}`,
    )
  }
}

/** Of root's only an empty one is taken: that it was named may be a mistake. */
function checkOwner(path: string, { uid }: Stats, { directory }: Accounts): void {
  if (uid === directory.uid) return
  const remedy = `run: chown -R ${directory.name} ${path}; ${OTHERWISE}`
  if (uid !== 0) throw unusable(path, `it belongs to uid ${uid}, expected ${directory.name}`, remedy)
  // What mkfs(8) leaves at the top of a file system of its own.
  if (readdirSync(path).some((name) => name !== 'lost+found')) {
    throw unusable(path, `it belongs to root and is not empty, expected ${directory.name}`, remedy)
  }
}

function refuseIfPublic(path: string, { mode }: Stats): void {
  if ((mode & WRITABLE_BY_OTHERS) === 0) return
  throw unusable(path, 'others may write there', `run: chmod o-w ${path}; ${OTHERWISE}`)
}

function unusable(path: string, why: string, remedy: string): StartError {
  return new StartError(
    'state-directory-unusable',
    `the state directory ${path} can't be used: ${why}; ${remedy}`,
  )
}
