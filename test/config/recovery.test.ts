import { describe, expect, test } from 'vitest'
import { MAX_DEPTH, MAX_INCLUDES } from '../../src/config/limits.ts'
import { DIRECTORY, DOMAIN, problemsOf } from './check.ts'

describe('all problems of a file are told in one run', () => {
  test('in the order of the lines, whatever kind they are', () => {
    const text = [
      'domain "a b"',
      'interval "5"',
      'directory h {',
      '  binddn "cn=x"',
      '  attribute name maps to uid',
      '  nonsense',
      '  page size 0',
      '}',
      'provide map x',
      'directory file "f" tls {',
      '}',
      'allow from 10.0.0.1/24',
    ]
    expect(problemsOf(text.join('\n')).map((problem) => problem.split(',')[0])).toEqual([
      't:1:8: not a domain',
      't:2:10: unexpected quoted string',
      "t:5:26: unexpected reserved word 'uid'",
      't:6:3: unknown statement',
      't:7:13: number out of range',
      't:9:13: unsupported map',
      't:10:1: directory without basedn',
      "t:10:20: 'tls' makes no sense for an LDIF file",
      't:12:12: prefix has bits set after the first 24',
    ])
  })

  test('with the right line after joined lines, and after strings of several lines', () => {
    const text = `${DOMAIN}directory \\\n h \\\n  {\nbasedn "a\nb\\\nc" # d \\\n e\n  x\n}\ninterval \\\n 0`
    expect(problemsOf(text).map((problem) => problem.split(',')[0])).toEqual([
      't:9:3: unknown statement',
      't:12:2: number out of range',
    ])
  })

  test('with the place where a macro is used, not where its value came from', () => {
    const text = `m = "x y"\nn = "0"\nb = "dc=x"\n${DOMAIN}  $m\ninterval  $n\ndirectory h {\nbasedn $b\n}\n`
    expect(problemsOf(text)).toEqual([
      't:5:3: unknown statement, expected one of include, directory, domain, interval, provide, map, cafile, record, overflow, allow, deny, securenets, guard, expire, minimum, refuse, bind, listen, metrics, user, state, control, udp, limit, portmapper, name = "value"',
      't:6:11: number out of range, expected a number of seconds from 1 to 2147483647',
      "t:8:8: unexpected '=' from macro 'b', expected the end of the line (text with '=' in it needs quotes of its own inside the value of the macro)",
    ])
  })

  test('in included files under their own names, file after file', () => {
    const files = { a: '\n interval 0\ninclude "b"', b: 'bind x' }
    const text = `interval 0\ninclude a\n${DOMAIN}${DIRECTORY}interval 0`
    expect(problemsOf(text, { files }).map((problem) => problem.split(',')[0])).toEqual([
      't:1:10: number out of range',
      't:5:10: number out of range',
      'a:2:11: number out of range',
      'b:1:6: unexpected word',
    ])
  })
})

describe('one mistake is told once', () => {
  test.each([
    ['a misspelt domain is not missing as well', `domian x\n${DIRECTORY}`],
    ['a bad domain is not missing as well', `domain\n${DIRECTORY}`],
    ['what a file that cannot be read would have said is not missing as well', 'include "nowhere"'],
    ['a misspelt basedn is not missing as well', `${DOMAIN}directory h {\nbasdn "x"\n}`],
    ['a bad basedn is not missing as well', `${DOMAIN}directory h {\nbasedn (x)\n}`],
    ['a bad bindcred is not missing as well', `${DOMAIN}directory h {\nbasedn b\nbinddn d\nbindcred 5\n}`],
    ['a bad keyfile is not missing as well', `${DOMAIN}directory h tls {\nbasedn b\ncertfile c\nkeyfile\n}`],
    ['a macro with a bad value is not unknown as well', `m = 5\n${DOMAIN}directory $m { basedn $m }`],
    ['the statements of a misspelt directory are not out of place', `${DOMAIN}directry h {\nbasedn b\n}\n`],
    ['nor those below a header without a brace', `${DOMAIN}directory h\nbasedn b\n}\n`],
    ['nor those below a brace too many', `${DOMAIN}directory h {\nbasedn b\n}\npage size 5\ngroupdn g\n}\n`],
    ['a block inside of a block is skipped', `${DOMAIN}directory h {\nbasedn b\nx {\ny\n}\n}\n`],
    ['a missing quote spares the lines below', `${DOMAIN}directory h {\nbasedn "b\ngroupdn "g"\n}\n`],
    ['also at the end of the file', `${DOMAIN}directory h {\nbasedn "b\ngroupdn g\n}\n`],
    ['also in a header', `${DOMAIN}directory "h {\nbasedn "b"\n}\n`],
    ['also in an include', `${DOMAIN}${DIRECTORY}include "a\ncafile "b"\n`],
    [
      'also where the value alone would be wrong',
      `provide map "passwd.byname\nprovide map "x"\n${DOMAIN}${DIRECTORY}`.replace('"x"', '"passwd.byuid"'),
    ],
  ])('%s', (_name, text) => {
    expect(problemsOf(text)).toHaveLength(1)
  })

  test('a missing quote is told where the string begins, and what it swallowed is read', () => {
    const text = `${DOMAIN}directory h {\n  basedn "b\n  groupdn "g"\n  page size 0\n}\n`
    expect(problemsOf(text)).toEqual([
      't:3:10: quoted string runs over several lines and what follows it makes no sense, expected a closing quote',
      't:5:13: number out of range, expected a number of entries from 1 to 100000',
    ])
  })

  test('a missing quote before an empty string is told where it misses, not at what it made of that string', () => {
    const text = `${DOMAIN}directory h {\nbasedn b\ngroupdn "g\nbindext ""\npasswd filter "(a=b)"\n}\n`
    expect(problemsOf(text)).toEqual([
      't:4:9: quoted string runs over several lines and what follows it makes no sense, expected a closing quote',
    ])
  })
})

describe('include', () => {
  test('of a file by itself, at whatever distance, is told where the circle closes', () => {
    const files = { a: 'include "b"', b: '\ninclude "a"' }
    expect(problemsOf(`${DOMAIN}${DIRECTORY}include "a"`, { files })).toEqual([
      'b:2:9: a includes itself, expected another file',
    ])
  })

  test('goes 16 levels deep and no further', () => {
    const levels = MAX_DEPTH + 2
    const files = Object.fromEntries(
      Array.from({ length: levels }, (_, index) => [`f${index}`, `include f${index + 1}`]),
    )
    expect(problemsOf(`${DOMAIN}${DIRECTORY}include f0`, { files })).toEqual([
      'f15:1:9: files include each other too deeply, expected at most 16 levels',
    ])
  })

  test('is carried out at most 256 times, so that few files cannot stand for millions', () => {
    const files = { a: 'include b\n'.repeat(20), b: 'include c\n'.repeat(20), c: '' }
    const problems = problemsOf(`${DOMAIN}${DIRECTORY}${'include a\n'.repeat(20)}`, { files })
    expect(problems.length).toBeLessThan(MAX_INCLUDES)
    for (const problem of problems) {
      expect(problem).toMatch(/^[tab]:[0-9]+:9: too many files are included, expected at most 256$/)
    }
  })
})
