import { describe, expect, test } from 'vitest'
import { Lexer, type Token } from '../../src/config/lexer.ts'
import { MAX_EXPANSION, MAX_TOKEN } from '../../src/config/limits.ts'
import { Macros } from '../../src/config/macros.ts'
import { RESERVED } from '../../src/config/reserved.ts'

function tokens(text: string, macros: Record<string, string> = {}): Token[] {
  const lexer = new Lexer(text, 't', new Macros(new Map(Object.entries(macros))))
  const found: Token[] = []
  for (;;) {
    const token = lexer.next()
    if (token.kind === 'end') return found
    found.push(token)
  }
}

/** `kind:text`, shorter to compare. */
function show(token: Token): string {
  if (token.kind === 'error') return `error:${token.message}`
  if (token.kind === 'unknown-macro') return `unknown-macro:${token.name}`
  return 'text' in token ? `${token.kind}:${token.text}` : token.kind
}

const shown = (text: string, macros?: Record<string, string>) => tokens(text, macros).map(show)
const places = (text: string, macros?: Record<string, string>) =>
  tokens(text, macros).map(({ at }) => `${at.line}:${at.column}`)

describe('words', () => {
  test('a word begins with a letter, a digit, : or _ and ends at a blank or one of (){}<>!=#,', () => {
    expect(shown('ab.c-d/e:f_g :x _y 0z')).toEqual(['word:ab.c-d/e:f_g', 'word::x', 'word:_y', 'word:0z'])
    for (const end of '(){}<>!=,') {
      expect(shown(`a${end}b`)).toEqual(['word:a', `symbol:${end}`, 'word:b'])
    }
    expect(shown('a#b')).toEqual(['word:a'])
  })

  test('addresses and prefixes of both families are words', () => {
    for (const text of ['127.0.0.1', '10.0.0.0/8', '::1', '2001:db8::/32', '::/0', 'fe80::1%eth0']) {
      expect(shown(text)).toEqual([`word:${text}`])
    }
  })

  test('a character that begins nothing stands for itself', () => {
    expect(shown('/x é')).toEqual(['symbol:/', 'word:x', 'symbol:é'])
    expect(shown('aéb')).toEqual(['word:a', 'symbol:é', 'word:b'])
  })

  test('quotes and dollars inside a word belong to it', () => {
    expect(shown(`a"b'c$d`)).toEqual([`word:a"b'c$d`])
  })

  test('all 43 reserved words are keywords, in this case only, and only unquoted', () => {
    expect(RESERVED.size).toBe(43)
    for (const word of RESERVED) {
      expect(shown(word)).toEqual([`keyword:${word}`])
      expect(shown(`"${word}"`)).toEqual([`string:${word}`])
    }
    expect(shown('Domain domains')).toEqual(['word:Domain', 'word:domains'])
  })

  test.each(['file', 'listen', 'on', 'record', 'limit', 'allow', 'deny', 'from', 'any', 'page', 'size'])(
    'the later word %s is not reserved',
    (word) => {
      expect(shown(word)).toEqual([`word:${word}`])
    },
  )
})

describe('numbers', () => {
  test('digits, also after a minus, are a number before a blank, a line end or one of ) , / } =', () => {
    expect(shown('60 -5\n7')).toEqual(['number:60', 'number:-5', 'newline', 'number:7'])
    for (const end of '),/}=') expect(shown(`1${end}`)).toEqual(['number:1', `symbol:${end}`])
  })

  test('digits before anything else are a word', () => {
    expect(shown('60x 1.2 60#c')).toEqual(['word:60x', 'word:1.2', 'word:60'])
    expect(shown('1{')).toEqual(['word:1', 'symbol:{'])
  })

  test('a minus before anything else stands for itself', () => {
    expect(shown('- -a -1a')).toEqual(['symbol:-', 'symbol:-', 'word:a', 'symbol:-', 'word:1a'])
  })
})

describe('quoted strings', () => {
  test('either quote opens a string that the same quote closes', () => {
    expect(shown(`"a'b" 'c"d' "" 'x'"y"`)).toEqual([
      `string:a'b`,
      'string:c"d',
      'string:',
      'string:x',
      'string:y',
    ])
  })

  test('a backslash takes the meaning from the quote and from blanks, and is itself before all else', () => {
    expect(shown(String.raw`"a\"b\ c" 'it\'s'`)).toEqual(['string:a"b c', "string:it's"])
    expect(shown('"a\\\tb"')).toEqual(['string:a\tb'])
    expect(shown(String.raw`"cn=a\,b\\c\'\n"`)).toEqual([String.raw`string:cn=a\,b\\c\'\n`])
  })

  test('a line end inside is dropped, with or without a backslash', () => {
    expect(shown('"a\nb\\\nc" d')).toEqual(['string:abc', 'word:d'])
    expect(places('"a\nb" c\nd')).toEqual(['1:1', '2:4', '2:5', '3:1'])
  })

  test('neither comments nor macros nor braces mean anything inside', () => {
    expect(shown('"#a $b {"', { b: 'x' })).toEqual(['string:#a $b {'])
  })

  test('one without an end is an error where it begins, and reading goes on after its line', () => {
    expect(shown('a "b\nc d')).toEqual([
      'word:a',
      'error:quoted string without an end, expected a closing quote',
      'newline',
      'word:c',
      'word:d',
    ])
    expect(shown("'a\\")).toEqual(['error:quoted string without an end, expected a closing quote'])
  })

  test('NUL and undecodable bytes are errors inside, and harmless in comments', () => {
    expect(shown('"a\0b" c')).toEqual(['error:NUL character in a quoted string, expected text', 'word:c'])
    const notUtf8 = 'error:text is not UTF-8, expected a file saved as UTF-8'
    expect(shown('"\ufffd" \ufffd')).toEqual([notUtf8, notUtf8])
    expect(shown('# \0 \ufffd\na')).toEqual(['newline', 'word:a'])
  })
})

