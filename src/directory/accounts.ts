/**
 * The users and groups of one directory, gathered as its entries come; what takes other entries (members by DN, primary
 * groups by SID) is worked out when all of them are there.
 */
import type { DirectoryConfig } from '../config/config.ts'
import type { Group, Octets, Rejection, Rows, User } from '../maps/rows.ts'
import { allValues, type Entry } from './entry.ts'
import { flattenGroups, type NestedGroup } from './nesting.ts'
import {
  createRowMaker,
  type GroupDraft,
  incompleteGroup,
  incompleteUser,
  memberDnAttributes,
} from './rows.ts'
import { SidError } from './sid.ts'
import { identified, type Known, withIds } from './sids.ts'
import { dnKey } from './template/dn-key.ts'
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

interface Lists {
  readonly users: Known<User>[]
  readonly groups: Known<GroupDraft>[]
  readonly nested: GroupDraft[]
  readonly strangers: User[]
  // Apart, as they come side by side and are to be in the same order each time.
  readonly badUsers: Rejection[]
  readonly badGroups: Rejection[]
}

export function createAccounts(config: DirectoryConfig): Accounts {
  const { fields, schema, idmap } = config
  const isAd = schema === 'ad'
  const who = isAd ? identified : unidentified
  const make = createRowMaker(config)
  const dns = memberDnAttributes(config)
  let lists = emptyLists()
  const addNested = (entry: Entry) =>
    guarded(entry, lists.badGroups, () => lists.nested.push(make.group(entry)))
  return {
    addUser: (entry) => guarded(entry, lists.badUsers, () => lists.users.push(who(make.user(entry), entry))),
    addGroup: (entry) =>
      guarded(entry, lists.badGroups, () => lists.groups.push(who(make.group(entry), entry))),
    addNested,
    addStranger(entry) {
      if (dns.some((name) => allValues(entry, name).length > 0)) addNested(entry)
      else guarded(entry, lists.badGroups, () => lists.strangers.push(make.user(entry)))
    },
    strangers: () => strangersOf(lists),
    gathered() {
      const badUsers = [...lists.badUsers]
      const badGroups = [...lists.badGroups]
      const { users, groups } = isAd ? withIds(lists.users, lists.groups, idmap) : withoutIds(lists)
      return {
        users: complete(users, (user) => incompleteUser(user, fields), badUsers),
        groups: withMembers(
          complete(groups, ({ row }) => incompleteGroup(row, fields), badGroups),
          lists,
          dns.length > 0,
          badGroups,
        ),
        rejected: [...badUsers, ...badGroups],
      }
    },
    clear() {
      lists = emptyLists()
    },
  }
}

function emptyLists(): Lists {
  return { users: [], groups: [], nested: [], strangers: [], badUsers: [], badGroups: [] }
}

function unidentified<Row>(row: Row): Known<Row> {
  return { row, sid: undefined, primary: undefined }
}

function withoutIds({ users, groups }: Lists): { users: readonly User[]; groups: readonly GroupDraft[] } {
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

function complete<Row>(
  rows: readonly Row[],
  judge: (row: Row) => Rejection | undefined,
  rejected: Rejection[],
): readonly Row[] {
  return rows.filter((row) => {
    const bad = judge(row)
    if (bad !== undefined) rejected.push(bad)
    return bad === undefined
  })
}

/** Those that no map shows come behind those that one does: of two with one DN the first counts. */
function nodesOf(drafts: readonly GroupDraft[]): NestedGroup[] {
  return drafts.map(({ row, names, dns }) => ({ key: keyOf(row.dn), names, members: dns.map(keyOf) }))
}

/** What is no DN is its own key: it is nobody's. */
function keyOf(dn: Octets): string {
  return dnKey(dn) ?? dn
}

function userNames({ users, strangers }: Lists): ReadonlyMap<string, Octets> {
  const names = new Map<string, Octets>()
  for (const { row } of users) if (row.name !== '') names.set(keyOf(row.dn), row.name)
  for (const { name, dn } of strangers) if (name !== '') names.set(keyOf(dn), name)
  return names
}

function strangersOf(lists: Lists): readonly Octets[] {
  const drafts = [...lists.groups.map(({ row }) => row), ...lists.nested]
  const known = new Set([...userNames(lists).keys(), ...drafts.map(({ row }) => keyOf(row.dn))])
  const strangers: Octets[] = []
  for (const { dns } of drafts) {
    for (const dn of dns) {
      const key = keyOf(dn)
      if (known.has(key)) continue
      known.add(key)
      strangers.push(dn)
    }
  }
  return strangers
}

function withMembers(
  drafts: readonly GroupDraft[],
  lists: Lists,
  isByDn: boolean,
  rejected: Rejection[],
): readonly Group[] {
  if (!isByDn) return drafts.map(({ row, names }) => ({ ...row, members: names }))
  const names = userNames(lists)
  const flat = flattenGroups(nodesOf([...drafts, ...lists.nested]), (dn) => names.get(dn))
  return drafts.map(({ row }, place): Group => {
    const { names: members, unresolved, example = '', tooDeep } = flat[place]!
    const reject = (reason: string) => void rejected.push({ dn: row.dn, reason })
    if (unresolved > 0) {
      reject(`${unresolved} members of group "${row.name}" are no users that are known, such as ${example}`)
    }
    if (tooDeep > 0) reject(`${tooDeep} groups are nested too deeply in group "${row.name}": left out`)
    return { ...row, members }
  })
}
