/**
 * The results of the YP procedures (yp.x). Data answers are slices of an image and never encoded here; the
 * encoders are for what has no record behind it, the decoders for clients.
 */
import { DecodeError } from './errors.ts'
import type { XdrReader } from './xdr-reader.ts'
import type { XdrWriter } from './xdr-writer.ts'
import { YPMAXMAP, YPMAXPEER, type YpStat } from './yp.ts'

/** `ypresp_val` and `ypresp_key_val`; key and value are empty unless the status is TRUE. */
export interface Answer {
  readonly status: number
  readonly value: string
}

export interface KeyAnswer extends Answer {
  readonly key: string
}

/** What libnsl takes in one value or key. A client's bound, far above any record that is served. */
const MAX_RECEIVED = 16 * 1024 * 1024

/** Against a list that never ends. */
const MAX_LIST = 100_000

/** `ypresp_val` with no value: MATCH */
export function encodeValueError(writer: XdrWriter, status: YpStat): void {
  writer.uint32(status)
  writer.uint32(0)
}

/** `ypresp_key_val` with neither: FIRST, NEXT */
export function encodeKeyValueError(writer: XdrWriter, status: YpStat): void {
  writer.uint32(status)
  writer.uint32(0)
  writer.uint32(0)
}

/**
 * A stream of `ypresp_all` that ends at once. The status goes out as a record of its own before the end:
 * OpenBSD's yp_all fails on a bare end of stream.
 */
export function encodeAllError(writer: XdrWriter, status: YpStat): void {
  writer.bool(true)
  encodeKeyValueError(writer, status)
  writer.bool(false)
}

/** `ypresp_order` */
export function encodeOrder(writer: XdrWriter, status: YpStat, order: number): void {
  writer.uint32(status)
  writer.uint32(order)
}

/** `ypresp_maplist` */
export function encodeMapList(writer: XdrWriter, status: YpStat, maps: readonly string[]): void {
  writer.uint32(status)
  for (const map of maps) {
    writer.bool(true)
    writer.string(map)
  }
  writer.bool(false)
}

/** `ypresp_xfr` */
export function encodeXfrResult(writer: XdrWriter, transaction: number, status: number): void {
  writer.uint32(transaction)
  writer.uint32(status)
}

export function decodeValue(reader: XdrReader): Answer {
  return { status: reader.int32(), value: reader.string(MAX_RECEIVED) }
}

/** The value comes before the key on the wire, whatever yp.x says (its STUPID_SUN_BUG). */
export function decodeKeyValue(reader: XdrReader): KeyAnswer {
  const status = reader.int32()
  const value = reader.string(MAX_RECEIVED)
  return { status, value, key: reader.string(MAX_RECEIVED) }
}

/** One step of an ALL stream: a record, or undefined at its end. */
export function decodeAllStep(reader: XdrReader): KeyAnswer | undefined {
  return reader.bool() ? decodeKeyValue(reader) : undefined
}

export function decodeMaster(reader: XdrReader): { readonly status: number; readonly peer: string } {
  return { status: reader.int32(), peer: reader.string(YPMAXPEER) }
}

export function decodeOrder(reader: XdrReader): { readonly status: number; readonly order: number } {
  return { status: reader.int32(), order: reader.uint32() }
}

export function decodeMapList(reader: XdrReader): {
  readonly status: number
  readonly maps: readonly string[]
} {
  const status = reader.int32()
  const maps: string[] = []
  while (reader.bool()) {
    if (maps.length === MAX_LIST) throw new DecodeError('too-long', `a list of over ${MAX_LIST} maps`)
    maps.push(reader.string(YPMAXMAP))
  }
  return { status, maps }
}

export function decodeXfrResult(reader: XdrReader): {
  readonly transaction: number
  readonly status: number
} {
  return { transaction: reader.uint32(), status: reader.int32() }
}
