import { describe, expect, test } from 'vitest'

import { createLinks } from '../../../src/directory/template/links.ts'
import { evaluate, parseTemplate } from '../../../src/directory/template/template.ts'
import { textOf } from '../../../src/directory/template/value.ts'
import { makeEntry } from '../samples.ts'

const entry = makeEntry('cn=x', {
  hundred: Array.from({ length: 100 }, (_, i) => String(i)),
  long: ['x'.repeat(600_000), 'y'.repeat(600_000)],
  many: Array.from({ length: 20_000 }, (_, i) => `m${i}`),
})

function evaluateIt(text: string, links = createLinks([], [])) {
  return evaluate(parseTemplate(text), entry, { domain: 'd', links })
}

describe('what one entry gives has bounds:', () => {
  test('its values', () => {
    expect(evaluateIt('{hundred}{hundred}')).toHaveLength(10_000)
    expect(() => evaluateIt("{hundred}{hundred}{['a', 'b']}")).toThrow('more than 10000 values')
    expect(() => evaluateIt('{many}')).toThrow('more than 10000 values')
  })

  test('their text', () => {
    expect(() => evaluateIt('{long}')).toThrow('more than 1048576 bytes of text')
    expect(() => evaluateIt('{long | first}{long | first}')).toThrow('more than 1048576 bytes of text')
    expect(() => evaluateIt("{long | join ','}.")).toThrow('more than 1048576 bytes of text')
  })

  test('lists on the way', () => {
    expect(() => evaluateIt(`{"{many}{many}" | first}`)).toThrow('more than 1000000 values')
    const lists = `{[${Array.from({ length: 51 }, () => 'many').join(',')}] | first}`
    expect(() => evaluateIt(lists)).toThrow('more than 1000000 values')
    const zipped = `{zip ${Array.from({ length: 120 }, () => "long pad ''").join(',')} with '' | first}`
    expect(() => evaluateIt(zipped)).toThrow('more than 67108864 bytes of text')
  })

  test('what is put in place of matches', () => {
    expect(() => evaluateIt(`{long | replace /./ '${'x'.repeat(500)}' | first}`)).toThrow(
      'more than 67108864 bytes of text',
    )
    // Longer than any text may be in V8.
    expect(() => evaluateIt(`{long | extract /.*/ '${'\\0'.repeat(2_000)}' | first}`)).toThrow(
      'more than 67108864 bytes of text',
    )
  })

  test('but not the one list at the end, which may be cut', () => {
    const [value] = evaluateIt("x:{long | join ','}")
    expect(textOf(value!)).toHaveLength(1_200_003)
    expect(evaluateIt("{many | join ','}")[0]!.items).toHaveLength(20_000)
    expect(() => evaluateIt("{hundred}:{long | join ','}")).toThrow('more than 1048576 bytes of text')
  })
})

const chain = (length: number) =>
  createLinks(
    Array.from({ length }, (_, i) => makeEntry(`cn=g${i}`, { cn: [`g${i}`], member: [`cn=g${i + 1}`] })),
    ['member'],
  )

const first = (links: ReturnType<typeof chain>) =>
  evaluate(parseTemplate("{follow all member | get cn | join ','}"), links.entry('cn=g0')!, {
    domain: 'd',
    links,
  })

describe('the way over other entries has bounds:', () => {
  test('its depth', () => {
    expect(first(chain(65))[0]!.items).toHaveLength(64)
    expect(() => first(chain(66))).toThrow('groups are nested deeper than 64 times')
  })

  test('all the entries it passes', () => {
    const ring = Array.from({ length: 101 }, (_, i) => `cn=g${i}`)
    const links = createLinks(
      ring.map((dn) => makeEntry(dn, { member: ring })),
      [],
    )
    const nested = parseTemplate(
      "{follow member | get (follow member | get (follow member | get sn)) | join ','}",
    )
    expect(() => evaluate(nested, links.entry('cn=g0')!, { domain: 'd', links })).toThrow(
      'it leads to too many other entries',
    )
  })

  test('and all that the entries of a directory pass together', () => {
    const links = chain(3)
    const template = parseTemplate("{follow all member | get cn | join ','}")
    const budget = { visits: 7 }
    const one = () => evaluate(template, links.entry('cn=g0')!, { domain: 'd', links, budget })
    expect(one()[0]!.items).toHaveLength(2)
    expect(budget.visits).toBe(3)
    expect(one).toThrow('all of them together lead to too many other entries')
  })
})
