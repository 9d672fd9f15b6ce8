/**
 * The arguments of the YP procedures (yp.x). The server reads them as spans of the request; the encoders serve
 * clients.
 */
import type { Span, XdrReader } from './xdr-reader.ts'
import type { XdrWriter } from './xdr-writer.ts'
import { YPMAXDOMAIN, YPMAXMAP, YPMAXPEER, YPMAXRECORD } from './yp.ts'

/** Where domain, map and key lie in a request. One object serves all calls of a server. */
export interface YpArguments {
  readonly domain: Span
  readonly map: Span
  readonly key: Span
}

export function newYpArguments(): YpArguments {
  return { domain: { start: 0, length: 0 }, map: { start: 0, length: 0 }, key: { start: 0, length: 0 } }
}

/** `domainname`: DOMAIN, DOMAIN_NONACK, MAPLIST */
export function decodeDomain(reader: XdrReader, into: YpArguments): void {
  reader.span(YPMAXDOMAIN, into.domain)
}

/** `ypreq_nokey`: FIRST, ALL, MASTER, ORDER */
export function decodeNoKey(reader: XdrReader, into: YpArguments): void {
  reader.span(YPMAXDOMAIN, into.domain)
  reader.span(YPMAXMAP, into.map)
}

/** `ypreq_key`: MATCH, NEXT */
export function decodeKey(reader: XdrReader, into: YpArguments): void {
  decodeNoKey(reader, into)
  reader.span(YPMAXRECORD, into.key)
}

/** `ypreq_xfr` and `ypreq_newxfr`: a slave is asked to fetch a map. */
export interface TransferRequest {
  readonly domain: string
  readonly map: string
  readonly order: number
  readonly peer: string
  /** the asker's number for this transfer, which the reply repeats */
  readonly transaction: number
  /** the transient program that waits for the outcome */
  readonly program: number
}

/** XFR ends with a port, NEWXFR with the asker's name. */
export interface XfrRequest extends TransferRequest {
  readonly port: number
}

export interface NewXfrRequest extends TransferRequest {
  readonly name: string
}

export function decodeXfr(reader: XdrReader): XfrRequest {
  return { ...decodeTransfer(reader), port: reader.uint32() }
}

export function decodeNewXfr(reader: XdrReader): NewXfrRequest {
  return { ...decodeTransfer(reader), name: reader.string(YPMAXPEER) }
}

function decodeTransfer(reader: XdrReader): TransferRequest {
  return {
    domain: reader.string(YPMAXDOMAIN),
    map: reader.string(YPMAXMAP),
    order: reader.uint32(),
    peer: reader.string(YPMAXPEER),
    transaction: reader.uint32(),
    program: reader.uint32(),
  }
}

export function encodeDomain(writer: XdrWriter, domain: string): void {
  writer.string(domain)
}

export function encodeNoKey(writer: XdrWriter, domain: string, map: string): void {
  writer.string(domain)
  writer.string(map)
}

export function encodeKey(writer: XdrWriter, domain: string, map: string, key: string): void {
  encodeNoKey(writer, domain, map)
  writer.string(key)
}

export function encodeXfr(writer: XdrWriter, request: XfrRequest): void {
  encodeTransfer(writer, request)
  writer.uint32(request.port)
}

export function encodeNewXfr(writer: XdrWriter, request: NewXfrRequest): void {
  encodeTransfer(writer, request)
  writer.string(request.name)
}

function encodeTransfer(writer: XdrWriter, request: TransferRequest): void {
  writer.string(request.domain)
  writer.string(request.map)
  writer.uint32(request.order)
  writer.string(request.peer)
  writer.uint32(request.transaction)
  writer.uint32(request.program)
}
