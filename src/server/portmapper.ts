/**
 * The port mapper of a host that has no other (RFC 1833): program 100000, versions 2 to 4, of which it knows itself and
 * us. It names ports, and registers nothing for anybody.
 */
import type { Call } from '../../rpc/call.ts'
import { DecodeError } from '../../rpc/errors.ts'
import { AcceptStat, encodeAccepted } from '../../rpc/reply.ts'
import {
  decodeBinding,
  decodeIndirectCall,
  decodeMapping,
  encodeAddressResult,
  encodeBinding,
  encodeDump,
  encodeMapping,
  encodePortResult,
  FIRST_RPCBIND_VERSION,
  IPPROTO_TCP,
  IPPROTO_UDP,
  LAST_RPCBIND_VERSION,
  type NetId,
  RPCBIND_PORT,
  RPCBIND_PROGRAM,
  RpcbindProcedure,
  universalAddress,
  universalHost,
} from '../../rpc/rpcbind.ts'
import { XdrReader } from '../../rpc/xdr-reader.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import { YP_PROGRAM, YP_VERSION, YpProcedure } from '../../rpc/yp.ts'
import { decodeDomain, newYpArguments } from '../../rpc/yp-arguments.ts'
import type { PortmapSettings } from '../messages/server.ts'
import type { Answerer, Caller } from './answerer.ts'
import { PORTMAP_REPLY_BYTES } from './limits.ts'
import { openCall, type Spoken } from './open-call.ts'
import { addressFor } from './own-address.ts'
import type { Served, ServedDomain } from './served.ts'

const RPCBIND: Spoken = {
  program: RPCBIND_PROGRAM,
  first: FIRST_RPCBIND_VERSION,
  last: LAST_RPCBIND_VERSION,
}

/** A program and where it is: what DUMP tells. */
interface Entry {
  readonly program: number
  readonly version: number
  readonly netid: NetId
  /** `0.0.0.0` and `::` are all of them */
  readonly host: string
  readonly port: number
}

/** Whose entries these are, as rpcinfo(8) shows it. */
const OWNER = 'ypldap'

/** `bool` true, the one answer that is passed back */
const YES = Uint8Array.of(0, 0, 0, 1)

const NOTHING = new Uint8Array(0)

export class Portmapper implements Answerer {
  readonly body: Buffer
  readonly bodyStart = 0
  bodyEnd = 0
  refused: ServedDomain | undefined
  /** What is too long is no answer of a domain, and no value that could be made shorter. */
  readonly tooLong = 0
  readonly subject = { domain: '', map: '' }
  readonly #transport: 'udp' | 'tcp'
  readonly #served: Served
  readonly #settings: () => PortmapSettings
  readonly #reader = new XdrReader(NOTHING)
  readonly #call: Call = { xid: 0, program: 0, version: 0, procedure: 0 }
  readonly #args = newYpArguments()
  readonly #results = new XdrWriter(Buffer.alloc(PORTMAP_REPLY_BYTES))

  /** The settings are looked at for each call. */
  constructor(transport: 'udp' | 'tcp', served: Served, settings: () => PortmapSettings) {
    this.#transport = transport
    this.#served = served
    this.#settings = settings
    this.body = this.#results.bytes
  }

  respond(bytes: Uint8Array, start: number, end: number, caller: Caller, head: XdrWriter): boolean {
    this.bodyEnd = 0
    this.refused = undefined
    this.#results.offset = 0
    this.#reader.reset(bytes, start, end)
    return openCall(this.#reader, this.#call, RPCBIND, head) !== undefined || this.#accept(caller, head)
  }

  #accept(caller: Caller, head: XdrWriter): boolean {
    const { xid, procedure } = this.#call
    const rewind = head.offset
    encodeAccepted(head, xid, AcceptStat.SUCCESS)
    const fail = (status: Exclude<AcceptStat, 2>) => {
      // RFC 1833 s.3.1: to a broadcast there is an answer or none, but no error.
      if (procedure === RpcbindProcedure.CALLIT) return false
      head.offset = rewind
      encodeAccepted(head, xid, status)
      return true
    }
    try {
      const due = this.#procedure(caller)
      if (due === undefined) return fail(AcceptStat.PROC_UNAVAIL)
      if (!due) return false
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      return fail(AcceptStat.GARBAGE_ARGS)
    }
    if (head.offset + this.#results.offset > caller.limit) return fail(AcceptStat.SYSTEM_ERR)
    this.bodyEnd = this.#results.offset
    return true
  }

  /** Whether a reply is due; undefined when there is no such procedure. */
  #procedure(caller: Caller): boolean | undefined {
    const { version, procedure } = this.#call
    const results = this.#results
    switch (procedure) {
      case RpcbindProcedure.NULL:
        return true
      case RpcbindProcedure.SET:
      case RpcbindProcedure.UNSET:
        results.bool(false)
        return true
      case RpcbindProcedure.GETADDR:
        if (version === 2) this.#port()
        else this.#address(caller, false)
        return true
      case RpcbindProcedure.DUMP:
        this.#dump()
        return true
      case RpcbindProcedure.CALLIT:
        return this.#callIt(caller)
      case RpcbindProcedure.GETTIME:
        if (version === 2) return undefined
        results.uint32(Math.floor(Date.now() / 1000))
        return true
      case RpcbindProcedure.GETVERSADDR:
        if (version < 4) return undefined
        this.#address(caller, true)
        return true
      case RpcbindProcedure.INDIRECT:
        return version < 4 || !this.#settings().broadcast ? undefined : this.#callIt(caller)
      default:
        return undefined
    }
  }

