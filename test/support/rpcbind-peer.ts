/**
 * An rpcbind that says what a test tells it to, right or wrong: on a unix socket or a TCP port, a record in, what
 * the script makes of it out. It reads record marks by hand and decodes nothing.
 */
import { once } from 'node:events'
import { createServer, type ListenOptions, type Socket } from 'node:net'

/** What goes out for a call, which comes with its record mark; nothing, when the script has said it itself. */
export type Script = (call: Buffer, socket: Socket) => Buffer | undefined

export interface RpcbindPeer {
  /** all calls so far, with their record marks */
  readonly calls: readonly Buffer[]
  /** connections still open */
  readonly open: number
  stop(): Promise<void>
}

const MARK_BYTES = 4

export async function startRpcbindPeer(where: ListenOptions, script: Script): Promise<RpcbindPeer> {
  const calls: Buffer[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    let held = Buffer.alloc(0)
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk])
      while (held.length >= MARK_BYTES) {
        const end = MARK_BYTES + (held.readUInt32BE(0) & 0x7fffffff)
        if (held.length < end) return
        const call = held.subarray(0, end)
        held = held.subarray(end)
        calls.push(call)
        const reply = script(call, socket)
        if (reply !== undefined) socket.write(reply)
      }
    })
  })
  server.listen(where)
  await once(server, 'listening')
  return {
    calls,
    get open() {
      return sockets.size
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A reply that was captured for another call: with the xid of this one. */
export function answering(call: Buffer, hex: string): Buffer {
  const reply = Buffer.from(hex, 'hex')
  call.copy(reply, MARK_BYTES, MARK_BYTES, MARK_BYTES + 4)
  return reply
}
