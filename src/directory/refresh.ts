/**
 * One refresh: the directories that are due are read side by side, and what all of them gave last is published. What
 * is published is complete; what can't be completed is trashed, with the reason.
 */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '../log.ts'
import type { Rejected } from '../maps/merge.ts'
import { clip } from '../messages/common.ts'
import type { DirectorySettings, FromDirectory, RefreshResult } from '../messages/directory.ts'
import { type Held, isExpected, isRowsFile, type Member } from './member.ts'
import { GuardError, type Publication, type Publisher } from './publisher.ts'
import { reasonsOf } from './rejection-kinds.ts'
import type { Room, Share } from './room.ts'

export type Progress = Omit<Extract<FromDirectory, { kind: 'progress' }>, 'kind' | 'domain'>

export interface RefreshOptions {
  readonly settings: DirectorySettings
  readonly publisher: Publisher
  readonly members: readonly Member[]
  /** those that are to be read; the others are as they were */
  readonly due: readonly Member[]
  /** the maps are to be made anew even if no directory gives anything */
  readonly rebuild: boolean
  /** the guard is passed */
  readonly force: boolean
  readonly signal: AbortSignal
  /** for this refresh and those of other domains */
  readonly room: Room
  /** something of a member has changed */
  readonly tell: () => void
  readonly progress: (progress: Progress) => void
  readonly log: Log
}

export interface Refreshed {
  readonly result: RefreshResult
  /** what was left out of the maps; undefined when none were made */
  readonly rejected: readonly Rejected[] | undefined
}

/** Milliseconds between two words of how far a reading is. */
const PROGRESS_MS = 200

/** Throws only when `signal` tells it to end, and has then changed nothing. */
export async function refresh(options: RefreshOptions): Promise<Refreshed> {
  const { members, due, signal, log } = options
  const share = options.room.share()
  const begun = performance.now()
  const ended = (
    result: Pick<RefreshResult, 'outcome' | 'users' | 'groups' | 'rejected' | 'reasons' | 'reason'>,
  ) => ({
    ...result,
    at: Math.floor(Date.now() / 1000),
    took: Math.round(performance.now() - begun),
    entries: due.reduce((sum, { fault, entries }) => sum + (fault === undefined ? entries : 0), 0),
  })
  try {
    await readAll(options, share)
    const { rejected, outcome, users, groups } = await publish(options, share)
    const reasons = reasonsOf(rejected)
    const result = ended({ outcome, users, groups, rejected: rejected.length, reasons, reason: '' })
    return { result, rejected }
  } catch (fault) {
    if (signal.aborted) throw fault
    if (!isExpected(fault)) log('error', 'internal', (fault as Error).stack ?? String(fault))
    const reason = clip((fault as Error).message)
    const result = ended({ outcome: 'trashed', users: 0, groups: 0, rejected: 0, reasons: [], reason })
    return { result, rejected: undefined }
  } finally {
    for (const member of members) member.release()
    share.release()
  }
}

async function readAll(options: RefreshOptions, share: Share): Promise<void> {
  const { settings, due, force, signal, tell, progress, log } = options
  const { guardShrink, limits } = settings
  const readings = due.map((member) =>
    member.read(signal, { log, force, guardShrink, limits, share, progress: seldom(member.label, progress) }),
  )
  tell()
  for (const reading of readings) void reading.then(tell, () => {})
  try {
    await Promise.all(readings)
  } finally {
    await Promise.allSettled(readings)
  }
}

function seldom(label: string, progress: RefreshOptions['progress']) {
  let next = PROGRESS_MS
  return (entries: number, milliseconds: number) => {
    if (milliseconds < next) return
    next = milliseconds + PROGRESS_MS
    progress({ directory: clip(label), entries, milliseconds })
  }
}

async function publish(options: RefreshOptions, share: Share): Promise<Publication> {
  const { settings, publisher, due, force, signal } = options
  const present = presentOnes(options)
  const held: Held[] = []
  for (const member of present) held.push(await member.rows())
  signal.throwIfAborted()
  const rows = held.map(({ rows }) => rows)
  const publication = await share.build(signal, () =>
    publisher.publish(rows, settings, {
      force,
      fresh: Math.min(...held.map(({ at }) => at)),
      reserve: share.reserve,
      // Before the image: rows that are newer than it harm nobody, older ones would take back what it says.
      judged: () => keepRowsOf(options),
    }),
  )
  logRefreshed(options.log, settings.domain, due, publication)
  return publication
}

/** Those whose rows the maps are made of; throws why there can be no maps. */
function presentOnes({ members, due, rebuild, force }: RefreshOptions): readonly Member[] {
  const required = members.find(({ config, fault }) => config.required && fault !== undefined)
  if (required?.fault !== undefined) throw required.fault
  if (!rebuild && due.length > 0 && due.every(({ fault }) => fault !== undefined)) throw allFaults(due)
  const present = members.filter(({ hasRows }) => hasRows)
  if (present.length === 0) throw allFaults(members)
  const absent = members.find(({ hasRows }) => !hasRows)
  if (absent !== undefined && !force) {
    throw new GuardError(
      `${absent.fault?.message ?? absent.label}; nothing is published before it has been read once; ` +
        'if the maps can do without it, "ypldapctl refresh --force" makes them',
    )
  }
  return present
}

/** After this the next failure of a directory finds the rows that it gave now. */
async function keepRowsOf({ settings, members, due, log }: RefreshOptions): Promise<void> {
  const { state, domain } = settings
  for (const member of due) {
    await member.keep().catch(({ message }: Error) => {
      log('warning', 'rows-not-kept', `${message}; should "${member.label}" fail it is missed at once`)
    })
  }
  const ours = new Set(members.map(({ file }) => file))
  for (const name of await readdir(state)) {
    if (isRowsFile(name, domain) && !ours.has(name)) await rm(join(state, name), { force: true })
  }
}

function logRefreshed(log: Log, domain: string, due: readonly Member[], publication: Publication): void {
  const { outcome, users, groups, rejected } = publication
  const from = due
    .flatMap(({ fetched }) => (fetched === undefined ? [] : [fetched]))
    .map(
      ({ directory, source, milliseconds, references }) =>
        `${directory} (${source}, ${milliseconds} ms${references > 0 ? `, ${references} references ignored` : ''})`,
    )
  const whence = from.length > 0 ? ` from ${from.join(', ')}` : ''
  const left = rejected.length > 0 ? `, ${rejected.length} rows left out or cut` : ''
  const text = `${domain}: ${users} users and ${groups} groups${whence}${left}`
  if (outcome === 'published') log('info', 'refreshed', text)
  else log('debug', 'unchanged', text)
}

/** One directory's own error, or those of several. */
export function allFaults(members: readonly Member[]): Error {
  const faults = members.flatMap(({ fault }) => (fault === undefined ? [] : [fault]))
  const [first] = faults
  if (faults.length === 1 && first !== undefined) return first
  return new GuardError(faults.map(({ message }) => message).join('; '))
}
