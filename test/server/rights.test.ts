import { describe, expect, test } from 'vitest'
import { parseAddress } from '../../src/address.ts'
import type { AccessRule } from '../../src/config/config.ts'
import { hasRights, NO_RIGHTS, PLACES, Rules } from '../../src/server/rights.ts'
import { Served } from '../../src/server/served.ts'
import { Verdicts } from '../../src/server/verdicts.ts'

const allow = (last: number): readonly AccessRule[] => [
  { verdict: 'allow', prefix: Uint8Array.of(192, 0, 2, last), bits: 32 },
]
const address = (last: number) => Uint8Array.of(192, 0, 2, last)

describe('rights', () => {
  test('are those to the domains whose rules allow the caller, at any place', () => {
    const served = new Served()
    const rules = new Rules()
    const domains = Array.from({ length: PLACES }, (_, index) => served.add(`d${index}`))
    for (const { place } of domains) rules.set(place, allow(place))
    for (const { place } of domains) {
      const rights = rules.judge(address(place))
      expect(domains.filter((domain) => domain.isFor(rights)).map((domain) => domain.place)).toEqual([place])
    }
    expect(rules.judge(address(200))).toEqual(NO_RIGHTS)
    expect(hasRights(rules.judge(parseAddress('127.0.0.1')!))).toBe(true)
  })

  test('change with the rules of one domain alone, shared or not', () => {
    const rules = new Rules()
    rules.set(0, allow(1))
    rules.set(40, allow(1))
    expect(rules.judge(address(1))).toEqual({ low: 1, high: 1 << 8 })
    rules.set(40, allow(2))
    expect(rules.judge(address(1))).toEqual({ low: 1, high: 0 })
    expect(rules.judge(address(2))).toEqual({ low: 0, high: 1 << 8 })
    rules.delete(0)
    expect(rules.judge(address(1))).toEqual(NO_RIGHTS)
  })

  test('are remembered by address, and a stranger is told of once', () => {
    const rules = new Rules()
    rules.set(0, allow(1))
    rules.set(33, [...allow(1), ...allow(2)])
    const refused: string[] = []
    const verdicts = new Verdicts(rules, (one) => refused.push(one.join('.')))
    const rights = { low: -1, high: -1 }
    const judged = (last: number) => {
      const known = verdicts.judge(address(last), 0, 4, rights)
      return { known, ...rights }
    }
    for (let round = 0; round < 2; round++) {
      expect(judged(1)).toEqual({ known: true, low: 1, high: 2 })
      expect(judged(2)).toEqual({ known: true, low: 0, high: 2 })
      expect(judged(3)).toEqual({ known: false, low: 0, high: 0 })
    }
    expect(refused).toEqual(['192.0.2.3'])
  })

  test('have a place for 64 domains, and that of one that has gone for another', () => {
    const served = new Served()
    const { place } = served.add('a')
    served.add('b')
    served.remove('a')
    expect(served.add('c').place).toBe(place)
    expect(served.domains.map(({ name }) => name)).toEqual(['b', 'c'])
    for (let index = 0; index < PLACES - 2; index++) served.add(`d${index}`)
    expect(() => served.add('e')).toThrow('more than 64 domains')
  })
})
