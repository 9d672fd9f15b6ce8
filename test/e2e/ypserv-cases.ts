/**
 * Every kind of call that a YP server can be sent, right and wrong, for comparing two servers: what is served
 * is given, the rest follows from it.
 */
import type { AuthSys } from '../../rpc/auth.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import { YP_PROGRAM, YP_VERSION, YPMAXRECORD, YpProcedure } from '../../rpc/yp.ts'
import { encodeDomain, encodeKey, encodeNewXfr, encodeNoKey, encodeXfr } from '../../rpc/yp-arguments.ts'
import { encodeYpCall } from '../support/yp-client.ts'

/** One call, in words for the table of differences and in bytes. */
export interface YpCase {
  /** the procedure's name, or what is sent instead of a call */
  readonly procedure: string
  /** words for each part; absent where the call has no such part */
  readonly domain?: string
  readonly map?: string
  readonly key?: string
  /** what else is particular */
  readonly what?: string
  /** how the reply is to be read */
  readonly number: number
  readonly version: number
  readonly program: number
  readonly message: Buffer
}

export interface Served {
  readonly domain: string
  /** keys by map */
  readonly maps: Readonly<Record<string, readonly string[]>>
  /** keys whose value is too long for an answer by UDP */
  readonly huge: readonly string[]
}

type Named = readonly (readonly [words: string, text: string])[]

const { NULL, DOMAIN, DOMAIN_NONACK, MATCH, FIRST, NEXT, XFR, CLEAR, ALL, MASTER, ORDER, MAPLIST, NEWXFR } =
  YpProcedure

const NO_KEY = [FIRST, ALL, MASTER, ORDER]

const NAMES = new Map<number, string>(Object.entries(YpProcedure).map(([name, number]) => [number, name]))

type Words = Pick<YpCase, 'domain' | 'map' | 'key' | 'what'>

interface CallOptions {
  readonly version?: number
  readonly program?: number
  readonly credential?: AuthSys
}

function call(
  number: number,
  words: Words,
  encode: (writer: XdrWriter) => void,
  { version = YP_VERSION, program = YP_PROGRAM, credential }: CallOptions = {},
): YpCase {
  const message = encodeYpCall({
    procedure: number,
    program,
    version,
    encode,
    ...(credential === undefined ? {} : { credential }),
  })
  return {
    procedure: NAMES.get(number) ?? 'an unknown procedure',
    ...words,
    number,
    version,
    program,
    message,
  }
}

const ODD_DOMAINS = (domain: string): Named => [
  ['in other letters', domain.toUpperCase()],
  ['with a NUL behind', `${domain}\0`],
  ['with a slash', `../yp/${domain}`],
  ['binding', 'binding'],
  ['.', '.'],
  ['..', '..'],
  ['of 65 bytes', 'd'.repeat(65)],
  ['of 256 bytes', 'd'.repeat(256)],
  ['of 257 bytes', 'd'.repeat(257)],
  ['of 1024 bytes', 'd'.repeat(1024)],
  ['of 1025 bytes', 'd'.repeat(1025)],
]

const ODD_MAPS = (map: string): Named => [
  ['in other letters', map.toUpperCase()],
  ['with a NUL behind', `${map}\0`],
  ['with a slash', `../x/${map}`],
  ['.', '.'],
  ['..', '..'],
  ['of 64 bytes', 'm'.repeat(64)],
  ['of 65 bytes', 'm'.repeat(65)],
  ['of 1024 bytes', 'm'.repeat(1024)],
  ['of 1025 bytes', 'm'.repeat(1025)],
]

