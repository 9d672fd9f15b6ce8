import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readSid, SidError, sidText } from '../../src/directory/sid.ts'

const octets = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex').toString('latin1')

describe('a binary SID', () => {
  test('is a domain and a number in it', () => {
    const sid = readSid(octets('01 05 000000000005 15000000 dcf4dc3b 833d2b46 828ba628 50040000'))
    expect(sid).toEqual({ domain: 'S-1-5-21-1004336348-1177238915-682003330', rid: 1104 })
    expect(sidText(sid)).toBe('S-1-5-21-1004336348-1177238915-682003330-1104')
  })

  test('may have one part, or fifteen', () => {
    expect(readSid(octets('01 01 000000000005 12000000'))).toEqual({ domain: 'S-1-5', rid: 18 })
    const longest = readSid(octets(`01 0f 000000000005 ${'ffffffff'.repeat(15)}`))
    expect(sidText(longest)).toBe(`S-1-5${'-4294967295'.repeat(15)}`)
  })

  test('has an authority of 48 bits, which is written in hexadecimal when it needs more than 32', () => {
    expect(readSid(octets('01 01 0000ffffffff 01000000')).domain).toBe('S-1-4294967295')
    expect(readSid(octets('01 01 000100000000 01000000')).domain).toBe('S-1-0x000100000000')
  })
})

describe('no SID', () => {
  test.each([
    ['nothing', '', '0 bytes are too few'],
    ['one byte', '01', '1 bytes are too few'],
    ['another revision', '02 01 000000000005 12000000', 'its revision is 2, and not 1'],
    ['only an authority', '01 00 000000000005', 'it has no parts behind its authority'],
    ['less than it tells of', '01 02 000000000005 12000000', "12 bytes can't hold just the 2 parts"],
    ['more than it tells of', '01 01 000000000005 12000000 00', "13 bytes can't hold just the 1 parts"],
    ['sixteen parts', `01 10 000000000005 ${'01000000'.repeat(16)}`, '72 bytes are too many'],
    ['its text', Buffer.from('S-1-5-21-1-2-3-4').toString('hex'), 'its revision is 83'],
  ])('is %s', (_what, hex, words) => {
    expect(() => readSid(octets(hex))).toThrow(SidError)
    expect(() => readSid(octets(hex))).toThrow(words)
  })
})

test('any bytes are a SID or an error that says why', () => {
  const head = fc.constantFrom('', '\x01', '\x01\x02', '\x01\x05')
  const rest = fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
  fc.assert(
    fc.property(head, rest, (first, more) => {
      try {
        expect(sidText(readSid(first + more))).toMatch(/^S-1-(\d+|0x[0-9A-F]{12})(-\d+)+$/)
      } catch (error) {
        expect(error).toBeInstanceOf(SidError)
      }
    }),
  )
})
