import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatAddress, parseAddress } from '../../src/address.ts'
import type { AccessRule } from '../../src/config/config.ts'
import { parseSecurenets } from '../../src/config/securenets.ts'
import { AccessList } from '../../src/server/access-list.ts'

// Held against the definition, in numbers: an address is within a prefix when nothing is left of their difference
// behind a shift. Addresses are taken near the borders of the rules, where a wrong step shows.

type Width = 4 | 16

interface Address {
  readonly width: Width
  readonly value: bigint
}

const bitsOf = (width: Width) => 8 * width

function bytesOf({ width, value }: Address): Uint8Array {
  return Uint8Array.from(Buffer.from(value.toString(16).padStart(2 * width, '0'), 'hex'))
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

const MAPPED = 0xffffn << 32n

/** The IPv4 address that a mapped one stands for. */
function meant(address: Address): Address {
  const { width, value } = address
  return width === 16 && value >> 32n === 0xffffn ? { width: 4, value: value - MAPPED } : address
}

function isWithin(address: Address, width: Width, net: bigint, bits: number): boolean {
  const rest = BigInt(bitsOf(width) - bits)
  return address.width === width && address.value >> rest === net >> rest
}

function isLoopback(address: Address): boolean {
  return isWithin(address, 4, 0x7f00_0000n, 8) || isWithin(address, 16, 1n, 128)
}

/** What the rules say of a caller: the first that covers it, else loopback. */
function judged(rules: readonly AccessRule[], caller: Address, reserved: boolean): boolean {
  const address = meant(caller)
  const first = rules.find(
    (rule) =>
      (reserved || !rule.reserved) &&
      isWithin(address, rule.prefix.length as Width, numberOf(rule.prefix), rule.bits),
  )
  return first === undefined ? isLoopback(address) : first.verdict === 'allow'
}

function allows(list: AccessList, address: Address, reserved: boolean): boolean {
  const bytes = bytesOf(address)
  return list.allows({ reserved, bytes, start: 0, length: bytes.length })
}

/** Few high bits and few low ones, so that prefixes are within each other and meet at their ends. */
const crowded = (width: Width) => {
  const most = 1n << BigInt(bitsOf(width))
  return fc
    .tuple(
      fc.bigInt({ min: 0n, max: 7n }),
      fc.integer({ min: 0, max: bitsOf(width) - 3 }),
      fc.constantFrom(0n, 1n, -1n),
    )
    .map(([value, shift, beside]) => ((value << BigInt(shift)) + beside + most) % most)
}

const addressOf = (width: Width): fc.Arbitrary<Address> =>
  fc
    .oneof(crowded(width), fc.bigInt({ min: 0n, max: (1n << BigInt(bitsOf(width))) - 1n }))
    .map((value) => ({ width, value }))

const mapped: fc.Arbitrary<Address> = addressOf(4).map(({ value }) => ({ width: 16, value: value + MAPPED }))

const address = fc.oneof(addressOf(4), addressOf(16), mapped)

const rule: fc.Arbitrary<AccessRule> = fc
  .tuple(fc.oneof(addressOf(4), addressOf(16)), fc.nat(128), fc.boolean(), fc.boolean())
  .map(([{ width, value }, wanted, isAllow, reserved]) => {
    const bits = wanted % (bitsOf(width) + 1)
    const rest = BigInt(bitsOf(width) - bits)
    return {
      verdict: isAllow ? 'allow' : 'deny',
      prefix: bytesOf({ width, value: (value >> rest) << rest }),
      bits,
      reserved,
    }
  })

/** The ends of what the rules cover, and what is beside them. */
function borders(rules: readonly AccessRule[]): readonly Address[] {
  return rules.flatMap(({ prefix, bits }) => {
    const width = prefix.length as Width
    const most = 1n << BigInt(bitsOf(width))
    const first = numberOf(prefix)
    const behind = first + (1n << BigInt(bitsOf(width) - bits))
    return [first - 1n, first, behind - 1n, behind].map((value) => ({ width, value: (value + most) % most }))
  })
}

describe('a list of rules', () => {
  test('says of every caller what its first rule says that covers it', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 12 }), fc.array(address), (rules, callers) => {
        const list = new AccessList(rules)
        for (const caller of [...callers, ...borders(rules)]) {
          for (const reserved of [false, true]) {
            expect(allows(list, caller, reserved)).toBe(judged(rules, caller, reserved))
          }
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('is right at each length of a prefix, at both of its ends and beside them', () => {
    for (const width of [4, 16] as const) {
      for (let bits = 0; bits <= bitsOf(width); bits++) {
        const rest = BigInt(bitsOf(width) - bits)
        // Bits of both kinds, and none that loopback has.
        const net =
          ((width === 4 ? 0xc0a8_a5a5n : 0x2001_0db8_a5a5_a5a5_5a5a_5a5a_a5a5_a5a5n) >> rest) << rest
        const prefix = bytesOf({ width, value: net })
        for (const verdict of ['allow', 'deny'] as const) {
          const rules: AccessRule[] = [{ verdict, prefix, bits, reserved: false }]
          const list = new AccessList(rules)
          for (const caller of borders(rules)) {
            expect(allows(list, caller, false), `${verdict} ${formatAddress(prefix)}/${bits}`).toBe(
              judged(rules, caller, false),
            )
          }
        }
      }
    }
  })

  test('is as right with thousands of rules, whichever way they are within each other', () => {
    const nested = Array.from({ length: 4000 }, (_, index): AccessRule => {
      const bits = index % 33
      const rest = BigInt(32 - bits)
      const value = ((BigInt(Math.imul(index, 0x9e37_79b1)) & 0xffff_ffffn) >> rest) << rest
      return {
        verdict: index % 3 === 0 ? 'allow' : 'deny',
        prefix: bytesOf({ width: 4, value }),
        bits,
        reserved: false,
      }
    }).reverse()
    const list = new AccessList(nested)
    const wrong = borders(nested.filter((_, index) => index % 8 === 0)).filter(
      (caller) => allows(list, caller, true) !== judged(nested, caller, true),
    )
    expect(wrong).toEqual([])
  })
})

/** As ypserv would, were its masks right, and with an IPv4 address one and the same however it comes. */
function permits(lines: readonly { width: Width; mask: bigint; net: bigint }[], caller: Address): boolean {
  const given = meant(caller)
  return lines.some(({ width, mask, net }) => {
    // A net within ::ffff:0:0/96 is one of IPv4.
    if (width === 16 && net >> 32n === 0xffffn && mask >> 32n === (1n << 96n) - 1n) {
      return given.width === 4 && (given.value & mask & 0xffff_ffffn) === net - MAPPED
    }
    return given.width === width && (given.value & mask) === net
  })
}

describe('a securenets file', () => {
  /** A line as one may write it, with the mask and net that ypserv compares (`(client & mask) == net`). */
  const line = fc
    .tuple(fc.oneof(addressOf(4), addressOf(16)), fc.nat(128), fc.constantFrom('mask', 'host', 'bits'))
    .map(([{ width, value }, wanted, form]) => {
      const bits = form === 'host' ? bitsOf(width) : wanted % (bitsOf(width) + 1)
      const rest = BigInt(bitsOf(width) - bits)
      const mask = ((1n << BigInt(bitsOf(width))) - 1n) ^ ((1n << rest) - 1n)
      const net = formatAddress(bytesOf({ width, value: value & mask }))
      const texts = {
        mask: `${formatAddress(bytesOf({ width, value: mask }))} ${net}`,
        host: `host ${net}`,
        bits: `${net}/${bits}`,
      }
      return { text: texts[form], width, mask, net: value & mask }
    })

  test('lets in whom ypserv would with right masks, and loopback', () => {
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 10 }),
        fc.array(address),
        fc.constantFrom('\n', '\r\n', ' # x\n', '\n\n#\n'),
        (lines, callers, end) => {
          const { nets, faults } = parseSecurenets(lines.map(({ text }) => text + end).join(''))
          expect(faults).toEqual([])
          const rules = nets.map((net): AccessRule => ({ verdict: 'allow', ...net, reserved: false }))
          const list = new AccessList(rules)
          for (const caller of [...callers, ...borders(rules)]) {
            expect(allows(list, caller, false)).toBe(permits(lines, caller) || isLoopback(meant(caller)))
          }
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('is read the same when its nets are written again', () => {
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const { nets } = parseSecurenets(lines.map(({ text }) => text).join('\n'))
        const again = nets.map(({ prefix, bits }) => `${formatAddress(prefix)}/${bits}`).join('\n')
        expect(parseSecurenets(again)).toEqual({ nets, faults: [] })
      }),
    )
  })

  test('of any text gives nets that are right, and faults that have a place', () => {
    const word = fc.oneof(
      fc.constantFrom(
        'host',
        '255.255.255.0',
        '255.0.255.0',
        '0.0.0.0',
        '::',
        'ffff::',
        '#',
        '/',
        '/24',
        'x',
      ),
      address.map((one) => formatAddress(bytesOf(one))),
      fc.string({ unit: 'binary', maxLength: 12 }),
    )
    const text = fc.array(fc.tuple(word, fc.constantFrom(' ', '\t', '\n', '', '/8')), { maxLength: 30 })
    fc.assert(
      fc.property(text, (words) => {
        const { nets, faults } = parseSecurenets(words.flat().join(''))
        for (const { prefix, bits } of nets) {
          expect(parseAddress(formatAddress(prefix))).toEqual(prefix)
          expect(numberOf(prefix) % (1n << BigInt(8 * prefix.length - bits))).toBe(0n)
        }
        for (const { line: at, column, message } of faults) {
          expect(at).toBeGreaterThan(0)
          expect(column).toBeGreaterThan(0)
          expect(message).toMatch(/expected/)
        }
      }),
      { numRuns: 100 },
    )
  })
})
