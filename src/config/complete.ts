import { isLoopback, parseAddress } from '../address.ts'
import { type CompleteAccess, refuseTooManyRules } from './complete-access.ts'
import { completeDomain } from './complete-domain.ts'
import { completeMetrics } from './complete-metrics.ts'
import type { Config, DomainConfig, Position } from './config.ts'
import {
  DEFAULT_DIRECTORY_MEMORY,
  DEFAULT_DIRECTORY_USER,
  DEFAULT_UDP_WORKERS,
  DEFAULT_USER,
} from './defaults.ts'
import { type BlockDraft, type DomainDraft, type Draft, isAbsent } from './draft.ts'
import { DEFAULT_LIMITS, MOST_UDP_REPLY } from './limit-table.ts'
import { MAX_DIRECTORIES, MAX_DOMAINS } from './limits.ts'
import type { Report } from './report.ts'

/** Of an answer to MATCH: the RPC reply, a status and the length of the value, which is padded to words of four bytes. */
const UDP_HEAD_BYTES = 24 + 8

/** Fills in defaults, and reports what is missing or does not go together; the result counts only without problems. */
export function completeConfig(draft: Draft, file: string, access: CompleteAccess, report: Report): Config {
  const start = { file, line: 1, column: 1 }
  const domains = completeDomains(draft, start, access, report)
  refuseTooManyDirectories(domains, report)
  refuseTooManyRules(draft, access, start, report)
  warnOfUnusedCafiles(draft, domains, report)
  refuseOutsideLoopback(draft, report)
  const accounts = completeAccounts(draft, report)
  const limits = { ...DEFAULT_LIMITS, ...draft.limits }
  for (const domain of [draft, ...draft.blocks]) warnOfLongValues(domain, limits.udpReply, report)
  return {
    file,
    bind: draft.bind ?? 'portmap',
    listen: draft.listen,
    accounts,
    ...(draft.state !== undefined && { state: draft.state }),
    directoryMemory: draft.directoryMemory ?? DEFAULT_DIRECTORY_MEMORY,
    udpWorkers: draft.udpWorkers ?? DEFAULT_UDP_WORKERS,
    limits,
    metrics: completeMetrics(draft, accounts, report),
    ...(draft.portmapper !== undefined && { portmapper: draft.portmapper }),
    control: draft.control ?? {},
    domains,
    closed: access.closed,
  }
}

/** The file's own, when it names one, and those of its blocks. */
function completeDomains(
  draft: Draft,
  start: Position,
  access: CompleteAccess,
  report: Report,
): DomainConfig[] {
  const { domain, blocks, damaged } = draft
  const alone = blocks.length === 0
  if (alone && domain === undefined && isAbsent(damaged, 'domain')) {
    report.problem(start, 'no domain, expected a line such as: domain "example.com"')
  }
  refuseTwins(draft, report)
  const own =
    domain !== undefined || alone ? [completeDomain(domain?.value ?? '', draft, start, access, report)] : []
  if (own.length === 0 && isAbsent(damaged, 'domain')) refuseHomeless(draft, start, report)
  return [
    ...own,
    ...blocks.map((block) =>
      completeDomain(block.domain ?? '', inherit(block, draft), block.at, access, report),
    ),
  ]
}

/** What the block does not say is as beside it, but for its maps and directories. */
function inherit(block: BlockDraft, file: Draft): DomainDraft {
  const damaged = new Set(block.damaged)
  if (!isAbsent(file.damaged, 'interval')) damaged.add('interval')
  return { ...file, ...block, access: block.access.length > 0 ? block.access : file.access, damaged }
}

function refuseTwins({ domain, blocks }: Draft, report: Report): void {
  const lines = new Map(domain === undefined ? [] : [[domain.value, domain.at.line]])
  for (const { domain: name, at } of blocks) {
    const line = lines.get(name ?? '')
    if (line !== undefined) report.problem(at, `same domain as in line ${line}, expected another name`)
    if (name !== undefined) lines.set(name, at.line)
  }
  const beyond = blocks[MAX_DOMAINS - (domain === undefined ? 0 : 1)]
  if (beyond !== undefined) report.problem(beyond.at, `too many domains, expected at most ${MAX_DOMAINS}`)
}

/** What is no default for blocks needs a domain. */
function refuseHomeless(
  { directories, maps, mapBlocks, groups }: Draft,
  start: Position,
  report: Report,
): void {
  const expected = 'expected it inside of a domain\'s block, or a line such as: domain "example.com"'
  const [directory] = directories
  if (directory !== undefined) report.problem(directory.at, `directory outside a domain, ${expected}`)
  const map = maps[0]?.at ?? mapBlocks[0]?.at ?? (groups.size > 0 ? start : undefined)
  if (map !== undefined) report.problem(map, `map outside a domain, ${expected}`)
}

function refuseTooManyDirectories(domains: readonly DomainConfig[], report: Report): void {
  const beyond = domains.flatMap(({ directories }) => directories)[MAX_DIRECTORIES]
  if (beyond === undefined) return
  report.problem(beyond.at, `too many directories, expected at most ${MAX_DIRECTORIES}`)
}

function warnOfUnusedCafiles(draft: Draft, domains: readonly DomainConfig[], report: Report): void {
  const used = new Set(domains.flatMap(({ directories }) => directories.map(({ ca }) => ca)))
  for (const cafile of [draft, ...draft.blocks].flatMap(({ cafiles }) => cafiles)) {
    if (used.has(cafile)) continue
    report.warning(cafile.at, 'cafile is not used, expected it before a directory with ldaps or tls')
  }
}

/** Clients ask for one value over UDP, and have no other way. Who keeps all values as they are means clients of TCP. */
function warnOfLongValues(domain: DomainDraft, udpReply: number, report: Report): void {
  const room = (udpReply & ~3) - UDP_HEAD_BYTES
  for (const { recordLimit, overflow } of [domain, ...domain.mapBlocks]) {
    if (recordLimit === undefined || recordLimit.value <= room) continue
    if ((overflow ?? domain.overflow) === 'keep') continue
    const needed = ((recordLimit.value + 3) & ~3) + UDP_HEAD_BYTES
    const larger = needed > MOST_UDP_REPLY ? '' : `, or limit udp reply ${needed}`
    report.warning(
      recordLimit.at,
      `clients that ask over UDP get an error for a value over ${room} bytes, expected at most ${room}${larger}`,
    )
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

function refuseOutsideLoopback(draft: Draft, report: Report): void {
  if (draft.bind !== 'local') return
  for (const { at, address } of draft.listen) {
    const bytes = address === undefined ? undefined : parseAddress(address)
    if (address === undefined || (bytes !== undefined && isLoopback(bytes))) continue
    report.problem(at, "listen on more than loopback beside 'bind local', expected 127.0.0.1 or ::1")
  }
}
