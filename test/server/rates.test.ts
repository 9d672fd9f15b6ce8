import { describe, expect, test } from 'vitest'
import { parseAddress } from '../../src/address.ts'
import { REMEMBERED_NETWORKS } from '../../src/server/limits.ts'
import { networkOf, Rates } from '../../src/server/rates.ts'

function ratesOf(udpRate: number, udpRateDryRun = 0): Rates {
  const rates = new Rates()
  rates.set({ udpRate, udpRateDryRun })
  return rates
}

function take(rates: Rates, address: string, now: number): boolean {
  const bytes = parseAddress(address)!
  // Behind others, as in a batch.
  rates.now = now
  return rates.take(Uint8Array.of(9, 9, 9, ...bytes), 3, bytes.length)
}

/** How many of so many calls at one moment are within the rate. */
function within(rates: Rates, address: string, now: number, calls = 1000): number {
  return Array.from({ length: calls }, () => take(rates, address, now)).filter((one) => one).length
}

describe('a network', () => {
  test("may send a second's calls at once, and then as many a second as the rate says", () => {
    const rates = ratesOf(100)
    expect(within(rates, '192.0.2.1', 5000)).toBe(100)
    expect(within(rates, '192.0.2.1', 5100)).toBe(10)
    expect(within(rates, '192.0.2.1', 5105)).toBe(0)
    expect(within(rates, '192.0.2.1', 5110)).toBe(1)
    expect(within(rates, '192.0.2.1', 60_000)).toBe(100)
  })

  test('that sends at the rate is never over it', () => {
    const rates = ratesOf(125)
    const calls = Array.from({ length: 10_000 }, (_, call) => take(rates, '2001:db8::1', call * 8))
    expect(calls).not.toContain(false)
  })

  test('of IPv4 is a /24, of IPv6 a /64, and no other shares with it', () => {
    const rates = ratesOf(64)
    expect(within(rates, '192.0.2.1', 0)).toBe(64)
    expect(within(rates, '192.0.2.255', 0)).toBe(0)
    expect(within(rates, '192.0.3.1', 0)).toBe(64)
    expect(within(rates, '2001:db8:0:1::1', 0)).toBe(64)
    expect(within(rates, '2001:db8:0:1:ffff::2', 0)).toBe(0)
    expect(within(rates, '2001:db8:0:2::1', 0)).toBe(64)
  })

  test('of IPv4 is the same behind a socket of IPv6', () => {
    const rates = ratesOf(64)
    expect(within(rates, '192.0.2.1', 0)).toBe(64)
    expect(within(rates, '::ffff:192.0.2.7', 0)).toBe(0)
    expect(within(rates, '::ffff:192.0.3.7', 0)).toBe(64)
  })

  test.each(['127.0.0.1', '127.255.1.2', '::1', '::ffff:127.0.0.1'])(
    'that is loopback (%s) has no limit',
    (own) => {
      expect(within(ratesOf(1), own, 0)).toBe(1000)
    },
  )

  test('has what it used up also when the rate changes', () => {
    const rates = ratesOf(100)
    expect(within(rates, '192.0.2.1', 0)).toBe(100)
    rates.set({ udpRate: 200, udpRateDryRun: 0 })
    expect(within(rates, '192.0.2.1', 0)).toBe(0)
    expect(within(rates, '192.0.2.1', 500)).toBe(100)
  })

  test('is forgotten when so many others have sent something since, and no sooner', () => {
    const rates = ratesOf(4)
    const others = Array.from({ length: REMEMBERED_NETWORKS }, (_, i) => `10.${i >> 8}.${i & 255}.1`)
    expect(within(rates, '192.0.2.1', 0)).toBe(4)
    for (const other of others.slice(1)) take(rates, other, 0)
    expect(within(rates, '192.0.2.1', 0)).toBe(0)
    for (const other of others) take(rates, other, 0)
    expect(within(rates, '192.0.2.1', 0)).toBe(4)
  })

  test.each([
    ['192.0.2.77', '192.0.2.0/24'],
    ['::ffff:192.0.2.77', '192.0.2.0/24'],
    ['2001:db8:0:1:2::3', '2001:db8:0:1::/64'],
    ['fe80::1%eth0', 'fe80::/64'],
  ])('of %s is written as %s', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })
})

describe('the rate', () => {
  test('0 is none', () => {
    const rates = ratesOf(0)
    expect(within(rates, '192.0.2.1', 0)).toBe(1000)
    expect(rates).toMatchObject({ rate: 0 })
  })

  test('of a dry run counts where no other is set', () => {
    expect(ratesOf(0, 20)).toMatchObject({ rate: 20, dryRun: true })
    expect(within(ratesOf(0, 20), '192.0.2.1', 0)).toBe(20)
    expect(ratesOf(30, 20)).toMatchObject({ rate: 30, dryRun: false })
  })
})
