/**
 * What a captured message says, field by field (RFC 5531 s.9, RFC 1833, the YP protocol). Only the capture uses
 * it, and holds each result against what must have been said; the tests use the results.
 */

import { procedureName, RPCBIND, YP } from './procedures.ts'
import type { Expectation } from './vectors.ts'

/** XDR (RFC 4506), every byte of it: padding must be zero, and nothing may be left over. */
class Reader {
  private at = 0
  private readonly bytes: Buffer

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  get finished(): boolean {
    return this.at === this.bytes.length
  }

  uint(): number {
    this.at += 4
    return this.bytes.readUInt32BE(this.at - 4)
  }

  int(): number {
    return this.uint() | 0
  }

  bool(): boolean {
    const value = this.uint()
    if (value > 1) throw new Error(`not a bool: ${value}`)
    return value === 1
  }

  text(): string {
    const length = this.uint()
    const end = this.at + length
    const next = this.at + Math.ceil(length / 4) * 4
    if (next > this.bytes.length) throw new Error('longer than the message')
    if (this.bytes.subarray(end, next).some((byte) => byte !== 0)) throw new Error('padding is not zero')
    const value = this.bytes.toString('latin1', this.at, end)
    this.at = next
    return value
  }

  /** Items, each behind a `true`, up to a `false`. */
  list<T>(item: () => T): T[] {
    const items: T[] = []
    while (this.bool()) items.push(item())
    return items
  }
}

const ACCEPT = ['SUCCESS', 'PROG_UNAVAIL', 'PROG_MISMATCH', 'PROC_UNAVAIL', 'GARBAGE_ARGS', 'SYSTEM_ERR']

function credential(reader: Reader): Expectation {
  const flavor = reader.uint()
  const length = reader.uint()
  if (flavor === 0 && length === 0) return { flavor: 'AUTH_NONE' }
  if (flavor !== 1) throw new Error(`credentials of flavor ${flavor}`)
  const stamp = reader.uint()
  const machine = reader.text()
  const uid = reader.uint()
  const gid = reader.uint()
  const gids = Array.from({ length: reader.uint() }, () => reader.uint())
  return { flavor: 'AUTH_SYS', stamp, machine, uid, gid, gids }
}

function noVerifier(reader: Reader): void {
  if (reader.uint() !== 0 || reader.uint() !== 0) throw new Error('a verifier that is not AUTH_NONE')
}

function ypArguments(name: string, reader: Reader): Expectation {
  const nokey = () => ({ domain: reader.text(), map: reader.text() })
  const xfr = () => ({
    ...nokey(),
    order: reader.uint(),
    peer: reader.text(),
    transid: reader.uint(),
    program: reader.uint(),
  })
  switch (name) {
    case 'DOMAIN':
    case 'DOMAIN_NONACK':
    case 'MAPLIST':
      return { domain: reader.text() }
    case 'MATCH':
    case 'NEXT':
      return { ...nokey(), key: reader.text() }
    case 'FIRST':
    case 'ALL':
    case 'MASTER':
    case 'ORDER':
      return nokey()
    case 'XFR':
      return { ...xfr(), port: reader.uint() }
    case 'NEWXFR':
      return { ...xfr(), name: reader.text() }
    default:
      return {}
  }
}

function ypResult(name: string, reader: Reader): Expectation {
  // Unlike the declaration in yp.x, the value comes first on the wire.
  const keyValue = () => ({ status: reader.int(), value: reader.text(), key: reader.text() })
  switch (name) {
    case 'DOMAIN':
    case 'DOMAIN_NONACK':
      return { served: reader.bool() }
    case 'MATCH':
      return { status: reader.int(), value: reader.text() }
    case 'FIRST':
    case 'NEXT':
      return keyValue()
    case 'ALL':
      return { records: reader.list(keyValue) }
    case 'MASTER':
      return { status: reader.int(), peer: reader.text() }
    case 'ORDER':
      return { status: reader.int(), order: reader.uint() }
    case 'MAPLIST':
      return { status: reader.int(), maps: reader.list(() => reader.text()) }
    case 'XFR':
    case 'NEWXFR':
      return { transid: reader.uint(), status: reader.int() }
    default:
      return {}
  }
}

function rpcbindMapping(version: number, reader: Reader): Expectation {
  const mapping = { program: reader.uint(), version: reader.uint() }
  if (version === 2) return { ...mapping, protocol: reader.uint(), port: reader.uint() }
  return { ...mapping, netid: reader.text(), address: reader.text(), owner: reader.text() }
}

function rpcbindResult(name: string, version: number, reader: Reader): Expectation {
  switch (name) {
    case 'SET':
    case 'UNSET':
      return { done: reader.bool() }
    case 'GETPORT':
      return { port: reader.uint() }
    case 'GETADDR':
      return { address: reader.text() }
    case 'DUMP':
      return { mappings: reader.list(() => rpcbindMapping(version, reader)) }
    case 'GETADDRLIST':
      return {
        addresses: reader.list(() => ({
          address: reader.text(),
          netid: reader.text(),
          semantics: reader.uint(),
          family: reader.text(),
          protocol: reader.text(),
        })),
      }
    default:
      throw new Error(`rpcbind's ${name} is not known here`)
  }
}

/** Of the procedures of rpcbind that are captured, DUMP alone takes nothing. */
function callArguments(program: number, version: number, name: string, reader: Reader): Expectation {
  if (program === YP) return ypArguments(name, reader)
  if (program === RPCBIND) return name === 'DUMP' ? {} : rpcbindMapping(version, reader)
  return {}
}

function finish(reader: Reader, expectation: Expectation): Expectation {
  if (!reader.finished) throw new Error(`bytes left over after ${JSON.stringify(expectation)}`)
  return expectation
}

export function decodeCall(bytes: Buffer): Expectation {
  const reader = new Reader(bytes)
  const xid = reader.uint()
  const [type, rpcVersion] = [reader.uint(), reader.uint()]
  if (type !== 0 || rpcVersion !== 2) throw new Error('not a call')
  const [program, version, procedure] = [reader.uint(), reader.uint(), reader.uint()]
  const head = { xid, credential: credential(reader) }
  noVerifier(reader)
  const name = procedureName(program, version, procedure)
  // A call that lacks its arguments is captured too, for the error it is answered with.
  const body = reader.finished ? {} : callArguments(program, version, name, reader)
  return finish(reader, { ...head, ...body })
}

export function decodeReply(program: number, version: number, procedure: number, bytes: Buffer): Expectation {
  const reader = new Reader(bytes)
  const xid = reader.uint()
  const [type, denied] = [reader.uint(), reader.uint()]
  if (type !== 1 || denied !== 0) throw new Error('not an accepted reply')
  noVerifier(reader)
  const accept = ACCEPT[reader.uint()]
  const head = { xid, accept }
  if (accept === 'PROG_MISMATCH') return finish(reader, { ...head, low: reader.uint(), high: reader.uint() })
  if (accept !== 'SUCCESS') return finish(reader, head)
  const name = procedureName(program, version, procedure)
  const body = program === YP ? ypResult(name, reader) : rpcbindResult(name, version, reader)
  return finish(reader, { ...head, ...body })
}
