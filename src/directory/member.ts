/**
 * One of the directories that maps are made of: how its last reading went, when the next is due, and the rows
 * that it gave last, which stand in for it while it fails.
 */
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { DirectoryConfig } from '../config/config.ts'
import { sourceOf } from '../config/fingerprint.ts'
import type { Log } from '../log.ts'
import { judge } from '../maps/guard.ts'
import type { Rows } from '../maps/rows.ts'
import { clip } from '../messages/common.ts'
import type { DirectoryLimits, DirectorySettings, DirectoryState } from '../messages/directory.ts'
import { type Fetched, fetchDirectory } from './fetch.ts'
import { findKept, type Kept, keepRows, readKept } from './kept-rows.ts'
import { configured } from './limits.ts'
import { GuardError } from './publisher.ts'
import type { Share } from './room.ts'

/** So that the states of 256 directories, 6 bytes a character, fit into one message. */
const NAME_CHARACTERS = 256
const ERROR_CHARACTERS = 1024

/** Rows, and when they were read, in seconds since 1970. */
export interface Held {
  readonly rows: Rows
  readonly at: number
}

export interface Reading {
  readonly log: Log
  readonly force: boolean
  /** percent of its users, and of its groups, that must still be there */
  readonly guardShrink: number
  readonly limits: DirectoryLimits
  readonly share: Share
  /** told of each entry, with how many there were so far and milliseconds since the start */
  readonly progress: (entries: number, milliseconds: number) => void
}

