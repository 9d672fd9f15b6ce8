/**
 * What two known programs expect of a YP server, call by call: ypserv_test of yp-tools, which asks over UDP and
 * looks at statuses, and yptest(8) of OpenBSD, which shows what its libc makes of seven calls.
 */
import type { XdrWriter } from '../../rpc/xdr-writer.ts'
import { YP_PROGRAM, YP_VERSION, YpProcedure } from '../../rpc/yp.ts'
import { encodeDomain, encodeKey, encodeNoKey } from '../../rpc/yp-arguments.ts'
import type { YpCase } from '../e2e/ypserv-cases.ts'
import { encodeYpCall, type Transport } from '../support/yp-client.ts'

/** What there is to ask for. */
export interface Known {
  readonly domain: string
  /** a key of passwd.byname that is not its last */
  readonly key: string
}

export interface Expectation {
  readonly by: 'ypserv_test' | 'OpenBSD yptest'
  readonly procedure: keyof typeof YpProcedure
  /** the arguments in words */
  readonly asked: string
  readonly encode: (writer: XdrWriter, known: Known) => void
  /** the kind of the answer, as test/e2e/ypserv-answers.ts says it */
  readonly expected: string
  /** what Debian's ypserv 4.2 answers, where that is something else */
  readonly ypserv?: string | Readonly<Record<Transport, string>>
  /** what ypldap answers, where that is something else, and why */
  readonly ypldap?: string
  readonly why?: string
}

const PASSWD = 'passwd.byname'
const NO_MAP = 'passwd-byname'
const NO_KEY = 'aaa-nokey'
const BEHIND = 'nokey'
/** No domain, and what would be a path to a server that looks for a folder of that name. */
const PATH = '../../etc/'
const UNKNOWN = 'doesnotexist'

type Part = Pick<Expectation, 'asked' | 'encode' | 'expected' | 'ypserv' | 'ypldap' | 'why'>

const part = (
  asked: string,
  encode: Expectation['encode'],
  expected: string,
  other: Pick<Part, 'ypserv' | 'ypldap' | 'why'> = {},
): Part => ({ asked, encode, expected, ...other })

const domains = (unknown: string): readonly Part[] => [
  part('known domain', (writer, { domain }) => encodeDomain(writer, domain), 'TRUE'),
  part(`domain "${PATH}"`, (writer) => encodeDomain(writer, PATH), unknown),
  part('unknown domain', (writer) => encodeDomain(writer, UNKNOWN), unknown),
]

const EMPTY_DOMAIN = { ypldap: 'BADARGS', why: 'the same answer as for an empty map name' }

const matches: readonly Part[] = [
  part('known key', (writer, { domain, key }) => encodeKey(writer, domain, PASSWD, key), 'TRUE'),
  part('unknown key', (writer, { domain }) => encodeKey(writer, domain, PASSWD, NO_KEY), 'NOKEY'),
  part('unknown map', (writer, { domain, key }) => encodeKey(writer, domain, NO_MAP, key), 'NOMAP'),
  part(`domain "${PATH}"`, (writer, { key }) => encodeKey(writer, PATH, PASSWD, key), 'NODOM'),
  part('empty key', (writer, { domain }) => encodeKey(writer, domain, PASSWD, ''), 'BADARGS'),
  part(
    'key of 8000 bytes that are not there',
    (writer, { domain }) => {
      encodeNoKey(writer, domain, PASSWD)
      writer.uint32(8000)
    },
    'BADARGS',
    {
      ypserv: { udp: 'NOKEY', tcp: 'GARBAGE_ARGS' },
      ypldap: 'GARBAGE_ARGS',
      why: 'arguments that can not be decoded (RFC 5531 s.9); over UDP ypserv takes what an earlier request left',
    },
  ),
]

const firsts: readonly Part[] = [
  part('known map', (writer, { domain }) => encodeNoKey(writer, domain, PASSWD), 'TRUE'),
  part('unknown map', (writer, { domain }) => encodeNoKey(writer, domain, NO_MAP), 'NOMAP'),
  part(`domain "${PATH}"`, (writer) => encodeNoKey(writer, PATH, PASSWD), 'NODOM'),
  part('empty map name', (writer, { domain }) => encodeNoKey(writer, domain, ''), 'BADARGS'),
  part('empty domain name', (writer) => encodeNoKey(writer, '', PASSWD), 'NODOM', EMPTY_DOMAIN),
]

