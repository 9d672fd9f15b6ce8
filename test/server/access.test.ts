import { describe, expect, test } from 'vitest'
import { AccessList, keyOf } from '../../src/server/access-list.ts'
import { addressOf } from '../../src/server/address-of.ts'
import { ruleOf } from '../support/rules.ts'

const rulesOf = (...rules: readonly string[]) => rules.map(ruleOf)

/** Of these addresses those that are answered. */
function allowed(
  rules: readonly string[],
  addresses: readonly string[],
  reserved = false,
): readonly string[] {
  const list = new AccessList(rulesOf(...rules))
  return addresses.filter((address) => {
    const bytes = addressOf(address)!
    return list.allows({ reserved, bytes, start: 0, length: bytes.length })
  })
}

describe('access', () => {
  test('without a rule is for this host only', () => {
    const own = ['127.0.0.0', '127.0.0.1', '127.255.255.255', '::1', '::ffff:127.0.0.1']
    const others = [
      '0.0.0.0',
      '126.255.255.255',
      '128.0.0.1',
      '255.255.255.255',
      '::',
      '::2',
      '::ffff:128.0.0.1',
    ]
    expect(allowed([], [...own, ...others, 'fe80::1%eth0'])).toEqual(own)
  })

  test('is decided by the first rule that covers the address', () => {
    const rules = ['deny 10.0.0.7', 'allow 10.0.0.0/8', 'deny 0.0.0.0/0']
    expect(allowed(rules, ['10.0.0.7', '10.0.0.8', '10.255.0.1', '11.0.0.1', '127.0.0.1', '::1'])).toEqual([
      '10.0.0.8',
      '10.255.0.1',
      '::1',
    ])
  })

  test('counts an IPv4 address in IPv6 clothes as IPv4', () => {
    expect(allowed(['allow 192.0.2.0/24'], ['::ffff:192.0.2.9', '::ffff:192.0.3.9'])).toEqual([
      '::ffff:192.0.2.9',
    ])
    // What covers all of IPv6 covers none of IPv4.
    expect(allowed(['allow ::/0'], ['::ffff:192.0.2.9', '192.0.2.9', '2001:db8::1'])).toEqual(['2001:db8::1'])
  })

  test('is given for a reserved port alone where a rule says so, and the next rule is for the others', () => {
    const rules = ['allow 192.0.2.0/24 reserved', 'deny 192.0.2.9', 'allow 192.0.2.8/29']
    const addresses = ['192.0.2.1', '192.0.2.8', '192.0.2.9', '198.51.100.1', '127.0.0.1']
    expect(allowed(rules, addresses)).toEqual(['192.0.2.8', '127.0.0.1'])
    expect(allowed(rules, addresses, true)).toEqual(['192.0.2.1', '192.0.2.8', '192.0.2.9', '127.0.0.1'])
  })

  test('can be refused to a reserved port alone', () => {
    const rules = ['deny 192.0.2.0/24 reserved', 'allow 192.0.2.0/24']
    expect(allowed(rules, ['192.0.2.1'])).toEqual(['192.0.2.1'])
    expect(allowed(rules, ['192.0.2.1'], true)).toEqual([])
  })

  test('is found for an address anywhere among other bytes', () => {
    const list = new AccessList(rulesOf('allow 192.0.2.1', 'allow 2001:db8::/32'))
    const bytes = Buffer.from(`ffffffc000020120010db8${'00'.repeat(12)}ff`, 'hex')
    expect(list.allows({ reserved: false, bytes, start: 3, length: 4 })).toBe(true)
    expect(list.allows({ reserved: false, bytes, start: 2, length: 4 })).toBe(false)
    expect(list.allows({ reserved: false, bytes, start: 7, length: 16 })).toBe(true)
    expect(list.allows({ reserved: false, bytes, start: 6, length: 16 })).toBe(false)
  })
})

test('lists are the same when all their rules are, in their order', () => {
  const one = rulesOf('allow 192.0.2.1', 'deny ::/0')
  expect(keyOf(one)).toBe(keyOf(rulesOf('allow 192.0.2.1', 'deny ::/0')))
  const others = [
    [],
    ['allow 192.0.2.1'],
    ['deny ::/0', 'allow 192.0.2.1'],
    ['allow 192.0.2.1', 'allow ::/0'],
    ['allow 192.0.2.1', 'deny 0.0.0.0/0'],
    ['allow 192.0.2.1', 'deny ::/1'],
    ['allow 192.0.2.1', 'deny ::/0 reserved'],
  ]
  expect(others.filter((other) => keyOf(rulesOf(...other)) === keyOf(one))).toEqual([])
})

test('an address is read as Node writes it, with a zone or without', () => {
  expect([...addressOf('192.0.2.1')!]).toEqual([192, 0, 2, 1])
  expect(addressOf('fe80::1%eth0')).toEqual(addressOf('fe80::1'))
  for (const text of ['', 'localhost', '1.2.3', '1.2.3.4.5', '%eth0']) expect(addressOf(text)).toBeUndefined()
})
