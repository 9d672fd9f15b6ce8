import { describe, expect, test } from 'vitest'
import { flattenNodes, type NestedGroup, resolveMembers } from '../../src/directory/nesting.ts'

/** All of it at once. */
function flatten(all: readonly NestedGroup[], userOf: (dn: string) => string | undefined) {
  return flattenNodes(resolveMembers(all, userOf))
}

const USERS = new Map(['ann', 'bob', 'cid', 'dan', 'eve'].map((name) => [`uid=${name}`, name]))

/** Groups from lines `name: member member`; a member is a user, a group or nobody. */
function groups(...lines: readonly string[]): NestedGroup[] {
  return lines.map((line) => {
    const [name = '', members = ''] = line.split(':')
    const keys = members.split(' ').filter(Boolean)
    return {
      key: `cn=${name}`,
      members: keys.map((one) => (USERS.has(`uid=${one}`) ? `uid=${one}` : `cn=${one}`)),
      names: [],
    }
  })
}

function flat(...lines: readonly string[]): Record<string, string> {
  const list = groups(...lines)
  const flattened = flatten(list, (dn) => USERS.get(dn))
  return Object.fromEntries(flattened.map(({ names }, at) => [list[at]!.key.slice(3), names.join(' ')]))
}

describe('the users of a group', () => {
  test('are its own, then those of the groups in it, each once, in the order they are met', () => {
    expect(flat('top: low dan mid ann', 'mid: bob ann low', 'low: cid dan bob')).toEqual({
      top: 'dan ann cid bob',
      mid: 'bob ann cid dan',
      low: 'cid dan bob',
    })
  })

  test('begin with those that are named directly', () => {
    const group = { key: 'cn=a', members: ['uid=ann', 'uid=bob'], names: ['zoe', 'bob'] }
    expect(flatten([group], (dn) => USERS.get(dn))).toEqual([
      { names: ['zoe', 'bob', 'ann'], unresolved: 0, example: undefined, tooDeep: 0, isCut: false },
    ])
  })

  test('are the same for groups that hold each other', () => {
    expect(flat('a: b ann', 'b: c bob', 'c: a cid', 'self: self dan')).toEqual({
      a: 'ann bob cid',
      b: 'bob cid ann',
      c: 'cid ann bob',
      self: 'dan',
    })
  })

  test('come once from groups that are reached in many ways', () => {
    const diamonds = Array.from({ length: 40 }, (_, at) => `g${at}: g${at + 1} h${at + 1} g${at + 1}`)
    const sides = Array.from({ length: 40 }, (_, at) => `h${at + 1}: g${at + 2} h${at + 2}`)
    expect(flat(...diamonds, ...sides, 'g40: ann', 'h40: bob')['g0']).toBe('ann bob')
  })

  test('leave out members that are nobody, and count them', () => {
    const [group] = flatten(groups('a: ann ghost bob printer'), (dn) => USERS.get(dn))
    expect(group).toEqual({
      names: ['ann', 'bob'],
      unresolved: 2,
      example: 'cn=ghost',
      tooDeep: 0,
      isCut: false,
    })
  })

  test('reach 64 levels down, and what is below is counted', () => {
    const chain = Array.from({ length: 66 }, (_, at) => `g${at}: g${at + 1}`)
    const list = groups(...chain, 'g66: ann')
    const flattened = flatten(list, (dn) => USERS.get(dn))
    expect(flattened.slice(0, 3)).toMatchObject([
      { names: [], tooDeep: 1 },
      { names: [], tooDeep: 1 },
      { names: ['ann'], tooDeep: 0, isCut: false },
    ])
  })
})

test('there is none of no groups', () => {
  expect(flatten([], () => undefined)).toEqual([])
})

test('groups that would be too much together keep their own users, and are told of', () => {
  const everyone = Array.from({ length: 40_000 }, (_, at) => `u${at}`)
  const holders = Array.from({ length: 600 }, (_, at) => ({
    key: `cn=g${at}`,
    members: ['cn=all'],
    names: [`own${at}`],
  }))
  const all = { key: 'cn=all', members: [], names: everyone }
  const flat = flatten([all, ...holders], () => undefined)
  expect(flat[1]).toMatchObject({ isCut: false, names: { length: 40_001 } })
  expect(flat.at(-1)).toMatchObject({ isCut: true, names: ['own599'], tooDeep: 0 })
})

test('users whose primary group it is are members of groups that hold it, and not of itself', () => {
  const node = { users: [], nested: [], missing: [], implied: [] }
  const flat = flattenNodes([
    { ...node, key: 'outer', nested: [1] },
    { ...node, key: 'domain users', users: ['ann'], implied: ['bob'] },
  ])
  expect(flat.map(({ names }) => names)).toEqual([['ann', 'bob'], ['ann']])
})
