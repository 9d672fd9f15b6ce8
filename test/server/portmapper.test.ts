import { beforeEach, describe, expect, test } from 'vitest'
import { encodeCall } from '../../rpc/call.ts'
import { DecodeError } from '../../rpc/errors.ts'
import { decodeReply } from '../../rpc/reply.ts'
import {
  decodeAddressResult,
  decodePortResult,
  encodeBinding,
  encodeIndirectCall,
  encodeMapping,
  RPCBIND_PROGRAM,
  RpcbindProcedure,
} from '../../rpc/rpcbind.ts'
import { XdrReader } from '../../rpc/xdr-reader.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import { YP_PROGRAM, YpProcedure } from '../../rpc/yp.ts'
import { encodeDomain } from '../../rpc/yp-arguments.ts'
import type { PortmapSettings } from '../../src/messages/server.ts'
import type { Caller } from '../../src/server/answerer.ts'
import { Portmapper } from '../../src/server/portmapper.ts'
import { Served } from '../../src/server/served.ts'
import { readVectors } from '../golden/vectors.ts'
import { group, imageOf, rows, user } from '../support/rows.ts'
import { readReply } from '../support/rpc-codec.ts'
import { HERE, ruleOf } from '../support/rules.ts'

const DOMAIN = 'example.com'
const ENTRIES: PortmapSettings['entries'] = [
  { netid: 'udp', address: '0.0.0.0', port: 834 },
  { netid: 'tcp', address: '0.0.0.0', port: 834 },
  { netid: 'udp6', address: '::', port: 835 },
  { netid: 'tcp6', address: '::', port: 835 },
]

const FOUR: Caller = { reserved: false, limit: 1400, here: '127.0.0.1', ...HERE }
const six = new Uint8Array(16)
six[15] = 1
const SIX: Caller = { ...FOUR, bytes: six, length: 16, here: '::1' }

let served: Served
let settings: PortmapSettings

beforeEach(() => {
  served = new Served()
  served.serve(imageOf([rows([user()], [group()])], { domain: DOMAIN }))
  settings = { broadcast: false, entries: ENTRIES }
})

/** The whole reply to a call in these bytes, or undefined. */
function answer(bytes: Buffer, caller: Caller = FOUR, transport: 'udp' | 'tcp' = 'udp'): Buffer | undefined {
  const portmapper = new Portmapper(transport, served, () => settings)
  const head = new XdrWriter(Buffer.alloc(128))
  if (!portmapper.respond(bytes, 0, bytes.length, caller, head)) return undefined
  const { body, bodyStart, bodyEnd } = portmapper
  return Buffer.concat([head.written(), body.subarray(bodyStart, bodyEnd)])
}

function callOf(
  version: number,
  procedure: number,
  encode: (writer: XdrWriter) => void = () => {},
  program = RPCBIND_PROGRAM,
): Buffer {
  const writer = new XdrWriter(Buffer.alloc(4096))
  encodeCall(writer, { xid: 7, program, version, procedure })
  encode(writer)
  return writer.written()
}

/** What the reply says. */
function ask(
  version: number,
  procedure: number,
  encode?: (writer: XdrWriter) => void,
  caller?: Caller,
  transport?: 'udp' | 'tcp',
): Record<string, unknown> | undefined {
  const reply = answer(callOf(version, procedure, encode), caller, transport)
  return reply && readReply({ program: RPCBIND_PROGRAM, version, procedure }, reply).fields
}

const mapping =
  (program: number, protocol: number, version = 2) =>
  (writer: XdrWriter) =>
    encodeMapping(writer, { program, version, protocol, port: 0 })

const binding =
  (program: number, address = '', version = 2) =>
  (writer: XdrWriter) =>
    encodeBinding(writer, { program, version, netid: 'udp', address, owner: '' })

const { SET, UNSET, GETADDR, DUMP, CALLIT, GETTIME, GETVERSADDR, INDIRECT } = RpcbindProcedure

describe('version 2', () => {
  test.each([
    ['YP over UDP', YP_PROGRAM, 17, 834],
    ['YP over TCP', YP_PROGRAM, 6, 834],
    ['itself', RPCBIND_PROGRAM, 17, 111],
    ['a protocol that is neither', YP_PROGRAM, 1, 0],
    ['a program that is not there', 100_003, 17, 0],
  ])('names the port of %s', (_what, program, protocol, port) => {
    expect(ask(2, GETADDR, mapping(program, protocol))).toEqual({ xid: 7, accept: 'SUCCESS', port })
  })

  test('names the port of another version, where the one that is asked for is not there', () => {
    expect(ask(2, GETADDR, mapping(YP_PROGRAM, 17, 1))).toMatchObject({ port: 834 })
  })

  test('lists itself in three versions, and YP, over IPv4 only', () => {
    const { mappings } = ask(2, DUMP) as { mappings: readonly object[] }
    expect(mappings).toHaveLength(8)
    expect(mappings).toContainEqual({ program: RPCBIND_PROGRAM, version: 2, protocol: 17, port: 111 })
    expect(mappings).toContainEqual({ program: YP_PROGRAM, version: 2, protocol: 6, port: 834 })
  })

  test('has nothing of later versions', () => {
    for (const procedure of [GETTIME, GETVERSADDR, INDIRECT])
      expect(ask(2, procedure)).toEqual({ xid: 7, accept: 'PROC_UNAVAIL' })
  })
})

