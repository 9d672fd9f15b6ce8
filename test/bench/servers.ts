/** The servers under test, each started with the data of so many users and pinned when asked. */
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { ask } from '../../src/control/client.ts'
import { loadKoffi } from '../../src/koffi.ts'
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
import { writeEntries } from './entries-file.ts'
import type { Subject } from './samples.ts'
import { startSlapiNis } from './slapi-nis.ts'

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

/** The program as it is installed, or a copy of it that finds no koffi. */
export interface Program {
  readonly subject: 'ypldap' | 'ypldap-dgram'
  /** of the compiled files */
  readonly folder: string
}

/** With and without koffi; one that is not there makes no difference. */
export async function programs(): Promise<readonly [Program, ...Program[]]> {
  const without = { subject: 'ypldap-dgram', folder: await installed('@koromix') } as const
  try {
    loadKoffi()
  } catch {
    return [without]
  }
  return [{ subject: 'ypldap', folder: await installed() }, without]
}

/** Compiled as for the package, in a folder of its own with the packages that it needs, but for this one. */
async function installed(lacking?: string): Promise<string> {
  const folder = labFolder('ypldap-installed')
  await runOrFail('tsc', ['-p', join(ROOT, 'tsconfig.build.json'), '--outDir', join(folder, 'dist')])
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'))
  mkdirSync(join(folder, 'node_modules'))
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name.startsWith('.') || name === lacking) continue
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name))
  }
  return join(folder, 'dist/src')
}

/** A folder with configuration, LDIF and, once it has run, a committed image. */
export interface Installation {
  readonly program: Program
  readonly users: number
  readonly port: number
  readonly conf: string
  readonly ldif: string
}

/** Megabytes that the directory process may have: its default is for fewer users. */
const MEMORY_OF_MANY = 8192
const MANY = 200_000

/** Over this directory, as ypldap.conf writes it, or else an LDIF file of its own. */
export async function install(program: Program, users: number, directory?: string): Promise<Installation> {
  const port = await freePort()
  const ldif = join(labFolder('bench'), 'users.ldif')
  const conf = ypldapConf(
    [
      `domain "${domainOf(users)}"`,
      'bind local',
      'interval 86400',
      ...(users > MANY ? [`directory memory ${MEMORY_OF_MANY}`] : []),
      `listen on 127.0.0.1 port ${port}`,
      `directory ${directory ?? `file "${ldif}"`} { basedn "${SUFFIX}" }`,
      '',
    ].join('\n'),
  )
  const installation = { program, users, port, conf, ldif }
  if (directory === undefined) writeLdif(installation)
  return installation
}

/** The directory as it was, or with another shell for its last user. */
export function writeLdif({ ldif, users }: Installation, lastShell?: string): void {
  writeEntries(ldif, ldifOf(users, lastShell))
}

/** Milliseconds for whatever is done with all users. */
const PATIENCE_MS = 240_000

export interface Ypldap extends Server {
  readonly installation: Installation
  /** Reads the directory anew and resolves when that is served. */
  readonly refresh: () => Promise<void>
}

/** The daemon of a new installation, when all that its directory holds is served. */
export async function startYpldap(installation: Installation): Promise<Ypldap> {
  const { program, port, conf } = installation
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
    refresh: () => refresh(controlSocketOf(conf)),
    stop: () => daemon.stop(),
  }
}

/** The daemon as it is when it has logged this. */
export function launch({ program, conf }: Installation, ready: 'serving' | 'published'): Promise<LabProcess> {
  return startProcess(process.execPath, [join(program.folder, 'main.js'), '-d', '-f', conf], {
    ready: (output) => output.includes(`[${ready}]\n`),
    timeout: PATIENCE_MS,
  })
}

/** As `ypldapctl refresh` asks, whose own start is no part of it. */
async function refresh(path: string): Promise<void> {
  const asked = ask(path, { kind: 'refresh', force: false })
  while (!(await asked.next()).done);
}

function ctl({ program, conf }: Installation, ...words: readonly string[]): Promise<string> {
  const file = join(program.folder, 'ypldapctl.js')
  return runOrFail(process.execPath, [file, '-s', controlSocketOf(conf), ...words], { timeout: PATIENCE_MS })
}

/** The NIS server of 389 Directory Server. rpcbind must run. */
export async function startSlapi(users: number): Promise<Server> {
  const { process, port } = await startSlapiNis(users)
  const { pid } = process
  return { subject: 'slapi-nis', port, pid, pids: [pid], constant: false, stop: () => process.stop() }
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
