/** A client that calls every 5 ms, for one key, and never twice for one answer. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { YpProcedure } from '../../rpc/yp.ts'
import { encodeKey } from '../../rpc/yp-arguments.ts'
import { encodeYpCall } from './yp-client.ts'

export interface SteadyCalls {
  readonly answered: () => number
  /** calls that have no answer yet */
  readonly waiting: () => number
  /** milliseconds of the longest wait for an answer since the last look */
  readonly longest: () => number
  /** Calls no more; answers still count. */
  readonly stop: () => void
  readonly close: () => void
}

export async function startCalls(domain: string, key: string, port: number): Promise<SteadyCalls> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 })
  /** when each was sent, by its xid */
  const waiting = new Map<number, number>()
  let [answered, longest] = [0, 0]
  socket.on('message', (reply: Buffer) => {
    const xid = reply.readUInt32BE(0)
    longest = Math.max(longest, performance.now() - (waiting.get(xid) ?? Infinity))
    if (waiting.delete(xid)) answered += 1
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const timer = setInterval(() => {
    const call = encodeYpCall({
      procedure: YpProcedure.MATCH,
      encode: (writer) => encodeKey(writer, domain, 'passwd.byname', key),
    })
    waiting.set(call.readUInt32BE(0), performance.now())
    socket.send(call, port, '127.0.0.1')
  }, 5)
  return {
    answered: () => answered,
    waiting: () => waiting.size,
    longest() {
      const last = longest
      longest = 0
      return last
    },
    stop: () => clearInterval(timer),
    close: () => socket.close(),
  }
}