  /** Version 2 knows IPv4 only. */
  #port(): void {
    const { program, version, protocol } = decodeMapping(this.#reader)
    const netid = netidOf(protocol)
    const found = netid === undefined ? undefined : this.#find(program, version, netid, false)
    this.#results.uint32(found?.port ?? 0)
  }

  /** RFC 1833 s.2.2.1: the transport is that of the call, whatever it names; an empty address says that there is none. */
  #address(caller: Caller, strict: boolean): void {
    const { program, version, address } = decodeBinding(this.#reader)
    const found = this.#find(program, version, this.#netid(caller), strict)
    this.#results.string(found === undefined ? '' : place(found, caller, universalHost(address)))
  }

  #dump(): void {
    const all = this.#entries()
    if (this.#call.version > 2) {
      const bindings = all.map(({ host, port, ...rest }) => ({
        ...rest,
        address: universalAddress(host, port),
        owner: OWNER,
      }))
      return encodeDump(this.#results, bindings, encodeBinding)
    }
    const mappings = all.flatMap(({ netid, ...rest }) => {
      const protocol = PROTOCOLS[netid]
      return protocol === undefined ? [] : [{ ...rest, protocol }]
    })
    encodeDump(this.#results, mappings, encodeMapping)
  }

  /** What a client that looks for a server sends to all hosts: whether we are one for its domain. */
  #callIt(caller: Caller): boolean {
    const { program, version, procedure, args } = decodeIndirectCall(this.#reader)
    if (!this.#settings().broadcast || program !== YP_PROGRAM || version !== YP_VERSION) return false
    if (procedure !== YpProcedure.DOMAIN && procedure !== YpProcedure.DOMAIN_NONACK) return false
    this.#reader.reset(args, 0, args.length)
    decodeDomain(this.#reader, this.#args)
    const domain = this.#served.find(args, this.#args.domain)
    if (domain === undefined) return false
    if (!domain.access.allows(caller)) {
      this.refused = domain
      return false
    }
    const found = this.#find(program, version, this.#netid(caller), true)
    if (!domain.isVouchedFor || found === undefined) return false
    if (this.#call.version === 2) encodePortResult(this.#results, { place: found.port, results: YES })
    else encodeAddressResult(this.#results, { place: place(found, caller), results: YES })
    return true
  }

  #netid({ length }: Caller): NetId {
    return length === 4 ? this.#transport : `${this.#transport}6`
  }

  /** RFC 1833 s.2.2.1: of a version that is not there another one, unless that is `strict`. */
  #find(program: number, version: number, netid: NetId, strict: boolean): Entry | undefined {
    const there = this.#entries().filter((entry) => entry.program === program && entry.netid === netid)
    return there.find((entry) => entry.version === version) ?? (strict ? undefined : there[0])
  }

  /** Port mapper and YP have their sockets on the same addresses. */
  #entries(): readonly Entry[] {
    const { entries } = this.#settings()
    const own = [4, 3, 2].flatMap((version) =>
      entries.map(({ netid, address }) => ({
        program: RPCBIND_PROGRAM,
        version,
        netid,
        host: address,
        port: RPCBIND_PORT,
      })),
    )
    const yp = entries.map(({ netid, address, port }) => ({
      program: YP_PROGRAM,
      version: YP_VERSION,
      netid,
      host: address,
      port,
    }))
    return [...own, ...yp]
  }
}

const PROTOCOLS: Readonly<Partial<Record<NetId, number>>> = { udp: IPPROTO_UDP, tcp: IPPROTO_TCP }

function netidOf(protocol: number): NetId | undefined {
  if (protocol === IPPROTO_UDP) return 'udp'
  return protocol === IPPROTO_TCP ? 'tcp' : undefined
}

/** A wildcard says nothing to the caller. */
function place({ host, port }: Entry, caller: Caller, hint?: string): string {
  const isWildcard = host === '0.0.0.0' || host === '::'
  const { bytes, start, length, here } = caller
  const from = bytes.subarray(start, start + length)
  const shown = isWildcard ? addressFor(from, host === '::' ? 16 : 4, { hint, here }) : host
  return universalAddress(shown ?? host, port)
}
