import { isLoopback, parseAddress } from '../address.ts'
import { completeDirectory } from './complete-directory.ts'
import { type Config, type DirectoryConfig, MAP_NAMES, type Position } from './config.ts'
import {
  DEFAULT_DIRECTORY_MEMORY,
  DEFAULT_DIRECTORY_USER,
  DEFAULT_GUARD_SHRINK,
  DEFAULT_INTERVAL,
  DEFAULT_OVERFLOW,
  DEFAULT_RECORD_LIMIT,
  DEFAULT_UDP_WORKERS,
  DEFAULT_USER,
} from './defaults.ts'
import { type Draft, isAbsent } from './draft.ts'
import { MAX_DIRECTORIES, MAX_DIRECTORIES_SIZE } from './limits.ts'
import type { Report } from './report.ts'

/** Fills in defaults, and reports what is missing or does not go together; the result counts only without problems. */
export function completeConfig(draft: Draft, file: string, report: Report): Config {
  const start = { file, line: 1, column: 1 }
  if (draft.domain === undefined && isAbsent(draft.damaged, 'domain')) {
    report.problem(start, 'no domain, expected a line such as: domain "example.com"')
  }
  if (draft.directories.length === 0 && isAbsent(draft.damaged, 'directory')) {
    report.problem(
      start,
      'no directory, expected a block such as: directory "ldap.example.com" { basedn "…" }',
    )
  }
  const directories = draft.directories
    .map((directory) => completeDirectory(directory, report))
    .filter((directory) => directory !== undefined)
  refuseTooMuch(directories, start, report)
  warnOfUnusedCafiles(draft, directories, report)
  refuseOutsideLoopback(draft, report)
  const interval = draft.interval ?? DEFAULT_INTERVAL
  judgeExpire(draft, interval, report)
  const provided = new Set(draft.maps.map((map) => map.value))
  return {
    file,
    domain: draft.domain ?? '',
    interval,
    maps: MAP_NAMES.filter((name) => provided.size === 0 || provided.has(name)),
    bind: draft.bind ?? 'portmap',
    listen: draft.listen,
    access: draft.access,
    recordLimit: draft.recordLimit ?? DEFAULT_RECORD_LIMIT,
    overflow: draft.overflow ?? DEFAULT_OVERFLOW,
    accounts: completeAccounts(draft, report),
    ...(draft.state !== undefined && { state: draft.state }),
    guardShrink: draft.guardShrink ?? DEFAULT_GUARD_SHRINK,
    directoryMemory: draft.directoryMemory ?? DEFAULT_DIRECTORY_MEMORY,
    ...(draft.expire !== undefined && { expire: draft.expire.value }),
    udpWorkers: draft.udpWorkers ?? DEFAULT_UDP_WORKERS,
    control: draft.control ?? {},
    directories,
  }
}

function completeAccounts({ user, directoryUser }: Draft, report: Report): Config['accounts'] {
  const server = user?.value ?? DEFAULT_USER
  const directory = directoryUser?.value ?? DEFAULT_DIRECTORY_USER
  const at = directoryUser?.at ?? user?.at
  // Two that were both refused are told already.
  if (at !== undefined && server === directory && server !== '') {
    report.problem(
      at,
      "'user' and 'directory user' are one account, expected two: who took over the one process could else " +
        'read the passwords of the other',
    )
  }
  return { server, directory }
}

function judgeExpire({ expire, damaged }: Draft, interval: number, report: Report): void {
  if (expire === undefined || !isAbsent(damaged, 'interval')) return
  if (expire.value <= interval) {
    report.problem(
      expire.at,
      `maps would expire between two refreshes, expected more than the interval of ${interval} seconds`,
    )
  } else if (expire.value < 2 * interval) {
    report.warning(
      expire.at,
      `maps expire when one refresh is late, expected at least ${2 * interval}, twice the interval`,
    )
  }
}

/** What the process that reads the directories could not be told. */
function refuseTooMuch(directories: readonly DirectoryConfig[], start: Position, report: Report): void {
  const beyond = directories[MAX_DIRECTORIES]
  if (beyond !== undefined) {
    report.problem(beyond.at, `too many directories, expected at most ${MAX_DIRECTORIES}`)
    return
  }
  const size = Buffer.byteLength(JSON.stringify(directories))
  if (size > MAX_DIRECTORIES_SIZE) {
    report.problem(
      start,
      `the directories take ${size} bytes with all their texts, expected at most ${MAX_DIRECTORIES_SIZE}`,
    )
  }
}

function warnOfUnusedCafiles(draft: Draft, directories: readonly DirectoryConfig[], report: Report): void {
  const used = new Set(directories.map((directory) => directory.ca))
  for (const cafile of draft.cafiles) {
    if (used.has(cafile)) continue
    report.warning(cafile.at, 'cafile is not used, expected it before a directory with ldaps or tls')
  }
}

function refuseOutsideLoopback(draft: Draft, report: Report): void {
  if (draft.bind !== 'local') return
  for (const { at, address } of draft.listen) {
    const bytes = address === undefined ? undefined : parseAddress(address)
    if (address === undefined || (bytes !== undefined && isLoopback(bytes))) continue
    report.problem(at, "listen on more than loopback beside 'bind local', expected 127.0.0.1 or ::1")
  }
}
