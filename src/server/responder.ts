/**
 * One call to its reply. The reply's head is encoded; its body, where there is data, is a place in the image.
 * Nothing here allocates for a MATCH, FIRST, NEXT or ALL.
 */
import type { Call } from '../../rpc/call.ts'
import { DecodeError } from '../../rpc/errors.ts'
import { AcceptStat, encodeAccepted } from '../../rpc/reply.ts'
import { type Span, XdrReader } from '../../rpc/xdr-reader.ts'
import type { XdrWriter } from '../../rpc/xdr-writer.ts'
import { YP_PROGRAM, YP_VERSION, YPXFR_REFUSED, YpProcedure, YpStat } from '../../rpc/yp.ts'
import {
  decodeDomain,
  decodeKey,
  decodeNewXfr,
  decodeNoKey,
  decodeXfr,
  newYpArguments,
} from '../../rpc/yp-arguments.ts'
import {
  encodeAllError,
  encodeKeyValueError,
  encodeMapList,
  encodeOrder,
  encodeValueError,
  encodeXfrResult,
} from '../../rpc/yp-results.ts'
import type { MapView } from '../maps/image.ts'
import { SpecialKey } from '../maps/image-format.ts'
import type { Answerer, Caller } from './answerer.ts'
import type { ServedMap } from './map-rules.ts'
import { openCall, type Spoken } from './open-call.ts'
import type { Served, ServedDomain } from './served.ts'

const MASTER_NAME = Buffer.from(SpecialKey.masterName, 'latin1')

const YP: Spoken = { program: YP_PROGRAM, first: YP_VERSION, last: YP_VERSION }

export class Responder implements Answerer {
  /** whose bytes from `bodyStart` to `bodyEnd` follow the head of the last reply: an image, as a rule */
  body: Buffer | undefined
  bodyStart = 0
  bodyEnd = 0
  /** of the domain whose image the body is; -1 when it is none */
  place = -1
  /** set when there was no reply because the caller may not ask for this domain */
  refused: ServedDomain | undefined
  /** bytes of the reply that there would have been, had it not been longer than its transport carries; else 0 */
  tooLong = 0
  readonly #served: Served
  readonly #reader = new XdrReader(new Uint8Array(0))
  readonly #call: Call = { xid: 0, program: 0, version: 0, procedure: 0 }
  readonly #args = newYpArguments()

  constructor(served: Served) {
    this.#served = served
  }