describe('versions 3 and 4', () => {
  test.each([
    [3, FOUR, 'udp', '127.0.0.1.3.66'],
    [4, FOUR, 'tcp', '127.0.0.1.3.66'],
    [4, SIX, 'udp', '::1.3.67'],
    [3, SIX, 'tcp', '::1.3.67'],
  ] as const)(
    'version %i names the address over the transport that it is asked by',
    (version, caller, transport, address) => {
      expect(ask(version, GETADDR, binding(YP_PROGRAM), caller, transport)).toMatchObject({ address })
    },
  )

  test('names the address that the caller says it asked, which is ours or stands for us', () => {
    expect(ask(4, GETADDR, binding(YP_PROGRAM, '192.0.2.7.0.111'))).toMatchObject({
      address: '192.0.2.7.3.66',
    })
  })

  test.each(['0.0.0.0.0.111', '224.0.0.1.0.111', '255.255.255.255.0.111', 'x.y.0.111', '::1.0.111', '7'])(
    'takes no notice of %s as the address that was asked',
    (address) => {
      expect(ask(4, GETADDR, binding(YP_PROGRAM, address))).toMatchObject({ address: '127.0.0.1.3.66' })
    },
  )

  test('says nothing of what is not there', () => {
    expect(ask(4, GETADDR, binding(100_003))).toMatchObject({ address: '' })
    settings = { ...settings, entries: ENTRIES.slice(0, 2) }
    expect(ask(4, GETADDR, binding(YP_PROGRAM), SIX)).toMatchObject({ address: '' })
  })

  test('GETVERSADDR names no other version, and only version 4 has it', () => {
    expect(ask(4, GETADDR, binding(YP_PROGRAM, '', 1))).toMatchObject({ address: '127.0.0.1.3.66' })
    expect(ask(4, GETVERSADDR, binding(YP_PROGRAM, '', 1))).toEqual({ xid: 7, accept: 'SUCCESS' })
    expect(answer(callOf(4, GETVERSADDR, binding(YP_PROGRAM, '', 1)))).toHaveLength(28)
    expect(answer(callOf(4, GETVERSADDR, binding(YP_PROGRAM)))).toHaveLength(44)
    expect(ask(3, GETVERSADDR, binding(YP_PROGRAM))).toMatchObject({ accept: 'PROC_UNAVAIL' })
  })

  test('list everything over all four transports, within the datagram of the default', () => {
    const { mappings } = ask(4, DUMP) as { mappings: readonly object[] }
    expect(mappings).toHaveLength(16)
    expect(mappings).toContainEqual({
      program: YP_PROGRAM,
      version: 2,
      netid: 'tcp6',
      address: '::.3.67',
      owner: 'ypldap',
    })
    expect(ask(3, DUMP)).toEqual(ask(4, DUMP))
  })

  test('tell the time', () => {
    const before = Math.floor(Date.now() / 1000)
    const told = answer(callOf(3, GETTIME))!.readUInt32BE(24)
    expect(told).toBeGreaterThanOrEqual(before)
    expect(told).toBeLessThanOrEqual(Date.now() / 1000)
  })
})

describe('whoever asks', () => {
  test.each([2, 3, 4])('NULL of version %i has an empty answer', (version) => {
    expect(ask(version, 0)).toEqual({ xid: 7, accept: 'SUCCESS' })
  })

  test.each([2, 3, 4])('may not register or unregister by version %i', (version) => {
    expect(ask(version, SET)).toEqual({ xid: 7, accept: 'SUCCESS', done: false })
    expect(ask(version, UNSET)).toEqual({ xid: 7, accept: 'SUCCESS', done: false })
  })

  test.each([0, 1, 5])('is told of versions 2 to 4 when asking for %i', (version) => {
    expect(ask(version, 0)).toMatchObject({ accept: 'PROG_MISMATCH', low: 2, high: 4 })
  })

  test('hears that no other program is here, and no other procedure', () => {
    const reply = answer(callOf(2, 0, undefined, YP_PROGRAM))!
    expect(decodeReply(new XdrReader(reply))).toMatchObject({ kind: 'accepted', status: 1 })
    for (const procedure of [7, 8, 11, 12, 99])
      expect(ask(4, procedure)).toMatchObject({ accept: 'PROC_UNAVAIL' })
  })

  test('hears that arguments can be no arguments, and nothing where bytes are no call', () => {
    expect(ask(2, GETADDR)).toMatchObject({ accept: 'GARBAGE_ARGS' })
    expect(ask(4, GETADDR)).toMatchObject({ accept: 'GARBAGE_ARGS' })
    expect(() => answer(Buffer.from('no call at all'))).toThrow(DecodeError)
  })

  test('gets no list that is longer than the transport carries', () => {
    expect(ask(4, DUMP, undefined, { ...FOUR, limit: 512 })).toMatchObject({ accept: 'SYSTEM_ERR' })
    expect(ask(4, DUMP, undefined, { ...FOUR, limit: Infinity })).toMatchObject({ accept: 'SUCCESS' })
  })
})

