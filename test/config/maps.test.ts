import { describe, expect, test } from 'vitest'
import {
  BUILTIN_MAPS,
  BUILTIN_TABLES,
  HASH_MAPS,
  MAP_GROUPS,
  ORIGINAL_MAPS,
  SECURE_MAPS,
} from '../../src/config/builtin-maps.ts'
import type { MapConfig } from '../../src/config/config.ts'
import type { TableConfig } from '../../src/config/table.ts'
import { configOf, DIRECTORY, DOMAIN, domainOf, problemsOf, warningsOf } from './check.ts'

const STATEMENTS = 'base, filter, each, key, aliases, value, record, overflow, port, allow, deny, }'
const OWN = 'filter "(f=1)" key "{k}" value "{v}"'

function namesOf(lines: string): string[] {
  return domainOf(`${DOMAIN}${lines}\n${DIRECTORY}`).maps.map(({ name }) => name)
}

function mapOf(lines: string, name: string): MapConfig | undefined {
  return domainOf(`${DOMAIN}${lines}\n${DIRECTORY}`).maps.find((map) => map.name === name)
}

function tablesOf(lines: string): readonly TableConfig[] {
  const [directory] = domainOf(`${DOMAIN}${lines}\n${DIRECTORY}`).directories
  return directory!.tables
}

/** The table of a map that is named, without the places of its texts. */
function tableOf(lines: string, name: string): Record<string, unknown> | undefined {
  const table = tablesOf(lines).find(({ of }) => of.kind === 'named' && of.map === name)
  return table && textsOf(table)
}

function textsOf(table: TableConfig): Record<string, string> {
  const texts = Object.entries(table).filter(([name]) => name !== 'of')
  return Object.fromEntries(texts.map(([name, { value }]) => [name, value]))
}

function tableNamesOf(lines: string): string[] {
  return tablesOf(lines).map(({ of }) => (of.kind === 'named' ? of.map : of.kind))
}

/** Those that are found: filters, and which names count. */
function foundOf(lines: string): unknown[] {
  return tablesOf(lines).flatMap(({ of, filter }) => (of.kind === 'found' ? [[filter.value, of.only]] : []))
}

/** A map whose value is a hash. */
function reads(more = ''): string {
  return `map "x" { filter "(f=1)" key "{k}" value "{userPassword | crypt}" ${more} }`
}

