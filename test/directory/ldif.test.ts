import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { LdifError, parseLdif } from '../../src/directory/ldif.ts'

function parse(text: string, longestLine?: number) {
  const entries = parseLdif([Buffer.from(text, 'latin1')], longestLine)
  return [...entries].map(({ dn, attributes }) => ({ dn, attributes: Object.fromEntries(attributes) }))
}

function refusal(text: string, longestLine?: number): LdifError {
  try {
    parse(text, longestLine)
  } catch (error) {
    if (error instanceof LdifError) return error
    throw error
  }
  throw new Error('it was accepted')
}

describe('an LDIF file is read:', () => {
  test('its version line, records and values', () => {
    expect(parse('version: 1\n\ndn: cn=a\ncn: a\nCN: b\nsn:c\n\n\ndn: cn=d\ncn: d\n')).toEqual([
      { dn: 'cn=a', attributes: { cn: ['a', 'b'], sn: ['c'] } },
      { dn: 'cn=d', attributes: { cn: ['d'] } },
    ])
  })

  test('the version line may stand directly before a record', () => {
    expect(parse('version: 1\ndn: cn=a\ncn: a\n')).toHaveLength(1)
  })

  test('an attribute named version is no version line in a record', () => {
    expect(parse('dn: cn=a\nversion: 7\n')).toEqual([{ dn: 'cn=a', attributes: { version: ['7'] } }])
  })

  test('an empty file has no entries', () => {
    expect(parse('')).toEqual([])
    expect(parse('version: 1\n')).toEqual([])
    expect(parse('# nothing\n\n\n')).toEqual([])
  })

  test('the last line needs no newline', () => {
    expect(parse('dn: cn=a\ncn: a')).toEqual([{ dn: 'cn=a', attributes: { cn: ['a'] } }])
  })

  test('lines may end in CR LF', () => {
    expect(parse('version: 1\r\ndn: cn=a\r\ncn: a\r\n b\r\n\r\ndn: cn=c\r\ncn: c\r\n')).toEqual([
      { dn: 'cn=a', attributes: { cn: ['ab'] } },
      { dn: 'cn=c', attributes: { cn: ['c'] } },
    ])
  })

  test('a folded line is joined without the space that marks it', () => {
    expect(parse('dn: cn=\n a\ncn: one\n  two\n three\n')).toEqual([
      { dn: 'cn=a', attributes: { cn: ['one twothree'] } },
    ])
  })

  test('a line folded in the middle of a base64 value is joined before decoding', () => {
    expect(parse('dn:: Y249\n YQ==\ncn:: w\n 6k\n =\n')).toEqual([
      { dn: 'cn=a', attributes: { cn: ['\xc3\xa9'] } },
    ])
  })

  test('a folded comment is a comment to its end', () => {
    expect(parse('# one\n dn: cn=x\ndn: cn=a\n# two\n cn: b\ncn: a\n')).toEqual([
      { dn: 'cn=a', attributes: { cn: ['a'] } },
    ])
  })

  test('spaces before a value are dropped and those after it kept', () => {
    expect(parse('dn: cn=a\ncn:   a  \nsn:\nl: \n')).toEqual([
      { dn: 'cn=a', attributes: { cn: ['a  '], sn: [''], l: [''] } },
    ])
  })

  test('a value may hold colons, and any byte', () => {
    expect(parse('dn: cn=a\ncn: a:b::c\nphoto:: AP+A\nraw: \xe9\n')).toEqual([
      { dn: 'cn=a', attributes: { cn: ['a:b::c'], photo: ['\x00\xff\x80'], raw: ['\xe9'] } },
    ])
  })

  test('an attribute with an option is another attribute', () => {
    expect(parse('dn: cn=a\ncn;lang-DE: b\nmember;range=0-1: c\n')[0]?.attributes).toEqual({
      'cn;lang-de': ['b'],
      'member;range=0-1': ['c'],
    })
  })

  test('a change record that adds an entry is an entry', () => {
    expect(parse('dn: cn=a\nchangetype: add\ncn: a\n')).toEqual([{ dn: 'cn=a', attributes: { cn: ['a'] } }])
  })
})