describe('what was captured of rpcbind', () => {
  const asked = readVectors('rpcbind').filter(
    ({ direction, procedure }) => direction === 'call' && procedure === GETADDR,
  )

  test.each(asked)(
    '$name: has an answer that its sender can read',
    ({ hex, transport, version, procedure }) => {
      const bytes = Buffer.from(hex.slice(transport === 'udp' ? 0 : 8), 'hex')
      const reply = answer(bytes, FOUR, transport === 'tcp' ? 'tcp' : 'udp')!
      const { fields, left } = readReply({ program: RPCBIND_PROGRAM, version, procedure }, reply)
      expect(left).toBe(0)
      expect(fields).toMatchObject({ accept: 'SUCCESS', xid: bytes.readUInt32BE(0) })
    },
  )

  test('ypcat is led to YP by the very bytes of rpcbind', () => {
    const [call, reply] = readVectors('rpcbind').filter(({ name }) =>
      name.startsWith('ypcat asks for ypserv: 1'),
    )
    // There ypserv was on port 834 too.
    expect(answer(Buffer.from(call!.hex, 'hex'))!.toString('hex')).toBe(reply!.hex)
  })
})

const indirect =
  (domain = DOMAIN, procedure: number = YpProcedure.DOMAIN_NONACK, program = YP_PROGRAM) =>
  (writer: XdrWriter) => {
    const args = new XdrWriter(Buffer.alloc(1024))
    encodeDomain(args, domain)
    encodeIndirectCall(writer, { program, version: 2, procedure, args: args.written() })
  }

/** Place and answer in hex, or undefined. */
const passed = (version: number, encode = indirect(), caller = FOUR, procedure: number = CALLIT) => {
  const reply = answer(callOf(version, procedure, encode), caller)
  if (reply === undefined) return undefined
  const reader = new XdrReader(reply)
  expect(decodeReply(reader)).toMatchObject({ kind: 'accepted', status: 0 })
  const { place, results } = version === 2 ? decodePortResult(reader) : decodeAddressResult(reader)
  expect(reader.remaining).toBe(0)
  return [place, Buffer.from(results).toString('hex')]
}

describe('a call that is to be passed on', () => {
  test('has no answer unless that was asked for', () => {
    for (const version of [2, 3, 4]) expect(passed(version)).toBeUndefined()
    expect(ask(4, INDIRECT, indirect())).toMatchObject({ accept: 'PROC_UNAVAIL' })
  })

  describe('where that was asked for', () => {
    beforeEach(() => {
      settings = { ...settings, broadcast: true }
    })

    test.each([YpProcedure.DOMAIN, YpProcedure.DOMAIN_NONACK])(
      'has YP answer procedure %i with yes',
      (procedure) => {
        expect(passed(2, indirect(DOMAIN, procedure))).toEqual([834, '00000001'])
        expect(passed(3, indirect(DOMAIN, procedure))).toEqual(['127.0.0.1.3.66', '00000001'])
        expect(passed(4, indirect(DOMAIN, procedure), SIX)).toEqual(['::1.3.67', '00000001'])
        expect(passed(4, indirect(DOMAIN, procedure), FOUR, INDIRECT)).toEqual(['127.0.0.1.3.66', '00000001'])
      },
    )

    test('has no answer about a domain that is not served, or not to this caller, or not true any more', () => {
      expect(passed(2, indirect('other.example'))).toBeUndefined()
      served.named(DOMAIN)!.expired = true
      expect(passed(2)).toBeUndefined()
      served.named(DOMAIN)!.expired = false
      expect(passed(2)).toBeDefined()
      served.admit(DOMAIN, [ruleOf('deny 127.0.0.0/8')])
      expect(passed(2)).toBeUndefined()
    })

    test('has no answer of a server without an image', () => {
      served.add('empty.example')
      expect(passed(2, indirect('empty.example'))).toBeUndefined()
    })

    test('has no answer, and no error, whatever else it is', () => {
      for (const procedure of [YpProcedure.NULL, YpProcedure.MATCH, YpProcedure.ALL, 99])
        expect(passed(2, indirect(DOMAIN, procedure))).toBeUndefined()
      expect(passed(2, indirect(DOMAIN, YpProcedure.DOMAIN, 100_003))).toBeUndefined()
      expect(answer(callOf(2, CALLIT))).toBeUndefined()
      expect(answer(callOf(4, CALLIT, (writer) => writer.string('x')))).toBeUndefined()
    })

    test('tells whom it keeps the domain from', () => {
      served.admit(DOMAIN, [ruleOf('deny 127.0.0.0/8')])
      const portmapper = new Portmapper('udp', served, () => settings)
      const bytes = callOf(2, CALLIT, indirect())
      expect(portmapper.respond(bytes, 0, bytes.length, FOUR, new XdrWriter(Buffer.alloc(128)))).toBe(false)
      expect(portmapper.refused?.name).toBe(DOMAIN)
    })
  })
})
