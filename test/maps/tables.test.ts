import { describe, expect, test } from 'vitest'
import { judge } from '../../src/maps/guard.ts'
import { openImage } from '../../src/maps/image.ts'
import type { Overflow, RecordLimit } from '../../src/maps/overflow.ts'
import type { ProvidedMap } from '../../src/maps/records.ts'
import type { Keyed, Rows, Table } from '../../src/maps/rows.ts'
import { contents } from '../support/map-contents.ts'
import { ALL_MAPS, build, group, provided, rows, user } from '../support/rows.ts'

const USUAL: RecordLimit = { recordLimit: 1024, overflow: 'cut' }

function keyed(key: string, text: string, more: Partial<Keyed> = {}): Keyed {
  return { key, value: { head: text, items: [], separator: '' }, alias: false, dn: `cn=${key}`, ...more }
}

function list(key: string, items: readonly string[]): Keyed {
  return keyed(key, '', { value: { head: `${key}:`, items, separator: ', ' } })
}

function table(name: string, rows: readonly Keyed[], found = false): Table {
  return { name, found, rows }
}

function given(tables: readonly Table[], directory = 'ldap.example.com'): Rows {
  return { ...rows([], [], directory), tables }
}

function made(name: string, limit: RecordLimit = USUAL): ProvidedMap {
  return { name, secure: false, made: 'table', ...limit }
}

/** The maps, and why records were left out. */
function show(directories: readonly Rows[], maps: readonly ProvidedMap[], limit: RecordLimit = USUAL) {
  const { bytes, counts, rejected } = build(directories, { provided: maps, ...limit })
  const image = openImage(bytes)
  return {
    maps: Object.fromEntries(
      image.maps.map(({ name }) => [name, contents(image, name).map(([key, value]) => `${key} = ${value}`)]),
    ),
    counts,
    rejected: rejected.map(({ directory, reason }) => `${directory}: ${reason}`),
  }
}

describe('a map made of a table', () => {
  test('has its records in the order of their keys', () => {
    const { maps, rejected } = show([given([table('m', [keyed('b', '2'), keyed('a', '1')])])], [made('m')])
    expect(maps).toEqual({ m: ['a = 1', 'b = 2'] })
    expect(rejected).toEqual([])
  })

  test('is there when no directory gives anything for it', () => {
    expect(show([given([])], [made('m')]).maps).toEqual({ m: [] })
  })

  test('takes of one key the record of the first directory, and tells of a second in one directory', () => {
    const first = given([table('m', [keyed('a', '1'), keyed('a', '2', { dn: 'cn=other' })])], 'one')
    const second = given([table('m', [keyed('a', '3'), keyed('b', '4')])], 'two')
    const { maps, rejected } = show([first, second], [made('m')])
    expect(maps).toEqual({ m: ['a = 1', 'b = 4'] })
    expect(rejected).toEqual(['one: a second record of the key "a" in m'])
  })

  test('lets an alias yield to the name of another entry, wherever it stands, without a word', () => {
    const { maps, rejected } = show(
      [given([table('m', [keyed('a', '1', { alias: true }), keyed('a', '2', { dn: 'cn=other' })])])],
      [made('m')],
    )
    expect(maps).toEqual({ m: ['a = 2'] })
    expect(rejected).toEqual([])
  })

  test.each([
    ['', 'v', 'an empty key'],
    ['x'.repeat(1025), 'v', 'key of 1025 bytes: at most 1024'],
    ['YP_MASTER_NAME', 'v', 'the key "YP_MASTER_NAME" starts with YP_, as the map\'s own keys do'],
    ['a\0', 'v', 'contains a NUL'],
    ['a', 'v\nw', 'the value of "a" contains a newline'],
    ['a', 'v\r', 'the value of "a" contains a carriage return'],
  ])('leaves out the record %j = %j', (key, text, reason) => {
    const { maps, rejected } = show(
      [given([table('m', [keyed(key, text), keyed('good', 'v')])])],
      [made('m')],
    )
    expect(maps).toEqual({ m: ['good = v'] })
    expect(rejected).toHaveLength(1)
    expect(rejected[0]).toContain(reason)
    expect(rejected[0]).toMatch(/, left out of m$/)
  })

  test('leaves out a record in whose list a value ends the line', () => {
    const { rejected } = show([given([table('m', [list('a', ['x', 'y\nz'])])])], [made('m')])
    expect(rejected).toEqual(['ldap.example.com: the value of "a" contains a newline, left out of m'])
  })
})

