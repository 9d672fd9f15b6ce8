import { describe, expect, test } from 'vitest'
import { isWithin, parseAddress } from '../../src/address.ts'
import type { AccessRule } from '../../src/config/config.ts'
import { createAccess } from '../../src/server/access.ts'
import { hasRights } from '../../src/server/rights.ts'
import { rulesOf } from '../support/rules.ts'

function rule(verdict: 'allow' | 'deny', prefix: string, bits: number): AccessRule {
  return { verdict, prefix: parseAddress(prefix)!, bits }
}

function allowed(rules: readonly AccessRule[], addresses: readonly string[]): readonly string[] {
  const access = createAccess(rulesOf(rules), () => {})
  return addresses.filter((address) => hasRights(access(address)))
}

describe('access', () => {
  test('without a rule is for this host only', () => {
    const addresses = [
      '127.0.0.1',
      '127.9.9.9',
      '::1',
      '::ffff:127.0.0.1',
      '10.0.0.1',
      '128.0.0.1',
      '::2',
      'fe80::1%eth0',
    ]
    expect(allowed([], addresses)).toEqual(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])
  })

  test('is decided by the first rule that covers the address', () => {
    const rules = [rule('deny', '10.0.0.7', 32), rule('allow', '10.0.0.0', 8), rule('deny', '0.0.0.0', 0)]
    expect(allowed(rules, ['10.0.0.7', '10.0.0.8', '10.255.0.1', '11.0.0.1', '127.0.0.1', '::1'])).toEqual([
      '10.0.0.8',
      '10.255.0.1',
      '::1',
    ])
  })

  test('counts an IPv4 address in IPv6 clothes as IPv4', () => {
    expect(allowed([rule('allow', '192.0.2.0', 24)], ['::ffff:192.0.2.9', '::ffff:192.0.3.9'])).toEqual([
      '::ffff:192.0.2.9',
    ])
  })

  test('is never given to what is no address', () => {
    expect(allowed([rule('allow', '0.0.0.0', 0)], ['', 'localhost', '1.2.3', '1.2.3.4.5'])).toEqual([])
  })

  test('tells of a stranger once, not at each of its calls', () => {
    const refused: string[] = []
    const access = createAccess(rulesOf([]), (address) => refused.push(address))
    for (let i = 0; i < 3; i++) access('192.0.2.1')
    access('192.0.2.2')
    expect(refused).toEqual(['192.0.2.1', '192.0.2.2'])
  })
})

describe('prefixes', () => {
  test('are compared right at every length, in both families', () => {
    for (const text of ['203.0.113.165', '2001:db8:a5a5:5a5a:ffff:0:1234:abcd']) {
      const address = parseAddress(text)!
      for (let bits = 0; bits <= address.length * 8; bits++) {
        expect(isWithin(address, address, bits)).toBe(true)
        // The last bit that counts makes a difference, the first that does not makes none.
        for (const [bit, within] of [
          [bits - 1, false],
          [bits, true],
        ] as const) {
          if (bit < 0 || bit >= address.length * 8) continue
          const other = Uint8Array.from(address)
          other[bit >> 3]! ^= 0x80 >> (bit & 7)
          expect(isWithin(other, address, bits), `${text}/${bits}, bit ${bit}`).toBe(within)
        }
      }
    }
  })

  test('of one family never cover the other', () => {
    expect(isWithin(parseAddress('::1')!, parseAddress('0.0.0.0')!, 0)).toBe(false)
  })
})
