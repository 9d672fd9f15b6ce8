import { describe, expect, test } from 'vitest'
import { DecodeError } from '../../rpc/errors.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import { YpProcedure as P, YpStat } from '../../rpc/yp.ts'
import type { Image } from '../../src/maps/image.ts'
import type { Caller } from '../../src/server/answerer.ts'
import { Responder } from '../../src/server/responder.ts'
import { Served } from '../../src/server/served.ts'
import { sumOfRows } from '../../src/server/tally.ts'
import { contents } from '../support/map-contents.ts'
import { group, imageOf, rows, user } from '../support/rows.ts'
import { type Fields, readReply, writeCall } from '../support/rpc-codec.ts'
import { HERE, ruleOf } from '../support/rules.ts'

const image = imageOf([
  rows(
    [user(), user({ name: 'bob', uid: '10002' }), user({ name: 'carol', uid: '10003' })],
    [group({ members: ['alice', 'bob'] }), group({ name: 'wheel', gid: '20002', members: ['bob'] })],
  ),
])
const empty = imageOf([rows([])], { domain: 'empty.example' })

const responder = responderOf(image)
const emptyResponder = responderOf(empty)

function responderOf(image: Image): Responder {
  const served = new Served()
  served.serve(image)
  return new Responder(served)
}

const ROOT: Caller = { reserved: true, limit: Infinity, ...HERE }
const ANYONE: Caller = { reserved: false, limit: Infinity, ...HERE }

/** The whole reply's bytes, or undefined for silence. */
function reply(call: Buffer, caller: Caller = ANYONE, asked = responder): Buffer | undefined {
  const head = new XdrWriter(Buffer.alloc(256))
  if (!asked.respond(call, 0, call.length, caller, head)) return undefined
  const { body, bodyStart, bodyEnd } = asked
  return Buffer.concat([head.written(), body?.subarray(bodyStart, bodyEnd) ?? Buffer.alloc(0)])
}

function ask(procedure: number, fields: Fields, caller: Caller = ANYONE): Fields | undefined {
  const header = { xid: 77, program: 100004, version: 2, procedure }
  const asked = fields['domain'] === empty.domain ? emptyResponder : responder
  const bytes = reply(writeCall(header, fields), caller, asked)
  if (bytes === undefined) return undefined
  const { fields: said, left } = readReply(header, bytes)
  expect(left).toBe(0)
  expect(said).toMatchObject({ xid: 77, accept: 'SUCCESS' })
  const { xid: _, accept: __, ...results } = said
  return results
}

const domain = 'example.com'
const ALICE = 'alice:*:10001:20001:Alice Adams:/home/alice:/bin/sh'

describe('DOMAIN', () => {
  test('is true for a domain with an image, false for any other', () => {
    expect(ask(P.DOMAIN, { domain })).toEqual({ served: true })
    expect(ask(P.DOMAIN, { domain: 'example.co' })).toEqual({ served: false })
    expect(ask(P.DOMAIN, { domain: '' })).toEqual({ served: false })
    expect(ask(P.DOMAIN, { domain: '../../etc/' })).toEqual({ served: false })
  })

  test('NONACK is silent where DOMAIN is false', () => {
    expect(ask(P.DOMAIN_NONACK, { domain })).toEqual({ served: true })
    expect(ask(P.DOMAIN_NONACK, { domain: 'other' })).toBeUndefined()
  })

  test('is false before there is an image', () => {
    const fresh = new Responder(new Served())
    const head = new XdrWriter(Buffer.alloc(64))
    const header = { xid: 1, program: 100004, version: 2, procedure: P.DOMAIN }
    const call = writeCall(header, { domain })
    expect(fresh.respond(call, 0, call.length, ANYONE, head)).toBe(true)
    expect(readReply(header, head.written()).fields).toMatchObject({ served: false })
  })
})

