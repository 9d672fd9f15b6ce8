/**
 * The directory side of one domain: when there is a refresh, of which directories, and who is told of it. What one
 * refresh does is refresh.ts.
 */
import type { Log } from '../log.ts'
import type { Rejected } from '../maps/merge.ts'
import {
  type DirectorySettings,
  type FromDirectory,
  imagePath,
  type RefreshResult,
} from '../messages/directory.ts'
import { changeOf } from './change.ts'
import { Member } from './member.ts'
import { openPublisher, type Publisher } from './publisher.ts'
import { allFaults, type Progress, type Refreshed, refresh } from './refresh.ts'
import { rejectionLog } from './rejection-log.ts'
import type { Room } from './room.ts'
import { JITTER, jittered, retryAfter } from './schedule.ts'
import type { Slots } from './slots.ts'

export interface DirectorySide {
  /** What it is to do from now on. Only what has changed is read anew. */
  readonly configure: (settings: DirectorySettings) => void
  /** Reads now: all, or those of that label. Resolves when that is over; throws why it was of no use. */
  readonly refresh: (force: boolean, label: string | undefined) => Promise<void>
  /** What it published can't be served: it makes it anew. */
  readonly recommit: () => void
  /** what was left out of the maps at the last attempt to make them */
  readonly rejected: () => readonly Rejected[]
  /** what it is to do now; undefined before it is told */
  readonly settings: () => DirectorySettings | undefined
  /** Ends what is under way, publishes nothing more, and resolves when all is quiet. */
  readonly stop: () => Promise<void>
}

/** Somebody waits for a refresh. */
interface Request {
  readonly force: boolean
  /** undefined: all */
  readonly label: string | undefined
  readonly done: PromiseWithResolvers<void>
}

/** Node fires at once what is to come later than this, 24 days; a refresh that comes early harms nobody. */
const LONGEST_TIMER = 2 ** 31 - 1

export interface DirectorySideOptions {
  readonly domain: string
  readonly send: (message: FromDirectory) => void
  readonly log: Log
  /** refreshes that may be under way, of all domains */
  readonly slots: Slots
  readonly room: Room
  /** nothing is touched before: another side had to do with the same files */
  readonly after: Promise<void>
}

