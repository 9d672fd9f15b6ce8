/**
 * A YP client that sends exactly what it is told and shows exactly what comes back, for what no tool asks: one
 * server's address instead of rpcbind's, a chosen source port, malformed bytes.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { AuthSys } from '../../rpc/auth.ts'
import { encodeCall } from '../../rpc/call.ts'
import { MARK_BYTES, RecordAssembler, writeMark } from '../../rpc/record.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import { YP_PROGRAM, YP_VERSION, YpProcedure } from '../../rpc/yp.ts'
import { encodeDomain, encodeKey, encodeNoKey } from '../../rpc/yp-arguments.ts'
import type { Answer, KeyAnswer } from '../../rpc/yp-results.ts'
import { type Fields, readReply } from './rpc-codec.ts'

export type Transport = 'udp' | 'tcp'

export interface YpTarget {
  readonly transport: Transport
  readonly port: number
  /** 127.0.0.1 when absent */
  readonly host?: string
  /** send from a port below 1024 */
  readonly reserved?: boolean
  /** milliseconds until a server that answers nothing at all is taken to be silent; 3,000 when absent */
  readonly patience?: number
}

/** What became of a message: a reply message, no answer, or (TCP) the end of the connection. */
export type Outcome = Buffer | 'silence' | 'closed'

/** One call. All but the procedure has a default: a right call without arguments. */
export interface YpCall {
  readonly procedure: number
  readonly program?: number
  readonly version?: number
  readonly credential?: AuthSys
  readonly encode?: (writer: XdrWriter) => void
}

export interface YpClient {
  /** Sends these bytes (on TCP behind a record mark) and waits for what becomes of them. */
  send(message: Buffer): Promise<Outcome>
  /** Makes a call and shows its results as fields; any end but success is an error. */
  call(call: YpCall): Promise<Fields>
  domain(domain: string): Promise<boolean>
  /** undefined: silence */
  domainNonack(domain: string): Promise<boolean | undefined>
  match(domain: string, map: string, key: string): Promise<Answer>
  first(domain: string, map: string): Promise<KeyAnswer>
  next(domain: string, map: string, key: string): Promise<KeyAnswer>
  /** every step of the stream, the one with the final status too */
  all(domain: string, map: string): Promise<readonly KeyAnswer[]>
  master(domain: string, map: string): Promise<{ readonly status: number; readonly peer: string }>
  order(domain: string, map: string): Promise<{ readonly status: number; readonly order: number }>
  mapList(domain: string): Promise<{ readonly status: number; readonly maps: readonly string[] }>
  close(): void
}

/** Servers here are idle, and on this host: an answer that is due comes sooner, as a rule. */
const PROMPT_MS = 100
const PATIENCE_MS = 3000

/** Reserved ports below are those of known services. */
const LOWEST_PORT = 600

/** Larger than any call that a test sends, right or wrong. */
const CALL_BYTES = 16 * 1024

const REPLY_LIMITS = { bytes: 64 * 1024 * 1024, fragments: 1_000_000 }

let lastXid = 0x59500000

/** The bytes of a call, with an xid of its own. */
export function encodeYpCall({
  procedure,
  program = YP_PROGRAM,
  version = YP_VERSION,
  credential,
  encode = () => {},
}: YpCall): Buffer {
  lastXid += 1
  const writer = new XdrWriter(Buffer.alloc(CALL_BYTES))
  encodeCall(writer, { xid: lastXid, program, version, procedure }, credential)
  encode(writer)
  return writer.written()
}

export async function openYpClient(target: YpTarget): Promise<YpClient> {
  const line = target.transport === 'udp' ? await openUdp(target) : openTcp(target)

  async function call(call: YpCall): Promise<Fields> {
    const outcome = await line.send(encodeYpCall(call))
    if (typeof outcome === 'string') throw new Error(`procedure ${call.procedure}: ${outcome}`)
    return results(call, outcome)
  }

  const named = (procedure: number, domain: string) =>
    call({ procedure, encode: (writer) => encodeDomain(writer, domain) })
  const noKey = (procedure: number, domain: string, map: string) =>
    call({ procedure, encode: (writer) => encodeNoKey(writer, domain, map) })
  const withKey = (procedure: number, domain: string, map: string, key: string) =>
    call({ procedure, encode: (writer) => encodeKey(writer, domain, map, key) })

  return {
    send: line.send,
    call,
    domain: async (domain) => (await named(YpProcedure.DOMAIN, domain))['served'] as boolean,
    async domainNonack(domain) {
      const message = encodeYpCall({
        procedure: YpProcedure.DOMAIN_NONACK,
        encode: (writer) => encodeDomain(writer, domain),
      })
      const outcome = await line.send(message)
      if (outcome === 'silence') return undefined
      if (outcome === 'closed') throw new Error('DOMAIN_NONACK: closed')
      return results({ procedure: YpProcedure.DOMAIN_NONACK }, outcome)['served'] as boolean
    },
    match: async (domain, map, key) => (await withKey(YpProcedure.MATCH, domain, map, key)) as never,
    first: async (domain, map) => (await noKey(YpProcedure.FIRST, domain, map)) as never,
    next: async (domain, map, key) => (await withKey(YpProcedure.NEXT, domain, map, key)) as never,
    all: async (domain, map) => (await noKey(YpProcedure.ALL, domain, map))['records'] as never,
    master: async (domain, map) => (await noKey(YpProcedure.MASTER, domain, map)) as never,
    order: async (domain, map) => (await noKey(YpProcedure.ORDER, domain, map)) as never,
    mapList: async (domain) => (await named(YpProcedure.MAPLIST, domain)) as never,
    close: line.close,
  }
}

