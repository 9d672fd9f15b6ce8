import { describe, expect, test } from 'vitest'
import { configOf, DIRECTORY, DOMAIN, problemsOf, warningsOf } from './check.ts'

const BLOCK = `domain "a" {\n${DIRECTORY}}\n`

describe('a domain of its own block', () => {
  test('needs no domain beside it, and is one of several', () => {
    const { domains } = configOf(`${BLOCK}domain b { directory h { basedn b } }\n`)
    expect(domains.map(({ domain }) => domain)).toEqual(['a', 'b'])
    expect(domains.map(({ directories }) => directories.length)).toEqual([1, 1])
  })

  test('stands beside that of the file, which comes first', () => {
    const { domains } = configOf(`${BLOCK}${DOMAIN}${DIRECTORY}${DIRECTORY}`)
    expect(domains.map(({ domain }) => domain)).toEqual(['example.com', 'a'])
    expect(domains.map(({ directories }) => directories.length)).toEqual([2, 1])
  })

  const OWN = `interval 5
record limit 300
overflow drop
guard shrink 7
minimum uid 500
minimum gid 600
refuse names root
expire 10
allow from 192.0.2.0/24
`

  test('takes what it does not say from the file, wherever it stands there', () => {
    const [domain] = configOf(`${BLOCK}${OWN}`).domains
    expect(domain).toMatchObject({
      interval: 5,
      recordLimit: 300,
      overflow: 'drop',
      guardShrink: 7,
      admission: { minimumUid: 500, minimumGid: 600, refusedNames: ['root'] },
      expire: 10,
      access: [{ verdict: 'allow', bits: 24 }],
    })
  })

  test('says all of that for itself, and nothing for others', () => {
    const text = `${DOMAIN}${DIRECTORY}interval 60\nallow from any\ndeny from any\ndomain a {\n${OWN}${DIRECTORY}}\n${BLOCK.replace('"a"', 'c')}`
    const [file, own, other] = configOf(text).domains
    expect(own).toMatchObject({ interval: 5, recordLimit: 300, overflow: 'drop', guardShrink: 7, expire: 10 })
    expect(own?.admission).toEqual({ minimumUid: 500, minimumGid: 600, refusedNames: ['root'] })
    expect(own?.access.map(({ bits }) => bits)).toEqual([24])
    for (const domain of [file, other]) {
      expect(domain).toMatchObject({ interval: 60, recordLimit: 1024, overflow: 'cut', guardShrink: 50 })
      expect(domain?.admission).toEqual({ minimumUid: 1, minimumGid: 1, refusedNames: [] })
      expect(domain?.access).toHaveLength(4)
      expect(domain).not.toHaveProperty('expire')
    }
  })

  test('has maps and directories of its own alone', () => {
    const text = `${DOMAIN}${DIRECTORY}provide map group.byname\n${BLOCK}`
    const [file, own] = configOf(text).domains
    expect(file?.maps.map(({ name }) => name)).toEqual(['group.byname'])
    expect(own?.maps).toHaveLength(7)
    expect(own?.directories).toHaveLength(1)
  })

  test('trusts the cafile before its directory, in the block or before the block', () => {
    const secured = 'directory h ldaps { basedn b }\n'
    const text = `cafile "/1"\ndomain a {\n${secured}cafile "/2"\n${secured}}\ndomain b {\n${secured}}\n`
    expect(configOf(text).domains.map(({ directories }) => directories.map(({ ca }) => ca?.value))).toEqual([
      ['/1', '/2'],
      ['/1'],
    ])
    expect(warningsOf(text)).toEqual([])
    expect(warningsOf(`domain a {\ncafile "/1"\n${DIRECTORY}}\n`)).toEqual([
      't:2:8: cafile is not used, expected it before a directory with ldaps or tls',
    ])
  })

  test('may be included', () => {
    expect(configOf(`include x\n${BLOCK}`, { files: { x: BLOCK.replace('"a"', 'b') } }).domains).toHaveLength(
      2,
    )
  })

  test.each([
    'domain a { directory h { basedn b } }',
    'domain a { interval 5\ndirectory h { basedn b }}\n',
    'domain a { directory h { basedn b\n}\ninterval 5 }',
    'domain "a" { # c\n\n# c\ndirectory h {\nbasedn b }\n\n} # c',
    'domain \\\n a \\\n { directory h { basedn b }\n}',
    'n = "a"\ndomain $n { directory h { basedn b } }',
  ])('may be laid out as %j', (text) => {
    expect(configOf(text).domains).toMatchObject([{ domain: 'a', directories: [{ label: 'h' }] }])
  })
})

