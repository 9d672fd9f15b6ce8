import { expect, test } from 'vitest'
import { judge } from '../../src/maps/guard.ts'

test('nothing at all is refused, at the first time too', () => {
  expect(judge(undefined, { users: 0, groups: 0 })).toContain('no users and no groups')
  expect(judge({ users: 5, groups: 5 }, { users: 0, groups: 0 })).toContain('no users and no groups')
})

test('users without groups, or groups without users, are accepted at the first time', () => {
  expect(judge(undefined, { users: 1, groups: 0 })).toBeUndefined()
  expect(judge(undefined, { users: 0, groups: 1 })).toBeUndefined()
})

test('half of what was there may go, one more may not', () => {
  const before = { users: 100, groups: 10 }
  expect(judge(before, { users: 50, groups: 5 })).toBeUndefined()
  expect(judge(before, { users: 49, groups: 10 })).toMatch(/^49 users where 100 were before, under 50 %/)
  expect(judge(before, { users: 100, groups: 4 })).toMatch(/^4 groups where 10 were before/)
  expect(judge(before, { users: 100, groups: 0 })).toMatch(/^0 groups where 10 were before/)
})

test('growth is never refused', () => {
  expect(judge({ users: 1, groups: 0 }, { users: 100_000, groups: 5 })).toBeUndefined()
})
