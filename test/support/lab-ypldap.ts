import { chmodSync, chownSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { LAB_DOMAIN, labFolder } from './lab-host.ts'
import type { LabProcess } from './lab-process.ts'
import { startProcess } from './lab-process.ts'
import { type Result, run } from './lab-run.ts'
import type { Slapd } from './lab-slapd.ts'

const ROOT = join(import.meta.dirname, '../..')

export interface Ypldap extends LabProcess {
  /** its configuration */
  readonly file: string
  /** Runs ypldapctl with these words to its end. */
  readonly ctl: (...words: readonly string[]) => Promise<Result>
}

export interface YpldapOptions {
  /** further arguments */
  readonly args?: readonly string[]
  /** an account other than root, by its numbers */
  readonly as?: { readonly uid: number; readonly gid: number }
}

/**
 * The path of a new file with this text, as secret as ypldap.conf must be. The daemon's own places are beside it,
 * unless the text names others.
 */
export function ypldapConf(text: string, owner = 0): string {
  const folder = labFolder('ypldap')
  const file = join(folder, 'ypldap.conf')
  const own = [
    ['state directory', join(folder, 'state')],
    ['control socket', controlSocketOf(file)],
  ].flatMap(([word = '', place]) => (text.includes(word) ? [] : [`${word} "${place}"\n`]))
  writeFileSync(file, own.join('') + text, { mode: 0o600 })
  chmodSync(folder, 0o755)
  for (const path of [folder, file]) chownSync(path, owner, owner)
  return file
}

/** Where the daemon with this configuration listens for ypldapctl. */
export function controlSocketOf(conf: string): string {
  return join(dirname(conf), 'control.sock')
}

/**
 * Our daemon in the foreground with this ypldap.conf; ready when its log says that it serves, which may be
 * before it has maps: wait for what the test needs.
 */
export async function startYpldap(configText: string, options: YpldapOptions = {}): Promise<Ypldap> {
  const file = ypldapConf(configText, options.as?.uid)
  const [command, ...args] = commandLine(file, options)
  const daemon = await startProcess(command, args, {
    cwd: ROOT,
    ready: (output) => output.includes('[serving]\n'),
    timeout: 20_000,
  })
  const ctl = (...words: readonly string[]) =>
    run(process.execPath, [join(ROOT, 'src/ypldapctl.ts'), '-s', controlSocketOf(file), ...words])
  return { ...daemon, file, ctl }
}

/** Our daemon in the foreground where it can't start: how it ends. */
export function failYpldap(configText: string, options: YpldapOptions = {}): Promise<Result> {
  const [command, ...args] = commandLine(ypldapConf(configText, options.as?.uid), options)
  return run(command, args)
}

function commandLine(file: string, { args = [], as }: YpldapOptions): readonly [string, ...string[]] {
  const own = [process.execPath, join(ROOT, 'src/main.ts'), '-d', '-f', file] as const
  if (as === undefined) return [...own, ...args]
  const { uid, gid } = as
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...own, ...args]
}

export interface ExampleConf {
  /** further lines outside the directory block */
  readonly global?: readonly string[]
  /** further lines in it */
  readonly block?: readonly string[]
  /** seconds; an hour when absent, so that no refresh comes unasked */
  readonly interval?: number
}

/** A ypldap.conf for the lab's domain and one slapd, without credentials. */
export function exampleConf(
  slapd: Slapd,
  { global = [], block = [], interval = 3600 }: ExampleConf = {},
): string {
  return [
    `domain "${LAB_DOMAIN}"`,
    `interval ${interval}`,
    ...global,
    `directory "127.0.0.1" port ${slapd.port} {`,
    `  basedn "${slapd.suffix}"`,
    ...block,
    '}',
    '',
  ].join('\n')
}
