/**
 * The directory side as a whole: fetch, build, judge, publish, for as long as it lives. What it publishes is
 * complete; what it can't complete it trashes, with the reason.
 */
import { hostname } from 'node:os'
import type { Config } from '../config/config.ts'
import { fingerprint } from '../config/fingerprint.ts'
import type { Log } from '../log.ts'
import { buildImage } from '../maps/build.ts'
import { type Counts, judge } from '../maps/guard.ts'
import type { Rejected } from '../maps/merge.ts'
import type { DirectoryMessage } from '../messages.ts'
import { type Fetched, fetchDirectory } from './fetch.ts'
import { rejectionLog } from './rejection-log.ts'
import { startUpdater, type Updater } from './updater.ts'

/** The rows were good, and are still not to be served. */
class GuardError extends Error {
  override readonly name = 'GuardError'
}

export function startDirectorySide(
  config: Config,
  send: (message: DirectoryMessage) => void,
  log: Log,
): Updater {
  const { domain, maps, recordLimit } = config
  const options = { domain, master: hostname(), maps, recordLimit, fingerprint: fingerprint(config) }
  const logRejected = rejectionLog(log)
  let before: Counts | undefined
  let created = 0
  let generation = 0

  const publish = (fetched: readonly Fetched[]) => {
    // ORDER must grow with every change, also when the clock is set back.
    created = Math.max(created + 1, Math.floor(Date.now() / 1000))
    const built = buildImage(fetched, { ...options, created, generation: generation + 1 })
    logRejected(built.rejected)
    const reason = judge(before, built.counts, config.guardShrink)
    if (reason !== undefined) throw new GuardError(reason)
    before = built.counts
    generation += 1
    send({ kind: 'image', domain, bytes: built.bytes })
    log('info', 'published', summary(domain, built.counts, built.rejected, fetched))
  }

  return startUpdater<readonly Fetched[]>({
    interval: config.interval,
    fetch: (signal) => fetchAll(config, signal),
    publish,
    trashed: (error, retry) => {
      if (error instanceof Error && !isExpected(error)) log('error', 'internal', error.stack ?? error.message)
      const reason = error instanceof Error ? error.message : String(error)
      send({ kind: 'trashed', domain, reason: `${reason}; next try in ${Math.round(retry)} s` })
    },
  })
}

/** All directories side by side; the first to fail ends the others. */
async function fetchAll(config: Config, signal: AbortSignal): Promise<readonly Fetched[]> {
  const ended = new AbortController()
  const either = AbortSignal.any([signal, ended.signal])
  const fetches = config.directories.map((directory) => fetchDirectory(directory, either))
  try {
    return await Promise.all(fetches)
  } finally {
    ended.abort()
    await Promise.allSettled(fetches)
  }
}

function isExpected(error: Error): boolean {
  return error instanceof GuardError || 'code' in error
}

function summary(
  domain: string,
  { users, groups }: Counts,
  rejected: readonly Rejected[],
  fetched: readonly Fetched[],
): string {
  const sources = fetched.map(
    ({ directory, source, milliseconds, references }) =>
      `${directory} (${source}, ${milliseconds} ms${references > 0 ? `, ${references} references ignored` : ''})`,
  )
  const left = rejected.length > 0 ? `, ${rejected.length} rows left out or cut` : ''
  return `${domain}: ${users} users and ${groups} groups from ${sources.join(', ')}${left}`
}