describe('a value over the limit of its map', () => {
  const long = given([table('m', [list('a', ['one', 'two', 'three']), keyed('b', 'x'.repeat(20))])])
  const under = (overflow: Overflow) => show([long], [made('m', { recordLimit: 12, overflow })])

  test('ends between two items of its list, or is left out when it has none', () => {
    const { maps, rejected } = under('cut')
    expect(maps).toEqual({ m: ['a = a:one, two'] })
    expect(rejected).toEqual([
      'ldap.example.com: "a" in m is over the record limit of 12 bytes: 1 of 3 items left out',
      'ldap.example.com: "b" in m is over the record limit of 12 bytes: left out with its 20 bytes, as there is no place to cut it',
    ])
  })

  test('stays, when the map keeps it', () => {
    const { maps, rejected } = under('keep')
    expect(maps).toEqual({ m: ['a = a:one, two, three', `b = ${'x'.repeat(20)}`] })
    expect(rejected).toHaveLength(2)
    expect(rejected[0]).toContain('kept with its 17 bytes')
  })

  test('goes, when the map drops it', () => {
    const { maps, rejected } = under('drop')
    expect(maps).toEqual({ m: [] })
    expect(rejected).toHaveLength(2)
  })

  test('is told of once, under however many keys it stands', () => {
    const row = keyed('a', 'x'.repeat(20))
    const both = given([table('m', [row, { ...row, key: 'b', alias: true }])])
    expect(show([both], [made('m', { recordLimit: 12, overflow: 'drop' })]).rejected).toHaveLength(1)
  })
})

describe('a limit of one map', () => {
  test('counts for it alone', () => {
    const staff = group({ members: ['alice', 'bob', 'carol'] })
    const { maps, rejected } = show(
      [rows([user()], [staff])],
      [
        provided('passwd.byname', USUAL),
        provided('group.byname', { recordLimit: 24, overflow: 'cut' }),
        provided('group.bygid', { recordLimit: 24, overflow: 'drop' }),
        provided('netid.byname', USUAL),
      ],
    )
    expect(maps['group.byname']).toEqual(['staff = staff:*:20001:alice,bob'])
    expect(maps['group.bygid']).toEqual([])
    expect(maps['passwd.byname']).toHaveLength(1)
    expect(maps['netid.byname']).toEqual(['unix.10001@example.com = 10001:20001'])
    expect(rejected.map((reason) => reason.replace(/.*bytes: /, ''))).toEqual([
      '1 of 3 members left out',
      'left out with its 29 bytes',
    ])
  })

  test("leaves a user out of a map that can't take the line, and of no other", () => {
    const alice = user({ gecos: 'x'.repeat(100) })
    const { maps, rejected } = show(
      [rows([alice])],
      [provided('passwd.byname', { recordLimit: 64, overflow: 'cut' }), provided('passwd.byuid', USUAL)],
    )
    expect(maps['passwd.byname']).toEqual([])
    expect(maps['passwd.byuid']).toHaveLength(1)
    expect(rejected).toEqual([
      expect.stringMatching(
        /^ldap\.example\.com: passwd of user "alice" is over the record limit of 64 bytes: left out with its \d+ bytes$/,
      ),
    ])
  })
})

describe('hashes', () => {
  const alice = user({ shadow: '1:2:3:4:5:6:7' })
  const mapsOf = (...names: readonly string[]) =>
    show(
      [rows([alice])],
      names.map((name) => provided(name, USUAL)),
    ).maps

  test('stand in shadow.byname, and an x in passwd', () => {
    expect(mapsOf('passwd.byname', 'shadow.byname')).toEqual({
      'passwd.byname': ['alice = alice:x:10001:20001:Alice Adams:/home/alice:/bin/sh'],
      'shadow.byname': ['alice = alice:$6$salt$hash:1:2:3:4:5:6:7'],
    })
  })

  test('stand in passwd.adjunct.byname, and ##name in passwd', () => {
    expect(mapsOf('passwd.byuid', 'passwd.adjunct.byname')).toEqual({
      'passwd.byuid': ['10001 = alice:##alice:10001:20001:Alice Adams:/home/alice:/bin/sh'],
      'passwd.adjunct.byname': ['alice = alice:$6$salt$hash:::::'],
    })
  })

  test('are looked for in the adjunct map when there are both', () => {
    expect(mapsOf('passwd.byname', 'shadow.byname', 'passwd.adjunct.byname')['passwd.byname']).toEqual([
      'alice = alice:##alice:10001:20001:Alice Adams:/home/alice:/bin/sh',
    ])
  })
})

