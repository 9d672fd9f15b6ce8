import { expect, test } from 'vitest'
import { DIRECTORY, DOMAIN, problemsOf, warningsOf } from './check.ts'

const text = (lines: string) => `${DOMAIN}${DIRECTORY}${lines}\n`

const WARNING =
  'whoever reaches this address can read who uses NIS, expected loopback and a proxy that asks for a password, or an address in a network of administrators'

test('metrics at an address that others reach are warned of', () => {
  const lines = [
    'metrics listen 127.0.0.1',
    'metrics listen "::1"',
    'metrics listen 127.8.8.8',
    'metrics listen "::"',
  ]
  expect(warningsOf(text(lines.join('\n')))).toEqual([`t:6:1: ${WARNING}`])
})

test('one address and port are listened on once, however they are written', () => {
  expect(problemsOf(text('metrics listen "::1"\nmetrics listen on "0::1" port 10004'))).toEqual([
    't:4:1: same as the metrics of line 3, expected another address or port',
  ])
})

test('metrics are listened for on eight addresses at most', () => {
  const lines = Array.from({ length: 9 }, (_, at) => `metrics listen 127.0.0.1 port ${at + 1}`)
  expect(problemsOf(text(lines.join('\n')))).toEqual([
    expect.stringMatching(/:1: too many metrics statements, expected at most 8$/),
  ])
})
