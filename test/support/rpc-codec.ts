/** Whole messages to plain objects and back through the codecs under test, for tests that compare messages. */
import { AUTH_SYS, type AuthSys, decodeAuthSys } from '../../rpc/auth.ts'
import { type Call, decodeCall, encodeCall } from '../../rpc/call.ts'
import { AcceptStat, decodeReply, encodeAccepted, encodeProgMismatch } from '../../rpc/reply.ts'
import {
  decodeAddress,
  decodeBinding,
  decodeDump,
  decodeMapping,
  encodeBinding,
  encodeDump,
  encodeMapping,
  RPCBIND_PROGRAM,
  RpcbindProcedure,
} from '../../rpc/rpcbind.ts'
import { type Span, XdrReader } from '../../rpc/xdr-reader.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import { YP_PROGRAM, YpProcedure, type YpStat } from '../../rpc/yp.ts'
import {
  decodeDomain,
  decodeKey,
  decodeNewXfr,
  decodeNoKey,
  decodeXfr,
  encodeDomain,
  encodeKey,
  encodeNewXfr,
  encodeNoKey,
  encodeXfr,
  type NewXfrRequest,
  newYpArguments,
  type XfrRequest,
} from '../../rpc/yp-arguments.ts'
import {
  decodeAllStep,
  decodeKeyValue,
  decodeMapList,
  decodeMaster,
  decodeOrder,
  decodeValue,
  decodeXfrResult,
  encodeMapList,
  encodeOrder,
  encodeXfrResult,
  type KeyAnswer,
} from '../../rpc/yp-results.ts'

export type Fields = Record<string, unknown>

/** Room for any message of a test. */
const MESSAGE_BYTES = 1 << 20

export function newWriter(): XdrWriter {
  return new XdrWriter(Buffer.alloc(MESSAGE_BYTES))
}

export function newCall(): Call {
  return { xid: 0, program: 0, version: 0, procedure: 0 }
}

/** A call's fields in the form of the captured vectors, and how many bytes were left. */
export function readCall(bytes: Buffer): { readonly fields: Fields; readonly left: number } {
  const reader = new XdrReader(bytes)
  const call = newCall()
  const denial = decodeCall(reader, call)
  if (denial !== undefined) throw new Error(`denied: ${denial}`)
  const args = reader.remaining === 0 ? {} : readArguments(call, reader)
  return { fields: { xid: call.xid, credential: readCredential(bytes), ...args }, left: reader.remaining }
}

/** RFC 5531 s.9: the credential stands behind six words. */
function readCredential(bytes: Buffer): Fields {
  const reader = new XdrReader(bytes, 24)
  if (reader.uint32() !== AUTH_SYS) return { flavor: 'AUTH_NONE' }
  reader.uint32()
  return { flavor: 'AUTH_SYS', ...decodeAuthSys(reader) }
}

function readArguments({ program, version, procedure }: Call, reader: XdrReader): Fields {
  if (program === RPCBIND_PROGRAM) {
    if (procedure === RpcbindProcedure.DUMP) return {}
    return { ...(version === 2 ? decodeMapping(reader) : decodeBinding(reader)) }
  }
  if (program !== YP_PROGRAM) return {}
  const args = newYpArguments()
  const text = ({ start, length }: Span) =>
    Buffer.from(reader.bytes.subarray(start, start + length)).toString('latin1')
  switch (procedure) {
    case YpProcedure.DOMAIN:
    case YpProcedure.DOMAIN_NONACK:
    case YpProcedure.MAPLIST:
      decodeDomain(reader, args)
      return { domain: text(args.domain) }
    case YpProcedure.FIRST:
    case YpProcedure.ALL:
    case YpProcedure.MASTER:
    case YpProcedure.ORDER:
      decodeNoKey(reader, args)
      return { domain: text(args.domain), map: text(args.map) }
    case YpProcedure.MATCH:
    case YpProcedure.NEXT:
      decodeKey(reader, args)
      return { domain: text(args.domain), map: text(args.map), key: text(args.key) }
    case YpProcedure.XFR:
      return { ...decodeXfr(reader) }
    case YpProcedure.NEWXFR:
      return { ...decodeNewXfr(reader) }
    default:
      return {}
  }
}

export function writeCall(call: Call, fields: Fields): Buffer {
  const writer = newWriter()
  const credential = fields['credential'] as ({ readonly flavor: string } & AuthSys) | undefined
  encodeCall(writer, call, credential?.flavor === 'AUTH_SYS' ? credential : undefined)
  writeArguments(writer, call, fields)
  return writer.written()
}

function writeArguments(writer: XdrWriter, { program, version, procedure }: Call, fields: Fields): void {
  if (program === RPCBIND_PROGRAM) {
    if (procedure === RpcbindProcedure.DUMP) return
    if (version === 2) encodeMapping(writer, fields as never)
    else encodeBinding(writer, fields as never)
    return
  }
  const { domain, map, key } = fields as { domain: string; map: string; key: string }
  if (program !== YP_PROGRAM || domain === undefined) return
  switch (procedure) {
    case YpProcedure.XFR:
      encodeXfr(writer, fields as unknown as XfrRequest)
      return
    case YpProcedure.NEWXFR:
      encodeNewXfr(writer, fields as unknown as NewXfrRequest)
      return
    default:
      if (key !== undefined) encodeKey(writer, domain, map, key)
      else if (map !== undefined) encodeNoKey(writer, domain, map)
      else encodeDomain(writer, domain)
  }
}

