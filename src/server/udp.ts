/** YP over UDP: a datagram is a call, its reply goes back where it came from. */
import type { RemoteInfo, Socket } from 'node:dgram'
import { DecodeError } from '../../rpc/errors.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import { MOST_UDP_REPLY } from '../config/limit-table.ts'
import type { ServerLimits } from '../messages/server.ts'
import { addressOf } from './address-of.ts'
import type { Answerer, Asking, Caller } from './answerer.ts'
import type { UdpCounters } from './counters.ts'
import { UDP_CALL_BYTES, UDP_REPLIES_IN_FLIGHT } from './limits.ts'
import type { Notices } from './notices.ts'
import { rarely } from './rarely.ts'
import { Rates } from './rates.ts'
import type { Service, Serving } from './service.ts'

/** A reply's buffer, with the callback that makes it free again: made once, used for many replies. */
interface Slot {
  /** when the call came, by performance.now() */
  came: number
  readonly writer: XdrWriter
  readonly sent: (error: Error | null) => void
}

/** Before the first caller. */
const NOBODY = new Uint8Array(4)

export interface UdpServing extends Serving {
  readonly notices: Notices
}

/** Answers on a bound socket until it is closed. */
export function serveUdp(
  socket: Socket,
  { served, responder, stranger, limits, counters, notices, log }: UdpServing,
): Service {
  const { udp: counted } = counters
  const free: Slot[] = []
  const caller: Asking = {
    reserved: false,
    bytes: NOBODY,
    start: 0,
    length: NOBODY.length,
    limit: 0,
  }
  const rates = new Rates()
  /** those that are applied */
  let known: ServerLimits | undefined
  let slots = 0
  let draining = false
  let closed = false
  const close = () => {
    if (!closed) socket.close()
    closed = true
  }
  /** With the socket would go the replies that the kernel has not taken yet. */
  const closeWhenSent = () => {
    if (draining && free.length === slots) close()
  }
  /** Also applies limits that have changed. */
  const isWithinRate = () => {
    if (known !== limits()) {
      known = limits()
      rates.set(known)
      caller.limit = known.udpReply
    }
    rates.now = performance.now()
    return rates.take(caller.bytes, caller.start, caller.length)
  }
  const takeSlot = (): Slot | undefined => {
    const slot = free.pop()
    if (slot !== undefined || slots === UDP_REPLIES_IN_FLIGHT) return slot
    slots += 1
    const fresh: Slot = {
      came: 0,
      writer: new XdrWriter(Buffer.alloc(MOST_UDP_REPLY)),
      // A reply that can't be sent is lost like any datagram: the client asks again.
      sent: (error) => {
        if (error === null) {
          counted.replies += 1
          counters.latency.udp.count(performance.now() - fresh.came, 1)
        } else {
          counted.unsent += 1
        }
        free.push(fresh)
        closeWhenSent()
      },
    }
    return fresh
  }

  socket.on(
    'error',
    rarely((error: Error, count) => {
      log('warning', 'udp-error', `receiving a datagram failed: ${error.message}; ${count} times so far`)
    }),
  )
  socket.on('error', () => {
    counted.receiveErrors += 1
  })
  socket.on('message', (request: Buffer, from: RemoteInfo) => {
    counted.calls += 1
    // Nobody can be answered on port 0, and Node throws when told to send there: forged, or RFC 768's "no port".
    if (from.port === 0 || request.length > UDP_CALL_BYTES) {
      counted.undecodable += 1
      return
    }
    const bytes = addressOf(from.address)
    if (bytes === undefined) return
    caller.bytes = bytes
    caller.length = bytes.length
    caller.reserved = from.port < 1024
    if (!served.admits(caller)) {
      counted.strangers += 1
      stranger(from.address)
      return
    }
    if (!isWithinRate()) {
      counted.limited += 1
      notices.tooMany({ address: from.address, rate: rates.rate, dryRun: rates.dryRun })
      if (!rates.dryRun) return
    }
    const slot = takeSlot()
    if (slot === undefined) {
      counted.unsent += 1
      return
    }
    const { writer } = slot
    writer.offset = 0
    // When it was looked at; there is no telling how long it lay in a queue.
    slot.came = rates.now
    served.usage.tick()
    if (!answer(responder, request, caller, writer, counted)) {
      if (responder.refused !== undefined) {
        counted.strangers += 1
        stranger(from.address, responder.refused.name)
      }
      free.push(slot)
      return
    }
    if (responder.tooLong > 0) {
      counted.tooLarge += 1
      notices.tooLarge({ ...responder.subject, bytes: responder.tooLong, limit: caller.limit })
    }
    socket.send(writer.bytes, 0, writer.offset, from.port, from.address, slot.sent)
  })
  return {
    inform() {},
    drain: () =>
      new Promise((resolve) => {
        if (closed) resolve()
        else socket.once('close', resolve)
        draining = true
        closeWhenSent()
      }),
    close,
  }
}

/** The whole reply in the writer; false when there is none. Bytes that are no call get none. */
function answer(
  responder: Answerer,
  request: Buffer,
  caller: Caller,
  writer: XdrWriter,
  counted: UdpCounters,
): boolean {
  try {
    if (!responder.respond(request, 0, request.length, caller, writer)) return false
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    counted.undecodable += 1
    return false
  }
  const { body, bodyStart, bodyEnd } = responder
  if (body !== undefined) body.copy(writer.bytes, writer.claim(bodyEnd - bodyStart), bodyStart, bodyEnd)
  return true
}
