import { describe, expect, test } from 'vitest'
import { ImageError, openImage } from '../../src/maps/image.ts'
import { writeImage } from '../../src/maps/image-writer.ts'
import { TooLargeError } from '../../src/maps/map-writer.ts'
import { contents, mapOf, match } from '../support/map-contents.ts'
import { mapRecords } from '../support/map-records.ts'
import { ALL_MAPS, build, group, imageOf, rows, user } from '../support/rows.ts'

const OPTIONS = {
  domain: 'd',
  master: 'm',
  created: 1,
  generation: 7,
  users: 3,
  groups: 2,
  fingerprint: new Uint8Array(32).fill(3),
}

function imageWith(keys: readonly string[], values: readonly string[] = keys) {
  return openImage(writeImage([mapRecords('map', keys, values)], OPTIONS))
}

function successor(image: ReturnType<typeof imageWith>, key: string): string | undefined {
  const map = mapOf(image, 'map')
  const bytes = Buffer.from(key, 'latin1')
  return contents(image, 'map')[map.successor(bytes, 0, bytes.length)]?.[0]
}

describe('an image', () => {
  test('says what it was built for', () => {
    const image = imageWith(['a'])
    expect(image).toMatchObject({ domain: 'd', created: 1, generation: 7, users: 3, groups: 2 })
    expect(image.fingerprint.equals(Buffer.alloc(32, 3))).toBe(true)
  })

  test('holds the stream that YPPROC_ALL sends, byte for byte', () => {
    const image = imageWith(['k'], ['val'])
    const { section, sectionEnd } = mapOf(image, 'map')
    expect(image.bytes.toString('hex', section, sectionEnd)).toBe(
      [
        '00000001',
        '00000001',
        '00000003',
        '76616c00',
        '00000001',
        '6b000000',
        '00000001',
        '00000002',
        '00000000',
        '00000000',
        '00000000',
      ].join(''),
    )
  })

  test('enumerates in the order of bytes, not of any locale, and finds every key', () => {
    const keys = ['b', 'a', 'B', 'ab', '\xe4', 'a\xff', '10', '9', '~', 'aa']
    const image = imageWith(keys)
    const sorted = [...keys].sort((a, b) =>
      Buffer.compare(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1')),
    )
    expect(contents(image, 'map').map(([key]) => key)).toEqual(sorted)
    for (const key of keys) expect(match(image, 'map', key)).toBe(key)
  })

  test('NEXT of a key that has gone is the next that is there: none is skipped, none is twice', () => {
    const image = imageWith(['b', 'd', 'f'])
    expect(['', 'a', 'b', 'c', 'd', 'e', 'f', 'g'].map((key) => successor(image, key))).toEqual([
      'b',
      'b',
      'd',
      'd',
      'f',
      'f',
      undefined,
      undefined,
    ])
  })

  test('NEXT of a special key is the smallest greater key, as for any other', () => {
    expect(successor(imageWith(['A', 'z']), 'YP_MASTER_NAME')).toBe('z')
  })

  test('an empty map is there, and is empty', () => {
    const image = imageWith([])
    expect(contents(image, 'map')).toEqual([])
    expect(match(image, 'map', 'a')).toBeUndefined()
    expect(match(image, 'map', 'YP_DOMAIN_NAME')).toBe('d')
  })

  test('keeps every byte of keys and values', () => {
    const all = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i))
    const image = imageWith(
      all,
      all.map((key) => key + all.join('')),
    )
    for (const key of all) expect(match(image, 'map', key)).toBe(key + all.join(''))
  })

  test('finds 20,000 keys and no others', () => {
    const keys = Array.from({ length: 20_000 }, (_, i) => `user${i}`)
    const image = imageWith(keys)
    expect(keys.filter((key) => match(image, 'map', key) !== key)).toEqual([])
    expect(keys.filter((key) => match(image, 'map', `${key}x`) !== undefined)).toEqual([])
  })

  test('refuses what it could not hold', () => {
    expect(() => imageWith(['a', 'a'])).toThrow(RangeError)
    expect(() => imageWith([''])).toThrow(RangeError)
    expect(() => imageWith(['x'.repeat(1025)])).toThrow(RangeError)
    expect(() => writeImage([], { ...OPTIONS, domain: 'x'.repeat(65) })).toThrow(RangeError)
    expect(() => writeImage([], { ...OPTIONS, domain: '' })).toThrow(RangeError)
    const many = Array.from({ length: 4097 }, (_, index) => mapRecords(`auto.${index}`, []))
    expect(() => writeImage(many, OPTIONS)).toThrow(TooLargeError)
  })

  test('refuses keys that are not in order, and values of another length than was said', () => {
    const records = mapRecords('map', ['a', 'b'])
    const disordered = { ...records, keys: ['b', 'a'] }
    expect(() => writeImage([disordered], OPTIONS)).toThrow(RangeError)
    const lines = { ...records.lines, line: () => 'longer than one byte' }
    expect(() => writeImage([{ ...records, lines }], OPTIONS)).toThrow(/its lines are not as long as/)
  })

  test('has the values of two maps in both when they are of the same lines', () => {
    const byName = mapRecords('byname', ['alice', 'bob', 'carl'], ['line of alice', 'of bob', ''])
    const byId = { ...byName, name: 'byid', keys: ['1', '2'], numbers: Uint32Array.of(1, 0) }
    const image = openImage(writeImage([byId, byName], OPTIONS))
    expect(contents(image, 'byname')).toEqual([
      ['alice', 'line of alice'],
      ['bob', 'of bob'],
      ['carl', ''],
    ])
    expect(contents(image, 'byid')).toEqual([
      ['1', 'of bob'],
      ['2', 'line of alice'],
    ])
  })
})

