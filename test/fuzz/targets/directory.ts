/** What a directory holds and what is written of it: LDIF, filters, names, templates, kept rows, certificates. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { cryptHash, LOCKED } from '../../../src/directory/crypt-hash.ts'
import { DnError, normalizeDn, withinBase } from '../../../src/directory/dn.ts'
import { FilterError, parseFileFilter } from '../../../src/directory/filter.ts'
import { filterAttributes } from '../../../src/directory/filter-attributes.ts'
import { RowsError, readRows } from '../../../src/directory/kept-rows.ts'
import { LdifError, parseLdif } from '../../../src/directory/ldif.ts'
import { createMatcher } from '../../../src/directory/matcher.ts'
import { readCertificates } from '../../../src/directory/pem.ts'
import { readSid, SidError, sidText } from '../../../src/directory/sid.ts'
import { dnKey, parentDn } from '../../../src/directory/template/dn-key.ts'
import { EvaluationError, pointed, TemplateError } from '../../../src/directory/template/error.ts'
import { createLinks } from '../../../src/directory/template/links.ts'
import { evaluate, parseTemplate } from '../../../src/directory/template/template.ts'
import { textOf } from '../../../src/directory/template/value.ts'
import { makeEntry } from '../../directory/samples.ts'
import { Refused, type Target, textSeeds } from '../target.ts'

/** Two records at a time of the example directory, and what it does not hold: change records, URLs, CRLF. */
const example = readFileSync(new URL('../../../etc/example.ldif', import.meta.url), 'latin1').split('\n\n')
const ldifSeeds = textSeeds(
  ...example.map((record, index) => `${record}\n\n${example[index + 1] ?? ''}\n`),
  'version: 1\r\ndn: cn=a\\2c b,dc=x\r\nchangetype: add\r\ncn;lang-de:: w6Q=\r\ncn: a\r\n b\r\n',
  'dn:: Y249YSxkYz14\n# a comment\n that goes on\ncn:   spaces  \n1.2.3: oid\nempty:\n',
  'dn: dc=x\nphoto:< file:///etc/passwd\ndc: x\n',
  'dn: dc=x\ncontrol: 1.2.3\nchangetype: delete\n',
)

function* cut(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield Buffer.from(bytes.subarray(at, at + size))
}

function entriesOf(chunks: Iterable<Buffer>): string {
  const entries = [...parseLdif(chunks)]
  if (entries.some(({ attributes }) => attributes.size === 0)) throw new Error('an entry without attributes')
  return JSON.stringify(entries.map(({ dn, attributes }) => [dn, ...attributes]))
}

/** The same entries, however the file is cut into chunks. */
function ldif(bytes: Buffer): void {
  const size = 1 + ((bytes[8] ?? 0) % 61)
  let pieces: string
  try {
    pieces = entriesOf(cut(bytes, size))
  } catch (error) {
    const lines = bytes.toString('latin1').split('\n').length
    if (error instanceof LdifError && !(error.line >= 1 && error.line <= lines)) {
      throw new Error(`line ${error.line} of ${lines}`, { cause: error })
    }
    throw error
  }
  if (entriesOf([Buffer.from(bytes)]) !== pieces) throw new Error(`other entries in chunks of ${size} bytes`)
}

const group = makeEntry('cn=g,dc=x', {
  cn: ['g', 'B\xc3\xa9'],
  uid: ['g'],
  uidNumber: ['1001'],
  member: ['uid=a,dc=x', 'CN=G,dc=x', 'no dn'],
  ipHost: ['192.0.2.1', '::1'],
  mac: ['0:1:2:3:4:5'],
})

/** A filter is true of an entry, or it is not; its attributes can be asked for. */
function filter(bytes: Buffer): void {
  const parsed = parseFileFilter(bytes.toString('utf8'))
  if (typeof createMatcher(parsed)(group) !== 'boolean') throw new Error('neither true nor false')
  if (filterAttributes(parsed).some((name) => typeof name !== 'string')) throw new Error('no name')
}

