/**
 * rpcbind, program 100000 (RFC 1833): version 2, the port mapper, knows a transport by its IP protocol and
 * port; versions 3 and 4 by a network id (`udp6`) and a universal address.
 */
import { DecodeError } from './errors.ts'
import type { XdrReader } from './xdr-reader.ts'
import type { XdrWriter } from './xdr-writer.ts'

export const RPCBIND_PROGRAM = 100000
export const RPCBIND_PORT = 111

export const FIRST_RPCBIND_VERSION = 2
export const LAST_RPCBIND_VERSION = 4

/**
 * The same numbers in all versions: GETPORT of version 2 is GETADDR of 3 and 4, CALLIT is BCAST of 4. GETTIME is of 3
 * and 4, what follows of 4 alone.
 */
export const RpcbindProcedure = {
  NULL: 0,
  SET: 1,
  UNSET: 2,
  GETPORT: 3,
  GETADDR: 3,
  DUMP: 4,
  CALLIT: 5,
  GETTIME: 6,
  GETVERSADDR: 9,
  INDIRECT: 10,
} as const

/** RFC 1833 s.3.1: the protocol of a version 2 mapping */
export const IPPROTO_TCP = 6
export const IPPROTO_UDP = 17

export type NetId = 'udp' | 'tcp' | 'udp6' | 'tcp6'

/** Version 2: `struct mapping` */
export interface Mapping {
  readonly program: number
  readonly version: number
  readonly protocol: number
  readonly port: number
}

/** Versions 3 and 4: `struct rpcb` */
export interface Binding {
  readonly program: number
  readonly version: number
  readonly netid: string
  /** universal address, `192.0.2.1.2.88`; empty where none is asked for */
  readonly address: string
  readonly owner: string
}

const MAX_STRING = 1024
/** A lists of bindings of a busy host has a hundred. */
const MAX_LIST = 10_000

export function encodeMapping(writer: XdrWriter, mapping: Mapping): void {
  writer.uint32(mapping.program)
  writer.uint32(mapping.version)
  writer.uint32(mapping.protocol)
  writer.uint32(mapping.port)
}

export function decodeMapping(reader: XdrReader): Mapping {
  return {
    program: reader.uint32(),
    version: reader.uint32(),
    protocol: reader.uint32(),
    port: reader.uint32(),
  }
}

export function encodeBinding(writer: XdrWriter, binding: Binding): void {
  writer.uint32(binding.program)
  writer.uint32(binding.version)
  writer.string(binding.netid)
  writer.string(binding.address)
  writer.string(binding.owner)
}

export function decodeBinding(reader: XdrReader): Binding {
  return {
    program: reader.uint32(),
    version: reader.uint32(),
    netid: reader.string(MAX_STRING),
    address: reader.string(MAX_STRING),
    owner: reader.string(MAX_STRING),
  }
}

/** The results of DUMP: version 2 with decodeMapping, 3 and 4 with decodeBinding. */
export function decodeDump<T>(reader: XdrReader, decodeOne: (reader: XdrReader) => T): readonly T[] {
  const list: T[] = []
  while (reader.bool()) {
    if (list.length === MAX_LIST) throw new DecodeError('too-long', `a list of over ${MAX_LIST} bindings`)
    list.push(decodeOne(reader))
  }
  return list
}

export function encodeDump<T>(
  writer: XdrWriter,
  list: readonly T[],
  encodeOne: (writer: XdrWriter, one: T) => void,
): void {
  for (const one of list) {
    writer.bool(true)
    encodeOne(writer, one)
  }
  writer.bool(false)
}

/** The result of GETADDR: a universal address, empty when nothing is registered. */
export function decodeAddress(reader: XdrReader): string {
  return reader.string(MAX_STRING)
}

/** What CALLIT, BCAST and INDIRECT pass on: `struct call_args`, `struct rpcb_rmtcallargs`. */
export interface IndirectCall {
  readonly program: number
  readonly version: number
  readonly procedure: number
  readonly args: Uint8Array
}

export function encodeIndirectCall(writer: XdrWriter, call: IndirectCall): void {
  writer.uint32(call.program)
  writer.uint32(call.version)
  writer.uint32(call.procedure)
  writer.opaque(call.args)
}

export function decodeIndirectCall(reader: XdrReader): IndirectCall {
  return {
    program: reader.uint32(),
    version: reader.uint32(),
    procedure: reader.uint32(),
    args: reader.opaque(MAX_STRING),
  }
}

/** The answer that was passed back, and where it came from: a port in version 2, else a universal address. */
export interface IndirectResult<Place> {
  readonly place: Place
  readonly results: Uint8Array
}

export function encodePortResult(writer: XdrWriter, { place, results }: IndirectResult<number>): void {
  writer.uint32(place)
  writer.opaque(results)
}

export function decodePortResult(reader: XdrReader): IndirectResult<number> {
  return { place: reader.uint32(), results: reader.opaque(MAX_STRING) }
}

export function encodeAddressResult(writer: XdrWriter, { place, results }: IndirectResult<string>): void {
  writer.string(place)
  writer.opaque(results)
}

export function decodeAddressResult(reader: XdrReader): IndirectResult<string> {
  return { place: reader.string(MAX_STRING), results: reader.opaque(MAX_STRING) }
}

/** RFC 5665 s.5.2.3.3: the address, then the port's two bytes in decimal. */
export function universalAddress(address: string, port: number): string {
  return `${address}.${port >> 8}.${port & 255}`
}

/** The port of a universal address, or undefined when the text is none. */
export function universalPort(address: string): number | undefined {
  const match = /\.(\d{1,3})\.(\d{1,3})$/.exec(address)
  if (match === null) return undefined
  const high = Number(match[1])
  const low = Number(match[2])
  return high > 255 || low > 255 ? undefined : high * 256 + low
}

/** What stands before the port in a universal address: any text, or undefined when there is no port behind it. */
export function universalHost(address: string): string | undefined {
  return universalPort(address) === undefined ? undefined : address.replace(/\.\d+\.\d+$/, '')
}
