import { isLoopback, parseAddress } from '../address.ts'
import { completeDirectory } from './complete-directory.ts'
import { type Config, type DirectoryConfig, MAP_NAMES } from './config.ts'
import { DEFAULT_INTERVAL, DEFAULT_RECORD_LIMIT } from './defaults.ts'
import { type Draft, isAbsent } from './draft.ts'
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
  warnOfUnusedCafiles(draft, directories, report)
  refuseOutsideLoopback(draft, report)
  const provided = new Set(draft.maps.map((map) => map.value))
  return {
    file,
    domain: draft.domain ?? '',
    interval: draft.interval ?? DEFAULT_INTERVAL,
    maps: MAP_NAMES.filter((name) => provided.size === 0 || provided.has(name)),
    bind: draft.bind ?? 'portmap',
    listen: draft.listen,
    access: draft.access,
    recordLimit: draft.recordLimit ?? DEFAULT_RECORD_LIMIT,
    directories,
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
