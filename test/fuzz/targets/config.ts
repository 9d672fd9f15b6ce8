/** What an operator writes: any text is a configuration or has problems, each with its place. */
import { readFileSync } from 'node:fs'
import { formatAddress, isLoopback, isWithin, parseAddress } from '../../../src/address.ts'
import { BadValue } from '../../../src/config/bad-value.ts'
import { parsePrefixes } from '../../../src/config/prefix.ts'
import { formatProblem } from '../../../src/config/problem.ts'
import { RESERVED } from '../../../src/config/reserved.ts'
import { parseSecurenets } from '../../../src/config/securenets.ts'
import { findService } from '../../../src/config/services.ts'
import { parseGroup, parsePasswd } from '../../../src/supervisor/accounts.ts'
import { check } from '../../config/check.ts'
import { Refused, type Target, textSeeds } from '../target.ts'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

/**
 * The sample with its examples uncommented, and without the prose, which no mutation can make wrong. Of its two
 * ways to bind one has to go.
 */
const sample = read('../../../etc/ypldap.conf')
  .split('\n')
  .map((line) => line.replace(/^(\t?)#(?=[a-z\t}])/, '$1'))
  .filter((line) => !/^\s*(?:#|bindext|$)/.test(line))

/** In pieces: the whole takes a millisecond, nearly all of it for what was not changed. */
const pieces = Array.from({ length: Math.ceil(sample.length / 12) }, (_, i) =>
  sample.slice(12 * i, 12 * i + 12).join('\n'),
)

const SEVERAL_DOMAINS = `interval 60
allow from any
directory "h" { basedn "b" }
domain "a"
domain "b" {
provide map "group.byname"
directory "h" ldaps { basedn "b" }
expire 200
}
domain "c" { directory file "/x" { basedn "b" }
deny from ::1 }
`
const MANY_MAPS = `domain "d"
provide maps hosts
provide maps automount
provide map "auto.home"
map "netgroup" { base "b" record limit 300 overflow keep port any }
map "x" {
filter "(f=1)" each "{e}"
key "{k}" aliases "{a}"
value "{v}" }
directory "h" {
basedn "b"
schema ad
idmap sid
template gecos "{cn}"
list groupmembers maps to "m"
}
`
const MACROS = 'a = "x y"\nb = $a\ninclude "/etc/ypldap.macros"\ndomain $a\ninterval \\\n 60 # c\n'
const OPENBSD = read('../../config/fixtures/openbsd-example.conf').replaceAll(/^#.*\n/gm, '')

const files = { '/etc/ypldap.macros': 'more = "text"\n' }

function configured(bytes: Buffer): void {
  const { config, problems } = check(bytes.toString('utf8'), { files })
  if ((config === undefined) !== problems.length > 0) throw new Error('neither or both')
  const lost = problems.map(formatProblem).find((line) => !/:\d+:\d+: ./.test(line))
  if (lost !== undefined) throw new Error(`no place: ${lost}`)
  if (config === undefined) throw new Refused()
}

/** A net that was understood holds its own address and says no more than was written. */
function securenets(bytes: Buffer): void {
  const text = bytes.toString('latin1')
  const lines = text.split('\n')
  const { nets, faults } = parseSecurenets(text)
  if (nets.length + faults.length > lines.length) throw new Error('more nets than lines')
  for (const { prefix, bits } of nets) {
    if (bits < 0 || bits > prefix.length * 8) throw new Error(`${bits} bits`)
    if (!isWithin(prefix, prefix, bits)) throw new Error('a net without its own address')
  }
  for (const { line, column, message } of faults) {
    if (message === '' || !(column >= 1 && column <= (lines[line - 1]?.length ?? 0) + 1)) {
      throw new Error(`no place: ${line}:${column}: ${message}`)
    }
  }
  if (faults.length > 0) throw new Refused()
}

/** An address is the same when it is written again. */
function address(bytes: Buffer): void {
  const text = bytes.toString('latin1')
  for (const { prefix, bits } of parsePrefixes(text)) {
    const again = parseAddress(formatAddress(prefix))
    if (again === undefined || !isWithin(again, prefix, bits))
      throw new Error('another prefix when written again')
    isLoopback(prefix)
  }
}

/** /etc/passwd, /etc/group and /etc/services. */
function system(bytes: Buffer): void {
  const text = bytes.toString('latin1')
  const account = parsePasswd(text, '_ypldap')
  const gid = parseGroup(text, 'wheel')
  const port = findService(text, 'ldap-alt')
  for (const id of [account?.uid, account?.gid, gid, port]) {
    if (id !== undefined && !(Number.isInteger(id) && id >= 0 && id < 2 ** 32 - 1))
      throw new Error(`id ${id}`)
  }
  if (account === undefined && gid === undefined && port === undefined) throw new Refused()
}

export const targets: readonly Target[] = [
  {
    name: 'config/file',
    seeds: [...pieces, SEVERAL_DOMAINS, MANY_MAPS, MACROS, OPENBSD].map((text) => Buffer.from(text)),
    tokens: [
      ...RESERVED,
      'domain "d"\n',
      'directory "h" { basedn "b" }\n',
      '$a',
      'a = "b"\n',
      '\\\n',
      '(uid=*)',
    ],
    longest: 2048,
    refusals: [Refused],
    run: configured,
  },
  {
    name: 'config/securenets',
    seeds: textSeeds(
      '255.255.255.0 192.0.2.0\nhost 192.0.2.1\n192.0.2.0/24 # office\n',
      'ffff:ffff:: 2001:db8::\nhost ::1\n2001:db8::/32\n::ffff:192.0.2.0/120\n',
      '0.0.0.0 0.0.0.0\n\n# all\n\t255.0.0.0\t127.0.0.0\r\n',
    ),
    tokens: ['host ', '255.255.255.255 ', '/32', '/128', '::ffff:', '255.255.0.255', '0.0.0.0'],
    longest: 65_536,
    refusals: [Refused],
    run: securenets,
  },
  {
    name: 'config/prefix',
    seeds: textSeeds(
      'any',
      '192.0.2.0/24',
      '2001:db8::/32',
      '::ffff:192.0.2.0/120',
      '::1',
      '1:2:3:4:5:6:7:8/128',
      'fe80::1%lo',
    ),
    tokens: ['::', ':ffff:', '/0', '/128', '255', '.'],
    longest: 64,
    refusals: [BadValue],
    run: address,
  },
  {
    name: 'config/system-files',
    seeds: textSeeds(
      'root:x:0:0::/root:/bin/sh\n_ypldap:x:500:501:a b:/var/empty:/sbin/nologin\n+::::::\n',
      'wheel:x:10:root,alice\nother:x:11:\n',
      'ldap 389/tcp\nldap-alt\t3890/udp\nx 3891/tcp ldap-alt # comment\n',
    ),
    tokens: ['_ypldap:', 'wheel:', 'ldap-alt', '/tcp', '4294967295'],
    longest: 512,
    refusals: [Refused],
    run: system,
  },
]