/** A DN that was understood is the same when what it became is read again. */
function dn(bytes: Buffer): void {
  const text = bytes.toString('latin1')
  const rdns = normalizeDn(text)
  if (!withinBase(text)(rdns)) throw new Error('not within itself')
  const above = parentDn(text)
  const parent = above === undefined ? undefined : normalizeDn(above)
  if (parent !== undefined && rdns.length > 0 && parent.join() !== rdns.slice(1).join()) {
    throw new Error('another parent than the DN without its first name')
  }
  const key = dnKey(text)
  if (key === undefined || (rdns.length > 0 && dnKey(text.toUpperCase().toLowerCase()) === undefined)) {
    throw new Error('no key')
  }
}

const links = createLinks(
  [group, makeEntry('uid=a,dc=x', { uid: ['a'] }), makeEntry('dc=x', { ou: ['x'] })],
  ['member'],
)

/** Any text is a template or has a place that is wrong, and an entry gives values or a reason. */
function template(bytes: Buffer): void {
  const text = bytes.toString('utf8')
  try {
    const texts = evaluate(parseTemplate(text), group, { domain: 'example', links }).map(textOf)
    if (texts.length === 0) throw new Error('no text')
  } catch (error) {
    if (error instanceof TemplateError && !/^.*\n *\^$/.test(pointed(text, error))) {
      throw new Error('no place', { cause: error })
    }
    throw error
  }
}

const templates = [
  '{uid}:{userPassword | crypt}:{uidNumber | number}:{gecos or cn or \'\'}:{homeDirectory or "/home/{uid}"}',
  "{{{names cn | sort | unique | first | only}}} {[ipHost | ipv4, ipHost | ipv6, mac | mac] | join ' '}",
  "{if (&(objectClass=a)(!(cn=b*))) then 'x' else if cn = ['a', 'b'] then dn else attribute domain}é",
  "{zip cn pad '-', (cn | numbers) pad domain with ','}{cn | lower | upper | glob '[a-z]?*'}",
  String.raw`{cn | match /^(a|b)\/\x{e9}/i | extract /(.)(.)/ '\2\1\0' | replace /[a-z]{1,3}/i 'x\\'}`,
  "{follow all member, uniqueMember | where (uid=*) | get uid | join ',' up to 900}",
  '{referrers member | get (cn or "{parent | get ou}")} {parent | get cn | join \',\'}',
].map((text) => Buffer.from(text))

function sid(bytes: Buffer): void {
  if (!/^S-1-(?:\d+|0x[0-9A-F]{12})(?:-\d+)+$/.test(sidText(readSid(bytes.toString('latin1'))))) {
    throw new Error('no SID in text')
  }
}

/** What gets out of a directory as a hash is one in form: never a password in clear text, never a line. */
function crypt(bytes: Buffer): void {
  const values = bytes.toString('latin1').split('\n')
  const hash = cryptHash(values)
  if (hash === LOCKED) throw new Refused()
  if (hash === '' || !values.some((value) => value.endsWith(hash))) throw new Error(`${hash} was not there`)
}

/** A file of kept rows, as it would have been written. */
function keptRows(counts: object, tables: readonly object[], ...rows: readonly object[]): string {
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('')
  const digest = createHash('sha256').update(JSON.stringify(tables)).update(lines).digest('hex')
  const none = { users: 0, groups: 0, rejected: 0 }
  return `${JSON.stringify({ format: 'ypldap rows 2', source: 'x', entries: 1, ...none, ...counts, tables, digest })}\n${lines}`
}

async function* slices(bytes: Buffer): AsyncGenerator<Buffer> {
  const size = 1 + ((bytes[20] ?? 0) & 0x7f)
  for (let at = 0; at < bytes.length; at += size) yield Buffer.from(bytes.subarray(at, at + size))
}

/** A certificate that was taken can be asked for its names. */
function certificates(bytes: Buffer): void {
  for (const certificate of readPem(bytes)) if (certificate.fingerprint256 === '') throw new Error('no print')
}

function readPem(bytes: Buffer): ReturnType<typeof readCertificates> {
  try {
    return readCertificates(bytes.toString('latin1'))
  } catch (error) {
    // Its own two errors and no other: they may quote nothing of the file.
    if (
      /^it holds (?:no certificate in PEM form|a certificate that can not be decoded)$/.test(
        (error as Error).message,
      )
    ) {
      throw new Refused()
    }
    throw error
  }
}