describe('the maps that are provided', () => {
  test('are those of the original when nothing is said', () => {
    expect(namesOf('')).toEqual(ORIGINAL_MAPS)
    expect(tablesOf('')).toEqual([])
  })

  test('are those that are said, in one order', () => {
    const lines = BUILTIN_MAPS.toReversed().map((name) => `provide map "${name}"\n`)
    expect(namesOf(lines.join(''))).toEqual(BUILTIN_MAPS)
    expect(namesOf('provide map group.bygid\nprovide map passwd.byuid')).toEqual([
      'passwd.byuid',
      'group.bygid',
    ])
  })

  test.each(Object.entries(MAP_GROUPS))('are those of the group %s, once each', (group, names) => {
    const lines = `provide maps ${group}\nprovide maps ${group}\n`
    expect(namesOf(lines).toSorted()).toEqual([...new Set(names)].toSorted())
    expect(warningsOf(`${DOMAIN}${DIRECTORY}${lines}`)).toEqual([])
  })

  test('are no maps with hashes in any group', () => {
    const grouped = Object.values(MAP_GROUPS).flat()
    expect(grouped.filter((name) => SECURE_MAPS.includes(name))).toEqual([])
    expect(SECURE_MAPS).toEqual(expect.arrayContaining([...HASH_MAPS]))
  })

  test('are one beside the group that has it, without a word', () => {
    const lines = 'provide maps mail\nprovide map mail.aliases\n'
    expect(namesOf(lines)).toEqual(['mail.aliases', 'mail.byaddr'])
    expect(warningsOf(`${DOMAIN}${DIRECTORY}${lines}`)).toEqual([])
  })

  test('are told when they are said twice by name', () => {
    expect(warningsOf(`${DOMAIN}${DIRECTORY}${'provide map netgroup\n'.repeat(2)}`)).toEqual([
      't:4:13: map netgroup is provided already, once is enough',
    ])
  })

  test('end with automount maps and those of blocks, as the file names them', () => {
    const lines = `map "b" { ${OWN} }\nprovide map auto_home\nprovide map auto.master\nprovide map netgroup\nmap "a" { ${OWN} }`
    expect(namesOf(lines)).toEqual(['netgroup', 'auto_home', 'auto.master', 'b', 'a'])
  })

  test.each(['auto', 'auto.', 'autofs.home', 'netgroup.bygroup', 'phones.byname'])(
    '%s is none of them',
    (name) => {
      expect(problemsOf(`${DOMAIN}${DIRECTORY}provide map "${name}"\n`)).toEqual([
        `t:3:13: unsupported map, expected auto.master or another auto.*, the name of a map block, or one of ${BUILTIN_MAPS.join(', ')}`,
      ])
    },
  )

  test('are at most 1024 by name', () => {
    const lines = Array.from({ length: 1024 }, (_, number) => `provide map "auto.${number}"\n`).join('')
    expect(problemsOf(`${DOMAIN}${DIRECTORY}${lines}`)).toEqual([])
    expect(problemsOf(`${DOMAIN}${DIRECTORY}${lines}provide map netgroup\n`)).toEqual([
      't:1027:13: too many maps, expected at most 1024 (provide maps has them by groups)',
    ])
  })

  test('take the tables that they are made of, each once', () => {
    expect(tableNamesOf('provide map netgroup.byuser\nprovide map netgroup.byhost')).toEqual(['netgroup'])
    expect(tableNamesOf('provide maps netgroups')).toEqual(['netgroup'])
    expect(tableNamesOf('provide map ypservers')).toEqual(['ypservers'])
    expect(tableNamesOf('provide maps accounts')).toEqual([])
    expect(tableNamesOf('provide maps mail')).toEqual(['mail.aliases', 'mail.byaddr'])
  })

  test.each(Object.entries(BUILTIN_TABLES))('%s is the table that ypldap brings along', (name, table) => {
    expect(tableOf(`provide map ${name}`, name)).toEqual({ base: 'b', ...table })
  })

  test('are shown to reserved ports only when they carry hashes', () => {
    const maps = domainOf(
      `${DOMAIN}${BUILTIN_MAPS.map((name) => `provide map ${name}\n`).join('')}${DIRECTORY}`,
    ).maps
    expect(maps.filter(({ secure }) => secure).map(({ name }) => name)).toEqual([
      'master.passwd.byname',
      'master.passwd.byuid',
      'shadow.byname',
      'passwd.adjunct.byname',
    ])
  })

  test('have the limit of the domain', () => {
    const maps = domainOf(`${DOMAIN}record limit 300\noverflow keep\nprovide maps rfc2307\n${DIRECTORY}`).maps
    expect(new Set(maps.map(({ recordLimit, overflow }) => `${recordLimit} ${overflow}`))).toEqual(
      new Set(['300 keep']),
    )
  })
})

function found(filters: readonly string[], only: readonly string[]): unknown[] {
  return filters.map((filter) => [filter, only])
}

