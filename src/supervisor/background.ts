/**
 * A daemon in the background: the same command once more, with -d, in a session of its own. The terminal gets
 * its prompt back when the daemon serves, or the reason why it can't.
 */
import { spawn } from 'node:child_process'

/** What the daemon tells the command that started it, once. */
export type StartReport = { readonly ready: true } | { readonly ready: false; readonly reason: string }

/** Starts the daemon with these arguments; resolves with the exit code of the starting command. */
export async function runInBackground(args: readonly string[]): Promise<number> {
  // The system's log is a datagram socket, which Node can't speak to: logger(1) can.
  const logger = spawn('logger', ['-t', 'ypldap', '-p', 'daemon.notice', '--prio-prefix'], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const loggerRuns = await new Promise<boolean>((resolve) => {
    logger.once('spawn', () => resolve(true))
    logger.once('error', () => resolve(false))
  })
  const daemon = spawn(process.execPath, [process.argv[1]!, '-d', ...args], {
    detached: true,
    stdio: ['ignore', 'ignore', loggerRuns ? logger.stdin : 'ignore', 'ipc'],
  })
  const code = await new Promise<number>((resolve) => {
    daemon.once('message', (report: StartReport) => {
      if (!report.ready) process.stderr.write(`ypldap: ${report.reason}\n`)
      resolve(report.ready ? 0 : 1)
    })
    daemon.once('error', (error) => {
      process.stderr.write(`ypldap: can't start: ${error.message}\n`)
      resolve(1)
    })
    daemon.once('exit', () => resolve(1))
  })
  if (daemon.connected) daemon.disconnect()
  daemon.unref()
  logger.stdin.destroy()
  logger.unref()
  return code
}

/** In the daemon: reports to the command that waits, if one does, and lets go of it. */
export function tellParent(report: StartReport): void {
  if (process.send === undefined) return
  process.send(report, () => process.disconnect())
}
