import { expect, test } from 'vitest'
import type { ServedImage } from '../../src/supervisor/server-side.ts'
import { summaryOf } from '../../src/supervisor/summary.ts'

const image: ServedImage = {
  domain: 'a',
  generation: 3,
  created: 1,
  contents: '',
  fresh: 1,
  users: 12,
  groups: 5,
  maps: [],
}

test('a summary tells of one domain in full, and of several which have no maps', () => {
  expect(summaryOf([['a', image]])).toBe('a: 12 users and 5 groups, generation 3')
  expect(summaryOf([['a', undefined]])).toBe('a: no maps yet')
  const both = [
    ['a', image],
    ['b', image],
  ] as const
  expect(summaryOf(both)).toBe('2 of 2 domains, 24 users')
  expect(summaryOf([...both, ['c', undefined], ['d', undefined]])).toBe(
    '2 of 4 domains, 24 users; no maps yet: c, d',
  )
})