describe('a domain that has expired', () => {
  const served = new Served()
  served.serve(image)
  const asked = new Responder(served)
  const say = (procedure: number, fields: Fields): Fields | undefined => {
    const header = { xid: 1, program: 100004, version: 2, procedure }
    const bytes = reply(writeCall(header, fields), ANYONE, asked)
    return bytes && readReply(header, bytes).fields
  }

  test('is denied by DOMAIN, by NONACK with silence, and answers all else as before', () => {
    const others: readonly [number, Fields][] = [
      [P.MATCH, { domain, map: 'passwd.byname', key: 'alice' }],
      [P.FIRST, { domain, map: 'passwd.byname' }],
      [P.NEXT, { domain, map: 'passwd.byname', key: 'alice' }],
      [P.ALL, { domain, map: 'passwd.byname' }],
      [P.MASTER, { domain, map: 'passwd.byname' }],
      [P.ORDER, { domain, map: 'passwd.byname' }],
      [P.MAPLIST, { domain }],
    ]
    const before = others.map(([procedure, fields]) => say(procedure, fields))
    served.add(domain).expired = true
    expect(say(P.DOMAIN, { domain })).toMatchObject({ served: false })
    expect(say(P.DOMAIN_NONACK, { domain })).toBeUndefined()
    expect(others.map(([procedure, fields]) => say(procedure, fields))).toEqual(before)
    served.add(domain).expired = false
    expect(say(P.DOMAIN, { domain })).toMatchObject({ served: true })
    expect(say(P.DOMAIN_NONACK, { domain })).toMatchObject({ served: true })
  })
})

describe('MATCH', () => {
  test('finds by name and by id', () => {
    expect(ask(P.MATCH, { domain, map: 'passwd.byname', key: 'alice' })).toEqual({
      status: YpStat.TRUE,
      value: ALICE,
    })
    expect(ask(P.MATCH, { domain, map: 'passwd.byuid', key: '10001' })).toEqual({
      status: YpStat.TRUE,
      value: ALICE,
    })
  })

  test('finds a key with a trailing NUL without it', () => {
    expect(ask(P.MATCH, { domain, map: 'passwd.byname', key: 'alice\0' })).toEqual({
      status: YpStat.TRUE,
      value: ALICE,
    })
  })

  test('answers the special keys', () => {
    expect(ask(P.MATCH, { domain, map: 'group.byname', key: 'YP_LAST_MODIFIED' })).toEqual({
      status: YpStat.TRUE,
      value: '1700000000',
    })
  })

  test.each([
    ['a missing key', { domain, map: 'passwd.byname', key: 'zed' }, YpStat.NOKEY],
    ['a key that is only a NUL', { domain, map: 'passwd.byname', key: '\0' }, YpStat.NOKEY],
    ['a prefix of a key', { domain, map: 'passwd.byname', key: 'alic' }, YpStat.NOKEY],
    ['a netid without @', { domain, map: 'netid.byname', key: 'unix.10001' }, YpStat.NOKEY],
    ['a word where an id belongs', { domain, map: 'passwd.byuid', key: 'alice' }, YpStat.NOKEY],
    ['an unknown map', { domain, map: 'passwd-byname', key: 'alice' }, YpStat.NOMAP],
    ['an unknown domain', { domain: 'other', map: 'passwd.byname', key: 'alice' }, YpStat.NODOM],
    ['an empty key', { domain, map: 'passwd.byname', key: '' }, YpStat.BADARGS],
    ['an empty map', { domain, map: '', key: 'alice' }, YpStat.BADARGS],
    ['an empty domain', { domain: '', map: 'passwd.byname', key: 'alice' }, YpStat.BADARGS],
    ['an empty map of the domain', { domain: 'empty.example', map: 'passwd.byname', key: 'a' }, YpStat.NOKEY],
  ])('of %s answers with the status that says so, and no value', (_, fields, status) => {
    expect(ask(P.MATCH, fields)).toEqual({ status, value: '' })
  })
})