const ACCEPTED = Object.fromEntries(Object.entries(AcceptStat).map(([name, value]) => [value, name]))

export function readReply(
  call: Omit<Call, 'xid'>,
  bytes: Buffer,
): { readonly fields: Fields; readonly left: number } {
  const reader = new XdrReader(bytes)
  const { xid, ...reply } = decodeReply(reader)
  if (reply.kind !== 'accepted') return { fields: { xid, ...reply }, left: reader.remaining }
  const { kind: _, status, ...rest } = reply
  const head = { xid, accept: ACCEPTED[status], ...rest }
  const results = status === AcceptStat.SUCCESS ? readResults(call, reader) : {}
  return { fields: { ...head, ...results }, left: reader.remaining }
}

function readResults({ program, version, procedure }: Omit<Call, 'xid'>, reader: XdrReader): Fields {
  return program === RPCBIND_PROGRAM
    ? readRpcbindResults(version, procedure, reader)
    : readYpResults(procedure, reader)
}

function readRpcbindResults(version: number, procedure: number, reader: XdrReader): Fields {
  switch (procedure) {
    case RpcbindProcedure.SET:
    case RpcbindProcedure.UNSET:
      return { done: reader.bool() }
    case RpcbindProcedure.GETADDR:
      return version === 2 ? { port: reader.uint32() } : { address: decodeAddress(reader) }
    case RpcbindProcedure.DUMP:
      return {
        mappings: version === 2 ? decodeDump(reader, decodeMapping) : decodeDump(reader, decodeBinding),
      }
    default:
      return {}
  }
}

function readYpResults(procedure: number, reader: XdrReader): Fields {
  switch (procedure) {
    case YpProcedure.DOMAIN:
    case YpProcedure.DOMAIN_NONACK:
      return { served: reader.bool() }
    case YpProcedure.MATCH:
      return { ...decodeValue(reader) }
    case YpProcedure.FIRST:
    case YpProcedure.NEXT:
      return { ...decodeKeyValue(reader) }
    case YpProcedure.ALL: {
      const records: KeyAnswer[] = []
      for (;;) {
        const step = decodeAllStep(reader)
        if (step === undefined) return { records }
        records.push(step)
      }
    }
    case YpProcedure.MASTER:
      return { ...decodeMaster(reader) }
    case YpProcedure.ORDER:
      return { ...decodeOrder(reader) }
    case YpProcedure.MAPLIST:
      return { ...decodeMapList(reader) }
    case YpProcedure.XFR:
    case YpProcedure.NEWXFR: {
      const { transaction, status } = decodeXfrResult(reader)
      return { transid: transaction, status }
    }
    default:
      return {}
  }
}

/** Replies are written field by field here: the server takes its data answers from an image instead. */
export function writeReply(call: Omit<Call, 'xid'>, fields: Fields): Buffer {
  const writer = newWriter()
  const { xid, accept, low, high } = fields as { xid: number; accept: string; low: number; high: number }
  if (accept === 'PROG_MISMATCH') encodeProgMismatch(writer, xid, low, high)
  else encodeAccepted(writer, xid, AcceptStat[accept as 'SUCCESS'])
  if (accept === 'SUCCESS') writeResults(writer, call, fields)
  return writer.written()
}

function writeResults(
  writer: XdrWriter,
  { program, version, procedure }: Omit<Call, 'xid'>,
  fields: Fields,
): void {
  const { done, served, port, address, mappings, records, value, key, peer, order, maps, transid } = fields
  const status = fields['status'] as YpStat
  if (done !== undefined) writer.bool(done as boolean)
  else if (served !== undefined) writer.bool(served as boolean)
  else if (port !== undefined) writer.uint32(port as number)
  else if (address !== undefined) writer.string(address as string)
  else if (mappings !== undefined) {
    if (version === 2) encodeDump(writer, mappings as never[], encodeMapping)
    else encodeDump(writer, mappings as never[], encodeBinding)
  } else if (records !== undefined) {
    for (const record of records as KeyAnswer[]) {
      writer.bool(true)
      writeKeyValue(writer, record)
    }
    writer.bool(false)
  } else if (key !== undefined) writeKeyValue(writer, fields as unknown as KeyAnswer)
  else if (value !== undefined || peer !== undefined) {
    writer.uint32(status)
    writer.string((value ?? peer) as string)
  } else if (order !== undefined) encodeOrder(writer, status, order as number)
  else if (maps !== undefined) encodeMapList(writer, status, maps as string[])
  else if (transid !== undefined) encodeXfrResult(writer, transid as number, status)
  else if (program === YP_PROGRAM && procedure !== YpProcedure.NULL && procedure !== YpProcedure.CLEAR) {
    throw new Error(`no results for procedure ${procedure}: ${JSON.stringify(fields)}`)
  }
}

function writeKeyValue(writer: XdrWriter, { status, value, key }: KeyAnswer): void {
  writer.uint32(status)
  writer.string(value)
  writer.string(key)
}