const nexts: readonly Part[] = [
  part('known key', (writer, { domain, key }) => encodeKey(writer, domain, PASSWD, key), 'TRUE'),
  part(
    'unknown key behind all others',
    (writer, { domain }) => encodeKey(writer, domain, PASSWD, BEHIND),
    'NOMORE',
  ),
  part(
    'unknown key before others',
    (writer, { domain }) => encodeKey(writer, domain, PASSWD, NO_KEY),
    'NOMORE',
    {
      ypldap: 'TRUE',
      why: 'the record with the next greater key: a user removed in the middle of an enumeration must not end it',
    },
  ),
  part('empty key', (writer, { domain }) => encodeKey(writer, domain, PASSWD, ''), 'NOMORE', {
    ypldap: 'BADARGS',
    why: 'the same answer as with MATCH',
  }),
  part('unknown map', (writer, { domain, key }) => encodeKey(writer, domain, NO_MAP, key), 'NOMAP'),
  part(`domain "${PATH}"`, (writer, { key }) => encodeKey(writer, PATH, PASSWD, key), 'NODOM'),
  part('empty map name', (writer, { domain, key }) => encodeKey(writer, domain, '', key), 'BADARGS'),
  part('empty domain name', (writer, { key }) => encodeKey(writer, '', PASSWD, key), 'NODOM', EMPTY_DOMAIN),
]

/** OpenBSD's seven, all of what is there. */
const openbsd: readonly (readonly [Expectation['procedure'], Part])[] = [
  ['MATCH', matches[0]!],
  ['FIRST', firsts[0]!],
  ['NEXT', nexts[0]!],
  ['MASTER', firsts[0]!],
  ['ORDER', firsts[0]!],
  ['MAPLIST', domains('FALSE')[0]!],
  [
    'ALL',
    part('known map', (writer, { domain }) => encodeNoKey(writer, domain, PASSWD), 'records, NOMORE', {
      ypserv: 'records, bare end',
    }),
  ],
]

const of =
  (procedure: Expectation['procedure']) =>
  (one: Part): Expectation => ({ by: 'ypserv_test', procedure, ...one })

export const EXPECTATIONS: readonly Expectation[] = [
  of('NULL')(part('nothing', () => {}, 'void')),
  ...domains('FALSE').map(of('DOMAIN')),
  ...domains('silence').map(of('DOMAIN_NONACK')),
  ...matches.map(of('MATCH')),
  ...firsts.map(of('FIRST')),
  ...nexts.map(of('NEXT')),
  ...openbsd.map(([procedure, one]): Expectation => ({ by: 'OpenBSD yptest', procedure, ...one })),
]

/** What a server answers over a transport, as the table has it. */
export function toldOf(server: 'ypserv' | 'ypldap', transport: Transport, row: Expectation): string {
  const told = row[server] ?? row.expected
  return typeof told === 'string' ? told : told[transport]
}

/** The call that an expectation is about. */
export function caseOf({ procedure, asked, encode }: Expectation, known: Known): YpCase {
  const number = YpProcedure[procedure]
  const message = encodeYpCall({ procedure: number, encode: (writer) => encode(writer, known) })
  return { procedure, what: asked, number, program: YP_PROGRAM, version: YP_VERSION, message }
}

function theirs(told: Expectation['ypserv']): string {
  if (told === undefined || typeof told === 'string') return told ?? 'the same'
  return `${told.udp}; TCP: ${told.tcp}`
}

const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`

const cellsOf = ({ by, procedure, asked, expected, ypserv, ypldap, why }: Expectation) => [
  by,
  procedure,
  asked,
  expected,
  theirs(ypserv),
  ypldap ?? 'the same',
  why ?? '',
]

/** All of them as a table in Markdown. */
export function markdown(): string {
  return [
    line(['Program', 'Call', 'Asked', 'Expects', 'ypserv 4.2', 'ypldap', 'Why']),
    line(Array.from({ length: 7 }, () => '---')),
    ...EXPECTATIONS.map((row) => line(cellsOf(row))),
  ].join('\n')
}
