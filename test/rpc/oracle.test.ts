import { describe, expect, test } from 'vitest'
import { AuthStat } from '../../rpc/auth.ts'
import { AcceptStat, decodeReply, encodeAccepted, encodeDenied, encodeProgMismatch } from '../../rpc/reply.ts'
import { encodeBinding, encodeMapping } from '../../rpc/rpcbind.ts'
import { XdrReader } from '../../rpc/xdr-reader.ts'
import { YP_PROGRAM, YP_VERSION, YpProcedure, YpStat } from '../../rpc/yp.ts'
import { encodeKeyValueError, encodeMapList, encodeValueError } from '../../rpc/yp-results.ts'
import * as oracle from '../support/oracle.ts'
import { octets } from '../support/oracle.ts'
import { newWriter, readCall, writeCall } from '../support/rpc-codec.ts'

const NO_AUTH: { flavor: number; body: Uint8Array } = { flavor: 0, body: new Uint8Array(0) }
const AUTH_SYS = { stamp: 7, machine: 'client.example', uid: 1000, gid: 100, gids: [100, 4294967295] }

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function call(procedure: number, cred = NO_AUTH): Uint8Array {
  return oracle.callHeader.encode({
    xid: 0xfffffffe,
    type: 0,
    rpcvers: 2,
    prog: YP_PROGRAM,
    vers: YP_VERSION,
    proc: procedure,
    cred,
    verf: NO_AUTH,
  })
}

const domain = 'example.com'
const map = 'passwd.byname'

describe('calls that another XDR library builds', () => {
  const parms = { domain: octets(domain), map: octets(map), order: 4000000000, peer: octets('peer') }
  const cases = [
    [
      'DOMAIN',
      { domain },
      oracle.ypreqNokey.encode({ domain: octets(domain), map: octets('') }).subarray(0, 16),
    ],
    [
      'MATCH',
      { domain, map, key: 'a' },
      oracle.ypreqKey.encode({ domain: octets(domain), map: octets(map), key: octets('a') }),
    ],
    [
      'NEXT',
      { domain, map, key: 'ab' },
      oracle.ypreqKey.encode({ domain: octets(domain), map: octets(map), key: octets('ab') }),
    ],
    ['FIRST', { domain, map }, oracle.ypreqNokey.encode({ domain: octets(domain), map: octets(map) })],
    ['ALL', { domain: '', map: '' }, oracle.ypreqNokey.encode({ domain: octets(''), map: octets('') })],
    [
      'XFR',
      { domain, map, order: 4000000000, peer: 'peer', transaction: 9, program: 1073741824, port: 1023 },
      oracle.ypreqXfr.encode({ parms, transid: 9, prog: 1073741824, port: 1023 }),
    ],
    [
      'NEWXFR',
      { domain, map, order: 4000000000, peer: 'peer', transaction: 9, program: 1073741824, name: 'me' },
      oracle.ypreqNewxfr.encode({ parms, transid: 9, prog: 1073741824, name: octets('me') }),
    ],
  ] as const

  test.each(cases)('%s is read as built, with either credential', (name, fields, args) => {
    const body = hex(args)
    const plain = Buffer.from(hex(call(YpProcedure[name])) + body, 'hex')
    expect(readCall(plain)).toEqual({
      fields: { xid: 0xfffffffe, credential: { flavor: 'AUTH_NONE' }, ...fields },
      left: 0,
    })
    const cred = {
      flavor: 1,
      body: oracle.authSys.encode({ ...AUTH_SYS, machine: octets(AUTH_SYS.machine) }),
    }
    const signed = Buffer.from(hex(call(YpProcedure[name], cred)) + body, 'hex')
    expect(readCall(signed)).toEqual({
      fields: { xid: 0xfffffffe, credential: { flavor: 'AUTH_SYS', ...AUTH_SYS }, ...fields },
      left: 0,
    })
  })

  test.each(cases)('%s is written with the same bytes', (name, fields, args) => {
    const header = { xid: 0xfffffffe, program: YP_PROGRAM, version: YP_VERSION, procedure: YpProcedure[name] }
    expect(hex(writeCall(header, fields))).toBe(hex(call(YpProcedure[name])) + hex(args))
  })
})

