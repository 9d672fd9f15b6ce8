import { expect, test } from 'vitest'
import { changesOf } from '../../src/supervisor/changes.ts'

const plan = (domain: string, expire = 1) => ({ domain, expire })

test('changes are what is new or other, and the names of what has gone, wherever it stands', () => {
  const before = [plan('a'), plan('b'), plan('c')]
  expect(changesOf(before, [plan('c'), plan('a')])).toEqual({ changed: [], removed: ['b'] })
  expect(changesOf(before, [plan('d'), plan('a', 2), ...before.slice(1)])).toEqual({
    changed: [plan('d'), plan('a', 2)],
    removed: [],
  })
})
