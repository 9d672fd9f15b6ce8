import fc from 'fast-check'
import { expect, test } from 'vitest'
import { flattenNodes, type NestedGroup, resolveMembers } from '../../src/directory/nesting.ts'

/** All of it at once. */
function flatten(all: readonly NestedGroup[], userOf: (dn: string) => string | undefined) {
  return flattenNodes(resolveMembers(all, userOf))
}

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
const user = fc.constantFrom('u1', 'u2', 'u3', 'u4')
const member = fc.oneof(key, user, fc.constant('nobody'))
const groups = fc.uniqueArray(
  fc.record({
    key,
    members: fc.array(member, { maxLength: 6 }),
    names: fc.array(fc.constantFrom('n1', 'n2', 'n3', 'u1'), { maxLength: 3 }),
  }),
  { selector: (group) => group.key },
)

const userOf = (dn: string) => (dn.startsWith('u') ? dn : undefined)

/** All that a group reaches, looked for until there is nothing new. */
function reach(all: readonly NestedGroup[], root: NestedGroup): readonly NestedGroup[] {
  const found = new Set([root])
  for (const { members } of found) {
    for (const group of all) if (members.includes(group.key)) found.add(group)
  }
  return [...found]
}

test('a flat group has exactly the users of all groups it reaches, its own first', () => {
  fc.assert(
    fc.property(groups, (all) => {
      for (const [at, flat] of flatten(all, userOf).entries()) {
        const group = all[at]!
        const names = reach(all, group).flatMap((one) => [...one.names, ...one.members.filter(userOf)])
        expect(flat.names.toSorted()).toEqual([...new Set(names)].sort())
        const own = new Set([...group.names, ...group.members.filter(userOf)])
        expect(flat.names.slice(0, own.size)).toEqual([...own])
        const strangers = group.members.filter((one) => !userOf(one) && all.every(({ key }) => key !== one))
        expect(flat).toMatchObject({
          unresolved: strangers.length,
          example: strangers[0],
          tooDeep: 0,
          isCut: false,
        })
      }
    }),
  )
})