export function createDirectorySide({
  domain,
  send,
  log,
  slots,
  room,
  after,
}: DirectorySideOptions): DirectorySide {
  const stopping = new AbortController()
  const logRejected = rejectionLog(log)
  let settings: DirectorySettings | undefined
  let publisher: Publisher | undefined
  let members: readonly Member[] = []
  let rejected: readonly Rejected[] = []
  let last: RefreshResult | null = null
  /** the maps are to be made anew, whether or not a directory gives anything new */
  let rebuild = false
  /** something is to be done now; a further try comes when a directory is due */
  let awake = false
  let requests: Request[] = []
  /** runs that were trashed since the last that was not */
  let failures = 0
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let refreshing = false
  let interrupt = new AbortController()
  let configuring = after
  /** nothing begins, for the settings are about to change */
  let paused = false

  const tell = () => {
    const next = refreshing ? 0 : Math.min(...members.map(({ due }) => epoch(due)))
    send({
      kind: 'state',
      domain,
      refreshing,
      next,
      last,
      published: publisher?.published() ?? null,
      directories: members.map((member) => member.describe(refreshing ? 0 : epoch(member.due))),
    })
  }

  /** Does what is due, and sees to it that this is looked at again when the next is. */
  const proceed = () => {
    clearTimeout(timer)
    if (paused || stopping.signal.aborted || running !== undefined || settings === undefined) return
    const wait = Math.max(0, Math.min(...members.map(({ due }) => due)) - performance.now())
    if (awake || requests.length > 0 || wait === 0) {
      awake = false
      refreshing = true
      running = run(settings).finally(() => {
        room.giveBack()
        running = undefined
        refreshing = false
        if (stopping.signal.aborted) return
        proceed()
        if (running === undefined) tell()
      })
    } else {
      timer = setTimeout(proceed, Math.min(wait, LONGEST_TIMER))
    }
  }

  const run = async (current: DirectorySettings): Promise<void> => {
    interrupt = new AbortController()
    const signal = AbortSignal.any([stopping.signal, interrupt.signal])
    const asked = requests
    requests = []
    const due = dueOnes(asked, performance.now() + current.interval * JITTER * 1000)
    const failing = due.filter(({ fault }) => fault !== undefined)
    let refreshed: Refreshed
    try {
      const options = {
        settings: current,
        publisher: publisher!,
        members,
        due,
        rebuild,
        force: asked.some(({ force }) => force),
        signal,
        room,
        tell,
        progress: (progress: Progress) => send({ kind: 'progress', domain, ...progress }),
        log,
      }
      refreshed = await slots.use(signal, () => refresh(options))
    } catch (error) {
      if (!signal.aborted) throw error
      // What was asked for is done with the new settings, or never.
      requests = [...asked, ...requests]
      if (stopping.signal.aborted) for (const { done } of requests) done.reject(new Error('stopped'))
      return
    }
    const { result } = refreshed
    last = result
    if (refreshed.rejected !== undefined) {
      rebuild = false
      rejected = refreshed.rejected
      logRejected(rejected)
    }
    reportBack(failing)
    // What was told of the interval meanwhile counts.
    schedule(result, due, (settings ?? current).interval)
    report(result, due)
    answer(asked, result)
  }

  /** Those that are asked for or due, and those without whose rows there can be no maps. */
  const dueOnes = (asked: readonly Request[], now: number): readonly Member[] =>
    members.filter(
      (member) =>
        member.due <= now ||
        !member.hasRows ||
        asked.some(({ label }) => label === undefined || label === member.label),
    )

  const schedule = ({ outcome }: RefreshResult, due: readonly Member[], interval: number) => {
    failures = outcome === 'trashed' ? failures + 1 : 0
    const now = performance.now()
    const later = now + jittered(interval) * 1000
    for (const member of outcome === 'trashed' && due.length === 0 ? members : due) {
      member.failures = member.fault === undefined ? 0 : member.failures + 1
      const failed = Math.max(failures, member.failures)
      member.due = failed === 0 ? later : now + jittered(retryAfter(failed, interval)) * 1000
    }
  }

  const report = ({ outcome, reason }: RefreshResult, due: readonly Member[]) => {
    const wait = Math.min(...members.map((member) => member.due)) - performance.now()
    const next = `next try in ${Math.max(0, Math.round(wait / 1000))} s`
    if (outcome === 'trashed') {
      log('warning', 'update-trashed', `${domain}: ${reason}; ${next}`)
      return
    }
    for (const { fault } of due) {
      if (fault !== undefined) {
        log('warning', 'directory-kept', `${fault.message}; its last rows stay in the maps; ${next}`)
      }
    }
  }

  /** Those that had failed before. */
  const reportBack = (members: readonly Member[]) => {
    for (const { label, fault, failures } of members) {
      if (fault !== undefined) continue
      const times = failures === 1 ? 'once' : `${failures} times`
      log('info', 'directory-back', `${domain}: directory "${label}" is read again; it had failed ${times}`)
    }
  }

  const answer = (asked: readonly Request[], { outcome, reason }: RefreshResult) => {
    for (const { label, done } of asked) {
      const failed = members.filter(
        (member) => member.fault !== undefined && (label === undefined || label === member.label),
      )
      if (outcome === 'trashed') done.reject(new Error(reason))
      else if (failed.length > 0) done.reject(new Error(allFaults(failed).message))
      else done.resolve()
    }
  }

  const reconfigure = async (next: DirectorySettings, turn: Promise<void>): Promise<void> => {
    await turn
    const change = changeOf(settings, next)
    if (change.contents) {
      paused = true
      failures = 0
      interrupt.abort()
      await running
    }
    if (stopping.signal.aborted) return
    const before = settings
    settings = next
    if (publisher?.path !== imagePath(next)) publisher = await openPublisher(next)
    const fresh = before === undefined ? (publisher.published()?.fresh ?? 0) : 0
    members = await Promise.all(
      next.directories.map(async (config, index) => {
        const old = members[change.same[index] ?? -1]
        if (old === undefined) return Member.open(config, next, fresh)
        old.config = config
        return old
      }),
    )
    if (change.contents && before !== undefined) rebuild = awake = true
    if (before !== undefined && before.interval !== next.interval) {
      const later = performance.now() + jittered(next.interval) * 1000
      for (const member of members) if (member.failures === 0 && member.due > 0) member.due = later
    }
    paused = false
    tell()
    proceed()
  }

  return {
    configure(next) {
      configuring = reconfigure(next, configuring)
    },
    async refresh(force, label) {
      await configuring
      if (label !== undefined && !members.some((member) => member.label === label)) {
        throw new Error(`no such directory: ${label}`)
      }
      const done = Promise.withResolvers<void>()
      requests.push({ force, label, done })
      proceed()
      await done.promise
    },
    recommit() {
      publisher?.distrust()
      awake = true
      proceed()
    },
    rejected: () => rejected,
    settings: () => settings,
    async stop() {
      stopping.abort()
      clearTimeout(timer)
      for (const { done } of requests) done.reject(new Error('stopped'))
      await configuring
      await running
    },
  }
}

/** A moment of the monotonic clock in seconds since 1970; 0 stays 0. */
function epoch(due: number): number {
  return due === 0 ? 0 : Math.round((Date.now() + due - performance.now()) / 1000)
}