describe('what is wrong with a domain of its own block', () => {
  const STATEMENTS =
    'one of directory, interval, provide, map, cafile, record, overflow, allow, deny, securenets, guard, expire, minimum, refuse, }'

  test.each<readonly [what: string, text: string, ...problems: readonly string[]]>([
    ['two of one name', `${BLOCK}\n${BLOCK}`, 't:5:1: same domain as in line 1, expected another name'],
    [
      'the name of the file',
      `${DOMAIN.replace('example.com', 'a')}${DIRECTORY}${BLOCK}`,
      't:3:1: same domain as in line 1, expected another name',
    ],
    [
      'no directory',
      `${DOMAIN}${DIRECTORY}domain a {\ninterval 5\n}\n`,
      't:3:1: no directory, expected a block such as: directory "ldap.example.com" { basedn "…" }',
    ],
    [
      'a bad name',
      BLOCK.replace('"a"', '"a b"'),
      't:1:8: not a domain, expected a name of ASCII without blanks and slashes',
    ],
    [
      'a word after its name',
      BLOCK.replace('"a"', 'a b'),
      't:1:10: unexpected word, expected the end of the line',
    ],
    [
      'a directory beside it, with no domain',
      `${DIRECTORY}${BLOCK}`,
      't:1:1: directory outside a domain, expected it inside of a domain\'s block, or a line such as: domain "example.com"',
    ],
    [
      'a map beside it, with no domain',
      `${BLOCK}provide map group.byname\n`,
      't:4:13: map outside a domain, expected it inside of a domain\'s block, or a line such as: domain "example.com"',
    ],
    [
      'a map block beside it, with no domain',
      `${BLOCK}map "x" { base "dc=x"\nfilter "(cn=*)"\nkey "{cn}"\nvalue "{cn}"\n}\n`,
      't:4:1: map outside a domain, expected it inside of a domain\'s block, or a line such as: domain "example.com"',
    ],
    [
      'a group of maps beside it, with no domain',
      `${BLOCK}provide maps rfc2307\n`,
      't:1:1: map outside a domain, expected it inside of a domain\'s block, or a line such as: domain "example.com"',
    ],
    [
      'statements of the process in it',
      `domain a {\nbind local\ndirectory user x\nn = "x"\ninclude x\ndomain b\n${DIRECTORY}}\n${DOMAIN}${DIRECTORY}`,
      "t:2:1: 'bind' inside a domain block, expected outside of it",
      "t:3:1: 'directory user' inside a domain block, expected outside of it",
      't:4:1: macro defined inside a domain block, expected before the block',
      "t:5:1: 'include' inside a domain block, expected outside of it",
      "t:6:1: 'domain' inside a domain block, expected outside of it",
    ],
    [
      'statements of a directory in it',
      `domain a {\nbasedn b\ngroupdn b\n}\n`,
      't:1:1: no directory, expected a block such as: directory "ldap.example.com" { basedn "…" }',
      "t:2:1: 'basedn' outside a directory block, expected inside of one",
    ],
    [
      'statements of a directory behind its end',
      `domain a {\ndirectory h {\nbasedn b }\ngroupdn g\n}\n}\n`,
      "t:4:1: 'groupdn' outside a directory block, expected inside of one",
    ],
    [
      'an unknown statement',
      `domain a {\n${DIRECTORY}nonsense 5 }\n`,
      `t:3:1: unknown statement, expected ${STATEMENTS}`,
    ],
    [
      'bad statements, each told',
      `domain a {\ninterval x\nrecord limit 5\nprovide map x }\n`,
      't:1:1: no directory, expected a block such as: directory "ldap.example.com" { basedn "…" }',
      't:2:10: unexpected word, expected a number of seconds from 1 to 2147483647',
      't:3:14: number out of range, expected a number of bytes from 256 to 65536',
      expect.stringContaining('t:4:13: unsupported map'),
    ],
    [
      'no end',
      `domain a {\n${DIRECTORY}`,
      "t:3:1: block is not closed, expected '}' for the domain of line 1",
    ],
    [
      'the next in place of its end',
      `domain a {\n${DIRECTORY}${BLOCK.replace('"a"', 'b')}`,
      "t:3:1: block is not closed, expected '}' for the domain of line 1",
    ],
    [
      'statements of the process before the next',
      `domain a {\n${DIRECTORY}bind local\n${BLOCK.replace('"a"', 'b')}`,
      "t:3:1: block is not closed, expected '}' for the domain of line 1",
    ],
    [
      'a directory without an end in it',
      `domain a {\ndirectory h {\nbasedn b\n${BLOCK.replace('"a"', 'b')}`,
      "t:4:1: block is not closed, expected '}' for the directory of line 2",
      "t:4:1: block is not closed, expected '}' for the domain of line 1",
    ],
    [
      'an interval beside it that its maps do not outlive',
      `interval 60\ndomain a {\nexpire 50\n${DIRECTORY}}\n`,
      't:3:8: maps would expire between two refreshes, expected more than the interval of 60 seconds',
    ],
    [
      'text behind its end',
      `domain a {\n${DIRECTORY}} x\n`,
      't:3:3: unexpected word, expected the end of the line',
    ],
  ])('%s', (_what, text, ...problems) => {
    expect(problemsOf(text)).toEqual(problems)
  })

  test('one fault of the file is told once, though every domain takes it', () => {
    const text = `expire 5\n${BLOCK}${BLOCK.replace('"a"', 'b')}`
    expect(problemsOf(text)).toEqual([
      't:1:8: maps would expire between two refreshes, expected more than the interval of 600 seconds',
    ])
  })

  test('all together have no more rules than one may', () => {
    const rules = 'allow from 192.0.2.1\n'.repeat(4097)
    expect(problemsOf(`${rules}domain a {\n${rules}${DIRECTORY}}\n`)).toEqual([
      't:1:1: the rules have 8194 prefixes together, with those of maps and files, expected at most 8192 in all',
    ])
  })

  test('a map of its own has its own statements', () => {
    const own = 'map "x" {\nbase "dc=x"\nfilter "(cn=*)"\nkey "{cn}"\nvalue "{cn}"\n}\n'
    const { domains } = configOf(
      `domain a {\nprovide map x\n${own}${DIRECTORY}}\n${BLOCK.replace('"a"', 'b')}`,
    )
    expect(domains[0]?.maps.map((map) => (typeof map === 'string' ? map : JSON.stringify(map)))).toHaveLength(
      1,
    )
    expect(domains[1]?.maps.length).toBeGreaterThan(1)
  })

  test('there are at most 64, with 256 directories together', () => {
    expect(configOf(blocks(64, 4)).domains).toHaveLength(64)
    expect(problemsOf(blocks(65, 1))).toEqual(['t:193:1: too many domains, expected at most 64'])
    expect(problemsOf(blocks(63, 4) + DOMAIN + DIRECTORY.repeat(5))).toEqual([
      't:377:1: too many directories, expected at most 256',
    ])
    expect(problemsOf(`${DOMAIN}${DIRECTORY}${blocks(64, 1)}`)).toEqual([
      't:192:1: too many domains, expected at most 64',
    ])
  })
})

function blocks(count: number, directories: number): string {
  const block = (index: number) => `domain d${index} {\n${DIRECTORY.repeat(directories)}}\n`
  return Array.from({ length: count }, (_, index) => block(index)).join('')
}