describe('maps that are made of the tables of others', () => {
  const netgroup = table('netgroup', [
    keyed('all', 'some (h2,bob,d)'),
    keyed('some', '(h1,alice,d) (,,)'),
    keyed('odd', '(broken'),
  ])

  test('turn netgroups round, and tell once what is wrong with one', () => {
    const { maps, rejected } = show(
      [given([netgroup])],
      [provided('netgroup.byuser', USUAL), provided('netgroup.byhost', USUAL)],
    )
    expect(maps).toEqual({
      'netgroup.byuser': ['*.* = some,all', 'alice.d = some,all', 'bob.d = all'],
      'netgroup.byhost': ['*.* = some,all', 'h1.d = some,all', 'h2.d = all'],
    })
    expect(rejected).toEqual([
      'ldap.example.com: netgroup odd: "(broken" is not of the form (host,user,domain)',
    ])
  })

  test.each([['netgroup.byuser'], ['netgroup.byhost']])('tell what is wrong when there is but %s', (name) => {
    const { rejected } = show([given([netgroup])], [provided(name, USUAL)])
    expect(rejected).toEqual([expect.stringContaining('netgroup odd: "(broken"')])
  })

  test('name the root of each host, but for a uid of the same name', () => {
    const hosts = table('hosts.byname', [
      keyed('h', '10.0.0.1\tH alias'),
      keyed('alias', '10.0.0.1\tH alias'),
      keyed('n', '10.0.0.2 10001'),
    ])
    const { maps } = show([{ ...rows([user()]), tables: [hosts] }], [provided('netid.byname', USUAL)])
    expect(maps['netid.byname']).toEqual(['unix.10001@example.com = 10001:20001', 'unix.H@example.com = 0:H'])
  })

  test.each(['10002', ':', 'a:5', 'a,0', 'a@b', 'x'.repeat(1008)])(
    'name the root of no host whose name would make it another netid: %s',
    (name) => {
      const hosts = table('hosts.byname', [keyed('h', `10.0.0.1\t${name}`)])
      const { maps } = show([{ ...rows([user()]), tables: [hosts] }], [provided('netid.byname', USUAL)])
      expect(maps['netid.byname']).toEqual(['unix.10001@example.com = 10001:20001'])
    },
  )

  test('name ourselves among the servers', () => {
    const others = table('ypservers', [keyed('zeus', 'zeus'), keyed('nis.example.com', 'nis.example.com')])
    const { maps } = show([given([others])], [provided('ypservers', USUAL)])
    expect(maps['ypservers']).toEqual(['nis.example.com = nis.example.com', 'zeus = zeus'])
    expect(show([given([])], [provided('ypservers', USUAL)]).maps['ypservers']).toEqual([
      'nis.example.com = nis.example.com',
    ])
  })
})

/** What the guard is told of one user and these tables. */
function counted(...tables: readonly Table[]) {
  return show([{ ...rows([user()]), tables }], [provided('passwd.byname', USUAL)]).counts
}

test('where no map is made of users and groups, none of them is too long for one', () => {
  const one = { ...rows([user()], [group()]), tables: [table('m', [keyed('a', '1')])] }
  const { maps, counts, rejected } = show([one], [made('m')])
  expect(maps).toEqual({ m: ['a = 1'] })
  expect(counts).toMatchObject({ users: 1, groups: 1 })
  expect(rejected).toEqual([])
})

describe('a map that the directory names', () => {
  const home = table('auto.home', [keyed('ann', 'nas:/ann')], true)

  test('stands behind those of the configuration, under the limit of all', () => {
    const { maps, counts } = show(
      [given([table('auto.b', [], true), home, table('m', [keyed('a', '1')])])],
      [made('m')],
      { recordLimit: 5, overflow: 'drop' },
    )
    expect(Object.keys(maps)).toEqual(['m', 'auto.b', 'auto.home'])
    expect(maps['auto.home']).toEqual([])
    expect(counts.maps.map(({ name, found }) => [name, found])).toEqual([
      ['m', false],
      ['auto.b', true],
      ['auto.home', true],
    ])
  })

  test('by a name that stands for hashes is for callers on a reserved port', () => {
    const tables = [home, table('shadow.byname', [keyed('ann', 'ann:$6$x$y:')], true)]
    const { bytes } = build([given(tables)], { provided: [], hashMaps: ['shadow.byname'] })
    expect(openImage(bytes).maps.map(({ name, secure }) => [name, secure])).toEqual([
      ['auto.home', false],
      ['shadow.byname', true],
    ])
  })

  test('is left out with a reason when there is no more room for it', () => {
    const many = Array.from({ length: 4097 }, (_, number) => table(`m${number + 1000}`, [], true))
    const { counts, rejected } = show([given([...many, table('z', [keyed('a', '1')], true)])], [made('own')])
    expect(counts.maps).toHaveLength(4096)
    expect(rejected).toHaveLength(3)
    expect(rejected.at(-1)).toBe(
      'ldap.example.com: the map z is left out: there are 4098 maps, and room for 4095',
    )
  })

  test('is not served twice when the configuration names it, too', () => {
    expect(show([given([home])], [made('auto.home')]).maps).toEqual({ 'auto.home': ['ann = nas:/ann'] })
  })

  test('may go alone, but not with all others of its kind', () => {
    const before = counted(home, table('auto.b', [keyed('x', 'y')], true))
    expect(judge(before, counted(home), 50)).toBeUndefined()
    expect(judge(before, counted(), 50)).toMatch(
      /^no records in maps found in the directory where 2 were before/,
    )
  })
})

test('nothing but our own name among the servers is nothing', () => {
  const { counts } = show([given([])], [provided('ypservers', USUAL)])
  expect(judge(undefined, counts, 50)).toMatch(/^no users and no groups/)
  const some = show([given([table('m', [keyed('a', '1')])])], [made('m')])
  expect(judge(undefined, some.counts, 50)).toBeUndefined()
})

test('all maps of users and groups can be made of no rows', () => {
  const names = [...ALL_MAPS, 'shadow.byname', 'passwd.adjunct.byname', 'netgroup.byuser', 'netgroup.byhost']
  const { maps } = show(
    [given([])],
    names.map((name) => provided(name, USUAL)),
  )
  expect(Object.values(maps).flat()).toEqual([])
})
