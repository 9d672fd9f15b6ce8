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
import { OUTCOMES } from '../messages/usage.ts'
import type { Answerer, Caller } from './answerer.ts'
import type { ServedMap } from './map-rules.ts'
import { openCall, type Spoken } from './open-call.ts'
import type { Served, ServedDomain } from './served.ts'
import { OTHER, Outcome, type Row } from './tally.ts'

const MASTER_NAME = Buffer.from(SpecialKey.masterName, 'latin1')

const YP: Spoken = { program: YP_PROGRAM, first: YP_VERSION, last: YP_VERSION }

type EncodeStatus = (head: XdrWriter, status: YpStat) => void

const encodeNoMapList: EncodeStatus = (head, status) => encodeMapList(head, status, [])

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
  /** where the call is counted */
  #row: Row

  constructor(served: Served) {
    this.#served = served
    this.#row = served.usage.tally.nothing
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
    const { usage } = this.#served
    this.#row = usage.tally.nothing
    this.#reader.reset(bytes, start, end)
    const unopened = openCall(this.#reader, this.#call, YP, head)
    const outcome = unopened === undefined ? this.#accept(caller, head) : Outcome[unopened]
    if (this.refused !== undefined) return false
    usage.count(this.#row, unopened === undefined ? this.#procedurePlace : OTHER, outcome, caller)
    return outcome !== Outcome.silence
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

  get #procedurePlace(): number {
    return Math.min(this.#call.procedure, OTHER)
  }

  /** All of these give what becomes of the call, a place in OUTCOMES. */
  #accept(caller: Caller, head: XdrWriter): number {
    const { xid } = this.#call
    const rewind = head.offset
    encodeAccepted(head, xid, AcceptStat.SUCCESS)
    try {
      const outcome = this.#procedure(caller, head)
      if (outcome !== Outcome.proc_unavail) return outcome
      head.offset = rewind
      encodeAccepted(head, xid, AcceptStat.PROC_UNAVAIL)
      return outcome
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      head.offset = rewind
      encodeAccepted(head, xid, AcceptStat.GARBAGE_ARGS)
      return Outcome.garbage_args
    }
  }

  #procedure(caller: Caller, head: XdrWriter): number {
    const reader = this.#reader
    const args = this.#args
    switch (this.#call.procedure) {
      case YpProcedure.NULL:
      case YpProcedure.CLEAR:
        return Outcome.success
      case YpProcedure.DOMAIN:
        decodeDomain(reader, args)
        head.bool(this.#isVouchedFor(args.domain, caller))
        return Outcome.success
      case YpProcedure.DOMAIN_NONACK:
        decodeDomain(reader, args)
        head.bool(true)
        return this.#isVouchedFor(args.domain, caller) ? Outcome.success : Outcome.silence
      case YpProcedure.MATCH:
        decodeKey(reader, args)
        return this.#end(this.#match(caller), encodeValueError, caller, head)
      case YpProcedure.FIRST:
        decodeNoKey(reader, args)
        return this.#end(this.#enumerate(caller, false), encodeKeyValueError, caller, head)
      case YpProcedure.NEXT:
        decodeKey(reader, args)
        return this.#end(this.#enumerate(caller, true), encodeKeyValueError, caller, head)
      case YpProcedure.ALL:
        decodeNoKey(reader, args)
        return this.#end(this.#all(caller), encodeAllError, caller, head)
      case YpProcedure.MASTER:
        decodeNoKey(reader, args)
        return this.#end(this.#master(caller), encodeValueError, caller, head)
      case YpProcedure.ORDER:
        decodeNoKey(reader, args)
        return this.#order(caller, head)
      case YpProcedure.MAPLIST:
        decodeDomain(reader, args)
        return this.#end(this.#mapList(caller), encodeNoMapList, caller, head)
      case YpProcedure.XFR:
        encodeXfrResult(head, decodeXfr(reader).transaction, YPXFR_REFUSED)
        return Outcome.success
      case YpProcedure.NEWXFR:
        encodeXfrResult(head, decodeNewXfr(reader).transaction, YPXFR_REFUSED)
        return Outcome.success
      default:
        return Outcome.proc_unavail
    }
  }

  /** The answer is the body, if that is there and not too long, or else what this procedure says of a status. */
  #end(status: YpStat, encodeStatus: EncodeStatus, caller: Caller, head: XdrWriter): number {
    const said = status === YpStat.TRUE && !this.#fits(caller, head) ? YpStat.YPERR : status
    if (said !== YpStat.TRUE) encodeStatus(head, said)
    return outcomeOf(said)
  }

  #match(caller: Caller): YpStat {
    const { key } = this.#args
    const map = this.#map(true, caller)
    if (typeof map === 'number') return map
    const { view } = map
    const number = map.isFor(caller) ? find(view, this.#reader.bytes, key) : -1
    if (number < 0) return YpStat.NOKEY
    return this.#setBody(view.answerStart(number), view.valueEnd(number))
  }

  /** FIRST, and NEXT: the smallest key greater than the given one, whether that exists or not. */
  #enumerate(caller: Caller, behindKey: boolean): YpStat {
    const { key } = this.#args
    const map = this.#map(behindKey, caller)
    if (typeof map === 'number') return map
    const { bytes } = this.#reader
    const { view } = map
    const number = behindKey ? view.successor(bytes, key.start, lengthWithoutNul(bytes, key)) : 0
    if (number >= view.count || !map.isFor(caller)) return YpStat.NOMORE
    return this.#setBody(view.answerStart(number), view.recordEnd(number))
  }

  #all(caller: Caller): YpStat {
    const map = this.#map(false, caller)
    if (typeof map === 'number') return map
    if (!map.isFor(caller)) return YpStat.NOMORE
    return this.#setBody(map.view.section, map.view.sectionEnd)
  }

  /** `ypresp_master` is `ypresp_val` on the wire: the answer is the record of YP_MASTER_NAME. */
  #master(caller: Caller): YpStat {
    const map = this.#map(false, caller)
    if (typeof map === 'number') return map
    const { view } = map
    const number = view.find(MASTER_NAME, 0, MASTER_NAME.length)
    if (number < 0) return YpStat.BADDB
    return this.#setBody(view.answerStart(number), view.valueEnd(number))
  }

  /** It has no body: the order is in the head. */
  #order(caller: Caller, head: XdrWriter): number {
    const map = this.#map(false, caller)
    const status = typeof map === 'number' ? map : YpStat.TRUE
    const domain =
      status === YpStat.TRUE ? this.#served.find(this.#reader.bytes, this.#args.domain) : undefined
    encodeOrder(head, status, domain?.image?.created ?? 0)
    return outcomeOf(status)
  }

  #mapList(caller: Caller): YpStat {
    const { domain } = this.#args
    if (domain.length === 0) return YpStat.BADARGS
    const maps = this.#domain(domain, caller)?.maps
    if (maps === undefined) return YpStat.NODOM
    this.body = maps.list
    return this.#setBody(0, maps.list.length)
  }

  /** What ypbind asks before it binds: where the data has expired, another server is the better one. */
  #isVouchedFor(domain: Span, caller: Caller): boolean {
    const found = this.#domain(domain, caller)
    return found?.isVouchedFor === true
  }

  /** Undefined also when the caller may not ask for it: there is no reply then. */
  #domain(domain: Span, caller: Caller): ServedDomain | undefined {
    const found = this.#served.find(this.#reader.bytes, domain)
    if (found === undefined) return undefined
    if (!found.access.allows(caller)) {
      this.refused = found
      return undefined
    }
    this.#row = found.row
    return found
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
    found.row ??= this.#served.usage.tally.row(served.name, found.view.name)
    this.#row = found.row
    return found
  }

  #setBody(start: number, end: number): YpStat {
    this.bodyStart = start
    this.bodyEnd = end
    return YpStat.TRUE
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

/** By the lowest bits of a status, which tell all of them apart: those that we never say are as YP_YPERR. */
const OUTCOME_OF_STATUS = new Uint8Array(16)
for (const [name, status] of Object.entries(YpStat)) {
  const place = OUTCOMES.findIndex((outcome) => outcome === name.toLowerCase())
  OUTCOME_OF_STATUS[status & 15] = place < 0 ? Outcome.yperr : place
}

function outcomeOf(status: YpStat): number {
  return OUTCOME_OF_STATUS[status & 15]!
}
