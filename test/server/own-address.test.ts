import { networkInterfaces } from 'node:os'
import { describe, expect, test } from 'vitest'
import { formatAddress, parseAddress } from '../../src/address.ts'
import { addressesOf, addressFor, type OwnAddress, ownAddresses } from '../../src/server/own-address.ts'

const bytes = (text: string) => parseAddress(text)!
const OWN: readonly OwnAddress[] = [
  ['127.0.0.1', 8],
  ['::1', 128],
  ['fe80::5', 64],
  ['192.0.2.1', 24],
  ['198.51.100.1', 24],
  ['2001:db8::1', 64],
].map(([address, bits]) => ({ bytes: bytes(String(address)), bits: Number(bits) }))

const at = (caller: string, length: 4 | 16, asked: Parameters<typeof addressFor>[2] = {}, own = OWN) =>
  addressFor(bytes(caller), length, asked, () => own)

describe('the address at which a caller reaches us', () => {
  test.each([
    ['192.0.2.9', 4, '192.0.2.1'],
    ['198.51.100.9', 4, '198.51.100.1'],
    ['127.0.0.5', 4, '127.0.0.1'],
    ['203.0.113.9', 4, '192.0.2.1'],
    ['2001:db8::9', 16, '2001:db8::1'],
    ['fe80::9', 16, 'fe80::5'],
    ['2001:db8:1::9', 16, '2001:db8::1'],
    ['192.0.2.9', 16, '2001:db8::1'],
  ] as const)('of %s is on its network, or the first that others can reach', (caller, length, expected) => {
    expect(at(caller, length)).toBe(expected)
  })

  test('is what its connection is to', () => {
    expect(at('192.0.2.9', 4, { here: '198.51.100.1' })).toBe('198.51.100.1')
    expect(at('fe80::9', 16, { here: 'fe80::5%eth0' })).toBe('fe80::5')
    expect(at('192.0.2.9', 16, { here: '198.51.100.1' })).toBe('2001:db8::1')
  })

  test('is what it says that it asked, also behind a translation of addresses', () => {
    expect(at('192.0.2.9', 4, { hint: '203.0.113.1', here: '198.51.100.1' })).toBe('203.0.113.1')
  })

  test('is not its own, but for a caller on this host', () => {
    expect(at('192.0.2.9', 4, { hint: '192.0.2.9' })).toBe('192.0.2.1')
    expect(at('198.51.100.1', 4, { hint: '198.51.100.1' })).toBe('198.51.100.1')
  })

  test('is not known where this host has none of the family', () => {
    expect(at('192.0.2.9', 16, {}, OWN.slice(0, 1))).toBeUndefined()
  })
})

test('the addresses of this host are those of its interfaces', () => {
  const expected = Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address))
  expect(
    ownAddresses()
      .map((own) => formatAddress(own.bytes))
      .toSorted(),
  ).toEqual(expected.toSorted())
})

const hidden = () => {
  throw new Error('uv_interface_addresses returned Unknown system error 97')
}

test('interfaces that a sandbox hides are none, and a caller is told what its connection is to', () => {
  expect(addressesOf(hidden)).toEqual([])
  expect(at('192.0.2.9', 4, { here: '198.51.100.1' }, [])).toBe('198.51.100.1')
  expect(at('192.0.2.9', 4, {}, [])).toBeUndefined()
})
