/** The command as its users run it: a process of its own, from the sources, with files in a folder of the test. */
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import type { LabProcess } from '../support/lab-process.ts'
import { startProcess } from '../support/lab-process.ts'
import { type Result, run } from '../support/lab-run.ts'

const ROOT = join(import.meta.dirname, '../..')
export const MAIN = join(ROOT, 'src/main.ts')

export const DOMAIN = 'example.com'

let folder: string
const daemons: LabProcess[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ypldap-main-'))
  // Where root starts it, its children have accounts of their own, and must get in.
  chmodSync(folder, 0o755)
})

afterEach(async () => {
  await Promise.all(daemons.splice(0).map((daemon) => daemon.stop('SIGKILL')))
  rmSync(folder, { recursive: true })
})

/** Writes a file as secret as ypldap.conf must be; gives its path. */
export function write(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name)
  writeFileSync(path, text, { mode })
  return path
}

/** A path in the folder of the test, where nothing is. */
export function nowhere(name: string): string {
  return join(folder, name)
}

/** A copy of the example directory, for the test to change. */
export function exampleLdif(): string {
  const path = join(folder, 'example.ldif')
  copyFileSync(join(ROOT, 'etc/example.ldif'), path)
  return path
}

/** Statements for the daemon's own places, here, and for accounts that every Debian has. */
export function places(): readonly string[] {
  return [
    `state directory "${nowhere('state')}"`,
    `control socket "${nowhere('control.sock')}"`,
    ...(process.getuid?.() === 0 ? ['user "nobody"', 'directory user "daemon"'] : []),
  ]
}

/** A ypldap.conf that serves an LDIF file on loopback. */
export function serving(ldif: string, ...global: readonly string[]): string {
  return write(
    'ypldap.conf',
    [
      `domain "${DOMAIN}"`,
      'bind local',
      ...places(),
      ...global,
      `directory file "${ldif}" { basedn "dc=example,dc=com" }`,
      '',
    ].join('\n'),
  )
}

/** Runs the command to its end. */
export function ypldap(...args: readonly string[]): Promise<Result> {
  return run(process.execPath, [MAIN, ...args])
}

/** The daemon in the foreground, once its log says that it serves; ended with the test. */
export async function serve(file: string, ...args: readonly string[]): Promise<LabProcess> {
  const daemon = await startProcess(process.execPath, [MAIN, '-d', '-f', file, ...args], {
    ready: (output) => output.includes('[serving]\n'),
    timeout: 20_000,
  })
  daemons.push(daemon)
  return daemon
}

/** The port that a daemon says it serves on. */
export function portOf(output: string): number {
  const port = /udp 127\.0\.0\.1 port (\d+)/.exec(output)?.[1]
  if (port === undefined) throw new Error(`no port in: ${output}`)
  return Number(port)
}
