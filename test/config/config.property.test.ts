import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Lexer } from '../../src/config/lexer.ts'
import { Macros } from '../../src/config/macros.ts'
import { RESERVED } from '../../src/config/reserved.ts'
import { type CheckOptions, check } from './check.ts'

/** Pieces that make text much like a configuration, and often almost one. */
const WORDS = [
  ...RESERVED,
  ...[
    'listen on record limit allow deny from any page size file state guard shrink memory control socket',
    'overflow cut split keep drop required minimum refuse names system a b h',
    'schema rfc2307 rfc2307bis ipa ad idmap sid none template base each key aliases value reserved',
    'tcp udp ldap request idle connections per in flight',
    'accounts netgroups hosts mail automount nisobject',
  ]
    .join(' ')
    .split(' '),
]
const SIGNS = [...Array.from(' \t\n\n{}="\'\\#$,(-/\0\ufffdä😀'), '\r\n', '$a']
const VALUES = '0 1 389 -5 70000 10.0.0.0/8 ::1 "x" "dc=a" ldapi:///'.split(' ')
const LINES = [
  'map "m" {\n',
  'map "netgroup" { ',
  'provide maps ',
  'key "{k}" ',
  'directory user u\n',
  'directory memory 192\n',
  'limit tcp connections ',
  'limit udp reply 1400\n',
  'domain "d"\n',
  'directory "h" {\n',
  'basedn "b"\n',
  '}\n',
  'a = "b c"\n',
  'include "i"\n',
]
const piece = fc.constantFrom(...WORDS, ...SIGNS, ...VALUES, ...LINES, 'maps to "cn"\n')
const likely = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(' '))
const joined = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''))
const BLOCKS = [
  'domain "d"\n',
  'directory "h" {\nbasedn "b"\n}\n',
  'directory h port 5 ldaps { basedn $b }\n',
  'b = "c"\n',
  'allow from 10.0.0.0/8 any\n',
  'include "i"\n',
  'map "m" { filter "(f=1)" key "{k}" value "{v}" }\n',
  'map "netgroup" {\nrecord limit 300\nport any\n}\n',
  'provide maps hosts\n',
  'provide map "auto.home"\n',
]
/** Good with a domain and a directory, and without one more piece. */
const nearly = fc
  .array(fc.oneof({ weight: 30, arbitrary: fc.constantFrom(...BLOCKS) }, { weight: 1, arbitrary: piece }))
  .map((pieces) => pieces.join(''))
const text = fc.oneof(likely, joined, nearly, fc.string({ unit: 'binary' }), fc.string())

/** What is wrong with the answer to a text. */
function faults(input: string, options: CheckOptions): string[] {
  const { config, problems } = check(input, options)
  const found: string[] = []
  if ((config === undefined) !== problems.length > 0) found.push('neither a configuration nor a problem')
  for (const { at, message } of problems) {
    if (!/expected|too many problems|cannot open/.test(message)) found.push(`nothing expected: ${message}`)
    const text = at.file === 't' ? input : options.files?.[at.file]
    const line = text?.replaceAll('\r\n', '\n').split('\n')[at.line - 1]
    const columns = Array.from(line ?? '').length + 1
    if (line === undefined || at.column < 1 || at.column > columns) found.push(`nowhere: ${message}`)
  }
  return found
}

describe('any text', () => {
  test('is a configuration or has a problem, at a place that exists, and nothing is thrown', () => {
    fc.assert(
      fc.property(text, text, (main, included) => {
        expect(faults(main, { files: { i: included } })).toEqual([])
      }),
      { numRuns: 3000 },
    )
  })

  test('may be the value of a macro', () => {
    fc.assert(
      fc.property(text, likely, (value, main) => {
        expect(faults(`$a ${main}`, { macros: { a: value }, files: { i: '' } })).toEqual([])
      }),
      { numRuns: 1000 },
    )
  })

  test('is often enough a good configuration for this to mean something', () => {
    const texts = fc.sample(text, { numRuns: 1000, seed: 1 })
    const good = texts.filter((input) => check(input, { files: { i: '' } }).config !== undefined)
    expect(good.length).toBeGreaterThan(10)
    expect(good.length).toBeLessThan(900)
  })
})

interface Written {
  readonly kind: string
  readonly text: string
  readonly source: string
}

/** A text that ends in a backslash cannot be quoted: it would take the meaning from the closing quote. */
const quotable = fc.string({ unit: 'binary' }).filter((value) => !/[\n\r\0\ufffd]|\\$/.test(value))

function quote(value: string, mark: string): string {
  return mark + value.replaceAll(mark, `\\${mark}`).replace(/\\(?=[ \t])/g, '\\\\') + mark
}

const wordCharacters = 'abcXYZ019:_./-"\'$%*+;?@[]^`|~&'
const word = fc
  .tuple(
    fc.constantFrom(...Array.from('abcXYZ:_')),
    fc
      .array(fc.constantFrom(...Array.from(wordCharacters)), { maxLength: 8 })
      .map((characters) => characters.join('')),
  )
  .map(([first, rest]) => first + rest)
  .filter((value) => !RESERVED.has(value))

const same =
  (kind: string) =>
  (value: string): Written => ({ kind, text: value, source: value })
const token: fc.Arbitrary<Written> = fc.oneof(
  word.map(same('word')),
  fc.constantFrom(...RESERVED).map(same('keyword')),
  fc.integer().map(String).map(same('number')),
  fc.constantFrom(...Array.from('{}=(),<>!')).map(same('symbol')),
  fc.constant({ kind: 'newline', text: '', source: '\n' }),
  fc
    .tuple(quotable, fc.constantFrom('"', "'"))
    .map(([value, mark]) => ({ kind: 'string', text: value, source: quote(value, mark) })),
)

const blank = fc.constantFrom(' ', '\t', '  ', ' \\\n', ' \\\n\t')

describe('any tokens', () => {
  test('come back when they are written down with blanks between them', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(token, blank), { maxLength: 30 }), (written) => {
        const source = written.map(([{ source }, space]) => source + space).join('')
        const lexer = new Lexer(source, 't', new Macros(new Map()))
        const read = written.map(() => lexer.next())
        expect(read.map((found) => [found.kind, 'text' in found ? found.text : ''])).toEqual(
          written.map(([{ kind, text }]) => [kind, text]),
        )
        expect(lexer.next().kind).toBe('end')
      }),
      { numRuns: 2000 },
    )
  })
})
