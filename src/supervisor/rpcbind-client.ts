/**
 * Calls to this host's rpcbind: over its unix socket, where it knows the caller's uid and all four transports;
 * where there is no such socket, to port 111 as the port mapper (version 2), which knows IPv4 only and
 * believes callers on loopback from a reserved port.
 */
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { encodeCall } from '../../rpc/call.ts'
import { MARK_BYTES, RecordAssembler, writeMark } from '../../rpc/record.ts'
import { AcceptStat, decodeReply } from '../../rpc/reply.ts'
import {
  type Binding,
  decodeBinding,
  decodeDump,
  decodeMapping,
  encodeBinding,
  encodeMapping,
  IPPROTO_TCP,
  IPPROTO_UDP,
  type Mapping,
  RPCBIND_PORT,
  RPCBIND_PROGRAM,
  RpcbindProcedure,
  universalAddress,
  universalPort,
} from '../../rpc/rpcbind.ts'
import { XdrReader } from '../../rpc/xdr-reader.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'

export interface RpcbindClient {
  /** the network ids it can hold */
  readonly netids: readonly string[]
  dump(): Promise<readonly Binding[]>
  /** False when rpcbind holds another binding for the same program, version and transport. */
  set(binding: Binding): Promise<boolean>
  unset(binding: Binding): Promise<boolean>
  close(): void
}

export const RPCBIND_SOCKETS = ['/run/rpcbind.sock', '/var/run/rpcbind.sock']

/** rpcbind is on this host and answers from memory. */
const CALL_TIMEOUT_MS = 5000

const REPLY_LIMITS = { bytes: 4 * 1024 * 1024, fragments: 4096 }

const REQUEST_BYTES = 8192

/** Throws the last connection's error when none is possible. */
export async function connectRpcbind(paths: readonly string[] = RPCBIND_SOCKETS): Promise<RpcbindClient> {
  for (const path of paths) {
    const socket = await connected(connect({ path }))
    if (!(socket instanceof Error)) return rpcbind4(socket)
  }
  const socket = await connectPortmapper()
  if (socket instanceof Error) throw socket
  return portmapper(socket)
}

async function connected(socket: Socket): Promise<Socket | Error> {
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(CALL_TIMEOUT_MS) })
    return socket
  } catch (error) {
    socket.destroy()
    return error as Error
  }
}

/** From a reserved port if we may have one, else from any: then DUMP works, and SET will be refused. */
async function connectPortmapper(): Promise<Socket | Error> {
  const to = { host: '127.0.0.1', port: RPCBIND_PORT }
  for (let localPort = 1023; localPort >= 600; localPort--) {
    const socket = await connected(connect({ ...to, localPort }))
    if (!(socket instanceof Error)) return socket
    const { code } = socket as NodeJS.ErrnoException
    if (code === 'EACCES') break
    if (code !== 'EADDRINUSE') return socket
  }
  return connected(connect(to))
}

function rpcbind4(socket: Socket): RpcbindClient {
  const call = caller(socket, 4)
  const { SET, UNSET, DUMP } = RpcbindProcedure
  return {
    netids: ['udp', 'tcp', 'udp6', 'tcp6'],
    dump: async () => decodeDump(await call(DUMP, () => {}), decodeBinding),
    set: async (binding) => (await call(SET, (writer) => encodeBinding(writer, binding))).bool(),
    unset: async (binding) => (await call(UNSET, (writer) => encodeBinding(writer, binding))).bool(),
    close: () => socket.destroy(),
  }
}

function mapping({ program, version, netid, address }: Binding): Mapping {
  return {
    program,
    version,
    protocol: netid === 'udp' ? IPPROTO_UDP : IPPROTO_TCP,
    port: universalPort(address) ?? 0,
  }
}

function portmapper(socket: Socket): RpcbindClient {
  const call = caller(socket, 2)
  const { SET, UNSET, DUMP } = RpcbindProcedure
  return {
    netids: ['udp', 'tcp'],
    dump: async () =>
      decodeDump(await call(DUMP, () => {}), decodeMapping).map(({ program, version, protocol, port }) => ({
        program,
        version,
        netid: protocol === IPPROTO_UDP ? 'udp' : 'tcp',
        address: universalAddress('0.0.0.0', port),
        owner: 'unknown',
      })),
    set: async (binding) => (await call(SET, (writer) => encodeMapping(writer, mapping(binding)))).bool(),
    // RFC 1833 s.3.2: version 2 removes both transports at once and ignores protocol and port.
    unset: async (binding) => (await call(UNSET, (writer) => encodeMapping(writer, mapping(binding)))).bool(),
    close: () => socket.destroy(),
  }
}

type Caller = (procedure: number, encode: (writer: XdrWriter) => void) => Promise<XdrReader>

/** One call at a time on a stream; resolves with a reader at the results. */
function caller(socket: Socket, version: number): Caller {
  socket.on('error', () => {})
  return async (procedure, encode) => {
    const xid = randomInt(2 ** 32)
    const writer = new XdrWriter(Buffer.alloc(REQUEST_BYTES))
    writer.offset = MARK_BYTES
    encodeCall(writer, { xid, program: RPCBIND_PROGRAM, version, procedure })
    encode(writer)
    writeMark(writer.bytes, 0, writer.offset - MARK_BYTES, true)
    socket.write(writer.written())
    const reader = new XdrReader(await receive(socket))
    const reply = decodeReply(reader)
    if (reply.xid !== xid || reply.kind !== 'accepted' || reply.status !== AcceptStat.SUCCESS) {
      throw new Error(
        `rpcbind refused procedure ${procedure} of version ${version}: ${JSON.stringify(reply)}`,
      )
    }
    return reader
  }
}

function receive(socket: Socket): Promise<Buffer> {
  const assembler = new RecordAssembler(REPLY_LIMITS)
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => end(new Error('rpcbind does not answer')), CALL_TIMEOUT_MS)
    const onData = (chunk: Buffer) => {
      try {
        assembler.take(chunk, 0)
      } catch (error) {
        end(error as Error)
        return
      }
      if (assembler.complete) end(Buffer.from(assembler.record))
    }
    const onClose = () => end(new Error('rpcbind closed the connection'))
    const end = (result: Buffer | Error) => {
      clearTimeout(timer)
      socket.off('data', onData)
      socket.off('close', onClose)
      if (result instanceof Error) reject(result)
      else resolve(result)
    }
    socket.on('data', onData)
    socket.on('close', onClose)
    if (socket.destroyed) onClose()
  })
}
