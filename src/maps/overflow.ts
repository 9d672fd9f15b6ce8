/** What becomes of lines that are over the record limit. */
import { YPMAXRECORD } from '../../rpc/yp.ts'
import { fitting, groupHead, joinedLength } from './lines.ts'
import type { Admitted, Rejected } from './merge.ts'
import { ascending, inOrder } from './order.ts'
import type { Group, Octets } from './rows.ts'

/**
 * `cut`: a list ends between two of its items; `split`: a group becomes several with one gid, and other lists are cut;
 * `keep`: it stays as it is; `drop`: there is no such record.
 */
export type Overflow = 'cut' | 'split' | 'keep' | 'drop'

/** No line is longer, whatever the limit. */
export const LONGEST_LINE = 65_536

export interface RecordLimit {
  /** bytes a value may have */
  readonly recordLimit: number
  readonly overflow: Overflow
}

export interface FitOptions extends RecordLimit {
  /** hears of every line that was over the limit */
  readonly over: (rejected: Rejected) => void
}

/** The bytes that a line may have at most. */
export function longestLine({ recordLimit, overflow }: RecordLimit): number {
  return overflow === 'keep' ? LONGEST_LINE : recordLimit
}

/** Gives a function that says what became of a line over the limit. */
export function teller(
  subject: string,
  directory: string,
  dn: Octets,
  { recordLimit, over }: FitOptions,
): (what: string) => void {
  return (what) =>
    over({ directory, dn, reason: `${subject} is over the record limit of ${recordLimit} bytes: ${what}` })
}

/** What becomes of a line of so many bytes, which are over the limit. Of one that is shortened the caller tells. */
export function fateOf(
  length: number,
  options: RecordLimit,
  tell: (what: string) => void,
): 'whole' | 'dropped' | 'shortened' {
  if (options.overflow === 'drop') {
    tell(`left out with its ${length} bytes`)
    return 'dropped'
  }
  if (length > longestLine(options)) return 'shortened'
  tell(`kept with its ${length} bytes`)
  return 'whole'
}

export function groupLength(group: Group): number {
  return groupHead(group) + joinedLength(group.members)
}

/** The groups as the maps show them: each of them fits. */
export function fitGroups(groups: Admitted<Group>, options: FitOptions): Admitted<Group> {
  const { rows, names, directories } = groups
  if (rows.every((group) => groupLength(group) <= options.recordLimit)) return groups
  const fit = fitter(new Set(names), options)
  const pieces = rows.map((group, number) => fit(group, directories[number]!))
  const all = pieces.flat()
  const order = ascending(all.map(({ name }) => name))
  const origins = pieces.flatMap((some, number) => some.map(() => directories[number]!))
  const sorted = inOrder(all, order)
  return { rows: sorted, names: sorted.map(({ name }) => name), directories: inOrder(origins, order) }
}

/** What the maps show of a group: itself, a part, several, or nothing. `taken` are names that a part must not have. */
function fitter(
  taken: Set<Octets>,
  options: FitOptions,
): (group: Group, directory: string) => readonly Group[] {
  const limit = longestLine(options)
  return (group, directory) => {
    const length = groupLength(group)
    if (length <= options.recordLimit) return [group]
    const { name, dn, members } = group
    const tell = teller(`group "${name}"`, directory, dn, options)
    if (groupHead(group) > limit) {
      tell(`left out, as it has ${groupHead(group)} bytes without its members`)
      return []
    }
    const fate = fateOf(length, options, tell)
    if (fate !== 'shortened') return fate === 'whole' ? [group] : []
    const isSplit = options.overflow === 'split'
    const parts = isSplit ? split(group, limit, taken) : [cut(group, limit)]
    const left = members.length - parts.reduce((sum, part) => sum + part.members.length, 0)
    const lost = `${left} of ${members.length} members left out`
    if (!isSplit) tell(lost)
    else tell(`split into ${parts.length} of one gid${left > 0 ? `, ${lost}` : ''}`)
    return parts
  }
}

function cut(group: Group, limit: number): Group {
  const { members } = group
  return { ...group, members: members.slice(0, fitting(groupHead(group), members, limit)) }
}

/** `name`, `name_1`, `name_2` … Members that fit into none are left out. */
function split(group: Group, limit: number, taken: Set<Octets>): readonly Group[] {
  const parts: Group[] = []
  let { name } = group
  let number = 0
  for (let at = 0; at < group.members.length && name.length <= YPMAXRECORD; ) {
    const end = fitting(groupHead({ ...group, name }), group.members, limit, at)
    if (end === at) {
      at += 1
      continue
    }
    parts.push({ ...group, name, members: group.members.slice(at, end) })
    at = end
    do name = `${group.name}_${++number}`
    while (taken.has(name))
    taken.add(name)
  }
  return parts.length > 0 ? parts : [{ ...group, members: [] }]
}
