/**
 * The users and groups of one directory, gathered as its entries come; what takes other entries (members by DN, primary
 * groups by SID) is worked out when all of them are there.
 */
import type { DirectoryConfig } from '../config/config.ts'
import type { Group, Octets, Rejection, Rows, User } from '../maps/rows.ts'
import { createDnNumbers, type DnNumbers } from './dn-numbers.ts'
import { allValues, type Entry } from './entry.ts'
import { type FlatGroup, flattenNodes, type GroupNode, type NestedGroup, resolveMembers } from './nesting.ts'
import { utf8Octets } from './octets.ts'
import {
  createRowMaker,
  type GroupDraft,
  groupMarks,
  incompleteGroup,
  incompleteUser,
  memberDnAttributes,
} from './rows.ts'
import { SidError, sidText } from './sid.ts'
import { identified, type Known, withIds } from './sids.ts'
import { EvaluationError } from './template/error.ts'

export interface Accounts {
  readonly addUser: (entry: Entry) => void
  readonly addGroup: (entry: Entry) => void
  /** of a group that no map shows, whose members are also those of groups that it is in */
  readonly addNested: (entry: Entry) => void
  /** a member that no search found: a user whom no map shows, or such a group */
  readonly addStranger: (entry: Entry) => void
  /** DNs of members that are nobody's so far, each once */
  readonly strangers: () => readonly Octets[]
  readonly gathered: () => Pick<Rows, 'users' | 'groups' | 'rejected'>
  readonly clear: () => void
}

/** DNs are numbers: a list of them takes little, and is resolved in no time. */
type Keyed = Omit<GroupDraft, 'dns'> & NestedGroup<number>

interface Lists {
  readonly users: Known<User>[]
  readonly groups: Known<Keyed>[]
  readonly nested: Known<Keyed>[]
  readonly dns: DnNumbers
  /** of all users that may be members, by the numbers of their DNs */
  readonly names: Map<number, Octets>
  // Apart, as they come side by side and are to be in the same order each time.
  readonly badUsers: Rejection[]
  readonly badGroups: Rejection[]
}

/** Throws DirectoryError (configuration) for a template that is none. */
export function createAccounts(config: DirectoryConfig, domain: string): Accounts {
  const { fields, schema, idmap } = config
  const isAd = schema === 'ad'
  const who = isAd ? identified : unidentified
  const make = createRowMaker(config, utf8Octets(domain))
  const isByDn = memberDnAttributes(config).length > 0
  const marks = groupMarks(config)
  const isGroup = (entry: Entry) => marks.some((name) => allValues(entry, name).length > 0)
  let lists = emptyLists()
  /** whom the DNs of members mean, until there are more entries */
  let resolved: readonly GroupNode<number>[] | undefined
  const resolve = () => {
    resolved ??= resolvedOf(lists)
    return resolved
  }
  const add = (entry: Entry, rejected: Rejection[], make: () => unknown) => {
    resolved = undefined
    guarded(entry, rejected, make)
  }
  // Worked out while the server is waited for.
  const groupOf = (entry: Entry): Keyed => {
    const { row, names, dns } = make.group(entry)
    const { numberOf } = lists.dns
    // groupOfNames has a member at least (RFC 4519 s.3.5): that of one without any is the empty DN, by custom.
    const members = dns.filter((dn) => dn !== '').map(numberOf)
    return { row, names, key: isByDn ? numberOf(entry.dn) : 0, members }
  }
  const addNested = (entry: Entry) =>
    add(entry, lists.badGroups, () => lists.nested.push(who(groupOf(entry), entry)))
  const addName = ({ name, dn }: User) => {
    if (isByDn && name !== '') lists.names.set(lists.dns.numberOf(dn), name)
  }
  return {
    addUser: (entry) =>
      add(entry, lists.badUsers, () => {
        const user = make.user(entry)
        lists.users.push(who(user, entry))
        addName(user)
      }),
    addGroup: (entry) => add(entry, lists.badGroups, () => lists.groups.push(who(groupOf(entry), entry))),
    addNested,
    addStranger(entry) {
      if (isGroup(entry)) addNested(entry)
      else add(entry, lists.badGroups, () => addName(make.user(entry)))
    },
    strangers() {
      const missing = new Set(resolve().flatMap((node) => node.missing))
      return Array.from(missing, lists.dns.dnOf)
    },
    gathered() {
      const badUsers = [...lists.badUsers]
      const badGroups = [...lists.badGroups]
      const { users, groups } = isAd ? withIds(lists.users, lists.groups, idmap) : withoutIds(lists)
      const flat = isByDn ? flattenNodes(resolve()) : []
      return {
        users: users.filter((user) => isPassed(incompleteUser(user, fields), badUsers)),
        groups: groups.flatMap((draft, place) =>
          isPassed(incompleteGroup(draft.row, fields), badGroups)
            ? [withMembers(draft, flat[place], lists.dns, badGroups)]
            : [],
        ),
        rejected: [...badUsers, ...badGroups],
      }
    },
    clear() {
      lists = emptyLists()
      resolved = undefined
    },
  }
}

