#!/usr/bin/env node
/**
 * The command line: ypldap [-dnv] [-D macro=value] [-f file]. The processes that it starts are the same program
 * with --role; what a role does not need it does not load.
 */
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { loadConfig } from './config/load.ts'
import { MacroError, parseMacroDefinitions } from './config/macro-definition.ts'
import { formatProblem } from './config/problem.ts'
import { Report } from './config/report.ts'
import { createLogger, type Logger, type LogLevel, wantsPrefix } from './log.ts'
import { keepMemoryPrivate } from './private-memory.ts'

/** Also an orderly end after a signal. */
const EXIT_OK = 0
/** Wrong usage, a configuration with errors, or a start that failed. */
const EXIT_FAILURE = 1

const USAGE = 'usage: ypldap [-dnv] [-D macro=value] [-f file]\n'

const DEFAULT_FILE = '/etc/ypldap.conf'

const PROGRAM = fileURLToPath(import.meta.url)

interface Arguments {
  /** stay in the foreground, log to stderr */
  readonly foreground: boolean
  /** check the configuration and end */
  readonly checkOnly: boolean
  readonly verbose: boolean
  readonly macros: ReadonlyMap<string, string>
  readonly file: string
}

async function main(words: readonly string[]): Promise<number> {
  const [first, role, ...others] = words
  if (first === '--role' && role !== 'check') return runRole(role, others)
  const args = readArguments(first === '--role' ? others : words)
  if (typeof args === 'string') {
    process.stderr.write(args)
    return EXIT_FAILURE
  }
  if (first === '--role') return check(args, false)
  return args.checkOnly ? check(args, true) : start(args)
}

/**
 * -n: everything that can be known to be wrong without asking a server. Without the data, as the supervisor has it
 * checked: what lies in LDIF files is judged by the refresh, which keeps what there was before.
 */
async function check({ file, macros, verbose }: Arguments, data: boolean): Promise<number> {
  const { checkDirectories, checkFiles } = await import('./directory/check.ts')
  const { config, problems, warnings } = loadConfig(file, macros)
  if (verbose) for (const warning of warnings) say(`${formatProblem(warning)} (warning)`)
  if (data) for (const file of config?.closed ?? []) say(`${formatProblem(file)} (warning)`)
  const report = new Report()
  for (const domain of config?.domains ?? []) {
    for (const { at, message } of [...checkDirectories(domain), ...(data ? checkFiles(domain) : [])]) {
      report.file(at.file)
      report.problem(at, message)
    }
  }
  for (const problem of [...problems, ...report.problems]) say(formatProblem(problem))
  if (config === undefined || report.count > 0) return EXIT_FAILURE
  if (verbose && data) {
    const { effectiveText } = await import('./config/effective.ts')
    process.stdout.write(effectiveText(config))
  }
  say('configuration OK')
  return EXIT_OK
}

async function start({ file, macros, verbose, foreground }: Arguments): Promise<number> {
  const [{ stageConfig }, { runInBackground }, { serve }] = await Promise.all([
    import('./supervisor/stage.ts'),
    import('./supervisor/background.ts'),
    import('./supervisor/serve.ts'),
  ])
  const source = { program: PROGRAM, file: resolve(file), macros }
  const { config, problems, warnings } = await stageConfig(source)
  if (verbose) for (const warning of warnings) say(`${formatProblem(warning)} (warning)`)
  for (const problem of problems) say(problem)
  if (config === undefined) return EXIT_FAILURE
  if (!foreground) return runInBackground(process.argv.slice(2))
  const level = verbose ? 'debug' : 'info'
  const served = await serve({ source, config, logger: stderrLogger(level), level })
  return served ? EXIT_OK : EXIT_FAILURE
}

/**
 * A child of the supervisor: its channel is descriptor 3. The directory process is told how many bytes it may have, the
 * server process what its further descriptors are.
 */
async function runRole(role: string | undefined, args: readonly string[]): Promise<number> {
  process.title = `ypldap: ${role}`
  // Signals are for the supervisor, which ends its children by closing their channels: a ^C reaches us all.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  // Before there is a secret to hold.
  keepMemoryPrivate()
  const { Socket } = await import('node:net')
  const channel = new Socket({ fd: 3, allowHalfOpen: true })
  const logger = stderrLogger('info')
  if (role === 'directory') {
    const [{ runDirectory }, { standBack }] = await Promise.all([
      import('./directory/process.ts'),
      import('./directory/priority.ts'),
    ])
    standBack()
    const [memory] = args
    await runDirectory(channel, logger.log, logger.setLevel, Number(memory))
  } else if (role === 'server') {
    const { runServer } = await import('./server/process.ts')
    await runServer(
      channel,
      args.map((kind, index) => ({ kind, fd: 4 + index })),
      logger.log,
      logger.setLevel,
    )
  } else if (role === 'status') {
    const { runStatus } = await import('./status/process.ts')
    const sockets = args.map((_, index) => 4 + index)
    await runStatus(channel, sockets, logger.log, logger.setLevel)
  } else {
    return EXIT_FAILURE
  }
  logger.flush()
  return EXIT_OK
}

function stderrLogger(level: LogLevel): Logger {
  return createLogger({ level, write: (line) => process.stderr.write(line), prefixed: wantsPrefix() })
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

// What ps(1) shows, and by its first word who holds a port.
process.title = ['ypldap', ...process.argv.slice(2)].join(' ')
// Node's own answer to this signal is to listen for a debugger, which anyone on this host could then be.
process.on('SIGUSR1', () => {})
// What -v prints has a reader who may have had enough, as head(1).
process.stdout.on('error', () => {})
// A log that nobody reads any more is no reason to stop serving.
process.stderr.on('error', () => {})
process.exitCode = await main(process.argv.slice(2))
