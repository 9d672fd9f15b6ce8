import fc from 'fast-check'
import { expect, test } from 'vitest'
import { clientsCsv } from '../../src/control/clients-csv.ts'
import type { Client } from '../../src/messages/usage.ts'

const CLIENT: Client = {
  address: '192.0.2.17',
  first: 1_795_244_400,
  last: 1_795_244_460,
  calls: 42,
  procedures: ['domain', 'match'],
  maps: [
    { domain: 'example.com', map: 'passwd.byname' },
    { domain: 'example.com', map: 'group.byname' },
  ],
}

/** RFC 4180 as a reader has it. */
function read(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [[]]
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain!)
    if (end === '\r\n') rows.push([])
  }
  expect(rows.pop()).toEqual([])
  return rows
}

test('each client is a line with the times of its first and its last call, and what it asked for', () => {
  expect(clientsCsv([CLIENT, { ...CLIENT, address: '2001:db8::1', procedures: ['domain'], maps: [] }])).toBe(
    [
      'address,first seen,last seen,calls,procedures,maps\r\n',
      '192.0.2.17,2026-11-21T07:00:00Z,2026-11-21T07:01:00Z,42,domain match,example.com/group.byname example.com/passwd.byname\r\n',
      '2001:db8::1,2026-11-21T07:00:00Z,2026-11-21T07:01:00Z,42,domain,\r\n',
    ].join(''),
  )
})

test('without clients there is the header alone', () => {
  expect(read(clientsCsv([]))).toHaveLength(1)
})

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'])('%j begins no cell', (domain) => {
  const [, [, , , , , maps] = []] = read(clientsCsv([{ ...CLIENT, maps: [{ domain, map: 'm' }] }]))
  expect(maps).toBe(`'${domain}/m`)
})

test('whatever a map is called, a reader finds as many cells as there are, and the name in its own', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 5 }), (names) => {
      const rows = read(
        clientsCsv(names.map((map) => ({ ...CLIENT, maps: [{ domain: 'example.com', map }] }))),
      )
      expect(rows.map((row) => row.length)).toEqual([6, ...names.map(() => 6)])
      expect(rows.slice(1).map((row) => row[5])).toEqual(names.map((map) => `example.com/${map}`))
    }),
  )
})