/** Keys that no map has, and those that every map has. */
const ODD_KEYS: Named = [
  ['missing', 'nobody-here'],
  ['empty', ''],
  ['a NUL', '\0'],
  ['before all others', '\u0001'],
  ['behind all others', '\u00ff'],
  ['YP_MASTER_NAME', 'YP_MASTER_NAME'],
  ['YP_LAST_MODIFIED', 'YP_LAST_MODIFIED'],
  ['YP_DOMAIN_NAME', 'YP_DOMAIN_NAME'],
  ['YP_INPUT_NAME', 'YP_INPUT_NAME'],
  ['YP_OUTPUT_NAME', 'YP_OUTPUT_NAME'],
  ['YP_SECURE', 'YP_SECURE'],
  ['YP_OTHER', 'YP_OTHER'],
  ['of 1024 bytes', 'k'.repeat(YPMAXRECORD)],
  ['of 1025 bytes', 'k'.repeat(YPMAXRECORD + 1)],
  ['of 4000 bytes', 'k'.repeat(4000)],
]

/** Without NEXT of a known key: which record follows is a matter of each server's own order. */
function keysOf(procedure: number, own: readonly string[], huge: readonly string[]): Named {
  const last = own.at(-1) ?? ''
  const words = (key: string) => (huge.includes(key) ? 'of a value over 8800 bytes' : 'known')
  return [
    ...(procedure === MATCH ? own.map((key) => [words(key), key] as const) : []),
    ...(procedure === MATCH
      ? own.filter((key) => !huge.includes(key)).map((key) => ['with a NUL behind', `${key}\0`] as const)
      : []),
    ['with two NULs behind', `${last}\0\0`],
    ['cut short', last.slice(0, -1)],
    ['in other letters', /[a-z]/.test(last) ? last.toUpperCase() : `${last}A`],
    ...ODD_KEYS,
  ]
}

function domainCases(words: string, domain: string): readonly YpCase[] {
  return [DOMAIN, DOMAIN_NONACK, MAPLIST].map((number) =>
    call(number, { domain: words }, (writer) => encodeDomain(writer, domain)),
  )
}

function mapCases(words: Words, domain: string, map: string): readonly YpCase[] {
  return NO_KEY.map((number) => call(number, words, (writer) => encodeNoKey(writer, domain, map)))
}

function keyCase(number: number, words: Words, domain: string, map: string, key: string): YpCase {
  return call(number, words, (writer) => encodeKey(writer, domain, map, key))
}

/** Well-formed calls, whatever they ask for. */
export function askingCases({ domain, maps, huge }: Served): readonly YpCase[] {
  const known = Object.entries(maps)
  const [[map, [first = '']] = ['', []]] = known
  const cases: YpCase[] = [call(NULL, {}, () => {}), call(CLEAR, {}, () => {})]

  for (const [name, own] of known) {
    const words = { domain: 'known', map: name.startsWith('master.') ? 'with hashes' : 'known' }
    cases.push(...mapCases(words, domain, name))
    for (const number of [MATCH, NEXT]) {
      for (const [key, text] of keysOf(number, own, huge)) {
        cases.push(keyCase(number, { ...words, key }, domain, name, text))
      }
    }
  }

  const usualKeys: Named = [['known', first], ...ODD_KEYS]
  for (const [domainWords, domainName] of [
    ['known', domain],
    ['unknown', 'nowhere.example'],
    ['empty', ''],
  ] as const) {
    cases.push(...domainCases(domainWords, domainName))
    for (const [mapWords, mapName] of [
      ['known', map],
      ['unknown', 'hosts.byname'],
      ['empty', ''],
      ['of 65 bytes', 'm'.repeat(65)],
    ] as const) {
      if (domainWords === 'known' && mapWords === 'known') continue
      const words = { domain: domainWords, map: mapWords }
      cases.push(...mapCases(words, domainName, mapName))
      for (const number of [MATCH, NEXT]) {
        for (const [key, text] of usualKeys) {
          cases.push(keyCase(number, { ...words, key }, domainName, mapName, text))
        }
      }
    }
  }

  for (const [words, name] of ODD_DOMAINS(domain)) {
    cases.push(...domainCases(words, name), ...mapCases({ domain: words, map: 'known' }, name, map))
    cases.push(keyCase(MATCH, { domain: words, map: 'known', key: 'known' }, name, map, first))
    cases.push(keyCase(NEXT, { domain: words, map: 'known', key: 'known' }, name, map, first))
  }
  for (const [words, name] of ODD_MAPS(map)) {
    cases.push(...mapCases({ domain: 'known', map: words }, domain, name))
    cases.push(keyCase(MATCH, { domain: 'known', map: words, key: 'known' }, domain, name, first))
    cases.push(keyCase(NEXT, { domain: 'known', map: words, key: 'known' }, domain, name, first))
  }
  return cases
}

