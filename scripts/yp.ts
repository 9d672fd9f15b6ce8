/**
 * Asks a YP server what ypcat, ypmatch, ypwhich -m and yppoll would ask it, at a given address and port.
 *
 *     yp [-h ADDRESS] -p PORT -d DOMAIN cat [-k] MAP | match KEY MAP | which | poll MAP
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { parseArgs } from 'node:util'
import { encodeCall } from '../rpc/call.ts'
import { MARK_BYTES, RecordAssembler, writeMark } from '../rpc/record.ts'
import { AcceptStat, decodeReply } from '../rpc/reply.ts'
import { XdrReader } from '../rpc/xdr-reader.ts'
import { XdrWriter } from '../rpc/xdr-writer.ts'
import { YP_PROGRAM, YP_VERSION, YpProcedure, YpStat } from '../rpc/yp.ts'
import { encodeDomain, encodeKey, encodeNoKey } from '../rpc/yp-arguments.ts'
import { decodeAllStep, decodeMapList, decodeMaster, decodeOrder, decodeValue } from '../rpc/yp-results.ts'

const USAGE = 'usage: yp [-h address] -p port -d domain cat [-k] map | match key map | which | poll map'

const REPLY_LIMITS = { bytes: 1 << 30, fragments: 1 << 20 }
const TIMEOUT_MS = 10_000

type Encode = (writer: XdrWriter) => void

function call(procedure: number, encode: Encode): Buffer {
  const writer = new XdrWriter(Buffer.alloc(4096))
  writer.offset = MARK_BYTES
  encodeCall(writer, { xid: procedure, program: YP_PROGRAM, version: YP_VERSION, procedure })
  encode(writer)
  writeMark(writer.bytes, 0, writer.offset - MARK_BYTES, true)
  return writer.written()
}

/** One call; a reader at its results. */
async function ask(socket: Socket, procedure: number, encode: Encode): Promise<XdrReader> {
  socket.write(call(procedure, encode))
  const assembler = new RecordAssembler(REPLY_LIMITS)
  while (!assembler.complete) {
    const [chunk] = (await once(socket, 'data', { signal: AbortSignal.timeout(TIMEOUT_MS) })) as [Buffer]
    assembler.take(chunk, 0)
  }
  const reader = new XdrReader(assembler.record)
  const reply = decodeReply(reader)
  if (reply.kind !== 'accepted' || reply.status !== AcceptStat.SUCCESS) {
    throw new Error(`the server refused: ${JSON.stringify(reply)}`)
  }
  return reader
}

const STATUS = Object.fromEntries(Object.entries(YpStat).map(([name, value]) => [value, `YP_${name}`]))

function check(status: number): void {
  if (status !== YpStat.TRUE) throw new Error(STATUS[status] ?? `status ${status}`)
}

/** Records are bytes, UTF-8 as a rule. */
function show(octets: string): void {
  process.stdout.write(Buffer.concat([Buffer.from(octets, 'latin1'), Buffer.from('\n')]))
}

async function cat(socket: Socket, domain: string, map: string, keys: boolean): Promise<void> {
  const reader = await ask(socket, YpProcedure.ALL, (writer) => encodeNoKey(writer, domain, map))
  for (let step = decodeAllStep(reader); step !== undefined; step = decodeAllStep(reader)) {
    if (step.status === YpStat.NOMORE) continue
    check(step.status)
    show(keys ? `${step.key} ${step.value}` : step.value)
  }
}

async function which(socket: Socket, domain: string): Promise<void> {
  const list = decodeMapList(await ask(socket, YpProcedure.MAPLIST, (writer) => encodeDomain(writer, domain)))
  check(list.status)
  for (const map of list.maps) {
    const master = await ask(socket, YpProcedure.MASTER, (writer) => encodeNoKey(writer, domain, map))
    show(`${map} ${decodeMaster(master).peer}`)
  }
}

async function run(socket: Socket, domain: string, words: readonly string[], keys: boolean): Promise<void> {
  const [verb, first, second] = words
  if (verb === 'cat' && first !== undefined) return cat(socket, domain, first, keys)
  if (verb === 'which') return which(socket, domain)
  if (verb === 'match' && first !== undefined && second !== undefined) {
    const answer = decodeValue(
      await ask(socket, YpProcedure.MATCH, (writer) => encodeKey(writer, domain, second, octetsOf(first))),
    )
    check(answer.status)
    return show(answer.value)
  }
  if (verb === 'poll' && first !== undefined) {
    const { status, order } = decodeOrder(
      await ask(socket, YpProcedure.ORDER, (writer) => encodeNoKey(writer, domain, first)),
    )
    check(status)
    return show(`${first} has order number ${order}: ${new Date(order * 1000).toISOString()}`)
  }
  throw new Error(USAGE)
}

function octetsOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      h: { type: 'string', short: 'h', default: '127.0.0.1' },
      p: { type: 'string', short: 'p' },
      d: { type: 'string', short: 'd' },
      k: { type: 'boolean', short: 'k', default: false },
    },
  })
  if (values.p === undefined || values.d === undefined) throw new Error(USAGE)
  const socket = connect({ host: values.h, port: Number(values.p) })
  try {
    await once(socket, 'connect')
    await run(socket, values.d, positionals, values.k)
  } finally {
    socket.destroy()
  }
}

try {
  await main()
} catch (error) {
  console.error(`yp: ${(error as Error).message}`)
  process.exitCode = 1
}