/** The results of a successful reply that ends where they end. */
function results(call: YpCall, reply: Buffer): Fields {
  const { fields, left } = readReply({ program: YP_PROGRAM, version: YP_VERSION, ...call }, reply)
  const { xid: _, accept, ...rest } = fields
  if (accept !== 'SUCCESS' || left > 0) {
    throw new Error(`procedure ${call.procedure}: ${JSON.stringify(fields)}, ${left} bytes left`)
  }
  return rest
}

interface Line {
  readonly send: (message: Buffer) => Promise<Outcome>
  readonly close: () => void
}

/** One exchange at a time: what comes is sorted by xid, and what has the wrong one is nobody's. */
class Waiting {
  readonly #patience: number
  #replies = new Map<number, (outcome: Outcome) => void>()

  constructor({ patience = PATIENCE_MS }: YpTarget) {
    this.#patience = patience
  }

  take(message: Buffer): void {
    if (message.length >= 4) this.#replies.get(message.readUInt32BE(0))?.(message)
  }

  end(): void {
    for (const settle of this.#replies.values()) settle('closed')
  }

  /**
   * The outcome of a message. A server answers in order, so silence is certain when a NULL call sent behind it
   * has been answered. That call waits for a while: ypserv forks for ALL, and would answer in the midst of it.
   */
  async outcome(message: Buffer, write: (message: Buffer) => void): Promise<Outcome> {
    const reply = this.#expect(message)
    write(message)
    try {
      const prompt = await within(PROMPT_MS, reply)
      if (prompt !== 'silence') return prompt
      const fence = encodeYpCall({ procedure: YpProcedure.NULL })
      const answered = this.#expect(fence)
      write(fence)
      await within(this.#patience, answered)
      return await within(PROMPT_MS, reply)
    } finally {
      this.#replies.clear()
    }
  }

  #expect(message: Buffer): Promise<Outcome> {
    return new Promise((resolve) =>
      this.#replies.set(message.length < 4 ? -1 : message.readUInt32BE(0), resolve),
    )
  }
}

async function within(milliseconds: number, outcome: Promise<Outcome>): Promise<Outcome> {
  const silence = Promise.withResolvers<Outcome>()
  const timer = setTimeout(() => silence.resolve('silence'), milliseconds)
  try {
    return await Promise.race([outcome, silence.promise])
  } finally {
    clearTimeout(timer)
  }
}

async function openUdp(target: YpTarget): Promise<Line> {
  const { host = '127.0.0.1', port, reserved = false } = target
  const socket = await boundUdp(host.includes(':') ? 'udp6' : 'udp4', reserved)
  const waiting = new Waiting(target)
  socket.on('message', (message: Buffer) => waiting.take(message))
  // ICMP's "port unreachable": nobody listens.
  socket.on('error', () => waiting.end())
  socket.connect(port, host)
  await once(socket, 'connect')
  return {
    send: (message) => waiting.outcome(message, (bytes) => socket.send(bytes)),
    close: () => socket.close(),
  }
}

async function boundUdp(type: 'udp4' | 'udp6', reserved: boolean) {
  for (let port = reserved ? 1023 : 0; ; port--) {
    const socket = createSocket(type)
    try {
      const listening = once(socket, 'listening')
      socket.bind({ port, exclusive: true })
      await listening
      return socket
    } catch (error) {
      socket.close()
      if (!reserved || port === LOWEST_PORT || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE')
        throw error
    }
  }
}

/** A connection is made at need, and again when the server has ended the last one. */
function openTcp(target: YpTarget): Line {
  let connection: TcpConnection | undefined
  return {
    async send(message) {
      if (connection === undefined || connection.socket.destroyed) connection = await connectTcp(target)
      const { socket, waiting } = connection
      const write = (record: Buffer) => {
        const mark = Buffer.alloc(MARK_BYTES)
        writeMark(mark, 0, record.length, true)
        socket.write(Buffer.concat([mark, record]))
      }
      return await waiting.outcome(message, write)
    },
    close: () => connection?.socket.destroy(),
  }
}

type TcpConnection = Awaited<ReturnType<typeof connectTcp>>

async function connectTcp(target: YpTarget) {
  const { host = '127.0.0.1', port, reserved = false } = target
  const waiting = new Waiting(target)
  for (let localPort = reserved ? 1023 : 0; ; localPort--) {
    const socket = connect({ host, port, ...(reserved ? { localPort } : {}) })
    try {
      await once(socket, 'connect')
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // A closed connection keeps its pair of ports for a minute.
      if (reserved && localPort > LOWEST_PORT && (code === 'EADDRINUSE' || code === 'EADDRNOTAVAIL')) continue
      throw error
    }
    const assembler = new RecordAssembler(REPLY_LIMITS)
    socket.on('data', (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; ) {
        at = assembler.take(chunk, at)
        if (assembler.complete) waiting.take(Buffer.from(assembler.record))
      }
    })
    // A reset is an end too: 'close' follows.
    socket.on('error', () => {})
    socket.on('close', () => waiting.end())
    return { socket, waiting }
  }
}