describe('maps that the directory names', () => {
  const AUTOMOUNT = ['(objectClass=automountMap)', '(objectClass=automount)']
  const NIS = ['(objectClass=nisMap)', '(objectClass=nisObject)']

  test.each([
    [
      'all automount maps',
      'provide maps automount',
      [...found(AUTOMOUNT, ['*']), ...found(NIS, ['auto.*', 'auto_*'])],
    ],
    ['all maps of nisObject entries', 'provide maps nisobject', found(NIS, ['*'])],
    [
      'both',
      'provide maps nisobject\nprovide maps automount',
      [...found(AUTOMOUNT, ['*']), ...found(NIS, ['*'])],
    ],
    [
      'automount maps that are named',
      'provide map auto.master\nprovide map auto_home',
      found([...AUTOMOUNT, ...NIS], ['auto.master', 'auto_home']),
    ],
    [
      'a named one, and all maps of nisObject entries',
      'provide map auto.master\nprovide maps nisobject',
      [...found(AUTOMOUNT, ['auto.master']), ...found(NIS, ['*'])],
    ],
    ['none', 'provide maps rfc2307', []],
  ])('are found: %s', (_, lines, expected) => {
    expect(foundOf(lines)).toEqual(expected)
  })

  test('are no maps of the configuration, but for those that it names', () => {
    expect(namesOf('provide maps automount')).toEqual([])
    expect(namesOf('provide maps automount\nprovide map auto.home')).toEqual(['auto.home'])
  })

  test('have a limit of their own in a block, and are found all the same', () => {
    const lines = 'map "auto.home" { record limit 4096 }'
    expect(mapOf(lines, 'auto.home')).toMatchObject({ made: 'table', recordLimit: 4096 })
    expect(foundOf(lines)).toEqual(found([...AUTOMOUNT, ...NIS], ['auto.home']))
  })

  test('are not found when their block says what they are made of', () => {
    const lines = `map "auto.home" { ${OWN} }`
    expect(tableOf(lines, 'auto.home')).toEqual({ base: 'b', filter: '(f=1)', key: '{k}', value: '{v}' })
    expect(foundOf(lines)).toEqual([])
    expect(foundOf(`${lines}\nprovide map auto.master`)).toEqual(
      found([...AUTOMOUNT, ...NIS], ['auto.master']),
    )
  })
})

function services(words: string): unknown {
  return tableOf(`map "services.byname" { ${words} }`, 'services.byname')
}

