import { describe, expect, test } from 'vitest'
import { formatAddress } from '../../src/address.ts'
import type { AccessRule } from '../../src/config/config.ts'
import { fingerprint } from '../../src/config/fingerprint.ts'
import { MAX_RULES } from '../../src/config/limits.ts'
import { configOf, DIRECTORY, DOMAIN, domainOf, problemsOf, warningsOf } from './check.ts'

const NETS = '/etc/securenets'

function show(rules: readonly AccessRule[]): readonly string[] {
  return rules.map(
    ({ verdict, prefix, bits, reserved }) =>
      `${verdict} ${formatAddress(prefix)}/${bits}${reserved ? ' reserved' : ''}`,
  )
}

/** The rules of the one domain of such lines. */
function rulesOf(lines: string, files: Readonly<Record<string, string>> = {}): readonly string[] {
  return show(domainOf(`${DOMAIN}${DIRECTORY}${lines}\n`, { files }).access)
}

/** A map of the one domain of such lines. */
function mapOf(lines: string, name = 'shadow.byname') {
  return domainOf(`${DOMAIN}${DIRECTORY}${lines}\n`).maps.find((map) => map.name === name)
}

function digestOf(lines: string): string {
  return fingerprint(domainOf(`${DOMAIN}${DIRECTORY}${lines}\n`)).toString('hex')
}

const ONLY_LOOPBACK = ['allow 127.0.0.0/8', 'allow ::1/128', 'deny 0.0.0.0/0', 'deny ::/0']

describe('a rule', () => {
  test('is for all prefixes of its line on any port, or on a reserved one', () => {
    expect(rulesOf('allow from 192.0.2.0/24 2001:db8::/32 port reserved\ndeny from 192.0.2.1')).toEqual([
      'allow 192.0.2.0/24 reserved',
      'allow 2001:db8::/32 reserved',
      'deny 192.0.2.1/32',
    ])
    expect(rulesOf('deny from any port reserved')).toEqual(['deny 0.0.0.0/0 reserved', 'deny ::/0 reserved'])
  })

  test.each([
    [
      'allow from port reserved',
      "3:12: unexpected reserved word 'port', expected an address, a prefix or 'any'",
    ],
    ['allow from any port 111', "3:21: unexpected number, expected 'reserved'"],
    ['allow from any port any', "3:21: unexpected word, expected 'reserved'"],
    ['allow from any port', "3:20: unexpected end of the line, expected 'reserved'"],
    ['allow from any port reserved any', '3:30: unexpected word, expected the end of the line'],
  ])('%s is told where and how', (line, problem) => {
    const [found = ''] = problemsOf(`${DOMAIN}${DIRECTORY}${line}\n`)
    expect(found).toContain(problem)
  })
})

describe('a map', () => {
  test('has rules of its own, also one that ypldap brings along or finds', () => {
    const block = 'map "shadow.byname" { allow from 192.0.2.0/24 port reserved\ndeny from any }'
    expect(show(mapOf(block)?.access ?? [])).toEqual([
      'allow 192.0.2.0/24 reserved',
      'deny 0.0.0.0/0',
      'deny ::/0',
    ])
    expect(show(mapOf('map "auto.home" { allow from 192.0.2.1 }', 'auto.home')?.access ?? [])).toEqual([
      'allow 192.0.2.1/32',
    ])
  })

  test('without them has none, and keeps its condition on the port', () => {
    expect(mapOf('map "shadow.byname" { port any }')).not.toHaveProperty('access')
    expect(mapOf('map "shadow.byname" { allow from any }')).toMatchObject({ secure: true })
    expect(mapOf('map "shadow.byname" {\nallow from any\nport any\n}')).toMatchObject({ secure: false })
    expect(mapOf('map "hosts.byname" { allow from any port reserved }', 'hosts.byname')).toMatchObject({
      secure: false,
    })
  })

  test('is made the same whoever may ask for it', () => {
    expect(digestOf('map "hosts.byname" { allow from 192.0.2.1 }')).toBe(
      digestOf('map "hosts.byname" { deny from any }'),
    )
  })
})

