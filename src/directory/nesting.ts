/**
 * Groups that hold groups (RFC 2307bis, Active Directory), made flat: a NIS group has users only. The members of a
 * group are those of all groups it reaches.
 */
import type { Octets } from '../maps/rows.ts'

/** A DN, in a form in which equal ones are equal. */
export type DnKey = string | number

export interface NestedGroup<Key extends DnKey = string> {
  /** its DN */
  readonly key: Key
  /** DNs of users and of groups */
  readonly members: readonly Key[]
  /** of users, where the directory names them directly */
  readonly names: readonly Octets[]
}

export interface FlatGroup<Key extends DnKey = string> {
  /** each user once: first those named directly, then those of `members` in their order, then those of nested groups */
  readonly names: readonly Octets[]
  /** of `members`, those that are neither a user nor a group, and the first of them */
  readonly unresolved: number
  readonly example: Key | undefined
  /** groups beyond the 64th level below this one, whose users are left out */
  readonly tooDeep: number
  /** there was no room left for users of nested groups */
  readonly isCut: boolean
}

const DEEPEST = 64

/** Members looked at, each for every group that holds it: some hundred megabytes as rows. What comes then is cut. */
const MOST_STEPS = 20_000_000

/** Makes each of the groups flat, in their order. Groups that hold each other hold the same users. */
export function flattenNodes<Key extends DnKey>(nodes: readonly GroupNode<Key>[]): FlatGroup<Key>[] {
  const visited = new Int32Array(nodes.length).fill(-1)
  let steps = 0
  return nodes.map((node, root) => {
    const names = new Set<Octets>()
    let level = [node]
    visited[root] = root
    const isCut = steps > MOST_STEPS && node.nested.length > 0
    const deepest = isCut ? 0 : DEEPEST
    for (let depth = 0; depth <= deepest && level.length > 0; depth++) {
      const below: GroupNode<Key>[] = []
      for (const one of level) {
        const { users, nested, implied } = one
        for (const user of users) names.add(user)
        if (one !== node) for (const user of implied) names.add(user)
        for (const place of nested) {
          if (visited[place] !== root) below.push(nodes[place]!)
          visited[place] = root
        }
        steps += users.length + nested.length + implied.length
      }
      level = below
    }
    const { missing } = node
    const tooDeep = isCut ? 0 : level.length
    return { names: [...names], unresolved: missing.length, example: missing[0], tooDeep, isCut }
  })
}

export type UserOf<Key extends DnKey> = (dn: Key) => Octets | undefined

/** A group whose members are known for what they are. */
export interface GroupNode<Key extends DnKey> {
  readonly key: Key
  /** those named directly first */
  readonly users: readonly Octets[]
  /** places of groups */
  readonly nested: readonly number[]
  /** users whose primary group it is: members of groups that hold it, though no list of its own names them */
  readonly implied: readonly Octets[]
  /** of its members, those that are neither a user nor a group */
  readonly missing: readonly Key[]
}

/** Of several groups with one DN the last counts. */
export function resolveMembers<Key extends DnKey>(
  groups: readonly NestedGroup<Key>[],
  userOf: UserOf<Key>,
): GroupNode<Key>[] {
  const places = new Map(groups.map(({ key }, place) => [key, place]))
  return groups.map(({ key, members, names }) => {
    const users = [...names]
    const nested: number[] = []
    const missing: Key[] = []
    for (const member of members) {
      const user = userOf(member)
      const place = user === undefined ? places.get(member) : undefined
      if (user !== undefined) {
        users.push(user)
      } else if (place !== undefined) {
        nested.push(place)
      } else {
        missing.push(member)
      }
    }
    return { key, users, nested, implied: [], missing }
  })
}
