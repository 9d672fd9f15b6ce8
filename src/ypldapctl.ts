#!/usr/bin/env node
/** The command line of ypldapctl(8). */
import { isatty } from 'node:tty'
import { controlPath } from './control/path.ts'
import { EXIT_FAILED, EXIT_OK, run } from './control/run.ts'

const { stdin, stdout, stderr, env } = process

// A reader that has had enough, as head(1), is no fault.
stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') process.exit(EXIT_OK)
  stderr.write(`ypldapctl: ${message}\n`)
  process.exit(EXIT_FAILED)
})
stderr.on('error', () => {})

const [first, ...others] = process.argv.slice(2)
process.exitCode = first === 'init' ? await runInit(others) : await runControl(process.argv.slice(2))

function runControl(words: readonly string[]): Promise<number> {
  return run(words, controlPath(), {
    out: stdout,
    error: stderr,
    outIsTerminal: isatty(1),
    errorIsTerminal: isatty(2),
    columns: stderr.columns ?? 80,
    colour: isatty(1) && !env['NO_COLOR'],
  })
}

/** Asks no daemon: there is none yet. */
async function runInit(words: readonly string[]): Promise<number> {
  const [{ init }, { createQuestions }] = await Promise.all([
    import('./init/run.ts'),
    import('./init/questions.ts'),
  ])
  const questions = isatty(0) && isatty(2) ? createQuestions(stdin, stderr) : undefined
  try {
    return await init(words, { out: stdout, error: stderr, questions })
  } finally {
    questions?.close()
  }
}
