/** The daemon as it runs: supervisor and children, serving generations of an LDIF file, asked through its socket. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, onTestFailed } from 'vitest'
import { openChannel } from '../../src/messages/channel.ts'
import { type Answer, answer, type Request, type Status } from '../../src/messages/control.ts'
import { logged } from './lab-log.ts'
import { freePort } from './lab-port.ts'
import { type Exit, type LabProcess, startProcess } from './lab-process.ts'
import { waitUntil } from './lab-wait.ts'
import { generationLdif } from './steady-load.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')

export interface TestDaemon {
  /** of the supervisor */
  readonly pid: number
  readonly port: number
  readonly ldif: string
  readonly state: string
  readonly image: string
  readonly control: string
  readonly output: () => string
  readonly logged: (id: string) => readonly string[]
  /** Replaces the directory's contents whole. */
  readonly write: (ldif: string) => void
  readonly refresh: (force?: boolean) => Promise<unknown>
  /** Writes a generation and refreshes; served when it resolves. */
  readonly publish: (generation: number) => Promise<unknown>
  /** Writes the configuration with these statements instead of those before; the port stays unless they name one. */
  readonly configure: (...global: readonly string[]) => void
  /** Which port answers from now on. */
  readonly listen: (port: number) => void
  readonly reload: () => Promise<unknown>
  readonly status: () => Promise<Status>
  readonly pidOf: (role: 'directory' | 'server') => Promise<number>
  readonly isAlive: (pid: number) => boolean
  readonly stop: () => Promise<Exit>
  readonly start: () => Promise<void>
}

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end()
})

/** A daemon that serves generation 1. */
export async function startDaemon(...global: readonly string[]): Promise<TestDaemon> {
  const folder = mkdtempSync(join(tmpdir(), 'ypldap-fault-'))
  // Where root starts it, its children have accounts of their own, and must get in.
  chmodSync(folder, 0o755)
  ending.push(() => rmSync(folder, { recursive: true, force: true }))
  const [ldif, state, control, conf] = ['ldif', 'state', 'control.sock', 'ypldap.conf'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string]
  let port = await freePort()
  let daemon: LabProcess | undefined

  const write = (text: string) => {
    writeFileSync(`${ldif}.new`, text, { mode: 0o644 })
    renameSync(`${ldif}.new`, ldif)
  }
  const configure = (...statements: readonly string[]) => {
    const listens = statements.some((statement) => statement.startsWith('listen '))
    const text = [
      'domain "example.com"',
      'bind local',
      ...(statements.some((statement) => statement.startsWith('interval ')) ? [] : ['interval 3600']),
      ...(listens ? [] : [`listen port ${port}`]),
      `state directory "${state}"`,
      `control socket "${control}"`,
      ...(process.getuid?.() === 0 ? ['user "nobody"', 'directory user "daemon"'] : []),
      ...statements,
      `directory file "${ldif}" { basedn "dc=example,dc=com" }`,
      '',
    ]
    writeFileSync(conf, text.join('\n'), { mode: 0o600 })
  }
  const refresh = (force = false) => ask(control, { kind: 'refresh', force })
  const start = async () => {
    daemon = await startProcess(process.execPath, [MAIN, '-d', '-f', conf], {
      ready: (output) => output.includes('[serving]\n'),
      timeout: 20_000,
    })
  }
  const running = () => {
    if (daemon === undefined) throw new Error('the daemon was not started')
    return daemon
  }

  write(generationLdif(1))
  configure(...global)
  await start()
  ending.push(() => running().stop('SIGKILL'))
  onTestFailed(() => void process.stderr.write(running().output()))
  const isServed = async () => (await status(control)).domains[0]!.image !== null
  // The process that makes it stands back behind all others of a busy machine.
  await waitUntil('generation 1 is served', isServed, 30_000)
  return {
    get pid() {
      return running().pid
    },
    get port() {
      return port
    },
    ldif,
    state,
    image: join(state, 'example.com.image'),
    control,
    output: () => running().output(),
    logged: (id) => logged(running().output(), id),
    write,
    refresh,
    publish(generation) {
      write(generationLdif(generation))
      return refresh()
    },
    configure,
    listen(next) {
      port = next
      configure()
    },
    reload: () => ask(control, { kind: 'reload' }),
    status: () => status(control),
    pidOf: (role) => pidOf(control, role),
    isAlive: (pid) =>
      existsSync(`/proc/${pid}`) && !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'latin1')),
    stop: () => running().stop(),
    start,
  }
}

/** All parts of the answer; one with an error throws it. */
export async function ask(path: string, request: Request): Promise<readonly Answer[]> {
  const parts: Answer[] = []
  const over = Promise.withResolvers<void>()
  const socket = connect(path)
  const channel = openChannel<Answer, Request>(socket, answer, {
    message: (message) => void parts.push(message),
    fault: (reason) => over.reject(new Error(`the daemon said what it must not: ${reason}`)),
    end: () => over.resolve(),
  })
  // Without a daemon the connection closes without a word.
  channel.send(request)
  await over.promise
  const last = parts.at(-1)
  if (last?.kind !== 'end') throw new Error(`no end of the answer to ${request.kind}`)
  const problems = parts.flatMap((part) => (part.kind === 'problems' ? part.lines : []))
  if (last.error !== undefined) throw new Error([last.error, ...problems].join('\n'))
  return parts
}

export async function status(path: string): Promise<Status> {
  const [first, ...others] = await ask(path, { kind: 'status' })
  if (first?.kind !== 'status') throw new Error('no status')
  return { ...first.status, domains: others.flatMap((part) => (part.kind === 'domain' ? [part.domain] : [])) }
}

/** The process id of a child; 0 while it is not there. */
export async function pidOf(path: string, role: 'directory' | 'server'): Promise<number> {
  return (await status(path)).processes.find((process) => process.role === role)?.pid ?? 0
}