/** What can be asked of a map that has no records. */
export function emptyMapCases(domain: string, map: string): readonly YpCase[] {
  const words = { domain: 'known', map: 'without records' }
  return [
    ...mapCases(words, domain, map),
    ...[MATCH, NEXT].flatMap((number) =>
      [...ODD_KEYS].map(([key, text]) => keyCase(number, { ...words, key }, domain, map, text)),
    ),
  ]
}

/** Requests to fetch a map, which only a slave grants. */
export function transferCases({ domain, maps }: Served): readonly YpCase[] {
  const [known = ''] = Object.keys(maps)
  const cases: YpCase[] = []
  for (const [domainWords, domainName] of [
    ['known', domain],
    ['unknown', 'nowhere.example'],
    ['empty', ''],
  ] as const) {
    for (const [map, mapName] of [
      ['known', known],
      ['unknown', 'hosts.byname'],
      ['empty', ''],
    ] as const) {
      for (const peer of ['elsewhere', 'lab']) {
        const transfer = {
          domain: domainName,
          map: mapName,
          order: 1,
          peer,
          transaction: 7,
          program: 0x40000001,
        }
        const words = { domain: domainWords, map }
        cases.push(call(XFR, words, (writer) => encodeXfr(writer, { ...transfer, port: 1 })))
        cases.push(call(NEWXFR, words, (writer) => encodeNewXfr(writer, { ...transfer, name: 'lab' })))
      }
    }
  }
  return cases
}

/** Calls that are not for these servers, or not in a way they understand. */
export function misdirectedCases(domain: string): readonly YpCase[] {
  const ask = (writer: XdrWriter) => encodeDomain(writer, domain)
  const numbers = [13, 99, 0xffffffff]
  return [
    ...numbers.map((number) => call(number, {}, () => {})),
    ...[0, 3, 0xffffffff].flatMap((version) =>
      [NULL, DOMAIN].map((number) => call(number, { what: 'another version' }, ask, { version })),
    ),
    ...[NULL, DOMAIN, DOMAIN_NONACK, CLEAR].map((number) =>
      call(number, { what: 'version 1' }, ask, { version: 1 }),
    ),
    ...[100003, 100005, 0].flatMap((program) =>
      [2, 9].map((version) => call(NULL, { what: 'another program' }, () => {}, { program, version })),
    ),
  ]
}

/** Arguments that end too early, promise too much or go on too long. */
export function argumentCases(domain: string, map: string): readonly YpCase[] {
  const transfer = { domain, map, order: 1, peer: 'elsewhere', transaction: 7, program: 0x40000001 }
  const encoders: readonly (readonly [readonly number[], (writer: XdrWriter) => void])[] = [
    [[DOMAIN, DOMAIN_NONACK, MAPLIST], (writer) => encodeDomain(writer, domain)],
    [[FIRST, ALL, MASTER, ORDER], (writer) => encodeNoKey(writer, domain, map)],
    [[MATCH, NEXT], (writer) => encodeKey(writer, domain, map, 'nobody-here')],
    [[XFR], (writer) => encodeXfr(writer, { ...transfer, port: 1 })],
    [[NEWXFR], (writer) => encodeNewXfr(writer, { ...transfer, name: 'lab' })],
  ]
  const cases: YpCase[] = []
  for (const [numbers, encode] of encoders) {
    const whole = new XdrWriter(Buffer.alloc(4096))
    encode(whole)
    const { offset } = whole
    for (const number of numbers) {
      for (let length = 0; length < offset; length += 4) {
        cases.push(
          call(number, { what: 'arguments cut short' }, (writer) =>
            writer.bytes.set(whole.bytes.subarray(0, length), writer.claim(length)),
          ),
        )
      }
      cases.push(
        call(number, { what: 'a length of 4 GiB' }, (writer) => writer.uint32(0xffffffff)),
        call(number, { what: 'bytes behind the arguments' }, (writer) => {
          encode(writer)
          writer.uint32(1)
          writer.uint32(2)
        }),
      )
    }
  }
  for (const number of [NULL, CLEAR]) {
    cases.push(call(number, { what: 'bytes behind the arguments' }, (writer) => writer.string('more')))
  }
  return cases
}

