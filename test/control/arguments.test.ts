import { describe, expect, test } from 'vitest'
import { readArguments, UsageError } from '../../src/control/arguments.ts'

const DEFAULT = '/default.sock'

function read(line: string) {
  return readArguments(line === '' ? [] : line.split(' '), DEFAULT)
}

describe('the command line', () => {
  test.each([
    ['', { kind: 'status' }],
    ['status', { kind: 'status' }],
    ['refresh', { kind: 'refresh', force: false }],
    ['refresh --force', { kind: 'refresh', force: true }],
    ['refresh --force ldap.example.com', { kind: 'refresh', force: true, directory: 'ldap.example.com' }],
    ['reload', { kind: 'reload' }],
    ['check', { kind: 'check' }],
    ['log debug', { kind: 'log', level: 'debug' }],
    ['maps', { kind: 'maps' }],
    ['match passwd.byname alice', { kind: 'match', map: 'passwd.byname', key: 'alice' }],
    ['match passwd.byname -- -alice', { kind: 'match', map: 'passwd.byname', key: '-alice' }],
    ['cat passwd.byname', { kind: 'cat', map: 'passwd.byname' }],
    ['clients', { kind: 'clients' }],
    ['rejected', { kind: 'rejected' }],
    ['explain user zoë', { kind: 'explain', name: 'zoë' }],
    ['stop', { kind: 'stop' }],
  ])('%j asks for it', (line, request) => {
    expect(read(line)).toEqual({ socket: DEFAULT, json: false, keys: false, csv: false, request })
  })

  test('a key is its bytes in UTF-8', () => {
    expect(read('match m zoë')?.request).toEqual({ kind: 'match', map: 'm', key: 'zo\u00c3\u00ab' })
  })

  test('options stand before or behind the command', () => {
    const expected = { socket: '/a', json: true, keys: true, csv: false, request: { kind: 'cat', map: 'm' } }
    expect(read('-s /a --json cat -k m')).toEqual(expected)
    expect(read('cat m --keys --json --socket /a')).toEqual(expected)
  })

  test('--csv is for clients', () => {
    expect(read('clients --csv')).toMatchObject({ csv: true, request: { kind: 'clients' } })
  })

  test('-d names the domain, for all that is of one', () => {
    expect(read('-d a maps')?.request).toEqual({ kind: 'maps', domain: 'a' })
    expect(read('refresh --force -d a')?.request).toEqual({ kind: 'refresh', force: true, domain: 'a' })
    expect(read('cat -d a m')?.request).toEqual({ kind: 'cat', map: 'm', domain: 'a' })
    expect(read('--domain a match m k')?.request).toEqual({ kind: 'match', map: 'm', key: 'k', domain: 'a' })
    expect(read('rejected -d a')?.request).toEqual({ kind: 'rejected', domain: 'a' })
    // The daemon tells of all, and ypldapctl shows the one.
    expect(read('-d a')).toMatchObject({ domain: 'a', request: { kind: 'status' } })
  })

  test.each(['-h', '--help', 'cat -h'])('%s asks for the usage', (line) => {
    expect(read(line)).toBeUndefined()
  })

  test.each([
    ['reboot', 'no such command: reboot'],
    ['--json init', 'init is the first word, and has options of its own: ypldapctl init -h'],
    ['status now', 'status: 1 operands, expected 0'],
    ['match m', 'match: 1 operands, expected 2'],
    ['cat', 'cat: 0 operands, expected 1'],
    ['explain alice', 'explain: 1 operands, expected 2'],
    ['explain map passwd.byname', 'explain: "map" can\'t be explained, expected user'],
    ['refresh a b', 'refresh: 2 operands, expected 0 to 1'],
    ['log loud', 'log: "loud" is no level, expected error, warning, info or debug'],
    ['cat --force m', '--force belongs to refresh'],
    ['reload -d a', '-d belongs to status, refresh, maps, match, cat, rejected, explain, not to reload'],
    [`maps -d ${'a'.repeat(65)}`, 'maps.domain: text of up to 64 characters expected'],
    ['cat --csv m', '--csv belongs to clients, without --json'],
    ['clients --csv --json', '--csv belongs to clients, without --json'],
    ['clients -d a', '-d belongs to status, refresh, maps, match, cat, rejected, explain, not to clients'],
    ['status -k', '-k belongs to cat and match'],
    [`cat ${'m'.repeat(65)}`, 'cat.map: text of up to 64 characters expected'],
    [`refresh ${'m'.repeat(5000)}`, 'refresh.directory: text of up to 4096 characters expected'],
    ['--verbose', "Unknown option '--verbose'"],
    ['-s', "Option '-s, --socket <value>' argument missing"],
  ])('%j is wrong usage', (line, message) => {
    expect(() => read(line)).toThrow(UsageError)
    expect(() => read(line)).toThrow(message)
  })
})
