import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Netgroup, parseNetgroup, reverseNetgroups } from '../../src/maps/netgroup.ts'

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'gone')
const triple = fc.constantFrom('(h,u,d)', '(h,v,)', '(,w,d)', '(i,,)', '(-,-,)', '(x,y)')
const member = fc.oneof(triple, name)
const netgroups = fc.uniqueArray(fc.record({ name, members: fc.array(member, { maxLength: 5 }) }), {
  selector: (netgroup) => netgroup.name,
})

/** The triples of a netgroup and of all that it reaches, looked for until there is nothing new. */
function expand(all: readonly Netgroup[], root: string): Set<string> {
  const found = new Set([root])
  for (const one of found) {
    for (const next of all.find((netgroup) => netgroup.name === one)?.members ?? []) found.add(next)
  }
  return found
}

test('a netgroup is in the record of a user exactly if it reaches a triple of that user', () => {
  const users: Readonly<Record<string, string>> = {
    '(h,u,d)': 'u.d',
    '(h,v,)': 'v.*',
    '(,w,d)': 'w.d',
    '(i,,)': '*.*',
  }
  fc.assert(
    fc.property(netgroups, (all) => {
      const expected = all.flatMap(({ name }) =>
        [...expand(all, name)].flatMap((word) => (word in users ? [`${users[word]} ${name}`] : [])),
      )
      const { records } = reverseNetgroups(all, 'user')
      const found = records.flatMap(({ key, netgroups }) => netgroups.map((holder) => `${key} ${holder}`))
      expect(found.sort()).toEqual(expected.sort())
    }),
  )
})

test('a line is members and faults, whatever is in it', () => {
  const text = fc.array(fc.constantFrom('(', ')', ',', ' ', '\t', 'a', '-', '*', '\xa0'), { maxLength: 30 })
  fc.assert(
    fc.property(text, (parts) => {
      const line = parts.join('')
      const { members, faults } = parseNetgroup(line)
      expect(parseNetgroup(members.join(' '))).toEqual({ members, faults: [] })
      const malformed = reverseNetgroups([{ name: 'a', members }], 'host').faults
      expect(malformed.filter(({ reason }) => !reason.endsWith('is no netgroup'))).toEqual([])
      if (faults.length === 0)
        expect(members.join('').replaceAll(/[\t ]/g, '')).toBe(line.replaceAll(/[\t ]/g, ''))
    }),
  )
})
