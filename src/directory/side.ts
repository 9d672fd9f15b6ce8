/**
 * The directory side as a whole: reads the directories when they are due, and publishes what they gave. What it
 * publishes is complete; what it can't complete it trashes, with the reason.
 */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '../log.ts'
import type { Rejected } from '../maps/merge.ts'
import { clip } from '../messages/common.ts'
import type { DirectorySettings, FromDirectory, RefreshResult } from '../messages/directory.ts'
import { changeOf } from './change.ts'
import { isExpected, isRowsFile, Member } from './member.ts'
import { GuardError, imagePath, openPublisher, type Publication, type Publisher } from './publisher.ts'
import { rejectionLog } from './rejection-log.ts'
import { JITTER, jittered, retryAfter } from './schedule.ts'

export interface DirectorySide {
  /** What it is to do from now on. Only what has changed is read anew. */
  readonly configure: (settings: DirectorySettings) => void
  /** Reads now: all, or those of that label. Resolves when that is over; throws why it was of no use. */
  readonly refresh: (force: boolean, label: string | undefined) => Promise<void>
  /** What it published can't be served: it makes it anew. */
  readonly recommit: () => void
  /** what was left out of the maps at the last attempt to make them */
  readonly rejected: () => readonly Rejected[]
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

/** How a run ended; the reason why it was trashed, or ''. */
interface Outcome extends Pick<RefreshResult, 'outcome' | 'users' | 'groups' | 'rejected' | 'reason'> {
  readonly fault?: unknown
}

/** Node fires at once what is to come later than this, 24 days; a refresh that comes early harms nobody. */
const LONGEST_TIMER = 2 ** 31 - 1

const PROGRESS_MS = 200

export function createDirectorySide(send: (message: FromDirectory) => void, log: Log): DirectorySide {
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
  let configuring: Promise<void> = Promise.resolve()
  /** nothing begins, for the settings are about to change */
  let paused = false

  const tell = () => {
    const next = refreshing ? 0 : Math.min(...members.map(({ due }) => epoch(due)))
    send({
      kind: 'state',
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
    const begun = performance.now()
    const { guardShrink } = current
    interrupt = new AbortController()
    const signal = AbortSignal.any([stopping.signal, interrupt.signal])
    const asked = requests
    requests = []
    const force = asked.some((request) => request.force)
    const due = dueOnes(asked, begun + current.interval * JITTER * 1000)
    const readings = due.map((member) =>
      member.read(signal, { force, guardShrink, progress: progressOf(member) }),
    )
    tell()
    let outcome: Outcome
    try {
      for (const reading of readings) void reading.then(tell, () => {})
      await Promise.all(readings)
      outcome = await publish(current, due, { force, signal })
    } catch (error) {
      await Promise.allSettled(readings)
      if (signal.aborted) {
        // What was asked for is done with the new settings, or never.
        requests = [...asked, ...requests]
        if (stopping.signal.aborted) for (const { done } of requests) done.reject(new Error('stopped'))
        return
      }
      outcome = trashed(error)
    } finally {
      for (const member of members) member.release()
    }
    const took = Math.round(performance.now() - begun)
    const { fault: _, ...told } = outcome
    const entries = due.reduce((sum, member) => sum + (member.fault === undefined ? member.entries : 0), 0)
    last = { ...told, at: Math.floor(Date.now() / 1000), took, entries }
    // What was told of the interval meanwhile counts.
    schedule(outcome, due, (settings ?? current).interval)
    report(outcome, current.domain, due)
    answer(asked, outcome)
  }

  /** Those that are asked for or due, and those without whose rows there can be no maps. */
  const dueOnes = (asked: readonly Request[], now: number): readonly Member[] =>
    members.filter(
      (member) =>
        member.due <= now ||
        !member.hasRows ||
        asked.some(({ label }) => label === undefined || label === member.label),
    )

  const publish = async (
    current: DirectorySettings,
    due: readonly Member[],
    { force, signal }: { readonly force: boolean; readonly signal: AbortSignal },
  ): Promise<Outcome> => {
    const faulty = members.filter(({ fault }) => fault !== undefined)
    const required = faulty.find(({ config }) => config.required)
    if (required !== undefined) throw required.fault!
    if (!rebuild && due.length > 0 && due.every(({ fault }) => fault !== undefined)) {
      throw allFaults(due)
    }
    const present = members.filter(({ hasRows }) => hasRows)
    if (present.length === 0) throw allFaults(members)
    const absent = members.find(({ hasRows }) => !hasRows)
    if (absent !== undefined && !force) {
      throw new GuardError(
        `${absent.fault?.message ?? absent.label}; nothing is published before it has been read once; ` +
          'if the maps can do without it, "ypldapctl refresh --force" makes them',
      )
    }
    const held = []
    for (const member of present) held.push(await member.rows())
    signal.throwIfAborted()
    const publication = await publisher!.publish(
      held.map(({ rows }) => rows),
      current,
      {
        force,
        fresh: Math.min(...held.map(({ at }) => at)),
        // Before the image: rows that are newer than it harm nobody, older ones would take back what it says.
        judged: () => keepAll(current, due),
      },
    )
    rebuild = false
    rejected = publication.rejected
    logRejected(rejected)
    logRefreshed(current.domain, due, publication)
    return { ...publication, rejected: rejected.length, reason: '' }
  }

  /** After this the next failure of a directory finds these rows. */
  const keepAll = async ({ state, domain }: DirectorySettings, due: readonly Member[]): Promise<void> => {
    for (const member of due) {
      await member.keep().catch((error: Error) => {
        log(
          'warning',
          'rows-not-kept',
          `${error.message}; should "${member.label}" fail it is missed at once`,
        )
      })
    }
    const ours = new Set(members.map(({ file }) => file))
    for (const name of await readdir(state)) {
      if (isRowsFile(name, domain) && !ours.has(name)) await rm(join(state, name), { force: true })
    }
  }

  const logRefreshed = (domain: string, due: readonly Member[], publication: Publication) => {
    const { outcome, users, groups } = publication
    const sources = due.flatMap(({ fetched }) => (fetched === undefined ? [] : [fetched]))
    const from = sources.map(
      ({ directory, source, milliseconds, references }) =>
        `${directory} (${source}, ${milliseconds} ms${references > 0 ? `, ${references} references ignored` : ''})`,
    )
    const left = rejected.length > 0 ? `, ${rejected.length} rows left out or cut` : ''
    const what = `${domain}: ${users} users and ${groups} groups`
    const whence = from.length > 0 ? ` from ${from.join(', ')}` : ''
    if (outcome === 'published') log('info', 'refreshed', `${what}${whence}${left}`)
    else log('debug', 'unchanged', `${what}${whence}${left}`)
  }

  const trashed = (fault: unknown): Outcome => {
    if (!isExpected(fault)) {
      log('error', 'internal', fault instanceof Error ? (fault.stack ?? fault.message) : String(fault))
    }
    const reason = fault instanceof Error ? fault.message : String(fault)
    return { outcome: 'trashed', users: 0, groups: 0, rejected: 0, reason: clip(reason), fault }
  }

  const schedule = ({ outcome }: Outcome, due: readonly Member[], interval: number) => {
    failures = outcome === 'trashed' ? failures + 1 : 0
    const now = performance.now()
    const later = now + jittered(interval) * 1000
    for (const member of outcome === 'trashed' && due.length === 0 ? members : due) {
      member.failures = member.fault === undefined ? 0 : member.failures + 1
      const failed = Math.max(failures, member.failures)
      member.due = failed === 0 ? later : now + jittered(retryAfter(failed, interval)) * 1000
    }
  }

  const report = ({ outcome, reason }: Outcome, domain: string, due: readonly Member[]) => {
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

  const answer = (asked: readonly Request[], { outcome, reason }: Outcome) => {
    for (const { label, done } of asked) {
      const failed = members.filter(
        (member) => member.fault !== undefined && (label === undefined || label === member.label),
      )
      if (outcome === 'trashed') done.reject(new Error(reason))
      else if (failed.length > 0) done.reject(new Error(allFaults(failed).message))
      else done.resolve()
    }
  }

  const progressOf = (member: Member) => {
    let next = PROGRESS_MS
    return (entries: number, milliseconds: number) => {
      if (milliseconds < next) return
      next = milliseconds + PROGRESS_MS
      send({ kind: 'progress', directory: clip(member.label), entries, milliseconds })
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
    async stop() {
      stopping.abort()
      clearTimeout(timer)
      for (const { done } of requests) done.reject(new Error('stopped'))
      await configuring
      await running
    },
  }
}

/** One directory's own error, or those of several. */
function allFaults(members: readonly Member[]): Error {
  const faults = members.flatMap(({ fault }) => (fault === undefined ? [] : [fault]))
  const [first] = faults
  if (faults.length === 1 && first !== undefined) return first
  return new GuardError(faults.map(({ message }) => message).join('; '))
}

/** A moment of the monotonic clock in seconds since 1970; 0 stays 0. */
function epoch(due: number): number {
  return due === 0 ? 0 : Math.round((Date.now() + due - performance.now()) / 1000)
}