function accepted(data: { readonly type: number; readonly range?: object }): Uint8Array {
  const body = { type: 0, accepted: { verf: NO_AUTH, data } }
  return oracle.replyHeader.encode({ xid: 5, type: 1, body } as never)
}

describe('all eight forms of a reply', () => {
  test.each(['SUCCESS', 'PROG_UNAVAIL', 'PROC_UNAVAIL', 'GARBAGE_ARGS', 'SYSTEM_ERR'] as const)(
    'accepted: %s',
    (name) => {
      const writer = newWriter()
      encodeAccepted(writer, 5, AcceptStat[name])
      const built = accepted({ type: AcceptStat[name] })
      expect(hex(writer.written())).toBe(hex(built))
      expect(decodeReply(new XdrReader(built))).toEqual({
        xid: 5,
        kind: 'accepted',
        status: AcceptStat[name],
      })
    },
  )

  test('accepted: PROG_MISMATCH with the versions that exist', () => {
    const writer = newWriter()
    encodeProgMismatch(writer, 5, 2, 2)
    const built = accepted({ type: 2, range: { low: 2, high: 2 } })
    expect(hex(writer.written())).toBe(hex(built))
    expect(decodeReply(new XdrReader(built))).toEqual({
      xid: 5,
      kind: 'accepted',
      status: 2,
      low: 2,
      high: 2,
    })
  })

  test('denied: RPC_MISMATCH, version 2 to 2', () => {
    const writer = newWriter()
    encodeDenied(writer, 5, 'rpc-mismatch')
    const built = oracle.replyHeader.encode({
      xid: 5,
      type: 1,
      body: { type: 1, denied: { type: 0, range: { low: 2, high: 2 } } },
    })
    expect(hex(writer.written())).toBe(hex(built))
    expect(decodeReply(new XdrReader(built))).toEqual({ xid: 5, kind: 'rpc-mismatch', low: 2, high: 2 })
  })

  test.each(Object.values(AuthStat))('denied: AUTH_ERROR %i', (stat) => {
    const writer = newWriter()
    encodeDenied(writer, 5, stat)
    const built = oracle.replyHeader.encode({
      xid: 5,
      type: 1,
      body: { type: 1, denied: { type: 1, stat } },
    })
    expect(hex(writer.written())).toBe(hex(built))
    expect(decodeReply(new XdrReader(built))).toEqual({ xid: 5, kind: 'auth-error', status: stat })
  })
})

describe('results and rpcbind arguments', () => {
  test('an error without data has empty strings where data would be', () => {
    const writer = newWriter()
    encodeKeyValueError(writer, YpStat.NODOM)
    const none = new Uint8Array(0)
    expect(hex(writer.written())).toBe(
      hex(oracle.yprespKeyVal.encode({ stat: 0xfffffffe, val: none, key: none })),
    )
    const short = newWriter()
    encodeValueError(short, YpStat.NOKEY)
    expect(hex(short.written())).toBe('fffffffd00000000')
  })

  test('a list of maps is the linked list of yp.x', () => {
    const writer = newWriter()
    encodeMapList(writer, YpStat.TRUE, ['a', 'bcde'])
    const built = oracle.yprespMaplist.encode({
      stat: 1,
      maps: { map: octets('a'), next: { map: octets('bcde'), next: null } },
    })
    expect(hex(writer.written())).toBe(hex(built))
  })

  test('mappings and bindings', () => {
    const writer = newWriter()
    encodeMapping(writer, { program: 100004, version: 2, protocol: 17, port: 834 })
    expect(hex(writer.written())).toBe(
      hex(oracle.mapping.encode({ prog: 100004, vers: 2, prot: 17, port: 834 })),
    )
    const binding = { program: 100004, version: 2, netid: 'udp6', address: '::.3.66', owner: 'superuser' }
    const second = newWriter()
    encodeBinding(second, binding)
    const built = oracle.rpcb.encode({
      prog: 100004,
      vers: 2,
      netid: octets(binding.netid),
      addr: octets(binding.address),
      owner: octets(binding.owner),
    })
    expect(hex(second.written())).toBe(hex(built))
  })
})
