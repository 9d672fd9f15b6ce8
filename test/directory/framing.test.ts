import fc from 'fast-check'
import { expect, test } from 'vitest'

import { createFraming } from '../../src/directory/framing.ts'
import { bindDone, entry, searchDone } from '../support/ldap-peer.ts'

const LIMIT = 100_000
const MESSAGES = [
  bindDone(1),
  entry(2, 'cn=a', { cn: ['x'.repeat(200)] }),
  entry(2, 'cn=b', { cn: ['y'.repeat(70_000)] }),
  searchDone(2),
]

function collect(limit = LIMIT) {
  const messages: Buffer[] = []
  const framing = createFraming(limit, (bytes, start, end) => {
    messages.push(bytes.subarray(start, end))
  })
  return { messages, framing }
}

test('messages come out whole wherever the stream is cut', () => {
  const stream = Buffer.concat(MESSAGES)
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: stream.length }), { maxLength: 30 }), (cuts) => {
      const { messages, framing } = collect()
      const ends = [...cuts, stream.length].sort((a, b) => a - b)
      let at = 0
      for (const end of ends) {
        framing.push(stream.subarray(at, end))
        at = end
      }
      expect(messages).toEqual(MESSAGES)
      expect(framing.held).toBe(0)
    }),
  )
})

test('messages come out whole when every byte comes alone', () => {
  const { messages, framing } = collect()
  for (const byte of Buffer.concat(MESSAGES)) framing.push(Buffer.from([byte]))
  expect(messages).toEqual(MESSAGES)
})

test('what is not yet a whole message is held', () => {
  const { messages, framing } = collect()
  framing.push(bindDone(1).subarray(0, 5))
  expect(framing.held).toBe(5)
  expect(messages).toEqual([])
})

test('a message beyond the limit is refused at its header, and those before it are given', () => {
  const { messages, framing } = collect(1000)
  const large = entry(2, 'cn=a', { cn: ['x'.repeat(1000)] })
  expect(() => framing.push(Buffer.concat([bindDone(1), large.subarray(0, 6)]))).toThrow('at most 1000')
  expect(messages).toEqual([bindDone(1)])
})

test('a length of 4 GiB is refused, not believed', () => {
  expect(() => collect().framing.push(Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff]))).toThrow(
    '4294967301',
  )
})

test.each([
  ['an indefinite length', [0x30, 0x80]],
  ['a length of five bytes', [0x30, 0x85, 0, 0, 0, 0, 1]],
])('%s is refused', (_what, bytes) => {
  expect(() => collect().framing.push(Buffer.from(bytes))).toThrow('a length LDAP does not allow')
})

test('what is not LDAP is refused at its first byte and quoted', () => {
  expect(() => collect().framing.push(Buffer.from('HTTP/1.1 400 Bad Request'))).toThrow('(it sent "HTTP")')
})
