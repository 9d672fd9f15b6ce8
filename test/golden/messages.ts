/**
 * From what was captured to calls with their replies. Reads no more of a message than it takes to pair them.
 */

import type { Capture } from '../support/pcap.ts'

export interface Message {
  /** as it was sent; on a stream with its record marks */
  readonly raw: Buffer
  /** without record marks */
  readonly bytes: Buffer
}

export interface Exchange {
  readonly frame: number
  readonly transport: 'udp' | 'tcp' | 'unix'
  readonly program: number
  readonly version: number
  readonly procedure: number
  readonly call: Message
  /** absent when the server kept silent */
  readonly reply?: Message
}

/** Both directions of a connection to a unix socket. */
export interface Conversation {
  readonly calls: Buffer
  readonly replies: Buffer
}

const CALL = 0

/** RFC 5531 s.11: a record is fragments, each behind its length and a bit that says whether it is the last. */
export function records(stream: Buffer): Message[] {
  const found: Message[] = []
  let start = 0
  let at = 0
  let fragments: Buffer[] = []
  while (at < stream.length) {
    const mark = stream.readUInt32BE(at)
    const end = at + 4 + (mark & 0x7fffffff)
    if (end > stream.length) throw new Error('a stream that ends within a fragment')
    fragments.push(stream.subarray(at + 4, end))
    at = end
    if (mark >>> 31 === 1) {
      found.push({ raw: stream.subarray(start, end), bytes: Buffer.concat(fragments) })
      start = end
      fragments = []
    }
  }
  if (fragments.length > 0) throw new Error('a stream that ends within a record')
  return found
}

const xid = ({ bytes }: Message): number => bytes.readUInt32BE(0)

/** An RPC call has a message type of 0 and an RPC version of 2; other traffic of the loopback interface has not. */
function isCall({ bytes }: Message): boolean {
  return bytes.length >= 40 && bytes.readUInt32BE(4) === CALL && bytes.readUInt32BE(8) === 2
}

function exchange(
  frame: number,
  transport: Exchange['transport'],
  call: Message,
  reply: Message | undefined,
): Exchange {
  return {
    frame,
    transport,
    program: call.bytes.readUInt32BE(12),
    version: call.bytes.readUInt32BE(16),
    procedure: call.bytes.readUInt32BE(20),
    call,
    ...(reply === undefined ? {} : { reply }),
  }
}

function overStream(
  frame: number,
  transport: Exchange['transport'],
  calls: Buffer,
  replies: Buffer,
): Exchange[] {
  const answers = records(replies)
  return records(calls).map((call) => {
    const reply = answers.find((answer) => xid(answer) === xid(call))
    return exchange(frame, transport, call, reply)
  })
}

/** Every RPC exchange of the capture, in the order of the calls. */
export function networkExchanges({ datagrams, streams }: Capture): readonly Exchange[] {
  const found: Exchange[] = []
  for (const { frame, source, target, bytes } of datagrams) {
    const call = { raw: bytes, bytes }
    if (!isCall(call)) continue
    const reply = datagrams.find(
      (other) =>
        other.frame > frame &&
        other.source === target &&
        other.target === source &&
        other.bytes.readUInt32BE(0) === xid(call),
    )
    found.push(exchange(frame, 'udp', call, reply && { raw: reply.bytes, bytes: reply.bytes }))
  }
  for (const { frame, source, target, bytes } of streams) {
    const first = records(bytes)[0]
    if (first === undefined || !isCall(first)) continue
    const back = streams.find((other) => other.source === target && other.target === source)
    found.push(...overStream(frame, 'tcp', bytes, back?.bytes ?? Buffer.alloc(0)))
  }
  return found.sort((a, b) => a.frame - b.frame)
}

export function socketExchanges(conversations: readonly Conversation[]): readonly Exchange[] {
  return conversations.flatMap(({ calls, replies }, index) => overStream(index, 'unix', calls, replies))
}
