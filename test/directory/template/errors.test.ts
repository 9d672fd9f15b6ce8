import { describe, expect, test } from 'vitest'

import { pointed, TemplateError } from '../../../src/directory/template/error.ts'
import { parseTemplate } from '../../../src/directory/template/template.ts'

function errorOf(text: string): TemplateError {
  try {
    parseTemplate(text)
  } catch (error) {
    if (error instanceof TemplateError) return error
    throw error
  }
  throw new Error(`${text} is a template`)
}

/** The mistakes, with a caret below the place where each is. */
const MISTAKES: readonly (readonly [template: string, caret: string, message: string])[] = [
  ['{uid', '^', 'lacks its closing }'],
  ['a}b', ' ^', 'write }} for a brace'],
  ['{}', ' ^', 'expected an attribute, a text in quotes'],
  ['{uid:x}', '    ^', 'expected "|", "or" or "}", found ":x}"'],
  [`{'a or b}`, '        ^', 'write }} for a brace'],
  [`{'a or b`, ' ^', `the text that begins here lacks its closing '`],
  [`{"a{uid"}`, '       ^', 'expected "|", "or" or "}"'],
  ['{(uid}', '     ^', 'expected ")"'],
  ['{[uid', '     ^', 'expected "," or "]", found the end'],
  ['{[uid uid]}', '      ^', 'expected "," or "]"'],
  ['{uid | frist}', '       ^', 'there is no step "frist"; there are crypt, extract, first, glob,'],
  ['{uid | toString}', '       ^', 'there is no step "toString"'],
  ['{uid | }', '       ^', 'expected a step'],
  ['{uid or}', '       ^', 'expected an attribute'],
  ['{uid or then}', '        ^', 'the attribute is written "attribute then"'],
  ['{attribute ,}', '           ^', 'expected the name of an attribute'],
  ['{names}', '      ^', 'expected an attribute'],
  ['{if uid then a else b}', '        ^', 'expected "=" (a filter stands in parentheses)'],
  [`{if uid = 'a' else b}`, '              ^', 'expected "then"'],
  [`{if uid = 'a' then b}`, '                    ^', 'expected "else"'],
  ['{if (uid=a then a else b}', '    ^', 'lacks a closing )'],
  ['{if (uid) then a else b}', '    ^', '(in the filter (uid))'],
  ['{follow member}', '              ^', 'get or where: entries are no values'],
  ['{follow member | first}', '                 ^', 'get or where: entries are no values'],
  ['{follow | get uid}', '        ^', 'an attribute that holds DNs'],
  ['{follow a | where uid}', '                  ^', 'expected an LDAP filter'],
  ['{follow a | get follow b}', '                ^', 'put parentheses round what begins with "follow"'],
  ['{uid | get cn}', '       ^', 'get takes entries'],
  ['{zip uid}', '        ^', 'expected "pad"'],
  [`{zip uid pad 'x'}`, '                ^', '"with" and a separator'],
  ['{uid | join}', '           ^', 'expected a separator in quotes'],
  [`{uid | join '{uid}'}`, '             ^', 'no expression can stand in it'],
  [`{uid | join ',' up 5}`, '                   ^', 'expected "to"'],
  [`{uid | join ',' up to x}`, '                      ^', 'expected a number of bytes'],
  [`{uid | join ',' up to 0}`, '                      ^', 'not between 1 and 1048576'],
  ['{uid | match uid}', '             ^', 'expected a regular expression'],
  ['{uid | match /a}', '             ^', 'lacks its closing /'],
  ['{uid | match /a/g}', '                ^', 'the only flag'],
  ['{uid | match /a(/}', '             ^', 'missing closing )'],
  ['{uid | match /(?=a)/}', '             ^', 'invalid or unsupported Perl syntax'],
  [`{uid | glob '[z-a]'}`, '            ^', 'invalid character class range'],
  [
    String.raw`{uid | extract /(a)/ '\2'}`,
    '                     ^',
    'wants group 2, but the expression has 1',
  ],
  [String.raw`{uid | extract /a/ '\x'}`, '                   ^', 'a backslash stands before'],
  [String.raw`{uid | replace /a/ 'x\'}`, '                   ^', 'a backslash stands before'],
]

describe('a mistake is named and pointed at', () => {
  test.each(MISTAKES)('%s', (template, caret, message) => {
    const error = errorOf(template)
    expect(error.message).toContain(message)
    expect(pointed(template, error)).toBe(`${template}\n${caret}`)
    expect(error.code).toBe('template-invalid')
  })

  test('behind letters beyond ASCII', () => {
    expect(pointed('{"é😀"}}', errorOf('{"é😀"}}'))).toBe('{"é😀"}}\n      ^')
  })

  test('in one line, whatever stands in the text', () => {
    const text = 'a\n\t\u001b[1m{'
    expect(pointed(text, errorOf(text))).toBe('a   [1m{\n        ^')
  })

  test('in a long template with what stands round it', () => {
    const text = `${'{uid}:'.repeat(50)}{uid | x}${'{uid}:'.repeat(50)}`
    const [line = '', caret = ''] = pointed(text, errorOf(text)).split('\n')
    expect(line).toHaveLength(76)
    expect(line).toMatch(/^\.\.\..*\.\.\.$/)
    expect(line.slice(caret.indexOf('^'))).toMatch(/^x\}/)
  })
})

const parentheses = (depth: number) => `{${'('.repeat(depth)}uid${')'.repeat(depth)}}`

describe('a template has bounds:', () => {
  test('nesting', () => {
    expect(parseTemplate(parentheses(31)).attributes).toEqual(['uid'])
    expect(errorOf(parentheses(32)).message).toBe('nested deeper than 32 times')
    expect(errorOf(`{${'['.repeat(40)}`).message).toBe('nested deeper than 32 times')
    expect(errorOf(`{${'if '.repeat(40)}`).message).toBe('nested deeper than 32 times')
    expect(errorOf('{"'.repeat(40)).message).toBe('nested deeper than 32 times')
    expect(errorOf(`{${'follow a | get ('.repeat(40)}`).message).toBe('nested deeper than 32 times')
  })

  test('its length', () => {
    expect(parseTemplate('x'.repeat(16_384)).attributes).toEqual([])
    expect(errorOf('x'.repeat(16_385)).message).toContain('longer than 16384 characters')
  })

  test('a pattern', () => {
    expect(parseTemplate(`{uid | match /${'a'.repeat(1_000)}/}`).attributes).toEqual(['uid'])
    expect(errorOf(`{uid | match /${'a'.repeat(1_001)}/}`).message).toContain('longer than 1000 characters')
  })
})
