/**
 * Tells systemd how we are (sd_notify(3)), when it asked to be told. It listens on a datagram socket of the unix
 * kind, which Node can't speak to: systemd-notify(1) can.
 */
import { spawn } from 'node:child_process'
import type { Log } from '../log.ts'

export interface Notifier {
  /** The start, or a reload, is done. */
  readonly ready: (status: string) => void
  readonly status: (text: string) => void
  readonly reloading: () => void
  readonly stopping: () => void
}

/** systemd answers nothing; a command that takes longer hangs. */
const PATIENCE_MS = 5000

export function createNotifier(env: NodeJS.ProcessEnv, log: Log): Notifier {
  const socket = env['NOTIFY_SOCKET']
  if (socket === undefined || socket === '') {
    return { ready() {}, status() {}, reloading() {}, stopping() {} }
  }
  let running: Promise<void> | undefined
  /** Of what waits, what comes later says all that the earlier would: but not a status in place of "ready". */
  let waiting: { readonly kind: 'status' | 'state'; readonly args: readonly string[] }[] = []
  let failed = false

  const run = (args: readonly string[]) =>
    new Promise<void>((resolve) => {
      const child = spawn('systemd-notify', [`--pid=${process.pid}`, ...args], {
        env: { NOTIFY_SOCKET: socket, PATH: env['PATH'] ?? '/usr/bin:/bin' },
        stdio: 'ignore',
        timeout: PATIENCE_MS,
        killSignal: 'SIGKILL',
      })
      const over = (fault: string | undefined) => {
        if (fault !== undefined && !failed) {
          failed = true
          log('warning', 'notify-failed', `systemd can't be told that we are ready, nor how we are: ${fault}`)
        }
        resolve()
      }
      child.once('error', (error) => over(error.message))
      child.once('exit', (code) => over(code === 0 ? undefined : `systemd-notify ended with status ${code}`))
    })

  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await run(next.args)
    running = undefined
  }

  const tell = (kind: 'status' | 'state', ...args: readonly string[]) => {
    if (kind === 'status') waiting = waiting.filter((one) => one.kind !== 'status')
    waiting.push({ kind, args })
    running ??= work()
  }

  return {
    ready: (status) => tell('state', 'READY=1', `STATUS=${status}`),
    status: (text) => tell('status', `STATUS=${text}`),
    // The time tells it from an older one (sd_notify(3)), and Node's clock is the one that is meant.
    reloading: () => tell('state', 'RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping: () => tell('state', 'STOPPING=1'),
  }
}