  /**
   * Writes the head of the reply to the call in `bytes[start, end)` and sets the body. Returns false when no
   * reply is due. Throws DecodeError when the bytes are no call at all.
   */
  respond(bytes: Uint8Array, start: number, end: number, caller: Caller, head: XdrWriter): boolean {
    this.body = undefined
    this.bodyStart = 0
    this.bodyEnd = 0
    this.place = -1
    this.refused = undefined
    this.tooLong = 0
    this.#reader.reset(bytes, start, end)
    return !openCall(this.#reader, this.#call, YP, head) || this.#accept(caller, head)
  }

  /** For when another image is served: the last reply must not keep the old one in memory until the next call. */
  forget(): void {
    this.body = undefined
    this.refused = undefined
  }

  /** What the last call was about: one of the domains that are served, and its map, or '' for the list of them. */
  get subject(): { readonly domain: string; readonly map: string } {
    const { domain, map } = this.#args
    const isList = this.#call.procedure === YpProcedure.MAPLIST
    return { domain: this.#text(domain), map: isList ? '' : this.#text(map) }
  }

  #text({ start, length }: Span): string {
    return Buffer.from(this.#reader.bytes.subarray(start, start + length)).toString('latin1')
  }

  #accept(caller: Caller, head: XdrWriter): boolean {
    const { xid } = this.#call
    const rewind = head.offset
    encodeAccepted(head, xid, AcceptStat.SUCCESS)
    try {
      const due = this.#procedure(caller, head)
      if (this.refused !== undefined) return false
      if (due !== undefined) return due
      head.offset = rewind
      encodeAccepted(head, xid, AcceptStat.PROC_UNAVAIL)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      head.offset = rewind
      encodeAccepted(head, xid, AcceptStat.GARBAGE_ARGS)
    }
    return true
  }

  /** Whether a reply is due; undefined when there is no such procedure. */
  #procedure(caller: Caller, head: XdrWriter): boolean | undefined {
    const reader = this.#reader
    const args = this.#args
    switch (this.#call.procedure) {
      case YpProcedure.NULL:
      case YpProcedure.CLEAR:
        return true
      case YpProcedure.DOMAIN:
        decodeDomain(reader, args)
        head.bool(this.#isVouchedFor(args.domain, caller))
        return true
      case YpProcedure.DOMAIN_NONACK:
        decodeDomain(reader, args)
        head.bool(true)
        return this.#isVouchedFor(args.domain, caller)
      case YpProcedure.MATCH:
        decodeKey(reader, args)
        this.#match(caller, head)
        return true
      case YpProcedure.FIRST:
        decodeNoKey(reader, args)
        this.#enumerate(caller, head, false)
        return true
      case YpProcedure.NEXT:
        decodeKey(reader, args)
        this.#enumerate(caller, head, true)
        return true
      case YpProcedure.ALL:
        decodeNoKey(reader, args)
        this.#all(caller, head)
        return true
      case YpProcedure.MASTER:
        decodeNoKey(reader, args)
        this.#master(caller, head)
        return true
      case YpProcedure.ORDER:
        decodeNoKey(reader, args)
        this.#order(caller, head)
        return true
      case YpProcedure.MAPLIST:
        decodeDomain(reader, args)
        this.#mapList(caller, head)
        return true
      case YpProcedure.XFR:
        encodeXfrResult(head, decodeXfr(reader).transaction, YPXFR_REFUSED)
        return true
      case YpProcedure.NEWXFR:
        encodeXfrResult(head, decodeNewXfr(reader).transaction, YPXFR_REFUSED)
        return true
      default:
        return undefined
    }
  }

  #match(caller: Caller, head: XdrWriter): void {
    const { key } = this.#args
    const map = this.#map(true, caller)
    if (typeof map === 'number') return encodeValueError(head, map)
    const { view } = map
    const number = map.isFor(caller) ? find(view, this.#reader.bytes, key) : -1
    if (number < 0) return encodeValueError(head, YpStat.NOKEY)
    this.#setBody(view.answerStart(number), view.valueEnd(number))
    if (!this.#fits(caller, head)) encodeValueError(head, YpStat.YPERR)
  }

  /** FIRST, and NEXT: the smallest key greater than the given one, whether that exists or not. */
  #enumerate(caller: Caller, head: XdrWriter, behindKey: boolean): void {
    const { key } = this.#args
    const map = this.#map(behindKey, caller)
    if (typeof map === 'number') return encodeKeyValueError(head, map)
    const { bytes } = this.#reader
    const { view } = map
    const number = behindKey ? view.successor(bytes, key.start, lengthWithoutNul(bytes, key)) : 0
    if (number >= view.count || !map.isFor(caller)) return encodeKeyValueError(head, YpStat.NOMORE)
    this.#setBody(view.answerStart(number), view.recordEnd(number))
    if (!this.#fits(caller, head)) encodeKeyValueError(head, YpStat.YPERR)
  }

  #all(caller: Caller, head: XdrWriter): void {
    const map = this.#map(false, caller)
    if (typeof map === 'number') return encodeAllError(head, map)
    if (!map.isFor(caller)) return encodeAllError(head, YpStat.NOMORE)
    this.#setBody(map.view.section, map.view.sectionEnd)
    if (!this.#fits(caller, head)) encodeAllError(head, YpStat.YPERR)
  }

  /** `ypresp_master` is `ypresp_val` on the wire: the answer is the record of YP_MASTER_NAME. */
  #master(caller: Caller, head: XdrWriter): void {
    const map = this.#map(false, caller)
    if (typeof map === 'number') return encodeValueError(head, map)
    const { view } = map
    const number = view.find(MASTER_NAME, 0, MASTER_NAME.length)
    if (number < 0) return encodeValueError(head, YpStat.BADDB)
    this.#setBody(view.answerStart(number), view.valueEnd(number))
    if (!this.#fits(caller, head)) encodeValueError(head, YpStat.YPERR)
  }

  #order(caller: Caller, head: XdrWriter): void {
    const map = this.#map(false, caller)
    if (typeof map === 'number') return encodeOrder(head, map, 0)
    const domain = this.#domain(this.#args.domain, caller)
    encodeOrder(head, YpStat.TRUE, domain?.image?.created ?? 0)
  }

  #mapList(caller: Caller, head: XdrWriter): void {
    const { domain } = this.#args
    if (domain.length === 0) return encodeMapList(head, YpStat.BADARGS, [])
    const maps = this.#domain(domain, caller)?.maps
    if (maps === undefined) return encodeMapList(head, YpStat.NODOM, [])
    this.body = maps.list
    this.#setBody(0, maps.list.length)
    if (!this.#fits(caller, head)) encodeMapList(head, YpStat.YPERR, [])
  }

  /** What ypbind asks before it binds: where the data has expired, another server is the better one. */
  #isVouchedFor(domain: Span, caller: Caller): boolean {
    const found = this.#domain(domain, caller)
    return found?.isVouchedFor === true
  }

  /** Undefined also when the caller may not ask for it: there is no reply then. */
  #domain(domain: Span, caller: Caller): ServedDomain | undefined {
    const found = this.#served.find(this.#reader.bytes, domain)
    if (found?.access.allows(caller) !== false) return found
    this.refused = found
    return undefined
  }

  /** The map that the call names, or the status that says why there is none. */
  #map(withKey: boolean, caller: Caller): ServedMap | YpStat {
    const { domain, map, key } = this.#args
    const served = this.#domain(domain, caller)
    if (domain.length === 0 || map.length === 0 || (withKey && key.length === 0)) return YpStat.BADARGS
    if (served?.maps === undefined) return YpStat.NODOM
    const found = served.maps.find(this.#reader.bytes, map)
    if (found === undefined) return YpStat.NOMAP
    this.body = served.maps.image.bytes
    this.place = served.place
    return found
  }

  #setBody(start: number, end: number): void {
    this.bodyStart = start
    this.bodyEnd = end
  }

  #fits(caller: Caller, head: XdrWriter): boolean {
    const length = head.offset + this.bodyEnd - this.bodyStart
    if (length <= caller.limit) return true
    this.tooLong = length
    this.bodyStart = 0
    this.bodyEnd = 0
    return false
  }
}

/** Sun-era maps held a NUL behind each key, so clients try with and without; ours never do. */
function find(map: MapView, bytes: Uint8Array, key: Span): number {
  return map.find(bytes, key.start, lengthWithoutNul(bytes, key))
}

function lengthWithoutNul(bytes: Uint8Array, key: Span): number {
  const last = key.length - 1
  return bytes[key.start + last] === 0 ? last : key.length
}