const PEM = readFileSync(new URL('../fixtures/certificate.pem', import.meta.url))

export const targets: readonly Target[] = [
  {
    name: 'directory/ldif',
    seeds: ldifSeeds,
    tokens: 'dn: ;dn:: ;version: 1\n;changetype: add\n;\n ;:: ;:< ;\n\n;objectClass: ;#'.split(';'),
    longest: 2048,
    refusals: [LdifError],
    run: ldif,
  },
  {
    name: 'directory/filter',
    seeds: textSeeds(
      '(objectClass=*)',
      '(&(objectClass=posixAccount)(!(uid=b*))(|(cn=a*b*c)(cn~=x)(uidNumber>=1000)(uidNumber<=9)))',
      '(cn:caseExactMatch:=Fred)',
      '(userAccountControl:1.2.840.113556.1.4.803:=2)',
      '(:dn:2.4.6.8.10:=Dino)',
      '(cn:dn:=x)',
      String.raw`(cn=\c3\a9\2a\28\29\5c\00)`,
      '(member:1.2.840.113556.1.4.1941:=cn=g,dc=x)',
    ),
    tokens: '(& (| (! =* := >= <= ~= :dn: \\2a \\c3 ** (cn=g) 1.2.840.113556.1.4.804'.split(' '),
    longest: 1024,
    refusals: [FilterError],
    run: filter,
  },
  {
    name: 'directory/dn',
    seeds: textSeeds(
      'uid=alice,ou=people,dc=example,dc=com',
      'cn=a\\2c b+uid=x , dc=x',
      'CN=\\E9\\C3\\,\\+ ,DC=Y',
      '1.2.3=#0401ff,o=a b',
      '',
    ),
    tokens: ['\\2c', '\\', ',', '+', '=', ' = ', ',dc=x', '\\20'],
    longest: 512,
    refusals: [DnError],
    run: dn,
  },
  {
    name: 'directory/template',
    seeds: templates,
    tokens: [
      ...' | ; follow all ; referrers ; parent;get ; where (;if ; then ; else ; or ;zip ; pad ; with ;names '.split(
        ';',
      ),
      ...'{cn {uid} sort unique first only numbers number lower upper crypt ipv4 ipv6 mac dn domain join'.split(
        ' ',
      ),
      ...'match / extract / replace / /i glob attribute (?:a|b)* {1,1000} \\x{e9} \\1'.split(' '),
    ],
    longest: 1024,
    refusals: [TemplateError, EvaluationError],
    run: template,
  },
  {
    name: 'directory/sid',
    seeds: [
      Buffer.from('010500000000000515000000010000000200000003000000f4010000', 'hex'),
      Buffer.from('01010000000000010000ff00', 'hex'),
    ],
    longest: 128,
    refusals: [SidError],
    run: sid,
  },
  {
    name: 'directory/crypt',
    seeds: textSeeds(
      '{SSHA}abc\n{CRYPT}$6$salt$hash',
      '$y$j9T$salt$hash',
      '_J9..rasmBYk8r9AiWNc\nclear',
      '{crypt}x',
    ),
    tokens: ['{CRYPT}', '{crypt}', '$6$', '$2b$10$'],
    longest: 256,
    refusals: [Refused],
    run: crypt,
  },
  {
    name: 'directory/kept-rows',
    seeds: textSeeds(
      keptRows({}, []),
      keptRows(
        { users: 1, rejected: 1 },
        [{ name: 'hosts', found: true, rows: 1 }],
        { name: 'a' },
        { key: 'k' },
        {},
      ),
    ),
    tokens: [
      '"users":',
      '"tables":[',
      '"rows":1e9',
      '"digest":"',
      '4294967296',
      '{"name":"x","found":false,"rows":2}',
      '\n{}',
    ],
    longest: 1024,
    refusals: [RowsError],
    run: async (bytes) => {
      await readRows(slices(bytes), 'kept')
    },
  },
  {
    name: 'directory/certificates',
    seeds: [PEM, Buffer.concat([PEM, PEM])],
    tokens: ['-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----', '-----BEGIN PRIVATE KEY-----'],
    longest: 2048,
    refusals: [Refused],
    run: certificates,
  },
]
