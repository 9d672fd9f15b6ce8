import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import { YpProcedure, YpStat } from '../../rpc/yp.ts'
import { type Image, openImage } from '../../src/maps/image.ts'
import { SpecialKey } from '../../src/maps/image-format.ts'
import { writeImage } from '../../src/maps/image-writer.ts'
import type { Group, Rows, User } from '../../src/maps/rows.ts'
import type { Caller } from '../../src/server/answerer.ts'
import { Responder } from '../../src/server/responder.ts'
import { Served } from '../../src/server/served.ts'
import { contents, mapOf, match } from '../support/map-contents.ts'
import { mapRecords } from '../support/map-records.ts'
import { ALL_MAPS, build, imageOf, rows, user } from '../support/rows.ts'
import { readReply, writeCall } from '../support/rpc-codec.ts'
import { HERE } from '../support/rules.ts'

const SPECIAL = Object.values(SpecialKey)
const DOMAIN = 'example.com'

/** Any bytes, a few of them, or a lot. */
const octets = fc
  .oneof({ weight: 9, arbitrary: fc.uint8Array({ maxLength: 12 }) }, fc.uint8Array({ maxLength: 400 }))
  .map((bytes) => Buffer.from(bytes).toString('latin1'))

/** Mostly what may stand there, so that rows come through; of few names, so that many are the same. */
const name = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.constantFrom('a', 'b', 'aa', 'ab', 'B', '0', '10', '9', '\xe4', 'a b', 'zz', ','),
  },
  { weight: 1, arbitrary: fc.constantFrom('', '+', '-x', '+::::::', 'a:b', 'a\n', 'a\0', 'x'.repeat(1025)) },
  { weight: 2, arbitrary: octets },
)
const id = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 20 }).map(String) },
  { weight: 2, arbitrary: fc.constantFrom('4294967294', '2147483648', '007', '0') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', '-1', '4294967295', '1e3', '0x10', ' 1', '1 ', '1.0', '99999999999'),
  },
)
const time = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('0', '20000', '-1') },
  { weight: 1, arbitrary: fc.constantFrom('', 'never', '1:2') },
)
/** Text between two colons, now and then what can't be. */
const field = fc.oneof(
  { weight: 10, arbitrary: octets.map((text) => text.replace(/[:\n\r\0]/g, '.')) },
  { weight: 1, arbitrary: octets },
)
const password = fc.constantFrom('*', 'x', '$6$salt$hash', '')

const userArbitrary = fc
  .record({
    name,
    uid: id,
    gid: id,
    class: field,
    change: time,
    expire: time,
    gecos: field,
    home: field,
    shell: field,
    hash: password,
  })
  // As the directory side makes them: a password that is shown is either the hash or one byte in its place.
  .map((fields) => ({ ...fields, password: fields.hash === '' ? '' : '*' }))

const groupArbitrary = fc.record({
  name,
  gid: id,
  password,
  members: fc.array(name, { maxLength: 60 }),
})

const directoryArbitrary = fc.record({
  users: fc.array(userArbitrary, { maxLength: 25 }),
  groups: fc.array(groupArbitrary, { maxLength: 12 }),
})

/** One or two directories; every row has a DN of its own, by which it can be told from the others. */
const directories = fc.array(directoryArbitrary, { minLength: 1, maxLength: 2 }).map((all) =>
  all.map(
    ({ users, groups }, number): Rows => ({
      directory: `directory ${number}`,
      users: users.map((one, index): User => ({ ...one, shadow: '', dn: `uid=${number}.${index}` })),
      groups: groups.map((one, index): Group => ({ ...one, dn: `cn=${number}.${index}` })),
      tables: [],
      rejected: [],
    }),
  ),
)
const limits = fc.constantFrom(256, 1024, 65_536)

/** The gid and each member of every group, if their names together have fewer bytes. */
function membershipsOf(image: Image, below = Infinity): ReadonlySet<string> {
  const found = new Set<string>()
  for (const [key, value] of contents(image, 'group.byname')) {
    const [, , gid, members = ''] = value.split(':')
    for (const member of members.split(',')) {
      if (member !== '' && key.length + member.length < below) found.add(`${gid} ${member}`)
    }
  }
  return found
}

