import { describe, expect, test } from 'vitest'
import { formatAddress, isLoopback, parseAddress } from '../../src/address.ts'
import { parseAttributeName } from '../../src/config/attribute-name.ts'
import { BadValue } from '../../src/config/bad-value.ts'
import { parseTarget } from '../../src/config/location.ts'
import { parsePrefixes } from '../../src/config/prefix.ts'
import { findService } from '../../src/config/services.ts'

const hex = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('hex')

describe('an address', () => {
  test.each([
    ['0.0.0.0', '00000000'],
    ['192.0.2.255', 'c00002ff'],
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['1::', '00010000000000000000000000000000'],
    ['2001:DB8::A:b', '20010db80000000000000000000a000b'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
    ['64:ff9b::192.0.2.1', '0064ff9b0000000000000000c0000201'],
  ])('%s has the bytes %s, and they give it back', (text, bytes) => {
    const parsed = parseAddress(text)
    expect(hex(parsed)).toBe(bytes)
    expect(formatAddress(parsed ?? new Uint8Array(4))).toMatch(/^[0-9a-f.:]+$/)
    expect(hex(parseAddress(formatAddress(parsed ?? new Uint8Array(4))))).toBe(bytes)
  })

  test.each(['', 'x', '1.2.3', '1.2.3.256', '01.2.3.4', '1:2', '::1::', 'fe80::1%eth0', '[::1]', ' ::1'])(
    '%j is none',
    (text) => {
      expect(parseAddress(text)).toBeUndefined()
    },
  )

  test('is of loopback within 127.0.0.0/8, mapped or not, and as ::1', () => {
    const judged = [
      '127.0.0.1',
      '127.255.0.9',
      '::1',
      '::ffff:127.0.0.1',
      '128.0.0.1',
      '::2',
      '::',
      '::127.0.0.1',
    ]
    expect(judged.filter((text) => isLoopback(parseAddress(text) ?? new Uint8Array(4)))).toEqual(
      judged.slice(0, 4),
    )
  })
})

const parse = (text: string) => parsePrefixes(text).map(({ prefix, bits }) => `${hex(prefix)}/${bits}`)

describe('a prefix', () => {
  test.each([
    ['10.0.0.0/8', ['0a000000/8']],
    ['10.0.0.1', ['0a000001/32']],
    ['0.0.0.0/0', ['00000000/0']],
    ['192.0.2.128/25', ['c0000280/25']],
    ['::1', ['00000000000000000000000000000001/128']],
    ['2001:db8:8000::/33', ['20010db8800000000000000000000000/33']],
    ['any', ['00000000/0', '00000000000000000000000000000000/0']],
    ['::ffff:10.0.0.0/104', ['0a000000/8']],
    ['::ffff:10.0.0.1', ['0a000001/32']],
    ['::ffff:0:0/96', ['00000000/0']],
  ])('%s', (text, expected) => {
    expect(parse(text)).toEqual(expected)
  })

  test.each([
    ['10.0.0.1/31', '10.0.0.0/31'],
    ['192.0.2.255/25', '192.0.2.128/25'],
    ['1.2.3.4/0', '0.0.0.0/0'],
    ['2001:db8::1/127', '2001:db8::/127'],
    ['ffff::/1', '8000::/1'],
    ['::ffff:10.0.0.0/80', '::/80'],
  ])('%s has host bits set, and the message names %s', (text, right) => {
    expect(() => parse(text)).toThrow(`expected ${right}`)
  })

  test.each([
    '',
    '/8',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '10/8',
    '10.0.0.0/-1',
    'Any',
    '::/129',
    '::1%lo',
  ])('%j is none', (text) => {
    expect(() => parse(text)).toThrow(BadValue)
  })
})

describe('the name of an attribute', () => {
  test.each([
    'cn',
    'uidNumber',
    'x-a1',
    'cn;lang-de',
    'userCertificate;binary;x-1',
    '2.5.4.3',
    '2.5.4.3;a',
    '0.0',
  ])('%s', (text) => {
    expect(parseAttributeName(text)).toBe(text)
  })

  test.each([
    '',
    '1cn',
    '-a',
    'a_b',
    'a b',
    'cn;',
    ';a',
    'cn;;a',
    '2',
    '2.',
    '2.05',
    '.2',
    'é',
    'cn\n',
    'a.b',
    'a:b',
  ])('%j is none', (text) => {
    expect(() => parseAttributeName(text)).toThrow(BadValue)
  })
})

describe('what directory names', () => {
  test.each([
    ['h', { kind: 'host', host: 'h' }],
    ['fe80::1%eth0', { kind: 'host', host: 'fe80::1%eth0' }],
    ['ldapi://', { kind: 'ldapi', path: '/var/run/slapd/ldapi' }],
    ['ldapi:///', { kind: 'ldapi', path: '/var/run/slapd/ldapi' }],
    ['LDAPI://%2ftmp%2Fa%20b/', { kind: 'ldapi', path: '/tmp/a b' }],
    [`ldapi://%2F${'x'.repeat(106)}`, { kind: 'ldapi', path: `/${'x'.repeat(106)}` }],
  ])('%s', (text, expected) => {
    expect(parseTarget(text)).toEqual(expected)
  })

  test.each([
    '',
    'a b',
    'a/b',
    'a:b',
    'h\n',
    'ldap://h',
    'ldapi://tmp',
    'ldapi://%2',
    'ldapi://%FF',
    'ldapi:////',
    'ldapi:///tmp/x',
    'ldapi://%2Fa/dc=x',
    'ldapi://%2Fa%00',
    `ldapi://%2F${'x'.repeat(107)}`,
  ])('%j is nothing', (text) => {
    expect(() => parseTarget(text)).toThrow(BadValue)
  })
})

describe('the port of a service', () => {
  const services =
    '# c\nldap 1389/tcp # x\nnis-x\t 99/udp\nalpha 5/udp\nalpha 6/tcp beta gamma#delta\nbad x/tcp\n'

  test.each([
    ['ldap', 1389],
    ['alpha', 6],
    ['beta', 6],
    ['gamma', 6],
    ['ldaps', 636],
    ['nis-x', undefined],
    ['delta', undefined],
    ['x', undefined],
    ['bad', undefined],
    ['', undefined],
  ])('%j is %s: its TCP line, an alias, or one of the two that LDAP needs', (name, port) => {
    expect(findService(services, name)).toBe(port)
  })
})
