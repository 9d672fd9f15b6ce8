import { expect, test } from 'vitest'
import { PLACES, Served } from '../../src/server/served.ts'
import { ruleOf } from '../support/rules.ts'

const caller = (last: number) => ({
  reserved: false,
  bytes: Uint8Array.of(192, 0, 2, last),
  start: 0,
  length: 4,
})
const allow = (last: number) => [ruleOf(`allow 192.0.2.${last}`)]

test('a caller is admitted when any domain is for it, and asks for that domain alone', () => {
  const served = new Served()
  for (let one = 0; one < PLACES; one++) served.admit(`d${one}`, allow(one))
  for (let one = 0; one < PLACES; one++) {
    expect(served.admits(caller(one))).toBe(true)
    const open = served.domains.filter(({ access }) => access.allows(caller(one)))
    expect(open.map(({ name }) => name)).toEqual([`d${one}`])
  }
  expect(served.admits(caller(200))).toBe(false)
})

test('rules change for one domain alone, also where another has the same', () => {
  const served = new Served()
  served.admit('a', allow(1))
  served.admit('b', allow(1))
  expect(served.named('a')?.access).toBe(served.named('b')?.access)
  served.admit('b', allow(2))
  expect(served.named('a')?.access.allows(caller(1))).toBe(true)
  expect(served.named('b')?.access.allows(caller(1))).toBe(false)
  expect([1, 2].map((one) => served.admits(caller(one)))).toEqual([true, true])
  served.remove('a')
  expect([1, 2].map((one) => served.admits(caller(one)))).toEqual([false, true])
})

test('there is a place for 64 domains, and that of one that has gone is for another', () => {
  const served = new Served()
  const { place } = served.add('a')
  served.add('b')
  served.remove('a')
  expect(served.add('c').place).toBe(place)
  expect(served.domains.map(({ name }) => name)).toEqual(['b', 'c'])
  for (let index = 0; index < PLACES - 2; index++) served.add(`d${index}`)
  expect(() => served.add('e')).toThrow('more than 64 domains')
})