const AUTH: AuthSys = { stamp: 1, machine: 'lab', uid: 0, gid: 0, gids: [0, 1] }

const body = (length: number) => Buffer.alloc(length, 1)

/** Credentials and headers, right and wrong, before a right call. */
export function headerCases(domain: string): readonly YpCase[] {
  const ask = (writer: XdrWriter) => encodeDomain(writer, domain)
  const right = call(DOMAIN, { what: 'AUTH_SYS' }, ask, { credential: AUTH })
  const plain = call(DOMAIN, { what: 'AUTH_NONE' }, ask)
  /** The call with these words instead of its credential and verifier. */
  const header = (what: string, ...words: readonly (number | Buffer)[]): YpCase => {
    const parts = words.map((word) => {
      if (typeof word !== 'number') return word
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(word)
      return bytes
    })
    const message = Buffer.concat([plain.message.subarray(0, 24), ...parts, plain.message.subarray(40)])
    return { ...plain, what, message }
  }
  const patched = (what: string, at: number, word: number): YpCase => {
    const message = Buffer.from(plain.message)
    message.writeUInt32BE(word, at)
    return { ...plain, what, message }
  }
  const cases: YpCase[] = [
    plain,
    right,
    call(DOMAIN, { what: 'AUTH_SYS of 16 groups' }, ask, {
      credential: { ...AUTH, gids: Array.from({ length: 16 }, (_, gid) => gid) },
    }),
    call(DOMAIN, { what: 'AUTH_SYS of 17 groups' }, ask, {
      credential: { ...AUTH, gids: Array.from({ length: 17 }, (_, gid) => gid) },
    }),
    call(DOMAIN, { what: 'AUTH_SYS with a host name of 255 bytes' }, ask, {
      credential: { ...AUTH, machine: 'h'.repeat(255) },
    }),
    call(DOMAIN, { what: 'AUTH_SYS with a host name of 256 bytes' }, ask, {
      credential: { ...AUTH, machine: 'h'.repeat(256) },
    }),
    header('AUTH_NONE with a body', 0, 8, body(8), 0, 0),
    header('AUTH_SYS without a body', 1, 0, 0, 0),
    header('AUTH_SYS of garbage', 1, 24, body(24), 0, 0),
    header('AUTH_SHORT', 2, 0, 0, 0),
    header('AUTH_DH', 3, 0, 0, 0),
    header('RPCSEC_GSS', 6, 0, 0, 0),
    header('an unknown credential', 99, 0, 0, 0),
    header('a credential of 400 bytes', 0, 400, body(400), 0, 0),
    header('a credential of 404 bytes', 0, 404, body(404), 0, 0),
    header('a verifier with a body', 0, 0, 0, 8, body(8)),
    header('an unknown verifier', 0, 0, 99, 8, body(8)),
    header('a verifier of 404 bytes', 0, 0, 0, 404, body(404)),
    ...[0, 1, 3].map((version) => patched('another RPC version', 8, version)),
    patched('a reply instead of a call', 4, 1),
    patched('a message of type 2', 4, 2),
  ]
  for (let length = 0; length < 40; length += 4) {
    cases.push({ ...plain, what: 'a header cut short', message: plain.message.subarray(0, length) })
  }
  return cases
}
