import { spawn } from 'node:child_process'
import { constants } from 'node:os'

export interface Result {
  /** the exit status; 128 and the signal's number when a signal ended it, as shells count */
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  /** milliseconds until the command is killed and the run fails */
  readonly timeout?: number
  /** what the command reads on its standard input */
  readonly input?: string
  /** added to the environment */
  readonly env?: Readonly<Record<string, string>>
}

/** Runs a command to its end. Only a command that can't be started or takes too long is an error. */
export function run(
  command: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Result> {
  const { timeout = 20_000, input = '', env = {} } = options
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: 'pipe' })
    let stdout = ''
    let stderr = ''
    let late = false
    const timer = setTimeout(() => {
      late = true
      child.kill('SIGKILL')
    }, timeout)
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const line = [command, ...args].join(' ')
      if (late) reject(new Error(`${line}: not finished after ${timeout} ms\n${stdout}${stderr}`))
      else resolve({ status: code ?? 128 + constants.signals[signal ?? 'SIGKILL'], stdout, stderr })
    })
    // A command that doesn't read its input closes the pipe; that is its own affair.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}

/** Like `run`, for commands that must succeed: their standard output, or an error with all they said. */
export async function runOrFail(
  command: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<string> {
  const { status, stdout, stderr } = await run(command, args, options)
  if (status !== 0) {
    throw new Error(`${[command, ...args].join(' ')}: exit status ${status}\n${stdout}${stderr}`)
  }
  return stdout
}
