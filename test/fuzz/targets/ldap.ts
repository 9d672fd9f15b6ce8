/** What an LDAP server sends, cut anywhere: nothing but DirectoryError comes out of what reads it, and it comes to an end. */
import { createDecoder } from '../../../src/directory/decoder.ts'
import { DirectoryError } from '../../../src/directory/error.ts'
import { createFraming } from '../../../src/directory/framing.ts'
import { ENDLESS_ENTRY } from '../../directory/endless-entry.ts'
import { bindDone, entry, extendedDone, reference, searchDone } from '../../support/ldap-peer.ts'
import type { Target } from '../target.ts'

const LONGEST_MESSAGE = 64 * 1024

const messages = [
  bindDone(1),
  bindDone(1, 49, 'no such password'),
  entry(2, 'uid=alice,dc=x', { uid: ['alice'], uidNumber: ['1'], memberUid: ['a', 'b', 'c'] }),
  entry(300, '', { 'jpegPhoto;binary': [Buffer.alloc(200, 0xff)], empty: [] }),
  reference(2, 'ldap://other/dc=x'),
  searchDone(2),
  searchDone(2, 4, { text: 'too many' }),
  searchDone(2, 0, { cookie: 'next' }),
  extendedDone(3, 0, '', '1.3.6.1.4.1.1466.20037'),
  ENDLESS_ENTRY,
]

/** Tags, with lengths and without: elements that chance would be long in making. */
const tokens = [
  '\x30\x84\0\0\0\x05',
  '\x30\x05',
  '\x02\x01\x07',
  '\x04\x00',
  '\x04\x01a',
  '\x0a\x01\x00',
  '\x31\x00',
  '\xa0\x00',
  '\x61\x07',
  '\x64\x05',
  '\x65\x07',
  '\x73\x03',
  '\x78\x07',
  '\x8a\x01a',
  '\x01\x01\xff',
  '\x04\x84\xff\xff\xff\xff',
  '\x30\x80',
]

function decoded(bytes: Buffer, size: number): number {
  const decode = createDecoder()
  let count = 0
  const framing = createFraming(LONGEST_MESSAGE, (message, start, end) => {
    const { messageId } = decode(message, start, end)
    if (!Number.isInteger(messageId)) throw new Error(`a message without an id: ${messageId}`)
    count += 1
  })
  for (let at = 0; at < bytes.length; at += size) framing.push(Buffer.from(bytes.subarray(at, at + size)))
  if (framing.held > bytes.length) throw new Error(`${framing.held} bytes of ${bytes.length} are held`)
  return count
}

/** The outer length is made right, so that what lies in it is looked at. */
function enveloped(bytes: Buffer): void {
  const inner = bytes.subarray(2, 2 + 127)
  decoded(Buffer.concat([Buffer.of(0x30, inner.length), inner]), LONGEST_MESSAGE)
}

export const targets: readonly Target[] = [
  {
    name: 'ldap/stream',
    seeds: [...messages, Buffer.concat(messages.slice(0, 8))],
    tokens,
    refusals: [DirectoryError],
    run: (bytes) => {
      const size = 1 + ((bytes[6] ?? 0) % 40)
      if (decoded(bytes, bytes.length || 1) !== decoded(bytes, size)) {
        throw new Error(`other messages in chunks of ${size} bytes`)
      }
    },
  },
  {
    name: 'ldap/message',
    seeds: messages.filter(({ length }) => length <= 2 + 127),
    tokens,
    longest: 2 + 127,
    refusals: [DirectoryError],
    run: enveloped,
  },
]