function assertImages(
  check: (image: Image, given: readonly Rows[], limit: number, rejected: ReadonlySet<string>) => void,
): void {
  fc.assert(
    fc.property(directories, limits, (given, recordLimit) => {
      const built = build(given, { recordLimit })
      const rejected = new Set(built.rejected.map(({ dn }) => dn))
      check(openImage(built.bytes), given, recordLimit, rejected)
    }),
    { numRuns: 600 },
  )
}

const shortest = (number: string) => String(Number(number))

describe('any rows whatever', () => {
  test('give an image whose keys each come once, in ascending order of their bytes', () => {
    assertImages((image) => {
      expect(image.maps.map((map) => map.name)).toEqual(ALL_MAPS)
      for (const map of ALL_MAPS) {
        const keys = contents(image, map).map(([key]) => Buffer.from(key, 'latin1'))
        for (const [index, key] of keys.entries()) {
          if (index > 0) expect(Buffer.compare(keys[index - 1]!, key)).toBe(-1)
        }
        expect(keys).toHaveLength(mapOf(image, map).count)
      }
    })
  })

  test('give maps in which MATCH finds what enumeration shows, the special keys, and nothing else', () => {
    assertImages((image, given) => {
      const asked = given.flatMap(({ users, groups }) => [
        ...users.flatMap((one) => [one.name, one.uid, `unix.${one.uid}@${DOMAIN}`]),
        ...groups.flatMap((one) => [one.name, one.gid, ...one.members]),
      ])
      for (const map of ALL_MAPS) {
        const shown = new Map(contents(image, map))
        for (const [key, value] of shown) expect(match(image, map, key)).toBe(value)
        for (const key of SPECIAL) expect(match(image, map, key)).toBeDefined()
        for (const key of asked) expect(match(image, map, key)).toBe(shown.get(key))
        expect(mapOf(image, map).offsets).toHaveLength(shown.size + SPECIAL.length)
      }
    })
  })

  test('give passwd lines of seven fields, which are those of a row of that name', () => {
    assertImages((image, given) => {
      for (const [key, value] of contents(image, 'passwd.byname')) {
        const fields = value.split(':')
        const candidates = given
          .flatMap(({ users }) => users)
          .filter((one) => one.name === key)
          .map((one) => [
            one.name,
            one.password,
            shortest(one.uid),
            shortest(one.gid),
            one.gecos,
            one.home,
            one.shell,
          ])
        expect(fields).toHaveLength(7)
        expect(candidates).toContainEqual(fields)
      }
    })
  })

  test('give master.passwd lines of ten fields, of the same row', () => {
    assertImages((image, given) => {
      for (const [key, value] of contents(image, 'master.passwd.byname')) {
        const fields = value.split(':')
        const candidates = given
          .flatMap(({ users }) => users)
          .filter((one) => one.name === key)
          .map((one) => [
            one.name,
            one.hash,
            shortest(one.uid),
            shortest(one.gid),
            one.class,
            one.change,
            one.expire,
            one.gecos,
            one.home,
            one.shell,
          ])
        expect(fields).toHaveLength(10)
        expect(candidates).toContainEqual(fields)
        const [, , uid, gid, , , , ...rest] = fields
        expect(match(image, 'passwd.byname', key)?.split(':').slice(2)).toEqual([uid, gid, ...rest])
      }
      expect(contents(image, 'master.passwd.byname').map(([key]) => key)).toEqual(
        contents(image, 'passwd.byname').map(([key]) => key),
      )
    })
  })

  test('give group lines of four fields, with members of the row in its order', () => {
    assertImages((image, given, limit) => {
      for (const [key, value] of contents(image, 'group.byname')) {
        const [groupName, shown, gid, list, ...further] = value.split(':')
        expect(further).toEqual([])
        const members = list === '' ? [] : (list ?? '').split(',')
        const row = given
          .flatMap(({ groups }) => groups)
          .find(
            (one) =>
              one.name === groupName &&
              one.password === shown &&
              /^\d+$/.test(one.gid) &&
              shortest(one.gid) === gid &&
              isPrefix(members, [...new Set(one.members)].filter(isMember)),
          )
        expect(row).toBeDefined()
        expect(groupName).toBe(key)
        // Only a member that would not fit may be missing.
        const next = [...new Set(row!.members)].filter(isMember)[members.length]
        if (next !== undefined) expect(value.length + 1 + next.length).toBeGreaterThan(limit)
      }
    })
  })

  test('never give a record with a newline or a NUL, nor a value over the record limit', () => {
    assertImages((image, _given, limit) => {
      for (const map of ALL_MAPS) {
        for (const [key, value] of contents(image, map)) {
          expect(key + value).not.toMatch(/[\n\0]/)
          expect(value.length).toBeLessThanOrEqual(limit)
          expect(key.length).toBeLessThanOrEqual(1024)
        }
      }
    })
  })

  test('split groups over the limit and lose no member, no name and no gid by it', () => {
    fc.assert(
      fc.property(directories, (given) => {
        const whole = imageOf(given, { recordLimit: 65_536 })
        const image = imageOf(given, { recordLimit: 256, overflow: 'split' })
        const after = membershipsOf(image)
        // Longer ones 256 bytes might not hold.
        for (const one of membershipsOf(whole, 200)) expect(after).toContain(one)
        const names = contents(image, 'group.byname').map(([key]) => key)
        expect(new Set(names).size).toBe(names.length)
      }),
    )
  })

  test('are each in the maps by name, or named as left out', () => {
    let admitted = 0
    let left = 0
    assertImages((image, given, _limit, rejected) => {
      const rows = given.flatMap(({ users, groups }) => [
        ...users.map((row) => ({ row, map: 'passwd.byname' })),
        ...groups.map((row) => ({ row, map: 'group.byname' })),
      ])
      const silent = rows.filter(
        ({ row, map }) => !rejected.has(row.dn) && match(image, map, row.name) === undefined,
      )
      expect(silent).toEqual([])
      admitted += contents(image, 'passwd.byname').length
      left += rejected.size
    })
    // Rows that are all good, or all bad, would promise little.
    expect(admitted).toBeGreaterThan(600)
    expect(left).toBeGreaterThan(600)
  })

  test.each([
    ['passwd.byname', 'passwd.byuid'],
    ['master.passwd.byname', 'master.passwd.byuid'],
    ['group.byname', 'group.bygid'],
  ])('give %s and %s the same lines; of names with one id the first', (byName, byId) => {
    assertImages((image) => {
      const first = new Map<string, string>()
      for (const [, value] of contents(image, byName)) {
        const id = value.split(':')[2] ?? ''
        if (!first.has(id)) first.set(id, value)
      }
      expect(new Map(contents(image, byId))).toEqual(first)
    })
  })

  test('give every user its groups: the primary one first, each once, those that name it and no others', () => {
    assertImages((image, given, limit) => {
      const groups = contents(image, 'group.byname').map(([key, value]) => {
        const [, , gid = '', members = ''] = value.split(':')
        const rows = given.flatMap((one) => one.groups).filter((row) => row.name === key)
        // A line may have been cut; the rows are not.
        return { gid, members: members.split(','), rows }
      })
      const netids = contents(image, 'netid.byname')
      expect(netids).toHaveLength(contents(image, 'passwd.byuid').length)
      for (const [key, value] of netids) {
        const [uid = '', list = ''] = value.split(':')
        const [userName = '', , , primary = ''] = match(image, 'passwd.byuid', uid)!.split(':')
        const gids = list.split(',')
        expect(key).toBe(`unix.${uid}@${DOMAIN}`)
        expect(gids[0]).toBe(primary)
        expect(new Set(gids).size).toBe(gids.length)
        const possible = groups.filter(({ rows }) => rows.some(({ members }) => members.includes(userName)))
        expect([primary, ...possible.map(({ gid }) => gid)]).toEqual(expect.arrayContaining(gids))
        // Another of at most ten digits would still fit: so none is missing.
        if (value.length + 11 > limit) continue
        const shown = groups.filter(({ members }) => members.includes(userName))
        expect(gids).toEqual(expect.arrayContaining(shown.map(({ gid }) => gid)))
      }
    })
  })
})