describe('FIRST and NEXT', () => {
  test.each(image.maps.map(({ name }) => name))(
    'walk %s from end to end, by id as well as by name',
    (map) => {
      const walked: (readonly [unknown, unknown])[] = []
      let step = ask(P.FIRST, { domain, map }, ROOT)!
      while (step['status'] === YpStat.TRUE) {
        walked.push([step['key'], step['value']])
        step = ask(P.NEXT, { domain, map, key: step['key'] }, ROOT)!
      }
      expect(step).toEqual({ status: YpStat.NOMORE, value: '', key: '' })
      expect(walked).toEqual(contents(image, map))
      expect(walked.length).toBeGreaterThan(1)
    },
  )

  test('NEXT of a key that is not there is the smallest greater one', () => {
    expect(ask(P.NEXT, { domain, map: 'passwd.byname', key: 'amy' })).toMatchObject({ key: 'bob' })
    expect(ask(P.NEXT, { domain, map: 'passwd.byname', key: 'zed' })).toEqual({
      status: YpStat.NOMORE,
      value: '',
      key: '',
    })
  })

  test('NEXT of a key with a trailing NUL goes on behind that key', () => {
    expect(ask(P.NEXT, { domain, map: 'passwd.byname', key: 'alice\0' })).toMatchObject({ key: 'bob' })
  })

  test('FIRST of a map without records is NOMORE: the map exists', () => {
    expect(ask(P.FIRST, { domain: 'empty.example', map: 'passwd.byname' })).toEqual({
      status: YpStat.NOMORE,
      value: '',
      key: '',
    })
  })

  test.each([
    [P.FIRST, { domain, map: 'no.map' }, YpStat.NOMAP],
    [P.FIRST, { domain: 'other', map: 'passwd.byname' }, YpStat.NODOM],
    [P.FIRST, { domain, map: '' }, YpStat.BADARGS],
    [P.FIRST, { domain: '', map: 'passwd.byname' }, YpStat.BADARGS],
    [P.NEXT, { domain, map: 'no.map', key: 'a' }, YpStat.NOMAP],
    [P.NEXT, { domain: 'other', map: 'passwd.byname', key: 'a' }, YpStat.NODOM],
    [P.NEXT, { domain, map: 'passwd.byname', key: '' }, YpStat.BADARGS],
  ])('procedure %i of %j is %i', (procedure, fields, status) => {
    expect(ask(procedure, fields)).toEqual({ status, value: '', key: '' })
  })
})

describe('ALL', () => {
  test('is the whole map and an explicit end', () => {
    const { records } = ask(P.ALL, { domain, map: 'group.byname' }) as { records: readonly Fields[] }
    expect(records).toEqual([
      { status: YpStat.TRUE, value: 'staff:*:20001:alice,bob', key: 'staff' },
      { status: YpStat.TRUE, value: 'wheel:*:20002:bob', key: 'wheel' },
      { status: YpStat.NOMORE, value: '', key: '' },
    ])
  })

  test.each([
    [{ domain, map: 'no.map' }, YpStat.NOMAP],
    [{ domain: 'other', map: 'passwd.byname' }, YpStat.NODOM],
    [{ domain, map: '' }, YpStat.BADARGS],
    [{ domain: 'empty.example', map: 'group.byname' }, YpStat.NOMORE],
  ])('of %j is one record with status %i, and the end', (fields, status) => {
    expect(ask(P.ALL, fields)).toEqual({ records: [{ status, value: '', key: '' }] })
  })
})

describe('MASTER, ORDER and MAPLIST', () => {
  test('MASTER is the host, and "" where there is no map: never absent', () => {
    expect(ask(P.MASTER, { domain, map: 'passwd.byname' })).toEqual({
      status: YpStat.TRUE,
      peer: 'nis.example.com',
    })
    expect(ask(P.MASTER, { domain: 'other', map: 'passwd.byname' })).toEqual({
      status: YpStat.NODOM,
      peer: '',
    })
    expect(ask(P.MASTER, { domain, map: 'no.map' })).toEqual({ status: YpStat.NOMAP, peer: '' })
  })

  test('ORDER is when the image was made', () => {
    expect(ask(P.ORDER, { domain, map: 'passwd.byname' })).toEqual({
      status: YpStat.TRUE,
      order: 1_700_000_000,
    })
    expect(ask(P.ORDER, { domain, map: 'no.map' })).toEqual({ status: YpStat.NOMAP, order: 0 })
  })

  test('MAPLIST names every map, also an empty one', () => {
    expect(ask(P.MAPLIST, { domain })).toEqual({
      status: YpStat.TRUE,
      maps: image.maps.map(({ name }) => name),
    })
    expect(ask(P.MAPLIST, { domain: 'empty.example' })).toMatchObject({
      maps: empty.maps.map(({ name }) => name),
    })
    expect(ask(P.MAPLIST, { domain: 'other' })).toEqual({ status: YpStat.NODOM, maps: [] })
    expect(ask(P.MAPLIST, { domain: '' })).toEqual({ status: YpStat.BADARGS, maps: [] })
  })
})

