import { describe, expect, test } from 'vitest'
import { createEntryReader } from '../../src/directory/entry-message.ts'
import { bindDone, entry, reference, searchDone } from '../support/ldap-peer.ts'

function read(message: Buffer, readEntry = createEntryReader()) {
  return readEntry(message, 0, message.length)
}

/** An element of BER with its length in four bytes. */
function element(tag: number, ...contents: readonly (Buffer | string)[]): Buffer {
  const bytes = Buffer.concat(contents.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
  const head = Buffer.from([tag, 0x84, 0, 0, 0, 0])
  head.writeUInt32BE(bytes.length, 2)
  return Buffer.concat([head, bytes])
}

describe('an entry', () => {
  test('is read with every byte of its values, its names in lower case', () => {
    const message = entry(300, 'cn=é', { CN: ['é', Buffer.from([0xff, 0])], empty: [], 'cn;lang-DE': [''] })
    expect(read(message)).toEqual({
      messageId: 300,
      entry: {
        dn: 'cn=\xc3\xa9',
        attributes: new Map([
          ['cn', ['\xc3\xa9', '\xff\0']],
          ['empty', []],
          ['cn;lang-de', ['']],
        ]),
      },
    })
  })

  test('has the values of both when an attribute is sent twice', () => {
    const { attributes } = read(entry(1, 'cn=x', { memberUid: ['a'], MEMBERUID: ['b', 'c'] }))!.entry
    expect([...attributes]).toEqual([['memberuid', ['a', 'b', 'c']]])
  })

  test('that repeats one attribute 200,000 times is read as quickly as one with as many values', () => {
    const attribute = element(0x30, element(0x04, 'a'), element(0x31, element(0x04, 'x')))
    const attributes = element(0x30, Buffer.concat(Array.from({ length: 200_000 }, () => attribute)))
    const message = element(0x30, element(0x02, '\x01'), element(0x64, element(0x04, ''), attributes))
    expect(read(message)!.entry.attributes.get('a')).toHaveLength(200_000)
  })

  test.each([
    ['of one attribute', { a: ['1', '2', '3', '4'] }],
    ['of several', { a: ['1', '2'], b: ['3'], c: ['4'] }],
    ['of one that is sent again and again', { a: ['1', '2'], A: ['3', '4'] }],
    ['of which none has any', { a: [], b: [], c: [], d: [] }],
    ['before others', { a: ['1', '2', '3', '4'], b: ['5'], c: [] }],
  ])('with more values than the limit has none, %s', (_, attributes) => {
    const message = entry(7, 'cn=x', attributes)
    expect(read(message, createEntryReader(3))).toEqual({
      messageId: 7,
      entry: { dn: 'cn=x', attributes: new Map(), tooMany: true },
    })
    expect(read(message, createEntryReader(6))!.entry.tooMany).toBeUndefined()
  })

  test('with more values than the limit must have the shape of one all the same', () => {
    const message = entry(7, 'cn=x', { a: ['1', '2', '3'] })
    message[message.length - 3] = 0x05
    expect(() => read(message, createEntryReader(1))).toThrow('malformed')
  })

  test('is read from the midst of other bytes', () => {
    const [before, one] = [bindDone(1), entry(2, 'cn=x', { cn: ['x'] })]
    const bytes = Buffer.concat([before, one, bindDone(3)])
    const found = createEntryReader()(bytes, before.length, before.length + one.length)
    expect(found).toMatchObject({ messageId: 2, entry: { dn: 'cn=x' } })
  })

  test('is read the same by a reader that knows many names', () => {
    const readEntry = createEntryReader()
    for (let round = 0; round < 2; round++) {
      for (let n = 0; n < 200; n++) {
        const { attributes } = read(entry(1, '', { [`Name${n}`]: [`${n}`] }), readEntry)!.entry
        expect([...attributes]).toEqual([[`name${n}`, [`${n}`]]])
      }
    }
  })
})

test.each([
  ['a bind response', bindDone(1)],
  ['a reference', reference(1, 'ldap://other/')],
  ['the end of a search', searchDone(1)],
])('%s is no entry', (_what, message) => {
  expect(read(message)).toBeUndefined()
})
