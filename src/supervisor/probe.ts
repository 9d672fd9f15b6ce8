/** Does a YP server answer there? Asked with the NULL procedure, over TCP: a port without a listener refuses. */

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { encodeCall } from '../../rpc/call.ts'
import { MARK_BYTES, writeMark } from '../../rpc/record.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import { YP_PROGRAM, YP_VERSION, YpProcedure } from '../../rpc/yp.ts'

/** A server on this host answers within microseconds, if it is alive. */
const PROBE_TIMEOUT_MS = 1000

/** True when something that speaks RPC answers at this address of this host. */
export async function answers(transport: 'udp' | 'tcp', address: string, port: number): Promise<boolean> {
  const writer = new XdrWriter(Buffer.alloc(128))
  writer.offset = MARK_BYTES
  encodeCall(writer, {
    xid: process.pid,
    program: YP_PROGRAM,
    version: YP_VERSION,
    procedure: YpProcedure.NULL,
  })
  writeMark(writer.bytes, 0, writer.offset - MARK_BYTES, true)
  const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS)
  try {
    if (transport === 'tcp') await askTcp(address, port, writer.written(), signal)
    else await askUdp(address, port, writer.written().subarray(MARK_BYTES), signal)
    return true
  } catch {
    return false
  }
}

async function askTcp(host: string, port: number, call: Buffer, signal: AbortSignal): Promise<void> {
  const socket = connectTcp({ host, port })
  try {
    await once(socket, 'connect', { signal })
    socket.write(call)
    await once(socket, 'data', { signal })
  } finally {
    socket.destroy()
  }
}

async function askUdp(address: string, port: number, call: Buffer, signal: AbortSignal): Promise<void> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  try {
    // Connected, so that the kernel reports a port nobody listens on.
    socket.connect(port, address)
    await once(socket, 'connect', { signal })
    socket.send(call)
    await once(socket, 'message', { signal })
  } finally {
    socket.close()
  }
}