describe('transfers to slaves', () => {
  const request = { domain, map: 'passwd.byname', order: 1, peer: 'x', transaction: 42, program: 0x40000000 }

  test('are refused with the number of the transfer', () => {
    expect(ask(P.XFR, { ...request, port: 1 })).toEqual({ transid: 42, status: -14 })
    expect(ask(P.NEWXFR, { ...request, name: 'x' })).toEqual({ transid: 42, status: -14 })
  })

  test('CLEAR and NULL are answered with nothing', () => {
    expect(ask(P.CLEAR, {})).toEqual({})
    expect(ask(P.NULL, {})).toEqual({})
  })
})

describe('maps with hashes', () => {
  const map = 'master.passwd.byname'

  test('are there for everyone, and empty for callers on ports that anyone can have', () => {
    expect(ask(P.MATCH, { domain, map, key: 'alice' })).toEqual({ status: YpStat.NOKEY, value: '' })
    expect(ask(P.FIRST, { domain, map })).toEqual({ status: YpStat.NOMORE, value: '', key: '' })
    expect(ask(P.NEXT, { domain, map, key: 'alice' })).toEqual({ status: YpStat.NOMORE, value: '', key: '' })
    expect(ask(P.ALL, { domain, map })).toEqual({ records: [{ status: YpStat.NOMORE, value: '', key: '' }] })
    expect(ask(P.ORDER, { domain, map })).toMatchObject({ status: YpStat.TRUE })
    expect(ask(P.MASTER, { domain, map })).toMatchObject({ status: YpStat.TRUE })
  })

  test('are answered to reserved ports', () => {
    expect(ask(P.MATCH, { domain, map, key: 'alice' }, ROOT)).toMatchObject({
      status: YpStat.TRUE,
      value: 'alice:$6$salt$hash:10001:20001::0:0:Alice Adams:/home/alice:/bin/sh',
    })
  })

  test('never show a hash in passwd.*', () => {
    for (const name of ['passwd.byname', 'passwd.byuid', 'group.byname', 'group.bygid', 'netid.byname']) {
      expect(contents(image, name).filter(([, value]) => value.includes('hash'))).toEqual([])
    }
  })
})

describe('a transport that carries less than an answer needs', () => {
  const small: Caller = { reserved: false, limit: 60, ...HERE }

  test('gets YP_YPERR in the form of the procedure', () => {
    expect(ask(P.MATCH, { domain, map: 'passwd.byname', key: 'alice' }, small)).toEqual({
      status: YpStat.YPERR,
      value: '',
    })
    expect(ask(P.FIRST, { domain, map: 'passwd.byname' }, small)).toEqual({
      status: YpStat.YPERR,
      value: '',
      key: '',
    })
    expect(ask(P.ALL, { domain, map: 'passwd.byname' }, small)).toEqual({
      records: [{ status: YpStat.YPERR, value: '', key: '' }],
    })
    expect(ask(P.MAPLIST, { domain }, small)).toEqual({ status: YpStat.YPERR, maps: [] })
  })
})

function head(program: number, version: number, procedure: number): Buffer {
  return writeCall({ xid: 9, program, version, procedure }, {})
}

