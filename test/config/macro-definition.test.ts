import { describe, expect, test } from 'vitest'
import { MAX_TOKEN } from '../../src/config/limits.ts'
import { MacroError, parseMacroDefinition, parseMacroDefinitions } from '../../src/config/macro-definition.ts'

describe('-D name=value', () => {
  test.each([
    ['a=b', 'a', 'b'],
    ['base=dc=example,dc=com', 'base', 'dc=example,dc=com'],
    ['A_1=', 'A_1', ''],
    ['user= "x y" ', 'user', ' "x y" '],
  ])('%s is split at the first =', (text, name, value) => {
    expect(parseMacroDefinition(text)).toEqual({ name, value })
  })

  test.each(['', 'a', '=b', 'a b=c', 'a.b=c', '$a=b', 'ä=b', `a=${'x'.repeat(MAX_TOKEN + 1)}`])(
    'a bad one is refused',
    (text) => {
      expect(() => parseMacroDefinition(text)).toThrow(MacroError)
    },
  )

  test('several make a table, and a name that comes twice is refused', () => {
    expect([...parseMacroDefinitions(['a=1', 'b=2'])]).toEqual([
      ['a', '1'],
      ['b', '2'],
    ])
    expect(() => parseMacroDefinitions(['a=1', 'b=2', 'a=1'])).toThrow("macro 'a' is defined twice")
  })
})
