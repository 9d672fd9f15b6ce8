import { describe, expect, test } from 'vitest'
import { createDecoder } from '../../src/directory/decoder.ts'
import { DirectoryError } from '../../src/directory/error.ts'
import { createFraming } from '../../src/directory/framing.ts'
import { ENDLESS_ENTRY } from '../directory/endless-entry.ts'
import { bindDone, entry, extendedDone, reference, searchDone } from '../support/ldap-peer.ts'
import { mutate, type Random, runSeed, seededRandom } from '../support/mutate.ts'

const EXECUTIONS = 100_000

const LONGEST = 64 * 1024

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

/** An element of any tag and of a length that now and then is right. */
function randomElement(random: Random, depth: number): Buffer {
  const below = (limit: number) => Math.floor(random() * limit)
  const tags = [0x01, 0x02, 0x04, 0x0a, 0x30, 0x31, 0x61, 0x64, 0x65, 0x73, 0x78, 0x8a, 0xa0, below(256)]
  const inside = Array.from({ length: depth > 0 ? below(4) : 0 }, () => randomElement(random, depth - 1))
  const content = inside.length > 0 ? Buffer.concat(inside) : Buffer.alloc(below(6), below(256))
  const length = below(20) === 0 ? below(256) : content.length & 0x7f
  return Buffer.concat([Buffer.from([tags[below(tags.length)]!, length]), content])
}

const targets: readonly (readonly [name: string, next: (i: number, random: Random) => Buffer])[] = [
  ['mutated responses', (i, random) => mutate(messages[i % messages.length]!, random)],
  [
    // The outer element is right, so that what lies in it is looked at.
    'mutated responses in an envelope that fits',
    (i, random) => {
      const inner = mutate(messages[i % messages.length]!.subarray(2), random).subarray(0, 127)
      return Buffer.concat([Buffer.from([0x30, inner.length]), inner])
    },
  ],
  [
    'random elements behind a message id',
    (_i, random) => {
      const inner = Buffer.concat([Buffer.from([2, 1, 7]), randomElement(random, 3)]).subarray(0, 127)
      return Buffer.concat([Buffer.from([0x30, inner.length]), inner])
    },
  ],
]

describe('nothing but DirectoryError comes out of what reads a server, and it comes to an end', () => {
  test.each(targets)(`${EXECUTIONS} %s`, (name, next) => {
    const seed = runSeed()
    console.log(`${name}: YPLDAP_FUZZ_SEED=${seed}`)
    const random = seededRandom(seed)
    let decoded = 0
    let refused = 0
    for (let i = 0; i < EXECUTIONS; i++) {
      const decode = createDecoder()
      const framing = createFraming(LONGEST, (bytes, start, end) => {
        const { messageId } = decode(bytes, start, end)
        if (!Number.isInteger(messageId)) throw new Error(`a message without an id: ${messageId}`)
        decoded += 1
      })
      const bytes = next(i, random)
      try {
        framing.push(bytes)
      } catch (error) {
        if (!(error instanceof DirectoryError)) {
          throw new Error(`seed ${seed}, execution ${i}: ${bytes.toString('hex')}`, { cause: error })
        }
        refused += 1
      }
    }
    expect(decoded).toBeGreaterThan(0)
    expect(refused).toBeGreaterThan(0)
  })
})