describe('an LDIF file is refused, with the line:', () => {
  test.each([
    ['another change', 'dn: cn=a\nchangetype: modify\nreplace: cn\ncn: b\n-\n', 2, 'modify'],
    ['a deletion', 'version: 1\n\ndn: cn=a\nchangetype: delete\n', 4, 'delete'],
    ['a control', 'dn: cn=a\ncontrol: 1.2.3 true\nchangetype: add\ncn: a\n', 2, 'control'],
    ['a URL', 'dn: cn=a\ncn:< file:///etc/passwd\n', 2, 'never fetched'],
    ['a value that is not base64', 'dn: cn=a\ncn:: YQ=\n', 2, 'base64'],
    ['base64 with a letter of another alphabet', 'dn: cn=a\ncn:: YW-_\n', 2, 'base64'],
    ['a line without a colon', 'dn: cn=a\ncn a\n', 2, 'attribute: value'],
    ['a line without a name', 'dn: cn=a\n: a\n', 2, 'attribute: value'],
    ['a name with a space', 'dn: cn=a\nc n: a\n', 2, 'attribute: value'],
    [
      'a record without an empty line before the next',
      'dn: cn=a\ncn: a\nDN: cn=b\n',
      3,
      'an empty line before',
    ],
    ['a record that does not begin with its DN', 'cn: a\ndn: cn=a\n', 1, 'begins with dn:'],
    ['a DN that is none', 'dn: people\ncn: a\n', 1, 'not a distinguished name'],
    ['a record of a DN alone', 'dn: cn=a\ncn: a\n\ndn: cn=b\n', 4, 'no attributes'],
    ['a folded first line', ' dn: cn=a\n', 1, 'no line before it'],
    ['a folded line after an empty one', 'dn: cn=a\ncn: a\n\n b\n', 4, 'no line before it'],
    ['another version', 'version: 2\ndn: cn=a\ncn: a\n', 1, 'version 2'],
    ['the first line of a value that goes wrong later', 'dn: cn=a\ncn:: YQ\n =!\n', 2, 'base64'],
  ])('%s', (_what, text, line, words) => {
    const error = refusal(text)
    expect(error.line).toBe(line)
    expect(error.code).toBe('ldif-invalid')
    expect(error.message).toContain(`line ${line}: `)
    expect(error.message).toContain(words)
  })

  test('a line beyond the limit, folded or not', () => {
    expect(parse(`dn: cn=a\ncn: ${'x'.repeat(16)}\n`, 20)).toHaveLength(1)
    expect(refusal(`dn: cn=a\ncn: ${'x'.repeat(17)}\n`, 20).line).toBe(2)
    expect(refusal(`dn: cn=a\ncn: x\n${' yyyyyyyy\n'.repeat(3)}`, 20).line).toBe(2)
  })

  test('but not before the entries ahead of it were given', () => {
    const entries = parseLdif([Buffer.from('dn: cn=a\ncn: a\n\nwrong\n')])
    expect(entries.next().value?.dn).toBe('cn=a')
    expect(() => entries.next()).toThrow(LdifError)
  })
})

/** Chunks of these lengths, and the rest; each lies where the one before lay. */
function* cut(file: Buffer, lengths: readonly number[]): Generator<Buffer> {
  const place = Buffer.alloc(file.length)
  let at = 0
  for (const length of [...lengths, file.length]) {
    const copied = file.copy(place, 0, at, at + length)
    at += copied
    if (copied > 0) yield place.subarray(0, copied)
  }
}

/** RFC 2849's SAFE-STRING, and no trailing space, which some editors drop. */
const safe = (text: string) => /^(?:[!-9;=-~][ -~]*)?$/.test(text) && !text.endsWith(' ')