describe('lines', () => {
  test('# begins a comment to the end of the line, but not inside quotes', () => {
    expect(shown('a # b "c\n"#d" e')).toEqual(['word:a', 'newline', 'string:#d', 'word:e'])
  })

  test('a backslash joins the next line, between words, inside them and at the end of a comment', () => {
    expect(shown('a \\\n b')).toEqual(['word:a', 'word:b'])
    expect(shown('ab\\\ncd 1\\\n2')).toEqual(['word:abcd', 'number:12'])
    expect(shown('# a \\\nb\nc')).toEqual(['newline', 'word:c'])
    expect(places('a \\\n b\nc')).toEqual(['1:1', '2:2', '2:3', '3:1'])
  })

  test('outside quotes a backslash before any other character vanishes', () => {
    expect(shown('a\\b \\# c')).toEqual(['word:ab'])
    expect(shown('\\"a b\\"')).toEqual(['error:quoted string without an end, expected a closing quote'])
    expect(shown('a\\')).toEqual(['word:a'])
  })

  test('lines of other systems, ended by CR and LF, are lines', () => {
    expect(shown('a\r\n"b" \\\r\nc\r\n')).toEqual(['word:a', 'newline', 'string:b', 'word:c', 'newline'])
    expect(shown('a \r b')).toEqual(['word:a', 'symbol:\r', 'word:b'])
  })

  test('columns count characters, whatever their bytes, and a tab is one', () => {
    expect(places('"äöü😀" b\tc')).toEqual(['1:1', '1:8', '1:10'])
  })
})

describe('macros', () => {
  test('$name becomes its value, which is read as part of the file', () => {
    expect(shown('$h', { h: 'ldap' })).toEqual(['word:ldap'])
    expect(shown('$h', { h: 'a "b c" {' })).toEqual(['word:a', 'string:b c', 'symbol:{'])
    expect(shown('$t $n', { t: 'ldaps', n: '389' })).toEqual(['keyword:ldaps', 'number:389'])
  })

  test('what follows the name goes on the word that the value began', () => {
    expect(shown('$h.example.com', { h: 'ldap' })).toEqual(['word:ldap.example.com'])
    expect(shown('$n.0.0.1', { n: '127' })).toEqual(['word:127.0.0.1'])
    expect(shown('$q x" y', { q: '"a' })).toEqual(['string:a x', 'word:y'])
  })

  test('an empty value is nothing', () => {
    expect(shown('a $e b', { e: '' })).toEqual(['word:a', 'word:b'])
  })

  test('a value is not searched for macros, and inside a word $ is no macro', () => {
    expect(shown('$a', { a: '$b', b: 'x' })).toEqual(['symbol:$', 'word:b'])
    expect(shown('x$a', { a: 'b' })).toEqual(['word:x$a'])
    expect(shown('$a$a', { a: 'b' })).toEqual(['word:b$a'])
  })

  test('all of a value stands where the macro is used, and says so', () => {
    const [first, second, third] = tokens('\n  $m c', { m: 'a b' }).slice(1)
    expect([first?.at.column, second?.at.column, third?.at.column]).toEqual([3, 3, 6])
    expect([first?.macro, second?.macro, third?.macro]).toEqual(['m', 'm', undefined])
  })

  test('one that is not defined is told, and the line is read on', () => {
    expect(shown('a $x {')).toEqual(['word:a', 'unknown-macro:x', 'symbol:{'])
    expect(shown('$ a')).toEqual(["error:unexpected '$', expected the name of a macro after it", 'word:a'])
  })

  test('one whose definition was refused is an error without a message', () => {
    const macros = new Macros(new Map())
    macros.define('x', undefined, { file: 't', line: 1, column: 1 })
    expect(new Lexer('$x', 't', macros).next()).toMatchObject({ kind: 'error', message: undefined })
  })

  test('a definition applies from the next token on', () => {
    const macros = new Macros(new Map())
    const lexer = new Lexer('a $a $a', 't', macros)
    expect(show(lexer.next())).toBe('word:a')
    expect(show(lexer.next())).toBe('unknown-macro:a')
    macros.define('a', 'b', { file: 't', line: 1, column: 1 })
    expect(show(lexer.next())).toBe('word:b')
  })
})

describe('bounds', () => {
  const tooLong = `error:text is too long, expected at most ${MAX_TOKEN} characters`

  test('a token of 64 KiB is read, one character more is an error', () => {
    const most = 'a'.repeat(MAX_TOKEN)
    expect(shown(most)).toEqual([`word:${most}`])
    expect(shown(`"${most}"`)).toEqual([`string:${most}`])
    expect(shown(`${most}a b`)).toEqual([tooLong, 'word:b'])
    expect(shown(`"${most}a" b\nc`)).toEqual([tooLong, 'newline', 'word:c'])
    expect(shown(`${'1'.repeat(MAX_TOKEN + 1)} b`)).toEqual([tooLong, 'word:b'])
    expect(shown(`$${most}a b`)).toEqual([tooLong, 'word:b'])
  })

  test('macros cannot blow a small file up', () => {
    const value = 'a'.repeat(MAX_TOKEN)
    const uses = MAX_EXPANSION / MAX_TOKEN
    const found = tokens('$a '.repeat(uses + 1), { a: value })
    expect(found.filter((token) => token.kind === 'word')).toHaveLength(uses)
    expect(found.slice(uses).map(show)).toEqual([
      'error:macros expand to too much text, expected at most 1 MiB in all',
    ])
  })
})
