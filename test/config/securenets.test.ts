import { describe, expect, test } from 'vitest'
import { formatAddress } from '../../src/address.ts'
import { MAX_RULES } from '../../src/config/limits.ts'
import { parseSecurenets } from '../../src/config/securenets.ts'

/** The nets of text that is without a fault. */
function netsOf(text: string): readonly string[] {
  const { nets, faults } = parseSecurenets(text)
  expect(faults).toEqual([])
  return nets.map(({ prefix, bits }) => `${formatAddress(prefix)}/${bits}`)
}

function faultsOf(text: string): readonly string[] {
  return parseSecurenets(text).faults.map(({ line, column, message }) => `${line}:${column}: ${message}`)
}

describe('a securenets file', () => {
  test('names nets as ypserv and illumos write them, in both families', () => {
    const text = [
      '# who may ask',
      '',
      '255.255.255.0\t192.0.2.0',
      'host 198.51.100.7   # a filer',
      '  10.16.0.0/12',
      '0.0.0.0 0.0.0.0',
      'ffff:ffff:: 2001:db8::',
      'host 2001:db8::1',
      '::/0 #everybody',
      ':: ::',
    ].join('\n')
    expect(netsOf(text)).toEqual([
      '192.0.2.0/24',
      '198.51.100.7/32',
      '10.16.0.0/12',
      '0.0.0.0/0',
      '2001:db8::/32',
      '2001:db8::1/128',
      '::/0',
      '::/0',
    ])
  })

  test('means IPv4 by what is mapped into IPv6', () => {
    const mask = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ff00'
    expect(netsOf(`host ::ffff:192.0.2.1\n${mask} ::ffff:192.0.2.0\n::ffff:10.0.0.0/104`)).toEqual([
      '192.0.2.1/32',
      '192.0.2.0/24',
      '10.0.0.0/8',
    ])
  })

  test('may end its lines as on other systems, and without the last end', () => {
    expect(netsOf('host 192.0.2.1\r\n\r\n# x\r\n10.0.0.0/8\r')).toEqual(['192.0.2.1/32', '10.0.0.0/8'])
  })

  test('names nobody when it has comments alone', () => {
    expect(netsOf('')).toEqual([])
    expect(netsOf('# nobody\n   # yet\n')).toEqual([])
  })

  test.each([
    ['192.0.2.1', '1:1: one address alone, expected: host 192.0.2.1'],
    ['example', "1:1: not a net, expected 'MASK NET', 'host ADDRESS' or 'NET/BITS'"],
    ['any', "1:1: not a net, expected 'MASK NET', 'host ADDRESS' or 'NET/BITS'"],
    ['host', "1:1: not a net, expected 'MASK NET', 'host ADDRESS' or 'NET/BITS'"],
    ['192.0.2.0/33', '1:1: prefix is too long, expected at most /32'],
    ['192.0.2.0/024', "1:1: not a net, expected 'MASK NET', 'host ADDRESS' or 'NET/BITS'"],
    ['2001:db8::/129', '1:1: prefix is too long, expected at most /128'],
    ['192.0.2.7/24', '1:1: prefix has bits set after the first 24, expected 192.0.2.0/24'],
    ['192.0.2.0/20', '1:1: prefix has bits set after the first 20, expected 192.0.0.0/20'],
    ['host nfs.example.com', '1:6: not an address, expected one such as 192.0.2.1, and no name'],
    ['host 192.0.2.0/24', '1:6: not an address, expected one such as 192.0.2.1, and no name'],
    ['host fe80::1%eth0', '1:6: not an address, expected one such as 192.0.2.1, and no name'],
    ['HOST 192.0.2.1', '1:1: not a mask, expected one such as 255.255.255.0, or host'],
    ['255.255.255.0 lab', '1:15: not a net, expected an address such as 192.0.2.0, and no name'],
    ['255.255.255.0 192.0.2', '1:15: not a net, expected an address such as 192.0.2.0, and no name'],
    ['255.255.255.0 010.0.0.0', '1:15: not a net, expected an address such as 192.0.2.0, and no name'],
    [
      '255.255.255.0 2001:db8::',
      '1:15: mask of one family and net of the other, expected both of IPv4 or both of IPv6',
    ],
    [
      '255.0.255.0 10.0.1.0',
      '1:1: mask with a zero before a one, expected ones before zeros, as in 255.255.255.0',
    ],
    [
      '192.0.2.0 255.255.255.0',
      '1:1: mask with a zero before a one, expected the mask first: 255.255.255.0 192.0.2.0',
    ],
    [
      '255.255.255.0 192.0.2.7',
      '1:15: net has bits set that its mask has not, expected: 255.255.255.0 192.0.2.0',
    ],
    [
      'ffff:ffff:: 2001:db8::1',
      '1:13: net has bits set that its mask has not, expected: ffff:ffff:: 2001:db8::',
    ],
    ['255.255.255.0 192.0.2.0 lab', '1:25: more than two words, expected the end of the line'],
    ['\n\n  host 192.0.2.1 192.0.2.2', '3:18: more than two words, expected the end of the line'],
  ])('%j is told where and how: %s', (text, fault) => {
    expect(faultsOf(text)).toEqual([fault])
  })

  test('shows nothing of another file that was named by mistake', () => {
    const { faults } = parseSecurenets(
      'root:$6$salt$hash:19000:0:99999:7:::\nbindcred "secret"\nhost pass word\n',
    )
    expect(faults).toHaveLength(3)
    expect(JSON.stringify(faults)).not.toMatch(/salt|secret|pass/)
  })

  test('tells of each wrong line, and still gives the nets of the others', () => {
    const { nets, faults } = parseSecurenets('x\nhost 192.0.2.1\ny\n')
    expect(nets).toHaveLength(1)
    expect(faults.map(({ line }) => line)).toEqual([1, 3])
  })

  test('is bounded, in nets and in faults', () => {
    const { nets, faults } = parseSecurenets('::/0\n'.repeat(MAX_RULES + 5))
    expect(nets).toHaveLength(MAX_RULES)
    expect(faults).toEqual([
      { line: MAX_RULES + 1, column: 1, message: `too many nets, expected at most ${MAX_RULES}` },
    ])
    expect(parseSecurenets('x\n'.repeat(500_000)).faults).toHaveLength(1000)
  })
})