describe('calls that are wrong', () => {
  test.each([
    ['another program', head(100005, 2, 0), { accept: 'PROG_UNAVAIL' }],
    ['version 1', head(100004, 1, 0), { accept: 'PROG_MISMATCH', low: 2, high: 2 }],
    ['version 3', head(100004, 3, 99), { accept: 'PROG_MISMATCH', low: 2, high: 2 }],
    ['procedure 13', head(100004, 2, 13), { accept: 'PROC_UNAVAIL' }],
    ['no arguments', head(100004, 2, P.MATCH), { accept: 'GARBAGE_ARGS' }],
  ])('%s: the reply says so', (_, call, fields) => {
    expect(readReply({ program: 100004, version: 2, procedure: 0 }, reply(call)!).fields).toEqual({
      xid: 9,
      ...fields,
    })
  })

  test('names and keys over their bounds are GARBAGE_ARGS', () => {
    for (const fields of [
      { domain: 'x'.repeat(257), map: 'm', key: 'k' },
      { domain, map: 'x'.repeat(65), key: 'k' },
      { domain, map: 'passwd.byname', key: 'x'.repeat(1025) },
    ]) {
      const call = writeCall({ xid: 9, program: 100004, version: 2, procedure: P.MATCH }, fields)
      expect(readReply({ program: 100004, version: 2, procedure: 0 }, reply(call)!).fields).toEqual({
        xid: 9,
        accept: 'GARBAGE_ARGS',
      })
    }
  })

  test('another RPC version and credentials that are bad are denied', () => {
    const call = head(100004, 2, 0)
    call.writeUInt32BE(3, 8)
    expect(readReply({ program: 100004, version: 2, procedure: 0 }, reply(call)!).fields).toEqual({
      xid: 9,
      kind: 'rpc-mismatch',
      low: 2,
      high: 2,
    })
    const denied = head(100004, 2, 0)
    denied.writeUInt32BE(6, 24)
    expect(readReply({ program: 100004, version: 2, procedure: 0 }, reply(denied)!).fields).toEqual({
      xid: 9,
      kind: 'auth-error',
      status: 2,
    })
  })

  test('bytes that are no call get no reply at all', () => {
    expect(() => reply(Buffer.from('GET / HTTP/1.1'))).toThrow(DecodeError)
    expect(() => reply(Buffer.alloc(0))).toThrow(DecodeError)
  })

  test('no reply ever holds a byte of the reply before', () => {
    ask(P.MATCH, { domain, map: 'passwd.byname', key: 'alice' })
    expect(ask(P.MATCH, { domain, map: 'passwd.byname', key: 'zed' })).toEqual({
      status: YpStat.NOKEY,
      value: '',
    })
    expect(reply(head(100004, 2, P.MATCH))!.length).toBe(24)
    expect(reply(head(100005, 2, 0))!.length).toBe(24)
  })
})

describe('a new image', () => {
  test('is what every request after it sees, and the old one what was begun before', () => {
    const own = new Served()
    const first = imageOf([rows([user()])])
    own.serve(first)
    const asked = new Responder(own)
    const header = { xid: 1, program: 100004, version: 2, procedure: P.ALL }
    const call = writeCall(header, { domain, map: 'passwd.byname' })
    asked.respond(call, 0, call.length, ANYONE, new XdrWriter(Buffer.alloc(64)))
    const { body } = asked
    own.serve(imageOf([rows([user({ name: 'new' })])], { generation: 2 }))
    expect(body).toBe(first.bytes)
    asked.respond(call, 0, call.length, ANYONE, new XdrWriter(Buffer.alloc(64)))
    expect(asked.body).not.toBe(first.bytes)
  })

  test('of another domain stands beside it, until that domain is taken away', () => {
    const own = new Served()
    own.serve(image)
    own.serve(empty)
    const asked = new Responder(own)
    const header = { xid: 1, program: 100004, version: 2, procedure: P.DOMAIN }
    const say = (name: string) =>
      readReply(header, reply(writeCall(header, { domain: name }), ANYONE, asked)!).fields['served']
    expect([say(domain), say(empty.domain)]).toEqual([true, true])
    own.remove(domain)
    expect([say(domain), say(empty.domain)]).toEqual([false, true])
  })
})

const callOf = (procedure: number, fields: Fields = {}, program = 100004, version = 2) =>
  writeCall({ xid: 1, program, version, procedure }, fields)

