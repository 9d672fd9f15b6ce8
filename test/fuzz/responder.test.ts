import { describe, expect, test } from 'vitest'
import { decodeCall } from '../../rpc/call.ts'
import { DecodeError } from '../../rpc/errors.ts'
import { XdrReader } from '../../rpc/xdr-reader.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import { UDP_REPLY_BYTES } from '../../src/server/limits.ts'
import { type Caller, Responder } from '../../src/server/responder.ts'
import { Served } from '../../src/server/served.ts'
import { readVectors } from '../golden/vectors.ts'
import { LAB_DOMAIN } from '../support/lab-host.ts'
import { mutate, runSeed, seededRandom } from '../support/mutate.ts'
import { group, imageOf, rows, user } from '../support/rows.ts'
import { newCall, readReply } from '../support/rpc-codec.ts'
import { HERE } from '../support/rules.ts'

const EXECUTIONS = 100_000

/** All calls of YP that were captured, without record marks. */
const seeds = ['yp-tools', 'libnss-nis', 'calls']
  .flatMap((file) => readVectors(file))
  .filter(({ direction, program }) => direction === 'call' && program === 100004)
  .map(({ hex, transport }) => Buffer.from(hex, 'hex').subarray(transport === 'udp' ? 0 : 4))

/** The users that the captured calls ask for, and so many others that passwd.* is longer than a datagram. */
const names = ['alice', 'bob', 'carol', 'dave', 'erin', ...Array.from({ length: 200 }, (_, i) => `user${i}`)]
const users = names.map((name, index) => user({ name, uid: String(10_001 + index) }))
const image = imageOf([rows(users, [group({ members: names }), group({ name: 'wheel', gid: '20002' })])], {
  domain: LAB_DOMAIN,
  recordLimit: 65_536,
})
const served = new Served()
served.serve(image)

/** Each caller with the bytes for a reply's head that its transport has. */
const callers: readonly (readonly [caller: Caller, headBytes: number])[] = [
  [{ reserved: false, limit: UDP_REPLY_BYTES, ...HERE }, UDP_REPLY_BYTES],
  [{ reserved: true, limit: UDP_REPLY_BYTES, ...HERE }, UDP_REPLY_BYTES],
  [{ reserved: false, limit: Infinity, ...HERE }, 128],
  [{ reserved: true, limit: Infinity, ...HERE }, 128],
]

/** What came of a call; throws for a reply that no client could read. */
function answer(responder: Responder, bytes: Buffer, caller: Caller, headBytes: number): string {
  const head = new XdrWriter(Buffer.alloc(headBytes))
  if (!responder.respond(bytes, 0, bytes.length, caller, head)) return 'silence'
  const { body, bodyStart, bodyEnd } = responder
  if (body !== undefined && !(0 <= bodyStart && bodyStart <= bodyEnd && bodyEnd <= body.length)) {
    throw new Error(`a body from ${bodyStart} to ${bodyEnd} of ${body.length} bytes`)
  }
  const reply = Buffer.concat([head.written(), body?.subarray(bodyStart, bodyEnd) ?? Buffer.alloc(0)])
  if (reply.length > caller.limit) throw new Error(`a reply of ${reply.length} bytes`)
  const call = newCall()
  decodeCall(new XdrReader(bytes), call)
  const { fields, left } = readReply(call, reply)
  if (left > 0) throw new Error(`${left} bytes behind the reply`)
  if (fields['xid'] !== bytes.readUInt32BE(0)) throw new Error('the xid of another call')
  return String(fields['accept'] ?? fields['kind'])
}

describe('a call gets silence, a DecodeError, or a reply that decodes and fits its transport', () => {
  test(`${EXECUTIONS} mutations of captured calls`, () => {
    const seed = runSeed()
    console.log(`YPLDAP_FUZZ_SEED=${seed}`)
    const random = seededRandom(seed)
    // One for all calls, as in the server: nothing of one may be left for the next.
    const responder = new Responder(served)
    const outcomes = new Map<string, number>()
    for (let i = 0; i < EXECUTIONS; i++) {
      const [caller, headBytes] = callers[i % callers.length]!
      const bytes = mutate(seeds[Math.floor(random() * seeds.length)]!, random)
      let outcome: string
      try {
        outcome = answer(responder, bytes, caller, headBytes)
      } catch (error) {
        if (!(error instanceof DecodeError) || error.stack?.includes('readReply') === true) {
          throw new Error(`seed ${seed}, execution ${i}: ${bytes.toString('hex')}`, { cause: error })
        }
        outcome = 'no call'
      }
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    expect([...outcomes.keys()].sort()).toEqual([
      'GARBAGE_ARGS',
      'PROC_UNAVAIL',
      'PROG_MISMATCH',
      'PROG_UNAVAIL',
      'SUCCESS',
      'auth-error',
      'no call',
      'rpc-mismatch',
      'silence',
    ])
  })
})