/** A user's primary group need not name the user: who is in that group is in those that hold it, too. */
function resolvedOf({ users, groups, nested, names }: Lists): readonly GroupNode<number>[] {
  const all = [...groups, ...nested]
  const nodes = resolveMembers(
    all.map(({ row }) => row),
    (key) => names.get(key),
  )
  const primaries = new Map<string, Octets[]>()
  for (const { row, primary } of users) {
    if (primary === undefined || row.name === '') continue
    const key = sidText(primary)
    const known = primaries.get(key)
    if (known === undefined) primaries.set(key, [row.name])
    else known.push(row.name)
  }
  if (primaries.size === 0) return nodes
  return nodes.map((node, place) => {
    const { sid } = all[place]!
    return { ...node, implied: (sid && primaries.get(sidText(sid))) ?? [] }
  })
}

function emptyLists(): Lists {
  return {
    users: [],
    groups: [],
    nested: [],
    dns: createDnNumbers(),
    names: new Map(),
    badUsers: [],
    badGroups: [],
  }
}

function unidentified<Row>(row: Row): Known<Row> {
  return { row, sid: undefined, primary: undefined }
}

function withoutIds({ users, groups }: Lists): { users: readonly User[]; groups: readonly Keyed[] } {
  return { users: users.map(({ row }) => row), groups: groups.map(({ row }) => row) }
}

/** An entry that gives no row is left out alone, with the reason. */
function guarded(entry: Entry, rejected: Rejection[], add: () => unknown): void {
  try {
    add()
  } catch (error) {
    if (!(error instanceof EvaluationError || error instanceof SidError)) throw error
    rejected.push({ dn: entry.dn, reason: error.message })
  }
}

function isPassed(verdict: Rejection | undefined, rejected: Rejection[]): boolean {
  if (verdict !== undefined) rejected.push(verdict)
  return verdict === undefined
}

/** `flat` when members have DNs. */
function withMembers(
  { row, names }: Keyed,
  flat: FlatGroup<number> | undefined,
  { dnOf }: DnNumbers,
  rejected: Rejection[],
): Group {
  if (flat === undefined) return { ...row, members: names }
  const { names: members, unresolved, example, tooDeep, isCut } = flat
  const reject = (reason: string) => void rejected.push({ dn: row.dn, reason })
  if (example !== undefined) {
    const some = `such as ${dnOf(example)}`
    reject(`${unresolved} members of group "${row.name}" are no users that are known, ${some}`)
  }
  if (isCut)
    reject(`members of groups in group "${row.name}" are left out: nested groups have too many in all`)
  if (tooDeep > 0) reject(`${tooDeep} groups are nested too deeply in group "${row.name}": left out`)
  return { ...row, members }
}
