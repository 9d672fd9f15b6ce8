import { expect, test } from 'vitest'

import { foldCase, utf8Octets } from '../../src/directory/octets.ts'

test('text becomes its UTF-8 bytes, one a character', () => {
  expect(utf8Octets('é€')).toBe('\xc3\xa9\xe2\x82\xac')
})

test('case and insignificant spaces do not count, beyond ASCII too', () => {
  expect(foldCase(utf8Octets('  ÉMILE   Zola '))).toBe(foldCase(utf8Octets('émile zola')))
})

test('bytes that are not UTF-8 keep their identity', () => {
  expect(foldCase('A\xff')).toBe('a\xff')
  expect(foldCase('a\xff')).not.toBe(foldCase('a\xfe'))
  // \xc9 is É in latin1; as a byte that is not UTF-8 it has no lower case.
  expect(foldCase('\xc9')).not.toBe(foldCase('\xe9'))
})
