import { expect, test } from 'vitest'
import { recordJson, recordLine } from '../../src/control/records-text.ts'

const latin1 = (text: string) => Buffer.from(text, 'utf8').toString('latin1')

test('a value is printed as the very bytes that the map holds', () => {
  const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  const record = { key: 'k', value: every.toString('latin1') }
  expect(recordLine(record, false, false)).toEqual(Buffer.concat([every, Buffer.from('\n')]))
})

test('with keys each stands before its value, as ypcat -k has it', () => {
  const record = { key: latin1('zoë'), value: latin1('zoë:*:1') }
  expect(recordLine(record, true, false).toString()).toBe('zoë zoë:*:1\n')
})

test('a terminal is driven by no value, and shows text in any script', () => {
  const record = { key: 'k', value: latin1('木\u001b[2J\u009b') }
  expect(recordLine(record, false, true).toString()).toBe('木\\x1b[2J\\x9b\n')
})

test('in JSON what is UTF-8 is text, and what is not is in base64', () => {
  expect(recordJson({ key: latin1('zoë'), value: latin1('木\u0000') })).toEqual({
    key: 'zoë',
    value: '木\u0000',
  })
  expect(recordJson({ key: '\u00ff', value: 'a\u00c3' })).toEqual({ key64: '/w==', value64: 'YcM=' })
})