describe('a map block', () => {
  test('provides its map, beside those that would be there without it', () => {
    expect(namesOf(`map "x" { ${OWN} }`)).toEqual([...ORIGINAL_MAPS, 'x'])
    expect(namesOf(`map "x" { ${OWN} }\nprovide map group.byname`)).toEqual(['group.byname', 'x'])
    expect(namesOf('map "netgroup" { record limit 300 }\nprovide maps mail')).toEqual([
      'netgroup',
      'mail.aliases',
      'mail.byaddr',
    ])
  })

  test('may be named by provide map, before it and after it', () => {
    expect(namesOf(`provide map x\nmap "x" { ${OWN} }`)).toEqual(['x'])
    expect(namesOf(`map "x" { ${OWN} }\nprovide map x`)).toEqual(['x'])
  })

  test('has these words', () => {
    const lines = `map "x" {
	base "ou=x"
	filter "(a=1)"
	each "{e}"
	key "{k}"
	aliases "{a}"
	value "{v}"
	record limit 2048
	overflow drop
	port reserved
}`
    expect(tableOf(lines, 'x')).toEqual({
      base: 'ou=x',
      filter: '(a=1)',
      each: '{e}',
      key: '{k}',
      aliases: '{a}',
      value: '{v}',
    })
    expect(mapOf(lines, 'x')).toEqual({
      name: 'x',
      secure: true,
      made: 'table',
      recordLimit: 2048,
      overflow: 'drop',
    })
  })

  test('has these defaults', () => {
    const lines = `map "x" { ${OWN} }`
    expect(tableOf(lines, 'x')).toEqual({ base: 'b', filter: '(f=1)', key: '{k}', value: '{v}' })
    expect(mapOf(lines, 'x')).toEqual({
      name: 'x',
      secure: false,
      made: 'table',
      recordLimit: 1024,
      overflow: 'cut',
    })
  })

  test('that reads a password is for reserved ports, unless it says otherwise', () => {
    expect(mapOf(reads(), 'x')?.secure).toBe(true)
    expect(mapOf(reads('port any'), 'x')?.secure).toBe(false)
  })

  test('takes of repeated words the last', () => {
    expect(
      tableOf(`map "x" { filter "(a=1)" ${OWN}\nkey "{l}"\nrecord limit 300 record limit 400 }`, 'x'),
    ).toMatchObject({
      filter: '(f=1)',
      key: '{l}',
    })
    expect(mapOf('map "netgroup" { port reserved port any }', 'netgroup')?.secure).toBe(false)
  })

  test.each([
    `map "x" { ${OWN} }`,
    `map x {${OWN}}`,
    `map "x" { # c\n\n${OWN.replaceAll(' key', '\n# c\n\n key')} # c\n\n}`,
    `map "x" {\n${OWN} }`,
    `map \\\n "x" \\\n {\n${OWN.replaceAll(' "', ' \\\n "')}\n}`,
    'n = "x"\nm = "\'{k}\'"\nmap $n { filter "(f=1)" key $m value "{v}" }',
    `map "x" { ${OWN.replace('{v}', '{v\n}')}\n}`,
  ])('may be laid out as %j', (lines) => {
    expect(tableOf(lines, 'x')).toEqual({ base: 'b', filter: '(f=1)', key: '{k}', value: '{v}' })
  })

  test('without templates has the nisObject entries of its name', () => {
    expect(tableOf('map "phones" { base "ou=x" }', 'phones')).toEqual({
      base: 'ou=x',
      filter: '(&(objectClass=nisObject)(nisMapName=phones))',
      key: '{names cn}',
      value: '{nisMapEntry | first}',
    })
    expect(tableOf('map "a*(b)" { }', 'a*(b)')?.['filter']).toBe(
      '(&(objectClass=nisObject)(nisMapName=a\\2a\\28b\\29))',
    )
  })

  test('may put only another filter before the nisObject entries', () => {
    expect(tableOf('map "x" { filter "(f=1)" }', 'x')).toMatchObject({
      filter: '(f=1)',
      value: '{nisMapEntry | first}',
    })
  })

  const { filter, key, aliases, value } = BUILTIN_TABLES['networks.byaddr']!

  test.each([
    ['base', 'base "ou=x"', { base: 'ou=x', filter, key, aliases, value }],
    ['filter', 'filter "(f=1)"', { base: 'b', filter: '(f=1)', key, aliases, value }],
    ['value', 'value "{v}"', { base: 'b', filter, key, aliases, value: '{v}' }],
    ['aliases', 'aliases "{a}"', { base: 'b', filter, key, aliases: '{a}', value }],
    ['key, and with it the aliases', 'key "{k}"', { base: 'b', filter, key: '{k}', value }],
    ['limit', 'record limit 300', { base: 'b', filter, key, aliases, value }],
  ])('changes of a map that ypldap brings along: %s', (_, words, expected) => {
    expect(tableOf(`map "networks.byaddr" { ${words} }`, 'networks.byaddr')).toEqual(expected)
  })

  test('keeps what the templates are made for unless both are its own', () => {
    const { each, ...usual } = BUILTIN_TABLES['services.byname']!
    expect(services('key "{k}"')).toEqual({ base: 'b', ...usual, each, key: '{k}' })
    expect(services('value "{v}"')).toEqual({ base: 'b', ...usual, each, value: '{v}' })
    expect(services('key "{k}" value "{v}"')).toEqual({ base: 'b', ...usual, key: '{k}', value: '{v}' })
    expect(services('each "{e}" key "{k}" value "{v}"')).toMatchObject({ each: '{e}' })
  })

  test('changes the netgroups that users and hosts are looked up in', () => {
    const lines = 'provide map netgroup.byuser\nmap "netgroup" { base "ou=x" }'
    expect(namesOf(lines)).toEqual(['netgroup.byuser', 'netgroup'])
    expect(tableOf(lines, 'netgroup')).toMatchObject({ base: 'ou=x' })
  })

  test.each([
    ['passwd.byname', '(objectClass=posixAccount)'],
    ['shadow.byname', '(objectClass=posixAccount)'],
    ['group.bygid', '(objectClass=posixGroup)'],
  ])('makes a table of %s', (name, expected) => {
    const lines = `map "${name}" { key "{k}" value "{v}" }`
    expect(tableOf(lines, name)).toEqual({ base: 'b', filter: expected, key: '{k}', value: '{v}' })
    expect(mapOf(lines, name)?.made).toBe('table')
    expect(tableOf(`map "${name}" { ${OWN} }`, name)?.['filter']).toBe('(f=1)')
  })

  test('makes a table of netgroup.byuser, which is none of users', () => {
    expect(tableOf('map "netgroup.byuser" { key "{k}" value "{v}" }', 'netgroup.byuser')?.['filter']).toBe(
      '(&(objectClass=nisObject)(nisMapName=netgroup.byuser))',
    )
  })

  test.each(['passwd.byname', 'netid.byname', 'netgroup.byuser', 'ypservers'])(
    'gives %s a limit and a port, and leaves it what it is',
    (name) => {
      expect(mapOf(`map "${name}" { record limit 300 overflow drop port reserved }`, name)).toEqual({
        name,
        secure: true,
        made: 'rows',
        recordLimit: 300,
        overflow: 'drop',
      })
    },
  )

  test.each(SECURE_MAPS)('shows %s to every port when it says so aloud', (name) => {
    expect(mapOf(`map "${name}" { record limit 300 }`, name)?.secure).toBe(true)
    expect(mapOf(`map "${name}" { port any }`, name)?.secure).toBe(false)
  })

  test('changes the limit of its map alone', () => {
    const lines = 'record limit 300\nmap "netgroup" { overflow keep }\nprovide map netgroup.byuser'
    expect(mapOf(lines, 'netgroup')).toMatchObject({ recordLimit: 300, overflow: 'keep' })
    expect(mapOf(lines, 'netgroup.byuser')).toMatchObject({ recordLimit: 300, overflow: 'cut' })
  })

  test('asks every directory of its domain, each below its own base', () => {
    const { directories } = domainOf(
      `${DOMAIN}map "x" { ${OWN} }\ndirectory g { basedn a }\ndirectory h { basedn b }\n`,
    )
    expect(directories.map(({ tables }) => tables.map(textsOf))).toEqual([
      [{ base: 'a', filter: '(f=1)', key: '{k}', value: '{v}' }],
      [{ base: 'b', filter: '(f=1)', key: '{k}', value: '{v}' }],
    ])
  })

  test('stands in the block of a domain as well, for that alone', () => {
    const { domains } = configOf(`${DOMAIN}${DIRECTORY}domain b { map "x" { ${OWN} }\n${DIRECTORY}}\n`)
    expect(domains.map(({ maps }) => maps.some(({ name }) => name === 'x'))).toEqual([false, true])
  })
})

