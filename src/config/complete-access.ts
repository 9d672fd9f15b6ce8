import type { AccessRule, Position, Problem } from './config.ts'
import type { AccessDraft, Draft, SecurenetsDraft } from './draft.ts'
import { MAX_RULES, MAX_SECURENETS } from './limits.ts'
import { EVERYBODY, LOOPBACK, type Prefix } from './prefix.ts'
import type { ReadFile } from './read.ts'
import type { Report } from './report.ts'
import { parseSecurenets } from './securenets.ts'

export interface CompleteAccess {
  /** The rules with those of securenets files in their places. */
  readonly rulesOf: (access: readonly AccessDraft[]) => readonly AccessRule[]
  /** files that let nobody in, where they are named, and why */
  readonly closed: readonly Problem[]
}

/** All that is said of who may ask; a file that many name is read once. */
export function completeAccess(draft: Draft, read: ReadFile, report: Report): CompleteAccess {
  const files = new Map<string, NetsFile>()
  const rules = new Map<SecurenetsDraft, readonly AccessRule[]>()
  const closed: Problem[] = []
  const lists = [draft, ...draft.blocks].map(({ access }) => access)
  for (const one of lists.flat().filter(isSecurenets)) {
    const { value: path, at } = one.securenets
    const known = files.get(path)
    if (known === undefined && files.size === MAX_SECURENETS) {
      report.problem(at, `too many securenets files, expected at most ${MAX_SECURENETS}`)
      break
    }
    const file = known ?? readNets(path, read, report)
    files.set(path, file)
    for (const fault of file.faults) report.problem(at, fault)
    rules.set(one, file.rules)
    if (file.closed !== undefined) {
      closed.push({ at, message: `${file.closed}: until then no other host is answered` })
    }
  }
  return {
    rulesOf: (access) => access.flatMap((one) => (isSecurenets(one) ? (rules.get(one) ?? CLOSED) : [one])),
    closed,
  }
}

/** More than that cost too much memory in each thread. */
export function refuseTooManyRules(
  draft: Draft,
  { rulesOf }: CompleteAccess,
  start: Position,
  report: Report,
): void {
  const all = [draft, ...draft.blocks].flatMap(({ access, mapBlocks }) => [
    rulesOf(access),
    ...mapBlocks.map((map) => map.access),
  ])
  const count = all.reduce((sum, { length }) => sum + length, 0)
  if (count <= MAX_RULES) return
  report.problem(
    start,
    `the rules have ${count} prefixes together, with those of maps and files, expected at most ${MAX_RULES} in all`,
  )
}

interface NetsFile {
  readonly rules: readonly AccessRule[]
  /** what is wrong with the file as a whole */
  readonly faults: readonly string[]
  /** why it lets nobody in */
  readonly closed?: string
}

function readNets(path: string, read: ReadFile, report: Report): NetsFile {
  const { file, faults } = read(path)
  if (file === undefined) return { rules: CLOSED, faults: [], closed: faults.join('; ') }
  report.file(path)
  const { nets, faults: wrong } = parseSecurenets(file.text)
  for (const { message, ...place } of wrong) report.problem({ file: path, ...place }, message)
  if (nets.length === 0 && wrong.length === 0)
    return { rules: CLOSED, faults, closed: `${path} names nobody, expected a line or more` }
  return { rules: nets.map(allow), faults }
}

/** Whatever the rules behind it say: who is not told whom to answer answers nobody but this host. */
const CLOSED: readonly AccessRule[] = [
  ...LOOPBACK.map(allow),
  ...EVERYBODY.map((all) => ({ ...allow(all), verdict: 'deny' as const })),
]

function allow(prefix: Prefix): AccessRule {
  return { verdict: 'allow', ...prefix, reserved: false }
}

function isSecurenets(one: AccessDraft): one is SecurenetsDraft {
  return 'securenets' in one
}
