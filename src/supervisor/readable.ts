/** What an account may reach, by owner, group and mode: what keeps a child process from a file is said beforehand. */
import type { Stats } from 'node:fs'
import { StartError } from '../start-error.ts'
import type { Account } from './accounts.ts'
import { type Step, walk } from './path-walk.ts'

/** The bits of a mode that an account needs at the end of a path. */
export const READ = 4
export const WRITE = 2
export const EXECUTE = 1
export const NOTHING = 0

/** What stands in an account's way: a file, or a directory above it. */
export interface Barrier {
  readonly path: string
  readonly uid: number
  readonly mode: number
  /** the bits that were asked for there */
  readonly access: number
}

type Identity = Pick<Account, 'uid' | 'gid'>

/** The first that keeps the account from the file; nothing also where the file can't be found at all. */
export function unreadableFor(path: string, account: Identity, access = READ): Barrier | undefined {
  let steps: readonly Step[]
  try {
    steps = walk(path)
  } catch {
    return undefined
  }
  const last = steps.length - 1
  for (const [index, { path: at, stats }] of steps.entries()) {
    const asked = index === last ? access : EXECUTE
    if (!mayPass(stats, account, asked)) return { path: at, uid: stats.uid, mode: stats.mode, access: asked }
  }
  return undefined
}

function mayPass(stats: Stats, { uid, gid }: Identity, access: number): boolean {
  if (stats.isSymbolicLink()) return true
  const bits = stats.uid === uid ? stats.mode >> 6 : stats.gid === gid ? stats.mode >> 3 : stats.mode
  return (bits & access) === access
}

/** `/root (mode 0700, owner root)` */
export function describeBarrier({ path, uid, mode }: Pick<Barrier, 'path' | 'uid' | 'mode'>): string {
  const octal = (mode & 0o7777).toString(8).padStart(4, '0')
  return `${path} (mode ${octal}, owner ${uid === 0 ? 'root' : `uid ${uid}`})`
}

/** Each account must be able to run Node and to read the program; throws StartError. */
export function checkProgram(program: string, accounts: readonly Account[], node = process.execPath): void {
  for (const account of accounts) {
    for (const [path, access] of [
      [node, EXECUTE],
      [program, READ],
    ] as const) {
      const barrier = unreadableFor(path, account, access)
      if (barrier === undefined) continue
      const verb = access === READ ? 'read' : 'run'
      throw new StartError(
        'program-unreadable',
        `${account.name} can't ${verb} ${path}, because of ${describeBarrier(barrier)}: ` +
          'install ypldap and its Node where every account can read them',
      )
    }
  }
}
