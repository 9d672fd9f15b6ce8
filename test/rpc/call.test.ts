import { describe, expect, test } from 'vitest'
import { AuthStat, encodeAuthSys } from '../../rpc/auth.ts'
import { decodeCall } from '../../rpc/call.ts'
import { DecodeError } from '../../rpc/errors.ts'
import { XdrReader } from '../../rpc/xdr-reader.ts'
import { newCall, newWriter } from '../support/rpc-codec.ts'

/** A call's words up to its credential, then what is given, as hex. */
function read(credential: string, verifier = '0000000000000000', rpcVersion = '00000002') {
  const head = `0000000900000000${rpcVersion}000186a40000000200000003`
  const reader = new XdrReader(Buffer.from(head + credential + verifier, 'hex'))
  const call = newCall()
  return { denial: decodeCall(reader, call), call, left: reader.remaining }
}

function authSys(gids: number, machine = 'lab'): string {
  const writer = newWriter()
  encodeAuthSys(writer, {
    stamp: 1,
    machine,
    uid: 0,
    gid: 0,
    gids: Array.from({ length: gids }, (_, i) => i),
  })
  return writer.written().toString('hex')
}

describe('the header of a call', () => {
  test('is read, and the reader left at the arguments', () => {
    expect(read('0000000000000000')).toEqual({
      denial: undefined,
      call: { xid: 9, program: 100004, version: 2, procedure: 3 },
      left: 0,
    })
  })

  test('with another RPC version is denied, and its xid known', () => {
    const { denial, call } = read('', '', '00000003')
    expect(denial).toBe('rpc-mismatch')
    expect(call.xid).toBe(9)
  })

  test('that is a reply is no call', () => {
    const reader = new XdrReader(Buffer.from('0000000900000001', 'hex'))
    expect(() => decodeCall(reader, newCall())).toThrow(DecodeError)
  })

  test('with up to 16 gids is accepted, with 17 its credential is bad', () => {
    expect(read(authSys(16)).denial).toBeUndefined()
    expect(read(authSys(17)).denial).toBe(AuthStat.BADCRED)
  })

  test('with a machine name of 255 bytes is accepted, with 256 its credential is bad', () => {
    expect(read(authSys(0, 'x'.repeat(255))).denial).toBeUndefined()
    expect(read(authSys(0, 'x'.repeat(256))).denial).toBe(AuthStat.BADCRED)
  })

  test('with an AUTH_SYS body that is empty, too short or too long for its content has a bad credential', () => {
    expect(read('0000000100000000').denial).toBe(AuthStat.BADCRED)
    expect(read('000000010000000400000000').denial).toBe(AuthStat.BADCRED)
    const whole = authSys(1)
    const longer = whole.replace(/^(.{8}).{8}/, (_, flavor: string) => `${flavor}00000020`)
    expect(read(`${longer}00000000`).denial).toBe(AuthStat.BADCRED)
  })

  test('with a flavor that is neither AUTH_NONE nor AUTH_SYS is rejected', () => {
    expect(read('0000000200000000').denial).toBe(AuthStat.REJECTEDCRED)
    expect(read('000000060000000400000000').denial).toBe(AuthStat.REJECTEDCRED)
  })

  test('with an authentication of over 400 bytes is no call', () => {
    expect(() => read('0000000000000191')).toThrow(DecodeError)
    expect(() => read('0000000000000000', '0000000000000191')).toThrow(DecodeError)
  })

  test('cut anywhere is no call', () => {
    const whole = Buffer.from(
      `000000090000000000000002000186a40000000200000003${authSys(2)}0000000000000000`,
      'hex',
    )
    for (let end = 0; end < whole.length; end++) {
      expect(() => decodeCall(new XdrReader(whole, 0, end), newCall())).toThrow(DecodeError)
    }
    expect(decodeCall(new XdrReader(whole), newCall())).toBeUndefined()
  })
})