describe('what is too large for an image is refused before its memory is taken, and says what to do', () => {
  const two = [mapRecords('one', ['a', 'b', 'c']), mapRecords('two', ['d', 'e', 'f'])]
  const { byteLength } = writeImage(two, OPTIONS)

  test('a map', () => {
    const section = mapOf(openImage(writeImage(two, OPTIONS)), 'one')
    const length = section.hiddenEnd - section.section
    expect(writeImage(two, { ...OPTIONS, limits: { section: length } }).byteLength).toBe(byteLength)
    const limits = { section: length - 1 }
    expect(() => writeImage(two, { ...OPTIONS, limits })).toThrow(TooLargeError)
    expect(() => writeImage(two, { ...OPTIONS, limits })).toThrow(
      `one would take ${length} bytes, and a map ends at ${length - 1}: narrow bases and filters`,
    )
  })

  test('all maps together', () => {
    expect(writeImage(two, { ...OPTIONS, limits: { image: byteLength } }).byteLength).toBe(byteLength)
    const limits = { image: byteLength - 1 }
    expect(() => writeImage(two, { ...OPTIONS, limits })).toThrow(TooLargeError)
    expect(() => writeImage(two, { ...OPTIONS, limits })).toThrow(
      `the maps would take more than ${byteLength - 1} bytes: provide fewer, or narrow bases and filters`,
    )
  })

  test('is a fault of what was given, not of ours', () => {
    expect(new TooLargeError('reason')).toMatchObject({ code: 'image-too-large' })
  })
})

describe('a damaged image is refused as a whole', () => {
  const { bytes } = build([rows([user(), user({ name: 'bob', uid: '2' })], [group()])])
  const original = Buffer.from(bytes)

  function damaged(change: (copy: Buffer) => Buffer | undefined): ArrayBuffer {
    const copy = Buffer.from(new ArrayBuffer(original.length))
    original.copy(copy)
    const changed = change(copy) ?? copy
    const shared = new ArrayBuffer(changed.length)
    changed.copy(Buffer.from(shared))
    return shared
  }

  test('with any bit flipped', () => {
    for (let at = 0; at < original.length; at++) {
      const shared = damaged((copy) => {
        copy[at]! ^= 1 << (at % 8)
        return undefined
      })
      expect(() => openImage(shared), `byte ${at}`).toThrow(ImageError)
    }
  })

  test('cut anywhere', () => {
    for (let length = 0; length < original.length; length += 13) {
      expect(() => openImage(damaged((copy) => copy.subarray(0, length)))).toThrow(ImageError)
    }
  })

  test('with something behind it', () => {
    expect(() => openImage(damaged((copy) => Buffer.concat([copy, Buffer.alloc(8)])))).toThrow(ImageError)
  })

  test('of another format version, and says so', () => {
    expect(() => openImage(damaged((copy) => void copy.writeUInt32LE(2, 8)))).toThrow(/format 2/)
  })

  test('that is some other file', () => {
    expect(() => openImage(damaged(() => Buffer.alloc(4096, 'x')))).toThrow(/not an image/)
  })
})

describe('an image that lies, with a checksum that is right, is refused too', () => {
  test.each(ALL_MAPS)('%s', async (name) => {
    const { createHash } = await import('node:crypto')
    const image = imageOf([
      rows([user(), user({ name: 'bob', uid: '2' })], [group(), group({ name: 'x', gid: '3' })]),
    ])
    const map = mapOf(image, name)
    const places = [
      // A value, a key and a status of the first record, its offset, the end of the stream, the index.
      map.section + 8,
      map.valueEnd(0),
      map.answerStart(0),
      map.offsets.byteOffset + 4,
      map.sectionEnd - 4,
      map.slots.byteOffset + map.slots.findIndex((slot) => slot > 0) * 4,
    ]
    for (const place of places) {
      const shared = new ArrayBuffer(image.bytes.length)
      const copy = Buffer.from(shared)
      image.bytes.copy(copy)
      copy.writeUInt32BE(0xfffffff0, place)
      createHash('sha256').update(copy.subarray(56)).digest().copy(copy, 24)
      expect(() => openImage(shared), `place ${place}`).toThrow(ImageError)
    }
  })
})
