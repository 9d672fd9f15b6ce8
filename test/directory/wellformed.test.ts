import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { createDecoder } from '../../src/directory/decoder.ts'
import { DirectoryError } from '../../src/directory/error.ts'
import { ber, bindDone, entry, extendedDone, reference, searchDone } from '../support/ldap-peer.ts'
import { ENDLESS_ENTRY } from './endless-entry.ts'

const id = ber(0x02, 1)
const ok = [ber(0x0a, 0), ber(0x04, ''), ber(0x04, '')]

const decode = (message: Buffer) => createDecoder()(message, 0, message.length)

const isVerdict = (bytes: Buffer) => {
  try {
    decode(bytes)
    return true
  } catch (error) {
    return error instanceof DirectoryError
  }
}

describe('a response is well formed', () => {
  test.each([
    ['bind', bindDone(1)],
    ['extended', extendedDone(1, 0, '', '1.2.3')],
    ['entry', entry(1, 'cn=a', { cn: ['a', ''], sn: [] })],
    ['entry without attributes', entry(1, 'cn=a', {})],
    ['entry of a kilobyte', entry(1, 'cn=a', { cn: ['x'.repeat(1000)] })],
    ['entry of many kilobytes', entry(1, 'cn=a', { cn: ['x'.repeat(100_000)] })],
    ['reference', reference(1, 'ldap://other/')],
    ['end of a page', searchDone(1, 0, { cookie: 'c' })],
    ['referral', ber(0x30, id, ber(0x65, ...ok, ber(0xa3, ber(0x04, 'ldap://x/'))))],
    [
      'control with a criticality',
      ber(0x30, id, ber(0x65, ...ok), ber(0xa0, ber(0x30, ber(0x04, '1'), ber(0x01, 0), ber(0x04, '')))),
    ],
    ['control without a value', ber(0x30, id, ber(0x65, ...ok), ber(0xa0, ber(0x30, ber(0x04, '1'))))],
    [
      'lengths in four bytes, as Active Directory writes them',
      Buffer.from([0x30, 0x84, 0, 0, 0, 12, 2, 1, 1, 0x61, 7, 10, 1, 0, 4, 0, 4, 0]),
    ],
  ])('%s', (_what, message) => {
    expect(() => decode(message)).not.toThrow()
  })
})

describe('a response is refused', () => {
  test.each([
    ['an entry whose list of attributes is cut short', ENDLESS_ENTRY],
    ['nothing', Buffer.alloc(0)],
    ['no operation', ber(0x30, id)],
    ['no message id', ber(0x30, ber(0x61, ...ok))],
    ['an empty number', ber(0x30, ber(0x02), ber(0x61, ...ok))],
    ['a number of five bytes', ber(0x30, ber(0x02, '12345'), ber(0x61, ...ok))],
    ['no result code, which the library takes for success', ber(0x30, id, ber(0x65))],
    [
      'an empty result code, which the library takes for success',
      ber(0x30, id, ber(0x65, ber(0x0a), ber(0x04, ''), ber(0x04, ''))),
    ],
    ['a result without its texts', ber(0x30, id, ber(0x65, ber(0x0a, 0)))],
    ['an element longer than its message', Buffer.from([0x30, 5, 2, 1, 1, 0x61, 9])],
    ['a message shorter than its bytes', Buffer.concat([bindDone(1), Buffer.from([0])])],
    [
      'an entry whose attributes are not a sequence',
      ber(0x30, id, ber(0x64, ber(0x04, 'cn=a'), ber(0x04, '\x04\x7f'))),
    ],
    [
      'an attribute without values',
      ber(0x30, id, ber(0x64, ber(0x04, ''), ber(0x30, ber(0x30, ber(0x04, 'cn'))))),
    ],
    [
      'an attribute that holds more',
      ber(0x30, id, ber(0x64, ber(0x04, ''), ber(0x30, ber(0x30, ber(0x04, 'cn'), ber(0x31), ber(0x31))))),
    ],
    [
      'a value that is no octet string',
      ber(0x30, id, ber(0x64, ber(0x04, ''), ber(0x30, ber(0x30, ber(0x04, 'cn'), ber(0x31, ber(0x02, 1)))))),
    ],
    ['an entry that holds more', ber(0x30, id, ber(0x64, ber(0x04, ''), ber(0x30), ber(0x04, '')))],
    ['a reference that is no text', ber(0x30, id, ber(0x73, ber(0x02, 1)))],
    ['something other than controls at the end', ber(0x30, id, ber(0x65, ...ok), ber(0x04, ''))],
    ['a control that is no sequence', ber(0x30, id, ber(0x65, ...ok), ber(0xa0, ber(0x04, '\x04\x7f')))],
    [
      'a control that holds more',
      ber(0x30, id, ber(0x65, ...ok), ber(0xa0, ber(0x30, ber(0x04, '1'), ber(0x04, ''), ber(0x04, '')))),
    ],
    ['an indefinite length', Buffer.from([0x30, 4, 2, 1, 1, 0x61, 0x80])],
    ['a length cut short', Buffer.from([0x30, 5, 2, 1, 1, 0x61, 0x82])],
  ])('%s', (_what, message) => {
    expect(() => decode(message)).toThrow(DirectoryError)
    expect(() => decode(message)).toThrow('malformed message')
  })

  test('or accepted, whatever byte of it is changed', () => {
    const message = Buffer.concat([entry(1, 'cn=a', { cn: ['a', 'b'], sn: ['c'] })])
    fc.assert(
      fc.property(fc.nat(message.length - 1), fc.nat(255), (at, value) => {
        const changed = Buffer.from(message)
        changed[at] = value
        expect(isVerdict(changed)).toBe(true)
        expect(isVerdict(changed.subarray(0, at))).toBe(true)
      }),
    )
  })
})