describe('whatever a writer may write', () => {
  const octets = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
  const plain = fc.stringMatching(/^[ -~]{0,40}$/)
  const value = fc.oneof(octets, plain)
  const name = fc.constantFrom('cn', 'sn', 'description', 'memberUid', 'cn;lang-de', 'x-2')
  const attributes = fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 8 })
  const record = fc.record({
    dn: fc.stringMatching(/^cn=[a-z]{1,20},dc=[a-z]{1,20}$/),
    attributes,
    add: fc.boolean(),
  })

  test('comes back the same, folded anywhere, in text or base64, wherever the file is cut into chunks', () => {
    const cutting = fc.array(fc.nat(300), { maxLength: 10 })
    const style = fc.record({
      fold: fc.integer({ min: 2, max: 80 }),
      newline: fc.constantFrom('\n', '\r\n'),
      base64: fc.boolean(),
      comment: fc.boolean(),
      version: fc.boolean(),
      end: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(record, { maxLength: 5 }), style, cutting, (records, style, cuts) => {
        const fold = (line: string) => {
          const parts = [line.slice(0, style.fold)]
          for (let at = style.fold; at < line.length; at += style.fold - 1) {
            parts.push(` ${line.slice(at, at + style.fold - 1)}`)
          }
          return parts.join(style.newline)
        }
        const attribute = (name: string, value: string) =>
          safe(value) && !style.base64
            ? fold(`${name}: ${value}`)
            : fold(`${name}:: ${Buffer.from(value, 'latin1').toString('base64')}`)
        const blocks = records.map(({ dn, attributes, add }) => [
          attribute('dn', dn),
          ...(style.comment ? [fold('# a remark that is as long as it needs to be to be folded')] : []),
          ...(add ? [fold('changetype: add')] : []),
          ...attributes.map(([name, value]) => attribute(name, value)),
        ])
        const body = blocks.map((lines) => lines.join(style.newline)).join(style.newline.repeat(2))
        const head = style.version ? `version: 1${style.newline}` : ''
        const file = Buffer.from(head + body + (style.end ? style.newline : ''), 'latin1')
        const expected = records.map(({ dn, attributes }) => {
          const map = new Map<string, string[]>()
          for (const [name, value] of attributes) {
            map.set(name.toLowerCase(), [...(map.get(name.toLowerCase()) ?? []), value])
          }
          return { dn, attributes: map }
        })
        const read = [...parseLdif(cut(file, cuts))].map(({ dn, attributes }) => ({ dn, attributes }))
        expect(read).toEqual(expected)
      }),
    )
  })

  test('and whatever bytes there are, the parser ends in entries or an LdifError', () => {
    const line = fc.constantFrom(
      'dn: cn=a',
      'cn: a',
      'cn:: YQ==',
      ' x',
      '',
      '#',
      'changetype: add',
      'version: 1',
      '\r',
      ':',
      'a:<b',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          octets,
          fc.array(line, { maxLength: 8 }).map((lines) => lines.join('\n')),
        ),
        (text) => {
          try {
            for (const { dn, attributes } of parse(text)) {
              expect(typeof dn).toBe('string')
              expect(Object.keys(attributes)).not.toHaveLength(0)
            }
          } catch (error) {
            expect(error).toBeInstanceOf(LdifError)
          }
        },
      ),
    )
  })
})

describe('what is wrong with a file is told without what may be a hash in it', () => {
  test.each([
    ['a value that was wrapped', 'dn: uid=a,dc=x\nuserPassword: {CRYPT}$6$salt$aaaa\nSECRET/hash\n'],
    ['a value without its name', 'dn: uid=a,dc=x\nuid: a\nSECRET\n'],
    ['a value that is no base64', 'dn: uid=a,dc=x\nuserPassword:: SECRET!\n'],
    ['a value of a URL', 'dn: uid=a,dc=x\nuserPassword:< file:///SECRET\n'],
  ])('%s', (_, text) => {
    const entries = parseLdif([Buffer.from(text)])
    expect(() => [...entries]).toThrow(/^line [23]: (?!.*SECRET)/)
  })
})

function entryWith(values: number): Buffer {
  return Buffer.from(`dn: cn=a\n${Array.from({ length: values }, (_, at) => `cn: ${at}\n`).join('')}`)
}

const limited = (values: number) => [...parseLdif([entryWith(values)], undefined, 5)]

test('an entry with more values than the limit is an error that names the line', () => {
  expect(limited(5)).toHaveLength(1)
  expect(() => limited(6)).toThrow('line 7: the entry has more than 5 values')
})
