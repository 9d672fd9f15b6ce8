#!/usr/bin/env node
/** The command line of ypldapctl(8). */
import { isatty } from 'node:tty'
import { controlPath } from './control/path.ts'
import { EXIT_FAILED, EXIT_OK, run } from './control/run.ts'

const { stdout, stderr, env } = process

// A reader that has had enough, as head(1), is no fault.
stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') process.exit(EXIT_OK)
  stderr.write(`ypldapctl: ${message}\n`)
  process.exit(EXIT_FAILED)
})
stderr.on('error', () => {})

process.exitCode = await run(process.argv.slice(2), controlPath(), {
  out: stdout,
  error: stderr,
  outIsTerminal: isatty(1),
  errorIsTerminal: isatty(2),
  columns: stderr.columns ?? 80,
  colour: isatty(1) && !env['NO_COLOR'],
})
