import type { CompleteAccess } from './complete-access.ts'
import { completeDirectory } from './complete-directory.ts'
import { completeMaps } from './complete-maps.ts'
import type { AdmissionConfig, DirectoryConfig, DomainConfig, Position } from './config.ts'
import {
  DEFAULT_GUARD_SHRINK,
  DEFAULT_INTERVAL,
  DEFAULT_MINIMUM_ID,
  DEFAULT_OVERFLOW,
  DEFAULT_RECORD_LIMIT,
} from './defaults.ts'
import { type DomainDraft, isAbsent } from './draft.ts'
import { MAX_DIRECTORIES_SIZE } from './limits.ts'
import type { Report } from './report.ts'

/** `at` is where what the domain lacks is reported. */
export function completeDomain(
  domain: string,
  draft: DomainDraft,
  at: Position,
  { rulesOf }: CompleteAccess,
  report: Report,
): DomainConfig {
  if (draft.directories.length === 0 && isAbsent(draft.damaged, 'directory')) {
    report.problem(at, 'no directory, expected a block such as: directory "ldap.example.com" { basedn "…" }')
  }
  const limit = {
    recordLimit: draft.recordLimit?.value ?? DEFAULT_RECORD_LIMIT,
    overflow: draft.overflow ?? DEFAULT_OVERFLOW,
  }
  const maps = completeMaps(draft, limit, report)
  const directories = draft.directories
    .map((directory) => completeDirectory(directory, maps, report))
    .filter((directory) => directory !== undefined)
  refuseTooMuch(directories, at, report)
  const interval = draft.interval ?? DEFAULT_INTERVAL
  judgeExpire(draft, interval, report)
  return {
    domain,
    interval,
    maps: maps.maps,
    access: rulesOf(draft.access),
    ...limit,
    admission: completeAdmission(draft),
    guardShrink: draft.guardShrink ?? DEFAULT_GUARD_SHRINK,
    ...(draft.expire !== undefined && { expire: draft.expire.value }),
    directories,
  }
}

function completeAdmission({ minimumUid, minimumGid, refusedNames = [] }: DomainDraft): AdmissionConfig {
  return {
    minimumUid: minimumUid ?? DEFAULT_MINIMUM_ID,
    minimumGid: minimumGid ?? DEFAULT_MINIMUM_ID,
    refusedNames: [...refusedNames].sort(),
  }
}

function judgeExpire({ expire, damaged }: DomainDraft, interval: number, report: Report): void {
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
  const size = Buffer.byteLength(JSON.stringify(directories))
  if (size > MAX_DIRECTORIES_SIZE) {
    report.problem(
      start,
      `the directories take ${size} bytes with all their texts, expected at most ${MAX_DIRECTORIES_SIZE}`,
    )
  }
}
