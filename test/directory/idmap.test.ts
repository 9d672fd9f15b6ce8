import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createIdMap } from '../../src/directory/idmap.ts'
import { readSid, sidText } from '../../src/directory/sid.ts'

interface Run {
  readonly name: string
  /** a binary SID in hexadecimal, its text, and its id or "-" */
  readonly ids: readonly string[]
}

const RUNS = JSON.parse(readFileSync(join(import.meta.dirname, '../golden/idmap.json'), 'utf8')) as Run[]

const octets = (hex: string) => Buffer.from(hex, 'hex').toString('latin1')

describe("SSSD's library and we agree on every SID of", () => {
  test.each(RUNS)('$name', ({ ids }) => {
    const map = createIdMap()
    const ours = ids.map((line) => {
      const hex = line.slice(0, line.indexOf(' '))
      const sid = readSid(octets(hex))
      return `${hex} ${sidText(sid)} ${map.id(sid) ?? '-'}`
    })
    expect(ours).toEqual(ids)
  })
})

describe('the id of a SID', () => {
  const domain = 'S-1-5-21-1004336348-1177238915-682003330'

  test('of a primary group comes from its RID and the domain', () => {
    expect(createIdMap().id({ domain, rid: 513 })).toBe(266_800_513)
  })

  test('of a group that every domain has is none', () => {
    expect(createIdMap().id({ domain: 'S-1-5-32', rid: 544 })).toBeUndefined()
  })

  test('of the first domain does not depend on what is asked after', () => {
    const map = createIdMap()
    const before = map.id({ domain, rid: 1104 })
    for (let other = 0; other < 5000; other++) map.id({ domain: `S-1-5-21-${other}-2-3`, rid: 500 })
    expect(map.id({ domain, rid: 1104 })).toBe(before)
  })

  test('is none when every slice has a domain, and no two domains share one', () => {
    const map = createIdMap()
    const ids = Array.from({ length: 10_001 }, (_, at) => map.id({ domain: `S-1-5-21-${at}-2-3`, rid: 500 }))
    expect(new Set(ids.slice(0, 10_000)).size).toBe(10_000)
    expect(ids.at(-1)).toBeUndefined()
    expect(ids.indexOf(undefined)).toBe(10_000)
  })
})
