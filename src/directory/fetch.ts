/** One directory to its rows. */
import { setImmediate } from 'node:timers/promises'
import type { Filter } from 'ldapts'
import type { DirectoryConfig } from '../config/config.ts'
import type { Log } from '../log.ts'
import type { Rows } from '../maps/rows.ts'
import { DnError, withinBase } from './dn.ts'
import type { Entry } from './entry.ts'
import { DirectoryError, type DirectoryErrorCode } from './error.ts'
import { readEntries } from './file.ts'
import { FilterError, parseFilter } from './filter.ts'
import { createGatherer, type Gatherer } from './gather.ts'
import { type LdapContext, type Lookup, type Sessions, systemLookup, withSession } from './ldap.ts'
import { LIMITS, type Limits } from './limits.ts'
import { createMatcher } from './matcher.ts'
import { readNamed } from './named.ts'
import { utf8Octets } from './octets.ts'
import { completeEntry } from './ranges.ts'
import { createRoom, filledBy, type Share } from './room.ts'
import { refuseOnlyReferences, type SearchSummary, search } from './search.ts'
import { type Search, searchSideBySide } from './side-by-side.ts'
import type { Wanted } from './wanted.ts'

/** The rows of one directory, and how they were come by. */
export interface Fetched extends Rows {
  /** the address or socket that answered, or the file */
  readonly source: string
  /** references to other servers that were not followed */
  readonly references: number
  /** that were read, whatever became of them */
  readonly entries: number
  readonly milliseconds: number
}

export interface FetchOptions {
  /** the NIS domain, for templates */
  readonly domain?: string
  /** told of each entry, with how many there were so far */
  readonly entry?: (count: number) => void
  readonly log?: Log
  /** of the refresh that this is a part of; without it, it is alone in its process */
  readonly share?: Share
  /** for tests: other limits, another resolver */
  readonly limits?: Partial<Limits>
  readonly lookup?: Lookup
}

/**
 * All rows of one directory, or nothing: what could not be read whole is an error.
 * @throws DirectoryError, its text beginning with the directory's label
 */
export async function fetchDirectory(
  config: DirectoryConfig,
  signal: AbortSignal,
  options: FetchOptions = {},
): Promise<Fetched> {
  const limits = { ...LIMITS, ...options.limits }
  const started = performance.now()
  const stop = new AbortController()
  const abort = () => stop.abort(new DirectoryError('aborted', 'the refresh was stopped'))
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  const share = options.share ?? createRoom().share()
  const counter = createCounter(options.entry ?? (() => {}), share, stop.signal)
  const giveWay = () => stop.abort(filledBy(counter.count()))
  if (share.signal.aborted) giveWay()
  share.signal.addEventListener('abort', giveWay, { once: true })
  const timer = setTimeout(() => {
    const seconds = limits.deadline / 1000
    stop.abort(
      new DirectoryError(
        'deadline',
        `the refresh was not complete within ${seconds} s (limit ldap deadline)`,
      ),
    )
  }, limits.deadline)
  try {
    const context = { limits, lookup: options.lookup ?? systemLookup, signal: stop.signal }
    const gatherer = createGatherer(config, options.domain ?? '')
    const { log = () => {} } = options
    const label = `directory "${config.label}"`
    const { source, references } = await fetchRows(config, gatherer, context, counter, {
      alone(reason) {
        if (stop.signal.aborted) return
        log('debug', 'one-connection', `${label}: groups after users, as ${reason}`)
      },
      missing: (reason) => log('warning', 'base-missing', `${label}: ${reason}`),
    })
    return {
      directory: config.label,
      ...gatherer.gathered(),
      source,
      references,
      entries: counter.count(),
      milliseconds: Math.round(performance.now() - started),
    }
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error
    throw new DirectoryError(error.code, `directory "${config.label}": ${error.message}`)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
    share.signal.removeEventListener('abort', giveWay)
  }
}

/** Entries so far. */
interface Counter {
  readonly add: (entry: Entry) => void
  /** One that others name: it is in no search, and takes room as they do. */
  readonly hold: (entry: Entry) => void
  readonly count: () => number
  readonly clear: () => void
}

function createCounter(told: (count: number) => void, share: Share, signal: AbortSignal): Counter {
  let count = 0
  const hold = (entry: Entry) => {
    share.take(sizeOf(entry))
    // What came with it is not read any more.
    signal.throwIfAborted()
  }
  return {
    add(entry) {
      told(++count)
      hold(entry)
    },
    hold,
    count: () => count,
    clear() {
      count = 0
    },
  }
}

/** About what V8 takes for it: a value and its place are 24 bytes beside what is in it. */
function sizeOf({ dn, attributes }: Entry): number {
  let size = dn.length
  for (const values of attributes.values()) for (const { length } of values) size += 24 + length
  return size
}

