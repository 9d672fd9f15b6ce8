import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS, LIMIT_TABLE } from '../../src/config/limit-table.ts'
import { configOf, problemsOf } from './check.ts'

const BOTH = 'domain "example.com"\ndirectory h { basedn b }\n'
const limitsOf = (...lines: readonly string[]) => configOf(`${BOTH}${lines.join('\n')}\n`).limits
const problem = (line: string) => problemsOf(`${BOTH}${line}\n`).map((text) => text.replace(/^t:3:/, ''))

describe('a limit', () => {
  test.each(LIMIT_TABLE)('$words takes both ends of its range', ({ words, key, least, most }) => {
    expect(limitsOf(`limit ${words} ${least}`)).toEqual({ ...DEFAULT_LIMITS, [key]: least })
    expect(limitsOf(`limit ${words} ${most}`)).toEqual({ ...DEFAULT_LIMITS, [key]: most })
  })

  test.each(LIMIT_TABLE)('$words has its default within its range', (row) => {
    expect(row.default).toBeGreaterThanOrEqual(row.least)
    expect(row.default).toBeLessThanOrEqual(row.most)
    expect(limitsOf()[row.key]).toBe(row.default)
  })

  test.each(LIMIT_TABLE)('$words beyond its range is a problem that names it', (row) => {
    const { words, least, most, unit } = row
    for (const number of [least - 1, most + 1]) {
      expect(problem(`limit ${words} ${number}`)).toEqual([
        `${words.length + 8}: number out of range, expected a number of ${unit} from ${least} to ${most}`,
      ])
    }
  })

  test('is what the last line for it says', () => {
    expect(limitsOf('limit tcp idle 3', 'limit tcp stalled 4', 'limit tcp idle 5')).toEqual({
      ...DEFAULT_LIMITS,
      tcpIdle: 5,
      tcpStalled: 4,
    })
  })

  test('of all connections and that of one address are told apart by their words', () => {
    expect(limitsOf('limit tcp connections per address 7', 'limit tcp connections 70')).toMatchObject({
      tcpConnections: 70,
      tcpConnectionsPerAddress: 7,
    })
  })

  test('is for the whole process, so in a block it is a problem', () => {
    expect(problemsOf(`domain "a" {\nlimit tcp idle 3\ndirectory h { basedn b }\n}\n`)).toHaveLength(1)
  })

  test.each([
    ['limit', '6: unexpected end of the line, expected one of the limits tcp, udp, ldap'],
    ['limit tpc idle 1', '7: unexpected word, expected one of the limits tcp, udp, ldap'],
    [
      'limit tcp 1',
      '11: unexpected number, expected one of the limits request, fragments, idle, unfinished, stalled, ' +
        'connections, in, outbound',
    ],
    ['limit tcp in 1', '14: unexpected number, expected one of the limits flight'],
    ['limit tcp idle', '15: unexpected end of the line, expected a number of seconds from 1 to 3600'],
    ['limit tcp idle 5s', '16: unexpected word, expected a number of seconds from 1 to 3600'],
    ['limit tcp connections per 5', '27: unexpected number, expected one of the limits address'],
    ['limit tcp idle 5 6', '18: unexpected number, expected the end of the line'],
  ])('%s is no such thing', (line, expected) => {
    expect(problem(line)).toEqual([expected])
  })
})