function isPrefix(short: readonly string[], long: readonly string[]): boolean {
  return short.every((item, index) => item === long[index])
}

/** What can be the name of a user, and stand in a list. */
function isMember(member: string): boolean {
  return /^[^+\-:,\n\r\0][^:,\n\r\0]*$/.test(member)
}

describe('rows that no directory gives today', () => {
  test('a user whose shown password is longer than its hash is held to the record limit all the same', () => {
    const image = imageOf([rows([user({ password: 'x'.repeat(1000), hash: '*' })])], { recordLimit: 1024 })
    for (const [, value] of contents(image, 'passwd.byname')) expect(value.length).toBeLessThanOrEqual(1024)
  })
})

describe('a name that is also a special key', () => {
  test.each(SPECIAL)('%s does not change what the special keys say', (special) => {
    const image = imageOf([rows([user({ name: special })])])
    const plain = imageOf([rows([user()])])
    expect(match(image, 'passwd.byname', special)).toBe(match(plain, 'passwd.byname', special))
  })
})

const keys = fc.uniqueArray(
  fc.oneof(
    fc.constantFrom('a', 'b', 'aa', 'ab', 'a\0', '\xff', '\xff\xff', '0', '10', '9'),
    fc.uint8Array({ minLength: 1, maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  ),
  { maxLength: 40 },
)

describe('the successor of any key', () => {
  test('is the smallest greater one, whether the key exists or not', () => {
    const options = {
      domain: DOMAIN,
      master: 'm',
      created: 1,
      generation: 1,
      users: 3,
      groups: 2,
      fingerprint: new Uint8Array(32),
    }
    fc.assert(
      fc.property(keys, keys, (present, asked) => {
        const image = openImage(writeImage([mapRecords('map', present)], options))
        const sorted = [...present].sort(compareBytes)
        for (const key of [...asked, ...present, ...SPECIAL, '']) {
          const bytes = Buffer.from(key, 'latin1')
          const number = mapOf(image, 'map').successor(bytes, 0, bytes.length)
          const expected = sorted.findIndex((other) => compareBytes(other, key) > 0)
          expect(number).toBe(expected === -1 ? sorted.length : expected)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'))
}

function imageWith(names: readonly string[], generation: number): Image {
  return imageOf([rows(names.map((name, index) => user({ name, uid: String(index) })))], { generation })
}

describe('an enumeration with FIRST and NEXT while images come and go', () => {
  const map = 'passwd.byname'
  const anyone: Caller = { reserved: false, limit: Infinity, ...HERE }
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,2}$/), { maxLength: 30 })
  const swaps = fc.array(fc.boolean(), { minLength: 1, maxLength: 80 })

  test('shows every key of all images once, in ascending order, and nothing that never was', () => {
    fc.assert(
      fc.property(names, names, swaps, (before, after, swap) => {
        const images = [imageWith(before, 1), imageWith(after, 2)] as const
        const served = new Served()
        const responder = new Responder(served)
        const ask = (procedure: number, key?: string) => {
          const header = { xid: 1, program: 100004, version: 2, procedure }
          const call = writeCall(header, { domain: DOMAIN, map, ...(key === undefined ? {} : { key }) })
          const head = new XdrWriter(Buffer.alloc(128))
          responder.respond(call, 0, call.length, anyone, head)
          const body = responder.body?.subarray(responder.bodyStart, responder.bodyEnd) ?? Buffer.alloc(0)
          return readReply(header, Buffer.concat([head.written(), body])).fields
        }
        const seen: string[] = []
        let current = 0
        for (let key: string | undefined, step = 0; ; step++) {
          current = Number(swap[step % swap.length])
          served.serve(images[current]!)
          const answer = ask(key === undefined ? YpProcedure.FIRST : YpProcedure.NEXT, key)
          if (answer['status'] === YpStat.NOMORE) break
          expect(answer['status']).toBe(YpStat.TRUE)
          key = answer['key'] as string
          // What is shown is there at that moment.
          expect(match(images[current]!, map, key)).toBe(answer['value'])
          seen.push(key)
        }
        expect(seen).toEqual([...new Set(seen)].sort(compareBytes))
        expect(seen).toEqual(expect.arrayContaining(before.filter((name) => after.includes(name))))
      }),
      { numRuns: 2000 },
    )
  })
})
