import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseNetgroup, reverseNetgroups } from '../../src/maps/netgroup.ts'
import { runOrFail } from '../support/lab.ts'

// ypserv's own revnetgroup, given the same netgroups. It recurses without end into a cycle, and reads lines of 8 KiB at
// most, so there are neither here.

const NAMES = ['staff', 'admins', 'all', 'web', 'db', 'lab', 'x', 'web-2'] as const

const blank = fc.constantFrom(' ', '\t', '  ', ' \t ')
const field = fc.constantFrom('', 'a', 'b', 'Ab', 'www.example', '*', '*x', '-', '-a', 'with space')
const domain = fc.constantFrom('', 'd', 'example.com', '-', '*')
const triple = fc.tuple(field, field, domain).map((fields) => `(${fields.join(',')})`)
const broken = fc.constantFrom('(a,b)', '()', '(a)', ')', 'nobody')
const end = fc.constantFrom('', '', ' ', ' (a,b,c', ' (a')

/** A member of the netgroup at a place, which holds none that come before it. */
function member(at: number): fc.Arbitrary<string> {
  const later = NAMES.slice(at + 1)
  const nested = later.length === 0 ? [] : [{ weight: 3, arbitrary: fc.constantFrom(...later) }]
  return fc.oneof({ weight: 6, arbitrary: triple }, { weight: 1, arbitrary: broken }, ...nested)
}

const netgroup = (name: string, at: number) =>
  fc
    .tuple(fc.array(fc.tuple(blank, member(at)), { minLength: 1, maxLength: 6 }), end)
    .map(([members, rest]) => ({ name, line: `${members.flat().join('')}${rest}` }))

const netgroups = fc.tuple(...NAMES.map(netgroup)).chain((all) => fc.shuffledSubarray(all, { minLength: 1 }))

test.each([
  ['user', '-u'],
  ['host', '-h'],
] as const)('netgroup.by%s is what revnetgroup makes of any netgroups', async (by, option) => {
  const holds = fc.asyncProperty(netgroups, async (lines) => {
    const input = lines.map(({ name, line }) => `${name}${line}\n`).join('')
    const theirs = await runOrFail('/usr/lib/yp/revnetgroup', [option], { input })
    const groups = lines.map(({ name, line }) => ({ name, members: parseNetgroup(line).members }))
    const { records } = reverseNetgroups(groups, by)
    const ours = records.map(({ key, netgroups }) => `${key}\t${netgroups.join(',')}`)
    expect(ours.sort()).toEqual(theirs.split('\n').filter(Boolean).sort())
  })
  await fc.assert(holds, { numRuns: 400 })
})
