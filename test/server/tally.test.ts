import { describe, expect, test } from 'vitest'
import { OUTCOMES, PROCEDURES } from '../../src/messages/usage.ts'
import { TALLIED_MAPS } from '../../src/server/limits.ts'
import { countCall, OTHER, Outcome, sumOfRows, Tally } from '../../src/server/tally.ts'

const MATCH = PROCEDURES.indexOf('match')

describe('a tally', () => {
  test('tells each kind of call once, with how often it came, and nothing of what never did', () => {
    const tally = new Tally()
    const row = tally.row('example.com', 'passwd.byname')
    tally.row('example.com', 'never.asked')
    for (let i = 0; i < 3; i++) countCall(row, MATCH, Outcome.true)
    countCall(row, MATCH, Outcome.nokey)
    countCall(tally.nothing, OTHER, Outcome.denied)
    const named = { domain: 'example.com', map: 'passwd.byname' }
    expect(new Set(sumOfRows(tally.rows))).toEqual(
      new Set([
        { ...named, procedure: 'match', outcome: 'true', calls: 3 },
        { ...named, procedure: 'match', outcome: 'nokey', calls: 1 },
        { domain: '', map: '', procedure: 'other', outcome: 'denied', calls: 1 },
      ]),
    )
  })

  test('has a place for each outcome of each procedure', () => {
    const tally = new Tally()
    const row = tally.row('d', 'm')
    for (let procedure = 0; procedure <= OTHER; procedure++) {
      for (const place of OUTCOMES.keys()) countCall(row, procedure, place)
    }
    const told = sumOfRows(tally.rows)
    expect(told).toHaveLength((PROCEDURES.length + 1) * OUTCOMES.length)
    expect(told.every(({ calls }) => calls === 1)).toBe(true)
  })

  test('goes on from where a name was, and takes no name for another', () => {
    const tally = new Tally()
    expect(tally.row('a', 'bc')).toBe(tally.row('a', 'bc'))
    expect(tally.row('a', 'bc')).not.toBe(tally.row('ab', 'c'))
    expect(tally.row('', '')).toBe(tally.nothing)
  })

  test('is added to those of other threads, whose rows stand in another order, and changes none', () => {
    const [one, other] = [new Tally(), new Tally()]
    countCall(one.row('d', 'x'), MATCH, Outcome.true)
    countCall(one.row('d', 'y'), MATCH, Outcome.true)
    countCall(other.row('d', 'y'), MATCH, Outcome.true)
    const call = { domain: 'd', procedure: 'match', outcome: 'true' }
    for (let again = 0; again < 2; again++) {
      expect(sumOfRows([...one.rows, ...other.rows])).toEqual([
        { ...call, map: 'x', calls: 1 },
        { ...call, map: 'y', calls: 2 },
      ])
    }
  })

  test(`has no more than ${TALLIED_MAPS} maps: another is counted as its domain`, () => {
    const tally = new Tally()
    const domain = tally.row('d', '')
    for (let i = tally.rows.length; i < TALLIED_MAPS; i++) tally.row('d', `map${i}`)
    expect(tally.row('d', 'last')).toBe(domain)
    expect(tally.row('e', 'last')).toBe(tally.nothing)
    expect(tally.rows).toHaveLength(TALLIED_MAPS)
  })
})
