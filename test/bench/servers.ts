/** The servers under test, each started with the data of so many users and pinned when asked. */
import { chmodSync, cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Status } from '../../src/messages/control.ts'
import {
  controlSocketOf,
  freePort,
  type LabProcess,
  labFolder,
  makeYpservMaps,
  runOrFail,
  startProcess,
  startYpserv,
  ypldapConf,
} from '../support/lab.ts'
import { domainOf, ldifOf, mapsOf, SUFFIX } from './data.ts'
import { loadNative } from './native.ts'
import type { Subject } from './samples.ts'

const ROOT = join(import.meta.dirname, '../..')

export interface Server {
  readonly subject: Subject
  readonly port: number
  /** what answers: its CPU is the server's */
  readonly pid: number
  /** all of its processes */
  readonly pids: readonly number[]
  /** every answer is that of the first user */
  readonly constant: boolean
  readonly stop: () => Promise<unknown>
}

/** Moves all threads of these processes to these cores. */
export async function pin(pids: readonly number[], ...cores: readonly number[]): Promise<void> {
  for (const pid of pids) await runOrFail('taskset', ['-a', '-c', '-p', cores.join(','), String(pid)])
}

/** The program, or a copy of it that finds no koffi. */
export interface Program {
  readonly subject: 'ypldap' | 'ypldap-dgram'
  readonly root: string
}

/** With and without koffi; one that is not there makes no difference. */
export function programs(): readonly [Program, ...Program[]] {
  const own = { subject: 'ypldap', root: ROOT } as const
  try {
    createRequire(import.meta.url)('koffi')
  } catch {
    return [{ ...own, subject: 'ypldap-dgram' }]
  }
  return [own, { subject: 'ypldap-dgram', root: withoutKoffi() }]
}

function withoutKoffi(): string {
  const folder = labFolder('ypldap-without-koffi')
  for (const name of ['src', 'rpc', 'package.json']) {
    cpSync(join(ROOT, name), join(folder, name), { recursive: true })
  }
  mkdirSync(join(folder, 'node_modules'))
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name.startsWith('.') || name === 'koffi') continue
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name))
  }
  return folder
}

/** A folder with configuration, LDIF and, once it has run, a committed image. */
export interface Installation {
  readonly program: Program
  readonly users: number
  readonly port: number
  readonly conf: string
  readonly ldif: string
}

export async function install(program: Program, users: number): Promise<Installation> {
  const port = await freePort()
  const ldif = join(labFolder('bench'), 'users.ldif')
  const conf = ypldapConf(
    [
      `domain "${domainOf(users)}"`,
      'bind local',
      'interval 86400',
      `listen on 127.0.0.1 port ${port}`,
      `directory file "${ldif}" { basedn "${SUFFIX}" }`,
      '',
    ].join('\n'),
  )
  const installation = { program, users, port, conf, ldif }
  writeLdif(installation)
  return installation
}

/** The directory as it was, or with another shell for its last user. */
export function writeLdif({ ldif, users }: Installation, lastShell?: string): void {
  writeFileSync(ldif, ldifOf(users, lastShell), { mode: 0o644 })
  chmodSync(ldif, 0o644)
}

export interface Ypldap extends Server {
  readonly installation: Installation
  /** Reads the directory anew and resolves when that is served. */
  readonly refresh: () => Promise<void>
}

/** The daemon of a new installation, when all that its directory holds is served. */
export async function startYpldap(installation: Installation): Promise<Ypldap> {
  const { program, port } = installation
  const daemon = await launch(installation, 'published')
  const { processes } = JSON.parse(await ctl(installation, 'status', '--json')) as Status
  const pids = processes.map(({ pid }) => pid)
  return {
    subject: program.subject,
    installation,
    port,
    pid: processes.find(({ role }) => role === 'server')?.pid ?? 0,
    pids,
    constant: false,
    refresh: async () => void (await ctl(installation, 'refresh')),
    stop: () => daemon.stop(),
  }
}

/** The daemon as it is when it has logged this. */
export function launch({ program, conf }: Installation, ready: 'serving' | 'published'): Promise<LabProcess> {
  return startProcess(process.execPath, [join(program.root, 'src/main.ts'), '-d', '-f', conf], {
    cwd: program.root,
    ready: (output) => output.includes(`[${ready}]\n`),
    timeout: 60_000,
  })
}

function ctl({ program, conf }: Installation, ...words: readonly string[]): Promise<string> {
  const file = join(program.root, 'src/ypldapctl.ts')
  return runOrFail(process.execPath, [file, '-s', controlSocketOf(conf), ...words], { timeout: 60_000 })
}

/** Debian's ypserv, which knows all the sizes at once. rpcbind must run. */
export async function startPeer(sizes: readonly number[]): Promise<Server> {
  const [first, ...others] = sizes.map((users) => ({ domain: domainOf(users), maps: mapsOf(users) }))
  if (first === undefined) throw new Error('no maps')
  for (const one of others) await makeYpservMaps(one)
  const port = await freePort()
  const peer = await startYpserv({ ...first, port })
  return {
    subject: 'ypserv',
    port,
    pid: peer.pid,
    pids: [peer.pid],
    constant: false,
    stop: () => peer.stop(),
  }
}

/** One of the floors; undefined where it needs koffi and there is none. */
export async function startFloor(
  subject: 'batched' | 'dgram' | 'sender',
  users: number,
): Promise<Server | undefined> {
  if (subject === 'batched' && loadNative() === undefined) return undefined
  const program = join(import.meta.dirname, 'floor.ts')
  const floor = await startProcess(process.execPath, [program, subject, String(users)], {
    ready: (output) => /^\d+\n/.test(output),
  })
  return {
    subject,
    port: Number.parseInt(floor.output(), 10),
    pid: floor.pid,
    pids: [floor.pid],
    constant: subject !== 'sender',
    stop: () => floor.stop('SIGKILL'),
  }
}
