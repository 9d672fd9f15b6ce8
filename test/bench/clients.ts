/** The bench's end of a generator. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { FromGenerator, JobName, Jobs, ToGenerator } from './jobs.ts'

export interface Clients {
  readonly pid: number
  readonly run: <Name extends JobName>(name: Name, job: Jobs[Name]['job']) => Promise<Jobs[Name]['result']>
  /** Ends a job that goes on until it is told to stop. */
  readonly stop: () => void
  readonly close: () => Promise<void>
}

/** A generator on this core; `niceness` orders those that share it. */
export function startClients(core: number, niceness = 0): Clients {
  const program = join(import.meta.dirname, 'generator.ts')
  const words = ['-c', String(core), 'nice', '-n', String(niceness), process.execPath, program]
  const child: ChildProcess = spawn('taskset', words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const tell = (message: ToGenerator) => void child.send(message)
  return {
    pid: child.pid ?? 0,
    async run(name, job) {
      const answer = Promise.withResolvers<FromGenerator>()
      const gone = () => answer.resolve({ error: 'the generator has ended' })
      child.once('message', answer.resolve)
      child.once('exit', gone)
      tell({ name, ...job } as ToGenerator)
      const said = await answer.promise
      child.off('exit', gone)
      if ('error' in said) throw new Error(`${name}: ${said.error}`)
      return said.result
    },
    stop: () => tell({ name: 'stop' }),
    async close() {
      if (child.connected) child.disconnect()
      await exited
    },
  }
}