describe('securenets', () => {
  const files = { [NETS]: '# ours\n255.255.255.0 192.0.2.0\nhost 2001:db8::1\n' }
  const nets = ['allow 192.0.2.0/24', 'allow 2001:db8::1/128']

  test('stands for the nets of its file, in its place', () => {
    expect(rulesOf(`deny from 192.0.2.7\nsecurenets "${NETS}"\nallow from any port reserved`, files)).toEqual(
      ['deny 192.0.2.7/32', ...nets, 'allow 0.0.0.0/0 reserved', 'allow ::/0 reserved'],
    )
  })

  test('is inherited by domains that have no rules of their own, and stands in a domain as well', () => {
    const text = `securenets "${NETS}"\ndomain "a" {\n${DIRECTORY}}\ndomain "b" {\ndeny from any\n${DIRECTORY}}\n`
    expect(configOf(text, { files }).domains.map(({ access }) => show(access))).toEqual([
      nets,
      ['deny 0.0.0.0/0', 'deny ::/0'],
    ])
    const inBlock = `domain "a" {\nsecurenets "${NETS}"\n${DIRECTORY}}\n`
    expect(show(domainOf(inBlock, { files }).access)).toEqual(nets)
  })

  test.each([
    ['is not there', {}, `cannot open ${NETS}`],
    ['is empty', { [NETS]: '' }, `${NETS} names nobody, expected a line or more`],
    ['has comments alone', { [NETS]: '#\n' }, `${NETS} names nobody, expected a line or more`],
  ])('lets no other host in when its file %s, whatever follows, and says so', (_, given, why) => {
    const text = `${DOMAIN}${DIRECTORY}allow from 198.51.100.1\nsecurenets "${NETS}"\nallow from any\n`
    const { domains, closed } = configOf(text, { files: given })
    expect(show(domains[0]!.access).slice(0, 5)).toEqual(['allow 198.51.100.1/32', ...ONLY_LOOPBACK])
    expect(closed).toEqual([
      {
        at: { file: 't', line: 4, column: 12 },
        message: `${why}: until then no other host is answered`,
      },
    ])
    expect(warningsOf(text, { files: given })).toEqual([])
  })

  test('is a problem of the configuration for each line of its file that makes no sense, told once', () => {
    const text = `securenets "${NETS}"\ndomain "a" {\n${DIRECTORY}}\ndomain "b" {\nsecurenets "${NETS}"\n${DIRECTORY}}\n`
    expect(problemsOf(text, { files: { [NETS]: 'host 192.0.2.1\n255.255.255.0 192.0.2.7\nlab\n' } })).toEqual(
      [
        `${NETS}:2:15: net has bits set that its mask has not, expected: 255.255.255.0 192.0.2.0`,
        `${NETS}:3:1: not a net, expected 'MASK NET', 'host ADDRESS' or 'NET/BITS'`,
      ],
    )
  })

  test.each([
    ['securenets', '3:11: unexpected end of the line, expected the path of a file as a quoted string'],
    ['securenets "nets"', '3:12: not an absolute path, expected one that begins with /'],
    [`securenets "${NETS}" "x"`, '3:30: unexpected quoted string, expected the end of the line'],
    [
      `map "hosts.byname" { securenets "${NETS}" }`,
      '3:22: unknown statement, expected one of base, filter, each',
    ],
  ])('%s is told where and how', (line, problem) => {
    const [found = ''] = problemsOf(`${DOMAIN}${DIRECTORY}${line}\n`, { files })
    expect(found).toContain(problem)
  })

  test('counts with all other rules, of maps too, against their bound', () => {
    const many = 'host 192.0.2.1\n'.repeat(MAX_RULES - 2)
    const text = (block: string) =>
      `${DOMAIN}${DIRECTORY}securenets "${NETS}"\nallow from 192.0.2.2\nmap "hosts.byname" { ${block} }\n`
    expect(problemsOf(text('allow from ::1'), { files: { [NETS]: many } })).toEqual([])
    expect(problemsOf(text('allow from any'), { files: { [NETS]: many } })).toEqual([
      `t:1:1: the rules have ${MAX_RULES + 1} prefixes together, with those of maps and files, expected at most ${MAX_RULES} in all`,
    ])
  })

  test('may name so many files', () => {
    const lines = Array.from({ length: 65 }, (_, one) => `securenets "/${one}"`)
    const given = Object.fromEntries(lines.map((_, one) => [`/${one}`, 'host 192.0.2.1']))
    const check = (count: number) =>
      problemsOf(`${DOMAIN}${DIRECTORY}${lines.slice(0, count).join('\n')}\n`, { files: given })
    expect(check(64)).toEqual([])
    expect(check(65)).toEqual(['t:67:12: too many securenets files, expected at most 64'])
  })
})