describe('a call that is answered is counted', () => {
  const { domain: name } = image
  const map = 'passwd.byname'
  /** What was counted of one call, in the words of messages. */
  const countedOf = (bytes: Buffer, caller: Caller = ANYONE, rules: readonly string[] = []) => {
    const own = new Served()
    own.serve(image)
    own.admit('waits.example', [])
    own.admit(name, rules.map(ruleOf))
    const asked = new Responder(own)
    try {
      asked.respond(bytes, 0, bytes.length, caller, new XdrWriter(Buffer.alloc(1024)))
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
    }
    return sumOfRows(own.usage.tell().rows).map(({ calls, ...what }) => {
      expect(calls).toBe(1)
      return Object.values(what).join(' ')
    })
  }

  test.each([
    ['MATCH of a key', callOf(P.MATCH, { domain, map, key: 'alice' }), `match ${name} ${map} true`],
    ['MATCH of none', callOf(P.MATCH, { domain, map, key: 'nobody' }), `match ${name} ${map} nokey`],
    ['MATCH in no map', callOf(P.MATCH, { domain, map: 'x', key: 'y' }), `match ${name}  nomap`],
    ['MATCH in no domain', callOf(P.MATCH, { domain: 'x', map, key: 'y' }), 'match   nodom'],
    [
      'MATCH before an image',
      callOf(P.MATCH, { domain: 'waits.example', map, key: 'y' }),
      'match waits.example  nodom',
    ],
    ['MATCH without a key', callOf(P.MATCH, { domain, map, key: '' }), `match ${name}  badargs`],
    ['MATCH without arguments', callOf(P.MATCH), 'match   garbage_args'],
    ['FIRST', callOf(P.FIRST, { domain, map }), `first ${name} ${map} true`],
    ['NEXT', callOf(P.NEXT, { domain, map, key: 'alice' }), `next ${name} ${map} true`],
    ['NEXT of the last', callOf(P.NEXT, { domain, map, key: 'zzz' }), `next ${name} ${map} nomore`],
    ['ALL', callOf(P.ALL, { domain, map }), `all ${name} ${map} true`],
    [
      'ALL of what is not for the caller',
      callOf(P.ALL, { domain, map: 'master.passwd.byname' }),
      `all ${name} master.passwd.byname nomore`,
    ],
    ['MASTER', callOf(P.MASTER, { domain, map }), `master ${name} ${map} true`],
    ['ORDER', callOf(P.ORDER, { domain, map }), `order ${name} ${map} true`],
    ['ORDER of no map', callOf(P.ORDER, { domain, map: 'x' }), `order ${name}  nomap`],
    ['MAPLIST', callOf(P.MAPLIST, { domain }), `maplist ${name}  true`],
    ['MAPLIST of no domain', callOf(P.MAPLIST, { domain: 'x' }), 'maplist   nodom'],
    ['NULL', callOf(P.NULL), 'null   success'],
    ['CLEAR', callOf(P.CLEAR), 'clear   success'],
    ['DOMAIN', callOf(P.DOMAIN, { domain }), `domain ${name}  success`],
    ['DOMAIN of another', callOf(P.DOMAIN, { domain: 'x' }), 'domain   success'],
    ['DOMAIN_NONACK', callOf(P.DOMAIN_NONACK, { domain }), `domain_nonack ${name}  success`],
    ['DOMAIN_NONACK of another', callOf(P.DOMAIN_NONACK, { domain: 'x' }), 'domain_nonack   silence'],
    ['no procedure', callOf(99), 'other   proc_unavail'],
    ['another version', callOf(P.MATCH, {}, 100004, 1), 'other   prog_mismatch'],
    ['another program', callOf(P.MATCH, {}, 100005), 'other   prog_unavail'],
  ])('%s', (_, bytes, counted) => {
    expect(countedOf(bytes)).toEqual([counted])
  })

  test('as denied, when its credential is none', () => {
    const bytes = callOf(P.MATCH, { domain, map, key: 'alice' })
    // RFC 5531 s.9: the flavor stands behind xid, type, RPC's version, program, version and procedure.
    bytes.writeUInt32BE(3, 24)
    expect(countedOf(bytes)).toEqual(['other   denied'])
  })

  test('as an error, when it is too long for its transport', () => {
    const bytes = callOf(P.ALL, { domain, map })
    expect(countedOf(bytes, { ...ANYONE, limit: 64 })).toEqual([`all ${name} ${map} yperr`])
  })

  test('but not when its sender may not ask, or it is no call', () => {
    expect(countedOf(callOf(P.MATCH, { domain, map, key: 'alice' }), ANYONE, ['deny 127.0.0.1'])).toEqual([])
    expect(countedOf(Buffer.alloc(60, 0xff))).toEqual([])
  })

  test('under the same name when there is another image, or other rules', () => {
    const own = new Served()
    const asked = new Responder(own)
    const bytes = callOf(P.MATCH, { domain, map, key: 'alice' })
    const say = () => asked.respond(bytes, 0, bytes.length, ANYONE, new XdrWriter(Buffer.alloc(64)))
    own.serve(image)
    say()
    own.serve(imageOf([rows([user({ name: 'new' })])], { generation: 2 }))
    own.add(name).restrict({ maps: [{ name: map, secure: false }], found: false })
    say()
    own.remove(name)
    own.serve(image)
    say()
    expect(sumOfRows(own.usage.tell().rows)).toEqual([
      { procedure: 'match', domain, map, outcome: 'true', calls: 2 },
      { procedure: 'match', domain, map, outcome: 'nokey', calls: 1 },
    ])
  })
})
