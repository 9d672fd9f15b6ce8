/**
 * A configuration is read and checked whole before anything of it counts: by another process, the same program,
 * which knows filters and certificates. What it finds is what `ypldap -n` prints.
 */
import { spawn } from 'node:child_process'
import type { Config, Problem } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'

/** Of lines from the check, and of time for it: it may read whole LDIF files. */
const MAX_BYTES = 256 * 1024
const CHECK_MS = 120_000

export interface ConfigSource {
  /** of main.ts */
  readonly program: string
  readonly file: string
  readonly macros: ReadonlyMap<string, string>
}

/** What is wrong with the configuration and the files that it names; nothing, when the list is empty. */
export function checkConfig(source: ConfigSource): Promise<readonly string[]> {
  return check(source, ['-n'])
}

async function check(
  { program, file, macros }: ConfigSource,
  how: readonly string[],
  unwanted?: AbortSignal,
): Promise<readonly string[]> {
  const definitions = [...macros].flatMap(([name, value]) => ['-D', `${name}=${value}`])
  const process = spawn(globalThis.process.execPath, [program, ...how, ...definitions, '-f', file], {
    env: {},
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: CHECK_MS,
    ...(unwanted !== undefined && { signal: unwanted }),
    killSignal: 'SIGKILL',
  })
  let said = ''
  process.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said = (said + chunk).slice(0, MAX_BYTES)
  })
  const code = await new Promise<number | null>((resolve) => {
    process.once('close', resolve)
    process.once('error', (error) => {
      said = `the configuration could not be checked: ${error.message}`
      resolve(null)
    })
  })
  if (code === 0) return []
  const problems = said.split(/\n(?! )/).filter((problem) => problem !== '')
  return problems.length > 0 ? problems : ['the check of the configuration ended without a word']
}

export interface Staged {
  /** undefined when anything is wrong */
  readonly config: Config | undefined
  /** what is wrong, as it is shown */
  readonly problems: readonly string[]
  readonly warnings: readonly Problem[]
}

/** The configuration to be in force from now on, or what is wrong with it. */
export async function stageConfig(source: ConfigSource, unwanted?: AbortSignal): Promise<Staged> {
  const found = await check(source, ['--role', 'check'], unwanted)
  const { config, problems, warnings } = loadConfig(source.file, source.macros)
  const all = found.length > 0 ? found : problems.map(formatProblem)
  return { config: all.length > 0 ? undefined : config, problems: all, warnings }
}