interface Outcome {
  readonly source: string
  readonly references: number
}

/** Hears of what makes a refresh no failure. */
interface Told {
  /** groups were searched after users, not beside them */
  readonly alone: (reason: string) => void
  /** the base of a search is not there */
  readonly missing: (reason: string) => void
}

async function fetchRows(
  config: DirectoryConfig,
  gatherer: Gatherer,
  context: LdapContext,
  counter: Counter,
  { alone, missing }: Told,
): Promise<Outcome> {
  context.signal.throwIfAborted()
  const { users, groups, others } = gatherer
  const { location, pageSize } = config
  if (location.kind === 'file') {
    return fetchFile(location.path, [users, groups, ...others], counter, context)
  }
  const searchOf = ({ base, filter, attributes, add }: Wanted): Search => ({
    query: { base, filter: filterOf(filter), attributes, pageSize },
    onEntry(entry) {
      counter.add(entry)
      add(entry)
    },
  })
  const both = [searchOf(users), searchOf(groups)] as const
  const rest = others.map(searchOf)
  const { value, address } = await withSession(config, location, context, async (sessions) => {
    // An address that failed before may have given some.
    gatherer.clear()
    counter.clear()
    const found = await searchSideBySide(sessions, both, context.limits, alone)
    refuseReferred(both, found)
    const more = await searchInTurn(sessions, rest, context.limits, missing)
    for (const { entry, add } of gatherer.takePartial()) {
      add(await completeEntry(sessions.session, entry, context.limits))
    }
    for (const named of gatherer.named) {
      const add = (entry: Entry) => {
        counter.hold(entry)
        named.add(entry)
      }
      await readNamed(sessions.session, { ...named, add }, context.limits)
    }
    return [...found, ...more]
  })
  return { references: value.reduce((sum, { references }) => sum + references, 0), source: address }
}

/** What holds the users but no groups below the same base is the right server, whatever else it refers to; or so. */
function refuseReferred(
  searches: readonly [Search, Search],
  found: readonly [SearchSummary, SearchSummary],
): void {
  const [users, groups] = searches
  const isOneBase = users.query.base === groups.query.base
  if (isOneBase && found.some(({ entries }) => entries > 0)) return
  for (const [place, summary] of found.entries()) refuseOnlyReferences(searches[place]!.query, summary)
}

/**
 * A base that is not there holds nothing: few directories have something of everything. Where nothing is found Active
 * Directory still refers to the other parts of its forest.
 */
async function searchInTurn(
  { session }: Sessions,
  searches: readonly Search[],
  limits: Limits,
  missing: Told['missing'],
): Promise<readonly SearchSummary[]> {
  const found: SearchSummary[] = []
  for (const { query, onEntry } of searches) {
    try {
      found.push(await search(session, query, limits, onEntry))
    } catch (error) {
      if (!(error instanceof DirectoryError) || !NOT_HERE.has(error.code)) throw error
      missing(error.message)
    }
  }
  return found
}

/** For a base that it does not have, a server may refer to another one. */
const NOT_HERE: ReadonlySet<DirectoryErrorCode> = new Set(['no-base', 'referral-only'])

/** A few milliseconds of work. */
const ENTRIES_AT_A_TIME = 1000

async function fetchFile(
  path: string,
  searches: readonly Wanted[],
  counter: Counter,
  { limits, signal }: LdapContext,
): Promise<Outcome> {
  const wanted = searches.map(({ base, filter, add }) => ({
    isBelow: below(base),
    isWanted: createMatcher(filterOf(filter)),
    add,
  }))
  let read = 0
  for (const entry of readEntries(path, limits)) {
    for (const { isBelow, isWanted, add } of wanted) {
      if (!isBelow(entry.rdns) || !isWanted(entry)) continue
      counter.add(entry)
      add(entry)
    }
    read += 1
    if (read > limits.entries) {
      throw new DirectoryError(
        'too-much',
        `the file ${path} has more than ${limits.entries} entries (limit ldap entries)`,
      )
    }
    if (read % ENTRIES_AT_A_TIME === 0) {
      await setImmediate()
      signal.throwIfAborted()
    }
  }
  return { source: path, references: 0 }
}

function filterOf(text: string): Filter {
  try {
    return parseFilter(text)
  } catch (error) {
    if (error instanceof FilterError) throw new DirectoryError('configuration', error.message)
    throw error
  }
}

function below(base: string): ReturnType<typeof withinBase> {
  try {
    return withinBase(utf8Octets(base))
  } catch (error) {
    if (error instanceof DnError) throw new DirectoryError('configuration', error.message)
    throw error
  }
}
