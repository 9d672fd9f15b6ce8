import { describe, expect, test } from 'vitest'
import { clientsCsv, clientsText } from '../../src/control/clients-text.ts'
import type { Client } from '../../src/messages/usage.ts'
import { NOW } from './status-sample.ts'

const client = (changes: Partial<Client> = {}): Client => ({
  address: '192.0.2.1',
  first: NOW - 86_400,
  last: NOW - 75,
  calls: 1234,
  procedures: ['domain', 'match'],
  maps: [
    { domain: 'example.com', map: 'passwd.byname' },
    { domain: 'example.com', map: 'group.byname' },
  ],
  ...changes,
})

const KNOWN = { since: NOW - 86_400, forgotten: 0 }

describe('for people', () => {
  test('maps have no domain where there is but one', () => {
    const other = client({ maps: [{ domain: 'other.example', map: 'passwd.byname' }] })
    expect(clientsText([client()], KNOWN, NOW)).toContain('  group.byname passwd.byname\n')
    expect(clientsText([client(), other], KNOWN, NOW)).toContain(
      '  group.byname@example.com passwd.byname@example.com\n',
    )
  })

  test('the number of clients comes first, and whether there may have been more', () => {
    expect(clientsText([client()], KNOWN, NOW)).toMatch(/^1 client since [-\d]+ [:\d]+\n\n/)
    expect(clientsText([client(), client()], { ...KNOWN, forgotten: 7 }, NOW)).toMatch(
      /^2 clients since .*; there was no room for more, and 7 times one .* was forgotten\n/,
    )
    expect(clientsText([], null, NOW)).toBe('nobody has asked\n')
  })

  test('nothing in a name drives the terminal, and no clock that was set back makes an age', () => {
    const text = clientsText(
      [client({ maps: [{ domain: 'd', map: 'a\u001b[2J' }], last: NOW + 5 })],
      KNOWN,
      NOW,
    )
    expect(text).toContain('a\\x1b[2J')
    expect(text).toContain('0 s ago')
  })
})

describe('as comma-separated values', () => {
  test('there is a line with names, and one for each client', () => {
    expect(clientsCsv([client(), client({ address: '2001:db8::1', procedures: [], maps: [] })])).toBe(
      'address,last_seen,first_seen,calls,procedures,maps\r\n' +
        '192.0.2.1,2026-11-21T06:58:45Z,2026-11-20T07:00:00Z,1234,domain match,group.byname@example.com passwd.byname@example.com\r\n' +
        '2001:db8::1,2026-11-21T06:58:45Z,2026-11-20T07:00:00Z,1234,,\r\n',
    )
  })

  test.each([
    ['a,b', '"a,b@d"'],
    ['a"b', '"a""b@d"'],
    ['a\r\nb', '"a\r\nb@d"'],
    ['=1+2', "'=1+2@d"],
    ['+a', "'+a@d"],
    ['-a', "'-a@d"],
    ['@a', "'@a@d"],
    ['=HYPERLINK("x,y")', '"\'=HYPERLINK(""x,y"")@d"'],
  ])('a map that is called %j is %s', (map, field) => {
    const text = clientsCsv([client({ maps: [{ domain: 'd', map }] })])
    expect(text.endsWith(`,domain match,${field}\r\n`)).toBe(true)
  })
})
