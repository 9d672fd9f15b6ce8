import { expect, test } from 'vitest'
import { utf8Octets } from '../../src/directory/octets.ts'
import { rejectionLog } from '../../src/directory/rejection-log.ts'
import type { Rejected } from '../../src/maps/merge.ts'

function start() {
  const lines: string[] = []
  const logRejected = rejectionLog((level, id, text) => lines.push(`${level} ${id}: ${text}`))
  return {
    /** what one refresh logs */
    refresh(...rejected: readonly Rejected[]): readonly string[] {
      logRejected(rejected)
      return lines.splice(0)
    },
  }
}

function row(changes: Partial<Rejected> = {}): Rejected {
  return { directory: 'ldap.example.com', dn: 'uid=x', reason: 'empty user name', ...changes }
}

const LINE = 'warning row-rejected: ldap.example.com: uid=x: empty user name'

test('a row is named once, and not again while it stays as it is', () => {
  const lab = start()
  expect(lab.refresh(row())).toEqual([LINE])
  expect(lab.refresh(row())).toEqual([])
  expect(lab.refresh(row(), row({ dn: 'uid=y' }))).toEqual([LINE.replace('uid=x', 'uid=y')])
  expect(lab.refresh(row({ dn: 'uid=y' }), row())).toEqual([])
})

test('a row that is left out for another reason, or of another directory, is named again', () => {
  const lab = start()
  lab.refresh(row())
  expect(lab.refresh(row({ reason: 'uid "x" is not a number' }))).toHaveLength(1)
  expect(lab.refresh(row({ directory: 'other' }))).toEqual([LINE.replace('ldap.example.com', 'other')])
})

test('a row that was good in between is named again', () => {
  const lab = start()
  lab.refresh(row())
  expect(lab.refresh()).toEqual([])
  expect(lab.refresh(row())).toEqual([LINE])
})

test('the same row twice in one refresh is named once', () => {
  expect(start().refresh(row(), row())).toEqual([LINE])
})

test('a hundred rows are named, of more the number; those not named are not taken for new the next time', () => {
  const lab = start()
  const many = Array.from({ length: 250 }, (_, i) => row({ dn: `uid=${i}` }))
  const lines = lab.refresh(...many.slice(0, 100))
  expect(lines).toHaveLength(100)
  expect(lab.refresh(...many.slice(0, 201))).toEqual([
    ...many.slice(100, 200).map(({ dn }) => LINE.replace('uid=x', dn)),
    'warning row-rejected: and 1 more rows that are left out or cut',
  ])
  expect(lab.refresh(...many.slice(0, 201))).toEqual([])
  expect(lab.refresh(...many).at(-1)).toBe(LINE.replace('uid=x', 'uid=249'))
})

test('octets are shown as the UTF-8 they are as a rule', () => {
  expect(start().refresh(row({ dn: utf8Octets('uid=zoë'), reason: utf8Octets('name "Дмитрий"') }))).toEqual([
    'warning row-rejected: ldap.example.com: uid=zoë: name "Дмитрий"',
  ])
})
