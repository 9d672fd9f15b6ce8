import { describe, expect, test } from 'vitest'
import { type Counts, judge } from '../../src/maps/guard.ts'

function counts(users: number, groups: number, maps: Readonly<Record<string, number>> = {}): Counts {
  return { users, groups, maps: Object.entries(maps).map(([name, records]) => ({ name, records })) }
}

test('nothing at all is refused, at the first time too', () => {
  expect(judge(undefined, counts(0, 0), 50)).toContain('no users and no groups')
  expect(judge(counts(5, 5), counts(0, 0), 50)).toContain('no users and no groups')
  expect(judge(counts(5, 5), counts(0, 0), 0)).toContain('no users and no groups')
})

test('users without groups, or groups without users, are accepted at the first time', () => {
  expect(judge(undefined, counts(1, 0), 50)).toBeUndefined()
  expect(judge(undefined, counts(0, 1), 50)).toBeUndefined()
})

function of(hosts: number): Counts {
  return counts(5, 5, { 'hosts.byname': hosts })
}

function found(records: number): Counts['maps'][number] {
  return { name: 'auto.home', records, found: true }
}

describe('of a map', () => {
  test('half may go, too, and of a small one nearly all', () => {
    expect(judge(of(40), of(20), 50)).toBeUndefined()
    expect(judge(of(40), of(19), 50)).toMatch(/^19 records in hosts\.byname where 40 were before, under 50 %/)
    expect(judge(of(19), of(1), 50)).toBeUndefined()
    expect(judge(of(40), of(1), 0)).toBeUndefined()
  })

  test('that the configuration no longer names all may go', () => {
    expect(judge(of(40), counts(5, 5), 50)).toBeUndefined()
  })

  test('that the directory no longer names all must not go at once, but few may', () => {
    const other = { name: 'auto.master', records: 1, found: true }
    const left = { users: 5, groups: 5, maps: [other] }
    expect(judge({ ...left, maps: [other, found(20)] }, left, 50)).toMatch(
      /^0 records in auto\.home where 20/,
    )
    expect(judge({ ...left, maps: [other, found(19)] }, left, 50)).toBeUndefined()
  })
})

describe('of what was there before', () => {
  const before = counts(100, 10)

  test('half may go, one more may not', () => {
    expect(judge(before, counts(50, 5), 50)).toBeUndefined()
    expect(judge(before, counts(49, 10), 50)).toMatch(/^49 users where 100 were before, under 50 %/)
    expect(judge(before, counts(100, 4), 50)).toMatch(/^4 groups where 10 were before, under 50 %/)
    expect(judge(before, counts(100, 0), 50)).toMatch(/^0 groups where 10 were before/)
  })

  test('as much must stay as the configuration says', () => {
    expect(judge(before, counts(90, 9), 90)).toBeUndefined()
    expect(judge(before, counts(89, 9), 90)).toMatch(/^89 users .* under 90 %/)
    expect(judge(before, counts(100, 10), 100)).toBeUndefined()
    expect(judge(before, counts(99, 10), 100)).toMatch(/^99 users/)
  })

  test('all but the last may go when the configuration says 0', () => {
    expect(judge(before, counts(1, 0), 0)).toBeUndefined()
    expect(judge(before, counts(0, 1), 0)).toBeUndefined()
  })
})

test('growth is never refused', () => {
  expect(judge(counts(1, 0), counts(100_000, 5), 100)).toBeUndefined()
})

describe('a map that had records', () => {
  const before = counts(5, 5, { 'passwd.byname': 5, 'netid.byname': 3, 'group.byname': 0 })

  test('and has none now is refused, by name, whatever may shrink', () => {
    const after = counts(5, 5, { 'passwd.byname': 5, 'netid.byname': 0, 'group.byname': 0 })
    const reason = expect.stringMatching(/^no records in netid\.byname where 3 were before/)
    expect(judge(before, after, 50)).toEqual(reason)
    expect(judge(before, after, 0)).toEqual(reason)
  })

  test('may shrink to one', () => {
    const after = counts(5, 5, { 'passwd.byname': 5, 'netid.byname': 1, 'group.byname': 0 })
    expect(judge(before, after, 50)).toBeUndefined()
  })

  test('may be provided no longer', () => {
    expect(judge(before, counts(5, 5, { 'passwd.byname': 5 }), 50)).toBeUndefined()
  })

  test('counts for nothing where there are only rows', () => {
    expect(judge(before, counts(5, 5), 50)).toBeUndefined()
  })
})

test('every reason says what to do if it is right so', () => {
  const way = /; if this is right, "ypldapctl refresh --force" publishes it all the same$/
  expect(judge(undefined, counts(0, 0), 50)).toMatch(way)
  expect(judge(counts(9, 9), counts(1, 9), 50)).toMatch(way)
  expect(judge(counts(9, 9, { m: 1 }), counts(9, 9, { m: 0 }), 50)).toMatch(way)
})
