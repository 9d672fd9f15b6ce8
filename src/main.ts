#!/usr/bin/env node
/** The command line: ypldap [-dnv] [-D macro=value] [-f file] */
import { parseArgs } from 'node:util'
import type { Config } from './config/config.ts'
import { loadConfig } from './config/load.ts'
import { MacroError, parseMacroDefinitions } from './config/macro-definition.ts'
import { formatProblem } from './config/problem.ts'
import { type Daemon, startDaemon } from './daemon.ts'
import { checkDirectories } from './directory/check.ts'
import { createLog, type Log } from './log.ts'
import { runInBackground, tellParent } from './supervisor/background.ts'
import { StartError } from './supervisor/start-error.ts'

/** Also an orderly end after a signal. */
const EXIT_OK = 0
/** Wrong usage, a configuration with errors, or a start that failed. */
const EXIT_FAILURE = 1

const USAGE = 'usage: ypldap [-dnv] [-D macro=value] [-f file]\n'

const DEFAULT_FILE = '/etc/ypldap.conf'

interface Arguments {
  /** stay in the foreground, log to stderr */
  readonly foreground: boolean
  /** check the configuration and end */
  readonly checkOnly: boolean
  readonly verbose: boolean
  readonly macros: ReadonlyMap<string, string>
  readonly file: string
}

async function main(): Promise<number> {
  const args = readArguments(process.argv.slice(2))
  if (typeof args === 'string') return fail(args)
  const { config, problems, warnings } = loadConfig(args.file, args.macros)
  if (args.verbose) for (const warning of warnings) say(`${formatProblem(warning)} (warning)`)
  const all = config === undefined ? problems : [...problems, ...checkDirectories(config)]
  for (const problem of all) say(formatProblem(problem))
  if (config === undefined || all.length > 0) return EXIT_FAILURE
  if (args.checkOnly) {
    say('configuration OK')
    return EXIT_OK
  }
  if (!args.foreground) return runInBackground(process.argv.slice(2))
  const log = createLog(args.verbose ? 'debug' : 'info', (line) => process.stderr.write(line))
  try {
    await serve(config, log)
    return EXIT_OK
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    log('error', error.code, error.message)
    tellParent({ ready: false, reason: error.message })
    return EXIT_FAILURE
  }
}

/** Resolves when the daemon has stopped, after SIGTERM or SIGINT; throws StartError when it can't serve. */
async function serve(config: Config, log: Log): Promise<void> {
  // Heard from the first moment on: a signal during the start must not leave a registration behind.
  const ended = Promise.withResolvers<NodeJS.Signals>()
  let daemon: Daemon | undefined
  process.once('SIGTERM', ended.resolve)
  process.once('SIGINT', ended.resolve)
  process.on('SIGHUP', () => daemon?.refresh())
  daemon = await startDaemon(config, log)
  tellParent({ ready: true })
  log('info', 'stopping', `on ${await ended.promise}`)
  await daemon.stop()
}

/** The arguments, or what is wrong with them. */
function readArguments(words: readonly string[]): Arguments | string {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        d: { type: 'boolean', short: 'd', default: false },
        n: { type: 'boolean', short: 'n', default: false },
        v: { type: 'boolean', short: 'v', default: false },
        D: { type: 'string', short: 'D', multiple: true, default: [] },
        f: { type: 'string', short: 'f', default: DEFAULT_FILE },
      },
    })
    return {
      foreground: values.d,
      checkOnly: values.n,
      verbose: values.v,
      macros: parseMacroDefinitions(values.D),
      file: values.f,
    }
  } catch (error) {
    if (error instanceof MacroError) return `${error.message}\n${USAGE}`
    if (error instanceof TypeError) return `${error.message}\n${USAGE}`
    throw error
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

function fail(text: string): number {
  process.stderr.write(text)
  return EXIT_FAILURE
}

// What ps(1) shows, and by its first word who holds a port.
process.title = ['ypldap', ...process.argv.slice(2)].join(' ')
// Node's own answer to this signal is to listen for a debugger, which anyone on this host could then be.
process.on('SIGUSR1', () => {})
// A log that nobody reads any more is no reason to stop serving.
process.stderr.on('error', () => {})
process.exitCode = await main()
