import { setImmediate } from 'node:timers/promises'
import type { Filter } from 'ldapts'

import type { DirectoryConfig, Located } from '../config/config.ts'
import type { Log } from '../log.ts'
import type { Group, Rejection, Rows, User } from '../maps/rows.ts'
import { DnError, withinBase } from './dn.ts'
import type { Entry } from './entry.ts'
import { DirectoryError } from './error.ts'
import { readEntries } from './file.ts'
import { FilterError, matches, parseFilter } from './filter.ts'
import { type LdapContext, type Lookup, systemLookup, withSession } from './ldap.ts'
import { LIMITS, type Limits } from './limits.ts'
import { utf8Octets } from './octets.ts'
import { createRowMaker, type Fields, groupAttributes, userAttributes } from './rows.ts'
import { type Search, searchSideBySide } from './side-by-side.ts'

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
  /** told of each entry, with how many there were so far */
  readonly entry?: (count: number) => void
  readonly log?: Log
  /** for tests: other limits, another resolver */
  readonly limits?: Partial<Limits>
  readonly lookup?: Lookup
}

/**
 * All users and groups of one directory, or nothing: what could not be read whole is an error.
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
  const timer = setTimeout(() => {
    const seconds = limits.deadline / 1000
    stop.abort(new DirectoryError('deadline', `the refresh was not complete within ${seconds} s`))
  }, limits.deadline)
  try {
    const context = { limits, lookup: options.lookup ?? systemLookup, signal: stop.signal }
    const rows = gather(config.fields, options.entry ?? (() => {}))
    const { log = () => {} } = options
    const alone = (reason: string) => {
      if (stop.signal.aborted) return
      log('debug', 'one-connection', `directory "${config.label}": groups after users, as ${reason}`)
    }
    const { source, references } = await fetchRows(config, rows, context, alone)
    return {
      directory: config.label,
      ...rows.gathered(),
      source,
      references,
      entries: rows.count(),
      milliseconds: Math.round(performance.now() - started),
    }
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error
    throw new DirectoryError(error.code, `directory "${config.label}": ${error.message}`)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}

type Gathered = Pick<Rows, 'users' | 'groups' | 'rejected'>

interface Gatherer {
  readonly gathered: () => Gathered
  /** entries so far */
  readonly count: () => number
  readonly clear: () => void
  readonly addUser: (entry: Entry) => void
  readonly addGroup: (entry: Entry) => void
}

interface Outcome {
  readonly source: string
  readonly references: number
}

async function fetchRows(
  config: DirectoryConfig,
  rows: Gatherer,
  context: LdapContext,
  alone: (reason: string) => void,
): Promise<Outcome> {
  context.signal.throwIfAborted()
  const filters = { user: filterOf(config.userFilter), group: filterOf(config.groupFilter) }
  if (config.location.kind === 'file') return fetchFile(config, config.location.path, filters, rows, context)
  const { pageSize, userBase, groupBase, fields } = config
  const users: Search = {
    query: {
      base: userBase.value,
      filter: filters.user,
      attributes: userAttributes(fields),
      pageSize,
    },
    onEntry: rows.addUser,
  }
  const groups: Search = {
    query: {
      base: groupBase.value,
      filter: filters.group,
      attributes: groupAttributes(fields),
      pageSize,
    },
    onEntry: rows.addGroup,
  }
  const { value, address } = await withSession(config, config.location, context, (sessions) => {
    // An address that failed before may have given some.
    rows.clear()
    return searchSideBySide(sessions, [users, groups], context.limits, alone)
  })
  return { references: value[0].references + value[1].references, source: address }
}

interface Filters {
  readonly user: Filter
  readonly group: Filter
}

/** A few milliseconds of work. */
const ENTRIES_AT_A_TIME = 1000

async function fetchFile(
  config: DirectoryConfig,
  path: string,
  filters: Filters,
  rows: Gatherer,
  { limits, signal }: LdapContext,
): Promise<Outcome> {
  const belowUsers = below(config.userBase)
  const belowGroups = below(config.groupBase)
  let read = 0
  for (const entry of readEntries(path, limits)) {
    if (belowUsers(entry.rdns) && matches(filters.user, entry)) rows.addUser(entry)
    if (belowGroups(entry.rdns) && matches(filters.group, entry)) rows.addGroup(entry)
    read += 1
    if (read > limits.entries) {
      throw new DirectoryError('too-much', `the file ${path} has more than ${limits.entries} entries`)
    }
    if (read % ENTRIES_AT_A_TIME === 0) {
      await setImmediate()
      signal.throwIfAborted()
    }
  }
  return { source: path, references: 0 }
}

/** Makes rows of entries as they come, so that the entries need not be kept. */
function gather(fields: Fields, counted: (count: number) => void): Gatherer {
  const users: User[] = []
  const groups: Group[] = []
  // Apart, as they come side by side and are to be in the same order each time.
  const rejected: Record<'users' | 'groups', Rejection[]> = { users: [], groups: [] }
  let count = 0
  const make = createRowMaker(fields)
  return {
    gathered: () => ({ users, groups, rejected: [...rejected.users, ...rejected.groups] }),
    count: () => count,
    clear() {
      for (const list of [users, groups, rejected.users, rejected.groups]) list.length = 0
      count = 0
    },
    addUser(entry) {
      counted(++count)
      const row = make.user(entry)
      if ('reason' in row) rejected.users.push(row)
      else users.push(row)
    },
    addGroup(entry) {
      counted(++count)
      const row = make.group(entry)
      if ('reason' in row) rejected.groups.push(row)
      else groups.push(row)
    },
  }
}

function filterOf({ value }: Located<string>): Filter {
  try {
    return parseFilter(value)
  } catch (error) {
    if (error instanceof FilterError) throw new DirectoryError('configuration', error.message)
    throw error
  }
}

function below({ value }: Located<string>): ReturnType<typeof withinBase> {
  try {
    return withinBase(utf8Octets(value))
  } catch (error) {
    if (error instanceof DnError) throw new DirectoryError('configuration', error.message)
    throw error
  }
}
