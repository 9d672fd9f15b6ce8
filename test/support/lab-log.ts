import type { LabProcess } from './lab-process.ts'
import { waitUntil } from './lab-wait.ts'

/** The lines of our daemon's log with this id, without prefix and id, in order. */
export function logged(log: string, id: string): readonly string[] {
  const end = ` [${id}]`
  return log
    .split('\n')
    .filter((line) => line.endsWith(end))
    .map((line) => line.replace(/^(<\d>)?ypldap: /, '').slice(0, -end.length))
}

/** Waits until the daemon has logged this id more than `before` times; the newest line. */
export async function untilLogged(daemon: LabProcess, id: string, before = 0): Promise<string> {
  const newest = () => logged(daemon.output(), id).slice(before).at(-1)
  try {
    await waitUntil(`the daemon has logged [${id}] more than ${before} times`, () => newest() !== undefined)
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${daemon.output()}`, { cause: error })
  }
  return newest() ?? ''
}

/** How often the daemon has logged this id so far. */
export function countLogged(daemon: LabProcess, id: string): number {
  return logged(daemon.output(), id).length
}
