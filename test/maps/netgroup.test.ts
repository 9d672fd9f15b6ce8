import { describe, expect, test } from 'vitest'
import { type Netgroup, parseNetgroup, reverseNetgroups } from '../../src/maps/netgroup.ts'

function groups(...lines: readonly string[]): Netgroup[] {
  return lines.map((line) => {
    const [name = '', rest = ''] = line.split(/ (.*)/)
    return { name, members: parseNetgroup(rest).members }
  })
}

function reversed(by: 'user' | 'host', ...lines: readonly string[]): Record<string, string> {
  const { records } = reverseNetgroups(groups(...lines), by)
  return Object.fromEntries(records.map(({ key, netgroups }) => [key, netgroups.join(',')]))
}

describe('the members of a line', () => {
  test('are triples and names, whatever blanks are between them', () => {
    expect(parseNetgroup(' (h,u,d)(,u,)  staff\t(-,,-)admins ')).toEqual({
      members: ['(h,u,d)', '(,u,)', 'staff', '(-,,-)', 'admins'],
      faults: [],
    })
  })

  test('may have blanks inside a triple', () => {
    expect(parseNetgroup('( h , u,\td ) x').members).toEqual(['( h , u,\td )', 'x'])
  })

  test('are none of an empty line', () => {
    expect(parseNetgroup(' \t')).toEqual({ members: [], faults: [] })
  })

  test('leave out a triple with too few or too many fields, and one that is not closed', () => {
    const { members, faults } = parseNetgroup('(a,b) (a,b,c,d) x () (a,b,c y')
    expect(members).toEqual(['x'])
    expect(faults).toEqual(
      ['(a,b)', '(a,b,c,d)', '()', '(a,b,c y'].map(
        (word) => `"${word}" is not of the form (host,user,domain)`,
      ),
    )
  })
})

describe('netgroups turned round', () => {
  test('give for each user of a domain the netgroups that name it, the last first', () => {
    expect(reversed('user', 'a (h,u,d) (,v,)', 'b (,u,d)', 'c (,u,e)')).toEqual({
      'u.d': 'b,a',
      'v.*': 'a',
      'u.e': 'c',
    })
  })

  test('give for each host the netgroups that name it', () => {
    expect(reversed('host', 'a (Host,u,d) (h2,,)', 'b (Host,,d)')).toEqual({ 'Host.d': 'b,a', 'h2.*': 'a' })
  })

  test('have wildcard keys where a field is empty or a star', () => {
    expect(reversed('user', 'all (,,)', 'here (h,,d)', 'star (,*,d)')).toEqual({
      '*.*': 'all',
      '*.d': 'star,here',
    })
  })

  test('have no record of a user that is a dash, and keep a domain that is one', () => {
    expect(reversed('user', 'a (h,-,d) (h,-x,) (,u,-)')).toEqual({ 'u.-': 'a' })
  })

  test('count whoever is in a nested netgroup as in all that hold it, each once', () => {
    expect(reversed('user', 'top left right (,u,)', 'left low', 'right low', 'low (,u,) (,u,)')).toEqual({
      'u.*': 'low,right,left,top',
    })
  })

  test('survive netgroups that hold each other and themselves', () => {
    expect(reversed('user', 'a a b (,u,)', 'b c', 'c a (,v,)')).toEqual({ 'u.*': 'c,b,a', 'v.*': 'c,b,a' })
  })

  test('leave out blanks beside a field, but no byte of UTF-8', () => {
    expect(reversed('user', 'a ( h ,\t\xc3\xa0 u , d )')).toEqual({ '\xc3\xa0 u.d': 'a' })
  })

  test('take the last of two netgroups of one name', () => {
    expect(reversed('user', 'a (,u,)', 'b a', 'a (,v,)')).toEqual({ 'v.*': 'a,b' })
  })

  test('name what can not be resolved, and who names it', () => {
    const { records, faults } = reverseNetgroups(
      [
        { name: 'a', members: ['gone', '(x,y)', '(,u,)'] },
        { name: 'b,c', members: ['(,u,)'] },
      ],
      'user',
    )
    expect(records).toEqual([{ key: 'u.*', netgroups: ['a'] }])
    expect(faults).toEqual([
      { netgroup: 'a', reason: 'it holds "gone", which is no netgroup' },
      { netgroup: 'a', reason: '"(x,y)" is not of the form (host,user,domain)' },
      { netgroup: 'b,c', reason: 'its name has a comma, which divides names in a reverse map' },
    ])
  })

  test('leave out alone who would make a key that no map can have', () => {
    const [long, fits] = ['x'.repeat(1023), 'x'.repeat(1022)]
    const { records, faults } = reverseNetgroups(
      [{ name: 'a', members: [`(,${long},)`, `(,${fits},)`, '(,u,)'] }],
      'user',
    )
    expect(records.map(({ key }) => key)).toEqual([`${fits}.*`, 'u.*'])
    expect(faults).toEqual([{ netgroup: 'a', reason: `"${'x'.repeat(64)}..." would be a key of 1025 bytes` }])
  })

  test('do not grow with the number of ways from one to another', () => {
    const diamonds = Array.from({ length: 100 }, (_, at) => `n${at} n${at + 1} n${at + 1} n${at + 1}x`)
    const sides = Array.from({ length: 100 }, (_, at) => `n${at + 1}x n${at + 1}`)
    const names = reversed('user', ...diamonds, ...sides, 'n100 (,u,)')['u.*']?.split(',')
    expect(names).toHaveLength(201)
    expect(new Set(names).size).toBe(201)
  })

  test('nest as deep as there are netgroups', () => {
    const chain = Array.from({ length: 5000 }, (_, at) => ({ name: `n${at}`, members: [`n${at + 1}`] }))
    const { records } = reverseNetgroups([...chain, { name: 'n5000', members: ['(,u,)'] }], 'user')
    expect(records[0]?.netgroups).toHaveLength(5001)
  })

  test('leave out netgroups, and say so, when all of them together hold too much', () => {
    const everyone = Array.from({ length: 40_000 }, (_, at) => `(,u${at},)`)
    const holders = Array.from({ length: 600 }, (_, at) => ({ name: `n${at}`, members: ['everyone'] }))
    const { records, faults } = reverseNetgroups(
      [{ name: 'everyone', members: everyone }, ...holders],
      'user',
    )
    expect(records[0]?.netgroups.length).toBeLessThan(600)
    expect(faults.at(-1)).toEqual({
      netgroup: 'everyone',
      reason: 'netgroups are nested to more than 20000000 members',
    })
  })
})
