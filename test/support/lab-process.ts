import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { waitUntil } from './lab-wait.ts'

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A daemon that runs in the foreground as a child of the test. */
export interface LabProcess {
  readonly pid: number
  /** settles when the process has ended, for whatever reason */
  readonly exited: Promise<Exit>
  /** all it has written to stdout and stderr so far */
  output(): string
  /** Sends the signal and waits for the end; a process that outlives it by ten seconds is killed and is an error. */
  stop(signal?: NodeJS.Signals): Promise<Exit>
}

export interface ProcessOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** descriptors that it has from 3 on */
  readonly descriptors?: readonly number[]
  /** true as soon as the daemon does its work; given what it has written so far */
  readonly ready: (output: string) => boolean | Promise<boolean>
  /** milliseconds until it must be ready */
  readonly timeout?: number
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve({ code, signal }))
  })
}

/** Starts a daemon and waits until it is ready; one that ends before is an error that shows its output. */
export async function startProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions,
): Promise<LabProcess> {
  const { cwd, env = process.env, descriptors = [], ready, timeout = 10_000 } = options
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe', ...descriptors] })
  let output = ''
  let exit: Exit | undefined
  const exited = exitOf(child).then((how) => (exit = how))
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (output += text))

  async function stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    child.kill(signal)
    let stubborn = false
    const timer = setTimeout(() => {
      stubborn = true
      child.kill('SIGKILL')
    }, 10_000)
    const how = await exited
    clearTimeout(timer)
    if (stubborn) throw new Error(`${command} did not end on ${signal}; it was killed\n${output}`)
    return how
  }

  try {
    const readyNow = () => exit !== undefined || ready(output)
    await Promise.race([waitUntil(`${command} is ready`, readyNow, timeout), exited])
  } catch (error) {
    if (child.pid !== undefined) await stop('SIGKILL')
    throw new Error(`${command} did not start\n${output}`, { cause: error })
  }
  if (exit !== undefined || child.pid === undefined) {
    throw new Error(`${command} ended at once: ${JSON.stringify(exit)}\n${output}`)
  }
  return { pid: child.pid, exited, output: () => output, stop }
}
