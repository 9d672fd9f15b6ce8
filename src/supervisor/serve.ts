/** The supervisor's life: from its start to the signal, or the request, that ends it. */
import type { Logger } from '../log.ts'
import { keepMemoryPrivate } from '../private-memory.ts'
import { StartError } from '../start-error.ts'
import { tellParent } from './background.ts'
import { type Supervisor, type SupervisorOptions, startSupervisor } from './supervisor.ts'

/** Resolves when all has ended; false when it could not serve, which is logged. */
export async function serve(options: Omit<SupervisorOptions, 'stopRequested'>): Promise<boolean> {
  const { log } = options.logger
  survive(options.logger)
  // Heard from the first moment on: a signal during the start must not leave a registration behind.
  const ended = Promise.withResolvers<string>()
  let supervisor: Supervisor | undefined
  process.on('SIGTERM', ended.resolve)
  process.on('SIGINT', ended.resolve)
  process.on('SIGHUP', () => void supervisor?.reload())
  try {
    supervisor = await startSupervisor({ ...options, stopRequested: () => ended.resolve('request') })
  } catch (error) {
    if (error instanceof StartError) log('error', error.code, error.message)
    else log('error', 'internal', textOf(error))
    tellParent({ ready: false, reason: (error as Error).message })
    return false
  }
  tellParent({ ready: true })
  // Not sooner: it takes 10 ms, and others answer by now.
  keepMemoryPrivate()
  log('info', 'stopping', `on ${await ended.promise}`)
  await supervisor.stop()
  return true
}

/**
 * A fault of ours in one corner must not end a service whose other corners are sound: the children answer and
 * refresh without us, and what holds them is held by the kernel.
 */
function survive({ log }: Logger): void {
  const tell = (error: unknown) => log('error', 'internal', textOf(error))
  process.on('uncaughtException', tell)
  process.on('unhandledRejection', tell)
}

/** A fault of ours, with where it came from. */
function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
