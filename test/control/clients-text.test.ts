import { describe, expect, test } from 'vitest'
import { clientsText } from '../../src/control/clients-text.ts'
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
      '  example.com/group.byname example.com/passwd.byname\n',
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
