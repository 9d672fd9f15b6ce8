/** A call gets silence, a DecodeError, or a reply that decodes, is its own and fits its transport. */
import { decodeCall } from '../../../rpc/call.ts'
import { DecodeError } from '../../../rpc/errors.ts'
import { XdrReader } from '../../../rpc/xdr-reader.ts'
import { XdrWriter } from '../../../rpc/xdr-writer.ts'
import { MOST_UDP_REPLY } from '../../../src/config/limit-table.ts'
import type { Caller } from '../../../src/server/answerer.ts'
import { Responder } from '../../../src/server/responder.ts'
import { Served } from '../../../src/server/served.ts'
import { readVectors } from '../../golden/vectors.ts'
import { LAB_DOMAIN } from '../../support/lab-host.ts'
import { group, imageOf, rows, user } from '../../support/rows.ts'
import { newCall, readReply } from '../../support/rpc-codec.ts'
import { HERE } from '../../support/rules.ts'
import { Refused, type Target } from '../target.ts'

/** All calls of YP that were captured, without record marks, each once. */
const calls = ['yp-tools', 'libnss-nis', 'calls']
  .flatMap((file) => readVectors(file))
  .filter(({ direction, program }) => direction === 'call' && program === 100004)
  .map(({ hex, transport }) => hex.slice(transport === 'udp' ? 0 : 8))
const seeds = [...new Set(calls)].map((hex) => Buffer.from(hex, 'hex'))

/** The users that the captured calls ask for, and so many others that passwd.* is longer than a datagram. */
const names = ['alice', 'bob', 'carol', 'dave', 'erin', ...Array.from({ length: 200 }, (_, i) => `user${i}`)]
const users = names.map((name, index) => user({ name, uid: String(10_001 + index) }))
const image = imageOf([rows(users, [group({ members: names }), group({ name: 'wheel', gid: '20002' })])], {
  domain: LAB_DOMAIN,
  recordLimit: 65_536,
})
const served = new Served()
served.serve(image)

/** Bytes for a reply's head that TCP has. */
const TCP_HEAD_BYTES = 128

/** Each caller with the bytes that its transport has for a reply's head. */
const callers: readonly (readonly [caller: Caller, head: Buffer])[] = [
  [{ reserved: false, limit: MOST_UDP_REPLY, ...HERE }, Buffer.alloc(MOST_UDP_REPLY)],
  [{ reserved: true, limit: MOST_UDP_REPLY, ...HERE }, Buffer.alloc(MOST_UDP_REPLY)],
  [{ reserved: false, limit: Infinity, ...HERE }, Buffer.alloc(TCP_HEAD_BYTES)],
  [{ reserved: true, limit: Infinity, ...HERE }, Buffer.alloc(TCP_HEAD_BYTES)],
]

// One for all calls, as in the server: nothing of one may be left for the next.
const responder = new Responder(served)

function answered(bytes: Buffer, caller: Caller, room: Buffer): boolean {
  const head = new XdrWriter(room)
  if (!responder.respond(bytes, 0, bytes.length, caller, head)) return false
  const { body, bodyStart, bodyEnd } = responder
  if (body !== undefined && !(0 <= bodyStart && bodyStart <= bodyEnd && bodyEnd <= body.length)) {
    throw new Error(`a body from ${bodyStart} to ${bodyEnd} of ${body.length} bytes`)
  }
  checkReply(bytes, Buffer.concat([head.written(), body?.subarray(bodyStart, bodyEnd) ?? Buffer.alloc(0)]))
  if (head.offset + bodyEnd - bodyStart > caller.limit)
    throw new Error(`a reply of ${bodyEnd - bodyStart} bytes`)
  return true
}

function checkReply(bytes: Buffer, reply: Buffer): void {
  const call = newCall()
  decodeCall(new XdrReader(bytes), call)
  let read: ReturnType<typeof readReply>
  try {
    read = readReply(call, reply)
  } catch (error) {
    throw new Error(`a reply that can't be read: ${reply.toString('hex')}`, { cause: error })
  }
  if (read.left > 0) throw new Error(`${read.left} bytes behind the reply`)
  if (read.fields['xid'] !== bytes.readUInt32BE(0)) throw new Error('the xid of another call')
}

export const targets: readonly Target[] = [
  {
    name: 'responder/calls',
    seeds,
    tokens: [
      LAB_DOMAIN,
      'passwd.byname',
      'YP_LAST_MODIFIED',
      'group.bygid',
      'alice',
      '\0\0\0\x05',
      '\0\x01\x86\xa4',
    ],
    longest: MOST_UDP_REPLY,
    refusals: [DecodeError, Refused],
    run: (bytes) => {
      const [caller, head] = callers[(bytes[3] ?? 0) % callers.length]!
      if (!answered(bytes, caller, head)) throw new Refused()
    },
  },
]