describe('what is wrong with a map block', () => {
  test.each<readonly [what: string, lines: string, ...problems: readonly string[]]>([
    [
      'a map of its own without a key',
      'map "x" { filter "(f=1)" value "{v}" }',
      '3:1: map x without key, expected key "…" in its block',
    ],
    [
      'a map of its own without a value',
      'map "x" { filter "(f=1)" key "{k}" }',
      '3:1: map x without value, expected value "…" in its block',
    ],
    [
      'a map of its own without a filter',
      'map "x" { key "{k}" value "{v}" }',
      '3:1: map x without filter, expected filter "…" in its block',
    ],
    [
      'a map of its own with aliases alone',
      'map "x" { filter "(f=1)" aliases "{a}" }',
      '3:1: map x without key, expected key "…" in its block',
      '3:1: map x without value, expected value "…" in its block',
    ],
    [
      'an automount map without a filter',
      'map "auto.x" { key "{k}" value "{v}" }',
      '3:1: map auto.x without filter, expected filter "…" in its block',
    ],
    [
      'a base for an automount map that is found',
      'map "auto.x" {\nbase "ou=x" }',
      '4:6: map auto.x is found in the directory, expected key and value beside it, or neither base, filter, each nor aliases',
    ],
    [
      'a filter for users',
      'map "passwd.byname" { filter "(f=1)" }',
      '3:30: map passwd.byname is made of users, groups or another map, expected key and value beside it, or neither base, filter, each nor aliases',
    ],
    [
      'a key without a value for users',
      'map "passwd.byname" { key "{k}" }',
      '3:1: map passwd.byname without value, expected value "…" in its block',
    ],
    [
      'a second one of one name',
      `map "x" { ${OWN} }\nmap "x" { ${OWN} }`,
      '4:5: map x has a block in line 3, expected one for each map',
    ],
    [
      'a bad name',
      `map "a/b" {\n${OWN}\n}`,
      '3:5: not the name of a map, expected up to 64 characters without blanks and slashes',
    ],
    [
      'a name that is too long',
      `map "${'x'.repeat(65)}" { ${OWN} }`,
      '3:5: not the name of a map, expected up to 64 characters without blanks and slashes',
    ],
    ['no name', `map {\n${OWN}\n}`, "3:5: unexpected '{', expected the name of a map"],
    [
      'a macro in place of its name that is none',
      `map $m {\n${OWN}\n}`,
      '3:5: macro \'m\' is not defined, expected a line m = "…" above',
    ],
    ['a brace in the next line', `map "x"\n{ ${OWN} }`, "3:8: unexpected end of the line, expected '{'"],
    ['no block', 'map "x"', "3:8: unexpected end of the line, expected '{'"],
    ['a word before its block', `map "x" y {\n${OWN}\n}`, "3:9: unexpected word, expected '{'"],
    [
      'a word behind its block',
      `map "x" { ${OWN} } y`,
      '3:50: unexpected word, expected the end of the line',
    ],
    [
      'words that it does not know, and no complaint of what they may have been',
      'map "x" {\nkee "{k}"\n value "{v}" vale "{v}"\n}',
      `4:1: unknown statement, expected one of ${STATEMENTS}`,
      `5:14: unknown statement, expected one of ${STATEMENTS}`,
    ],
    [
      'bad values, each told',
      'map "x" {\nkey 5\nvalue\nrecord 5\nrecord limit 5\noverflow x\nport 5\nport x }',
      '4:5: unexpected number, expected a template as a quoted string (quote it to use it as text)',
      '5:6: unexpected end of the line, expected a template as a quoted string',
      "6:8: unexpected number, expected 'limit'",
      '7:14: number out of range, expected a number of bytes from 256 to 65536',
      "8:10: unexpected word, expected 'cut', 'split', 'keep' or 'drop'",
      "9:6: unexpected number, expected 'reserved' or 'any'",
      "10:6: unexpected word, expected 'reserved' or 'any'",
    ],
    [
      'a template without quotes',
      'map "x" { key {k} }',
      "3:15: unexpected '{', expected a template as a quoted string",
    ],
    [
      'no closing quote',
      'map "x" {\nkey "{k}\nvalue "{v}"\n}',
      '4:5: quoted string runs over several lines and what follows it makes no sense, expected a closing quote',
    ],
    ['no end', `map "x" {\n${OWN}\n`, "6:1: block is not closed, expected '}' for the map of line 3"],
    [
      'no end before a directory, which is read',
      `map "x" {\n${OWN}\n\n${DIRECTORY}interval 0`,
      "6:1: block is not closed, expected '}' for the map of line 3",
      '7:10: number out of range, expected a number of seconds from 1 to 2147483647',
    ],
    [
      'no end before another',
      `map "x" {\n${OWN}\nmap "y" {\n${OWN}\n`,
      "5:1: block is not closed, expected '}' for the map of line 3",
      "8:1: block is not closed, expected '}' for the map of line 5",
    ],
    [
      'an unknown group',
      'provide maps nis',
      `3:14: unexpected word, expected one of the groups ${Object.keys(MAP_GROUPS).join(', ')}`,
    ],
  ])('%s', (_what, lines, ...problems) => {
    expect(problemsOf(`${DOMAIN}${DIRECTORY}${lines}\n`)).toEqual(problems.map((problem) => `t:${problem}`))
  })

  test('in a directory block it is out of place', () => {
    expect(problemsOf(`${DOMAIN}directory h {\nbasedn b\nmap "x" { ${OWN} }\n}\n`)).toEqual([
      "t:4:1: 'map' inside a directory block, expected outside of it",
    ])
  })

  test('there are at most 1024 of a domain', () => {
    expect(problemsOf(DOMAIN + DIRECTORY + blocks(1024))).toEqual([])
    expect(problemsOf(DOMAIN + DIRECTORY + blocks(1025))).toEqual([
      't:1027:5: too many maps, expected at most 1024 blocks',
    ])
  })
})

function blocks(count: number): string {
  return Array.from({ length: count }, (_, number) => `map "x${number}" { ${OWN} }\n`).join('')
}
