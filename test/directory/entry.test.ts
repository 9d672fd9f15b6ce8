import { expect, test } from 'vitest'

import { allValues } from '../../src/directory/entry.ts'
import { makeEntry } from './samples.ts'

const entry = makeEntry('cn=x', { cn: ['a', 'b'], 'cn;lang-de': ['c'], empty: [] })

test('an attribute is found whatever the case of its name', () => {
  expect(allValues(entry, 'CN')).toEqual(['a', 'b'])
})

test('an attribute with an option is another attribute', () => {
  expect(allValues(entry, 'CN;Lang-DE')).toEqual(['c'])
  expect(allValues(makeEntry('cn=x', { 'cn;lang-de': ['c'] }), 'cn')).toEqual([])
})

test('an attribute that is absent or has no values gives none', () => {
  expect(allValues(entry, 'sn')).toEqual([])
})
