/**
 * All calls of the benchmark and their right answers, encoded beforehand and compared word by word: checking each
 * reply must cost the generator next to nothing.
 */
import { encodeCall } from '../../rpc/call.ts'
import { AcceptStat, encodeAccepted } from '../../rpc/reply.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import { YP_PROGRAM, YP_VERSION, YpProcedure, YpStat } from '../../rpc/yp.ts'
import { encodeKey, encodeNoKey } from '../../rpc/yp-arguments.ts'
import { domainOf, nameOf, passwdOf, uidOf } from './data.ts'

/** Messages one behind the other. All XDR is made of words, so all of this is. */
export interface Arena {
  readonly words: Uint32Array
  /** where each begins, and behind the last where it ends, in words */
  readonly starts: Uint32Array
}

/** Words of a reply before its results: xid, REPLY, MSG_ACCEPTED, a verifier of two, SUCCESS. */
export const REPLY_HEAD_WORDS = 6

const MESSAGE_BYTES = 1024

function arenaOf(count: number, encode: (writer: XdrWriter, index: number) => void): Arena {
  const writer = new XdrWriter(Buffer.alloc(MESSAGE_BYTES))
  const starts = new Uint32Array(count + 1)
  let words = new Uint32Array(count * 64)
  for (let index = 0; index < count; index++) {
    writer.offset = 0
    encode(writer, index)
    const start = starts[index]!
    const end = start + writer.offset / 4
    if (end > words.length) {
      const larger = new Uint32Array(end * 2)
      larger.set(words)
      words = larger
    }
    new Uint8Array(words.buffer, start * 4, writer.offset).set(writer.written())
    starts[index + 1] = end
  }
  return { words: words.slice(0, starts[count]), starts }
}

function call(writer: XdrWriter, procedure: number): void {
  encodeCall(writer, { xid: 0, program: YP_PROGRAM, version: YP_VERSION, procedure })
}

/** MATCH of each user by name, then of each by number. */
export function matchCalls(users: number): Arena {
  const domain = domainOf(users)
  return arenaOf(users * 2, (writer, index) => {
    call(writer, YpProcedure.MATCH)
    if (index < users) encodeKey(writer, domain, 'passwd.byname', nameOf(index))
    else encodeKey(writer, domain, 'passwd.byuid', uidOf(index - users))
  })
}

/** The right answer for each user, by name or by number. */
export function matchReplies(users: number): Arena {
  return arenaOf(users, (writer, index) => encodeReply(writer, passwdOf(index)))
}

function encodeReply(writer: XdrWriter, value: string): void {
  encodeAccepted(writer, 0, AcceptStat.SUCCESS)
  writer.uint32(YpStat.TRUE)
  writer.string(value)
}

/** What the floors say to every call; only the xid is filled in. */
export function constantReply(): Uint32Array {
  return arenaOf(1, (writer) => encodeReply(writer, passwdOf(0))).words
}

function oneCall(procedure: number, encode: (writer: XdrWriter) => void): Buffer {
  const writer = new XdrWriter(Buffer.alloc(MESSAGE_BYTES))
  call(writer, procedure)
  encode(writer)
  return writer.written()
}

export function firstCall(users: number): Buffer {
  return oneCall(YpProcedure.FIRST, (writer) => encodeNoKey(writer, domainOf(users), 'passwd.byname'))
}

export function allCall(users: number): Buffer {
  return oneCall(YpProcedure.ALL, (writer) => encodeNoKey(writer, domainOf(users), 'passwd.byname'))
}

/** NEXT without its key: the caller adds it. */
export function nextCall(users: number): Buffer {
  return oneCall(YpProcedure.NEXT, (writer) => encodeNoKey(writer, domainOf(users), 'passwd.byname'))
}

/** Whether `length` words here and there are the same. */
export function sameWords(a: Uint32Array, atA: number, b: Uint32Array, atB: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    if (a[atA + i] !== b[atB + i]) return false
  }
  return true
}