export class Member {
  config: DirectoryConfig
  /** why the last attempt failed */
  fault: Error | undefined
  /** attempts that failed since the last that did not */
  failures = 0
  /** when it is to be read next, by the monotonic clock in milliseconds; 0: now */
  due = 0
  /** the NIS domain */
  readonly #domain: string
  /** where its rows are kept; undefined: nowhere, as it stands alone */
  readonly #path: string | undefined
  #kept: Kept | undefined
  #fetched: Fetched | undefined
  #fetchedAt = 0
  #reading = false
  #wasRead = false
  #shown: Pick<DirectoryState, 'source' | 'fetched' | 'entries' | 'took'> = {
    source: '',
    fetched: 0,
    entries: 0,
    took: 0,
  }

  private constructor(config: DirectoryConfig, domain: string, path: string | undefined) {
    this.config = config
    this.#domain = domain
    this.#path = path
  }

  /** `fresh`: since when an image that holds its rows is true; 0 when there is none. */
  static async open(config: DirectoryConfig, settings: DirectorySettings, fresh: number): Promise<Member> {
    const several = settings.directories.length > 1
    const path = several ? join(settings.state, rowsName(config, settings)) : undefined
    const member = new Member(config, settings.domain, path)
    if (member.#path !== undefined) member.#kept = await findKept(member.#path)
    const { source = '', entries = 0 } = member.#kept ?? {}
    member.#shown = { source, fetched: member.#kept?.at ?? (several ? 0 : fresh), entries, took: 0 }
    return member
  }

  get label(): string {
    return this.config.label
  }

  /** the file of its rows, without its folder */
  get file(): string | undefined {
    return this.#path === undefined ? undefined : basename(this.#path)
  }

  /** of its last reading that was whole */
  get entries(): number {
    return this.#shown.entries
  }

  get hasRows(): boolean {
    return this.#fetched !== undefined || this.#kept !== undefined
  }

  /** how it was come by and how long it took, for the log */
  get fetched(): Fetched | undefined {
    return this.#fetched
  }

  describe(next: number): DirectoryState {
    const { label, fault } = this
    const { source, ...shown } = this.#shown
    return {
      label: clip(label, NAME_CHARACTERS),
      ...shown,
      source: clip(source, NAME_CHARACTERS),
      state: this.#reading ? 'reading' : this.#standing(),
      next,
      error: clip(fault?.message ?? '', ERROR_CHARACTERS),
    }
  }

  #standing(): DirectoryState['state'] {
    const known = this.#shown.fetched > 0
    if (this.fault !== undefined) return known ? 'kept' : 'failed'
    return this.#wasRead ? 'fresh' : 'waiting'
  }

  /** Reads it; afterwards `fault` tells why that failed. Throws only what is no fault of the directory's. */
  async read(
    signal: AbortSignal,
    { log, force, guardShrink, limits, share, progress }: Reading,
  ): Promise<void> {
    const begun = performance.now()
    // What it says at the end of the reading may have been said at its start.
    const at = Math.floor(Date.now() / 1000)
    this.#reading = true
    try {
      const fetched = await fetchDirectory(this.config, signal, {
        domain: this.#domain,
        log,
        limits: configured(limits),
        share,
        entry: (count) => progress(count, Math.round(performance.now() - begun)),
      })
      if (!force) this.#judge(fetched, guardShrink)
      this.#fetched = fetched
      this.#fetchedAt = at
      const { source, entries, milliseconds } = fetched
      this.#shown = { source, fetched: this.#fetchedAt, entries, took: milliseconds }
      this.#wasRead = true
      this.fault = undefined
    } catch (error) {
      if (signal.aborted || !isExpected(error)) throw error
      this.fault = error
    } finally {
      this.#reading = false
    }
  }

  /** One among several may lose all it has, and the maps still have the half that the guard wants to see. */
  #judge({ users, groups }: Fetched, percent: number): void {
    const before = this.#kept
    if (before === undefined || before.users + before.groups === 0) return
    const counts = { users: users.length, groups: groups.length, maps: [] }
    const reason = judge({ ...before, maps: [] }, counts, percent)
    if (reason !== undefined) throw new GuardError(`directory "${this.label}": ${reason}`)
  }

  /** Those that were just read, or those that were kept. Throws when they can't be had, and has none then. */
  async rows(): Promise<Held> {
    if (this.#fetched !== undefined) return { rows: this.#fetched, at: this.#fetchedAt }
    const kept = this.#kept
    if (kept === undefined || this.#path === undefined)
      throw new Error(`"${this.label}" has given no rows yet`)
    try {
      return { rows: { directory: this.label, ...(await readKept(this.#path)) }, at: kept.at }
    } catch (error) {
      this.#kept = undefined
      this.due = 0
      throw error
    }
  }

  /** Keeps what was just read; if that fails, throws what the file system says, and what was kept before is gone. */
  async keep(): Promise<void> {
    if (this.#path === undefined || this.#fetched === undefined) return
    const known = this.#kept
    this.#kept = undefined
    try {
      this.#kept = await keepRows(this.#path, known, this.#fetched, this.#fetchedAt)
    } catch (error) {
      await rm(this.#path, { force: true }).catch(() => {})
      throw error
    }
  }

  /** Gives the memory back. */
  release(): void {
    this.#fetched = undefined
  }
}

/** Of one domain, whichever directory: `.example.com.0123456789abcdef.rows`. */
export function isRowsFile(name: string, domain: string): boolean {
  const prefix = `.${domain}.`
  return name.startsWith(prefix) && /^[0-9a-f]{16}\.rows$/.test(name.slice(prefix.length))
}

/** Another name for whatever makes other rows. */
function rowsName(config: DirectoryConfig, { domain }: DirectorySettings): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([whoAsks(config.credentials), sourceOf(config)]))
    .digest('hex')
  return `.${domain}.${hash.slice(0, 16)}.rows`
}

/** Whom the directory answers decides what it shows. */
function whoAsks(credentials: DirectoryConfig['credentials']): string {
  if (credentials.kind === 'simple') return credentials.dn
  return credentials.kind === 'external' ? `external ${credentials.authzid}` : ''
}

/** What a directory, a file or the guard is to blame for has a code or a name; the rest is a fault of ours. */
export function isExpected(error: unknown): error is Error {
  return error instanceof GuardError || (error instanceof Error && 'code' in error)
}
