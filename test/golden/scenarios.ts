/**
 * What is done with the real tools, and what they and the server must then say, worked out from the maps and from
 * what the tools print.
 */

import { LAB_DOMAIN } from '../support/lab-host.ts'
import { LAB_MAPS } from '../support/lab-maps.ts'
import { LAB_ORDER } from '../support/lab-ypserv.ts'
import { RPCBIND, YP } from './procedures.ts'
import type { Expectation } from './vectors.ts'

/** A call and its reply without xid and credentials; an absent reply is silence. */
export interface Expected {
  readonly procedure: string
  readonly call: Expectation
  readonly reply?: Expectation
}

export interface Scenario {
  readonly name: string
  /** the file of this folder, without `.json` */
  readonly file: string
  /** the Debian package whose program makes the calls */
  readonly package: string
  /** for bash */
  readonly command: string
  /** the program whose exchanges are kept; YP when absent */
  readonly program?: number
  /** only exchanges over this transport are kept */
  readonly transport?: 'udp' | 'tcp' | 'unix'
  /** procedures whose calls others make at the same time */
  readonly ignore?: readonly string[]
  /** the number of exchanges that count; what follows them is not the caller's */
  readonly first?: number
  /** fields that the caller fills as it likes */
  readonly chosen?: readonly string[]
  readonly credential?: Expectation
  readonly expected: readonly Expected[] | ((stdout: string) => readonly Expected[])
}

export const PORT = 834
/** ypserv takes the next one for IPv6. */
const PORT_6 = PORT + 1

const MAPS = { ...LAB_MAPS, 'empty.map': [] } as const
export const SERVED: Readonly<Record<string, readonly (readonly [string, string])[]>> = MAPS

const TRUE = 1
const NOMORE = 2
const NOMAP = -1
const NODOM = -2
const NOKEY = -3
const BADARGS = -7
const XFR_SUCCESS = 1
const XFR_REFUSED = -14

/** The wire's bytes as latin1, of text that tools print in UTF-8. */
const octets = (text: string) => Buffer.from(text, 'utf8').toString('latin1')

function valueOf(map: string, key: string): string {
  const record = SERVED[map]?.find(([name]) => name === key)
  if (record === undefined) throw new Error(`${map} has no ${key}`)
  return octets(record[1])
}

const success = (result: Expectation) => ({ accept: 'SUCCESS', ...result })

function domain(name: string, served: boolean): Expected {
  return { procedure: 'DOMAIN', call: { domain: name }, reply: success({ served }) }
}

/** Without a status: found, with the value of the map. */
function match(map: string, key: string, status = TRUE, domain = LAB_DOMAIN): Expected {
  const value = status === TRUE ? valueOf(map, key) : ''
  return { procedure: 'MATCH', call: { domain, map, key }, reply: success({ status, value }) }
}

function first(map: string, key: string, status = TRUE, domain = LAB_DOMAIN): Expected {
  const record = status === TRUE ? { value: valueOf(map, key), key } : { value: '', key: '' }
  return { procedure: 'FIRST', call: { domain, map }, reply: success({ status, ...record }) }
}

function next(map: string, after: string, key: string, status = TRUE, domain = LAB_DOMAIN): Expected {
  const record = status === TRUE ? { value: valueOf(map, key), key } : { value: '', key: '' }
  return {
    procedure: 'NEXT',
    call: { domain, map, key: after },
    reply: success({ status, ...record }),
  }
}

/**
 * The records of these keys, in this order. ypserv says a status other than TRUE only where there is no record at
 * all; after the last record of a map it says no more (`more` is false), not NOMORE.
 */
function all(map: string, keys: readonly string[], end = NOMORE, domain = LAB_DOMAIN): Expected {
  const records = keys.map((key) => ({ status: TRUE, value: valueOf(map, key), key }))
  return {
    procedure: 'ALL',
    call: { domain, map },
    reply: success({ records: records.length > 0 ? records : [{ status: end, value: '', key: '' }] }),
  }
}

function master(map: string, status = TRUE, domain = LAB_DOMAIN): Expected {
  const peer = status === TRUE ? 'lab' : ''
  return { procedure: 'MASTER', call: { domain, map }, reply: success({ status, peer }) }
}

function order(map: string, status = TRUE, domain = LAB_DOMAIN): Expected {
  const number = status === TRUE ? LAB_ORDER : 0
  return { procedure: 'ORDER', call: { domain, map }, reply: success({ status, order: number }) }
}

function maplist(maps: readonly string[], status = TRUE, domain = LAB_DOMAIN): Expected {
  return { procedure: 'MAPLIST', call: { domain }, reply: success({ status, maps }) }
}

const ping: Expected = { procedure: 'NULL', call: {}, reply: success({}) }
const clear: Expected = { procedure: 'CLEAR', call: {}, reply: success({}) }

/** The first field of every line: the keys of passwd.byname and group.byname in the server's order. */
const names = (stdout: string) =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(/[: ]/)[0] ?? '')

/** The keys or maps that one of yptest's tests prints. */
function yptestSection(stdout: string, test: number): string[] {
  const text = stdout.split(/^Test \d+: .*\n/m)[test] ?? ''
  return names(text.replace(/^All tests passed$/m, ''))
}

function enumeration(map: string, keys: readonly string[]): Expected[] {
  const [start = '', ...rest] = keys
  const steps = rest.map((key, index) => next(map, keys[index] ?? '', key))
  return [first(map, start), ...steps, next(map, keys.at(-1) ?? '', '', NOMORE)]
}

const YP_TOOLS: readonly Omit<Scenario, 'file' | 'package'>[] = [
  { name: 'ypcat', command: 'ypcat passwd', expected: (out) => [all('passwd.byname', names(out))] },
  { name: 'ypcat -k', command: 'ypcat -k group.bygid', expected: (out) => [all('group.bygid', names(out))] },
  { name: 'ypcat of an empty map', command: 'ypcat empty.map', expected: [all('empty.map', [])] },
  { name: 'ypcat of no map', command: 'ypcat no.map', expected: [all('no.map', [], NOMAP)] },
  {
    name: 'ypcat of no domain',
    command: 'ypcat -h 127.0.0.1 -d other passwd.byname',
    expected: [all('passwd.byname', [], NODOM, 'other')],
  },
  {
    name: 'ypmatch',
    command: 'ypmatch alice dave passwd',
    expected: [match('passwd.byname', 'alice'), match('passwd.byname', 'dave')],
  },
  {
    // A second try with the NUL that maps of SunOS hold.
    name: 'ypmatch of no key',
    command: 'ypmatch zed passwd',
    expected: [match('passwd.byname', 'zed', NOKEY), match('passwd.byname', 'zed\0', NOKEY)],
  },
  { name: 'ypmatch in no map', command: 'ypmatch zed no.map', expected: [match('no.map', 'zed', NOMAP)] },
  {
    name: 'ypwhich -m',
    command: 'ypwhich -m',
    expected: (out) => [maplist(names(out)), ...names(out).map((map) => master(map))],
  },
  { name: 'ypwhich -m of a map', command: 'ypwhich -m passwd', expected: [master('passwd.byname')] },
  {
    name: 'yppoll',
    command: 'yppoll -h 127.0.0.1 passwd.byname',
    expected: [domain(LAB_DOMAIN, true), order('passwd.byname'), master('passwd.byname')],
  },
  {
    name: 'yppoll of no map',
    command: 'yppoll -h 127.0.0.1 no.map',
    expected: [domain(LAB_DOMAIN, true), order('no.map', NOMAP), master('no.map', NOMAP)],
  },
  {
    name: 'yppoll of no domain',
    command: 'yppoll -h 127.0.0.1 -d other passwd.byname',
    expected: [domain('other', false)],
  },
  {
    name: 'yptest',
    command: 'yptest -u alice -m passwd.byname',
    // ypbind asks the server whether it is still there.
    ignore: ['DOMAIN'],
    expected: (out) => [
      match('passwd.byname', 'alice'),
      ...enumeration('passwd.byname', [...yptestSection(out, 4), ...yptestSection(out, 5)]),
      master('passwd.byname'),
      order('passwd.byname'),
      maplist(yptestSection(out, 8)),
      all('passwd.byname', yptestSection(out, 9)),
    ],
  },
]

const LIBNSS_NIS: readonly Omit<Scenario, 'file' | 'package'>[] = [
  {
    name: 'getpwnam',
    command: 'getent -s passwd:nis passwd carol',
    expected: [match('passwd.byname', 'carol')],
  },
  {
    name: 'getpwnam of no user',
    command: 'getent -s passwd:nis passwd zed',
    expected: [match('passwd.byname', 'zed', NOKEY)],
  },
  {
    name: 'getpwuid',
    command: 'getent -s passwd:nis passwd 10002',
    expected: [match('passwd.byuid', '10002')],
  },
  {
    name: 'getpwuid of no user',
    command: 'getent -s passwd:nis passwd 7',
    expected: [match('passwd.byuid', '7', NOKEY)],
  },
  {
    name: 'getpwent',
    command: 'getent -s passwd:nis passwd',
    expected: (out) => enumeration('passwd.byname', names(out)),
  },
  {
    name: 'getpwent with SETENT_BATCH_READ',
    command:
      'echo SETENT_BATCH_READ=TRUE >/etc/default/nss; getent -s passwd:nis passwd; : >/etc/default/nss',
    expected: (out) => [all('passwd.byname', names(out))],
  },
  {
    name: 'getgrnam',
    command: 'getent -s group:nis group project',
    expected: [match('group.byname', 'project')],
  },
  {
    name: 'getgrgid',
    command: 'getent -s group:nis group 20001',
    expected: [match('group.bygid', '20001')],
  },
  {
    name: 'getgrgid of no group',
    command: 'getent -s group:nis group 7',
    expected: [match('group.bygid', '7', NOKEY)],
  },
  {
    name: 'getgrent',
    command: 'getent -s group:nis group',
    expected: (out) => enumeration('group.byname', names(out)),
  },
  {
    name: 'getspnam without a shadow map',
    command: 'getent -s shadow:nis shadow alice',
    expected: [match('shadow.byname', 'alice', NOMAP)],
  },
  {
    name: 'initgroups',
    command: 'getent -s initgroups:nis initgroups alice >&2; ypcat -k group.byname',
    expected: (out) => [all('group.byname', names(out)), all('group.byname', names(out))],
  },
  {
    name: 'initgroups with NETID_AUTHORITATIVE',
    command:
      'echo NETID_AUTHORITATIVE=TRUE >/etc/default/nss; getent -s initgroups:nis initgroups alice; : >/etc/default/nss',
    expected: [match('passwd.byname', 'alice'), match('netid.byname', `unix.10001@${LAB_DOMAIN}`)],
  },
]

/** PROGRAM VERSION PROCEDURE stand in the vector; these calls carry nothing else. */
const MISMATCH: Expected = {
  procedure: 'NULL',
  call: {},
  reply: { accept: 'PROG_MISMATCH', low: 1, high: 2 },
}

const RPCINFO: readonly Omit<Scenario, 'file' | 'package'>[] = [
  { name: 'rpcinfo by UDP', command: 'rpcinfo -T udp 127.0.0.1 100004 2', expected: [ping] },
  { name: 'rpcinfo by TCP', command: 'rpcinfo -T tcp 127.0.0.1 100004 2', expected: [ping] },
  { name: 'rpcinfo by UDP over IPv6', command: 'rpcinfo -T udp6 ::1 100004 2', expected: [ping] },
  { name: 'rpcinfo by TCP over IPv6', command: 'rpcinfo -T tcp6 ::1 100004 2', expected: [ping] },
  {
    // It starts with version 0, to learn the range from the error.
    name: 'rpcinfo of every version',
    command: 'rpcinfo -T udp 127.0.0.1 100004',
    expected: [MISMATCH, ping, ping],
  },
  {
    name: 'rpcinfo of a version too high by TCP',
    command: `rpcinfo -a 127.0.0.1.3.66 -T tcp 100004 3`,
    expected: [MISMATCH],
  },
  {
    name: 'rpcinfo of another program',
    command: 'rpcinfo -a 127.0.0.1.3.66 -T udp 100099 1',
    program: 100099,
    expected: [{ procedure: 'NULL', call: {}, reply: { accept: 'PROG_UNAVAIL' } }],
  },
]

/** calls.c; the path is in the environment. */
const call = (words: string) => `"$CALLS" ${words}`
const udp = (words: string) => call(`udp ${PORT} ${words}`)
const tcp = (words: string) => call(`tcp ${PORT} ${words}`)

const LONG_KEY = 'k'.repeat(4100)

const CALLS: readonly Omit<Scenario, 'file' | 'package'>[] = [
  {
    name: 'DOMAIN_NONACK',
    command: udp(`DOMAIN_NONACK ${LAB_DOMAIN}`),
    expected: [
      { procedure: 'DOMAIN_NONACK', call: { domain: LAB_DOMAIN }, reply: success({ served: true }) },
    ],
  },
  {
    name: 'DOMAIN_NONACK of no domain',
    command: udp('DOMAIN_NONACK other'),
    expected: [{ procedure: 'DOMAIN_NONACK', call: { domain: 'other' } }],
  },
  { name: 'DOMAIN by TCP', command: tcp(`DOMAIN ${LAB_DOMAIN}`), expected: [domain(LAB_DOMAIN, true)] },
  { name: 'DOMAIN of the empty name', command: udp("DOMAIN ''"), expected: [domain('', false)] },
  {
    name: 'MATCH by TCP',
    command: tcp(`MATCH ${LAB_DOMAIN} passwd.byname erin`),
    expected: [match('passwd.byname', 'erin')],
  },
  {
    // calls.c has a send buffer of 4,000 bytes.
    name: 'MATCH in two fragments',
    command: tcp(`MATCH ${LAB_DOMAIN} passwd.byname ${LONG_KEY}`),
    expected: [match('passwd.byname', LONG_KEY, NOKEY)],
  },
  {
    name: 'MATCH with AUTH_SYS by UDP',
    command: call(`-u udp ${PORT} MATCH ${LAB_DOMAIN} passwd.byname erin`),
    credential: { flavor: 'AUTH_SYS', machine: 'lab', uid: 10001, gid: 20001, gids: [20001, 20003] },
    expected: [match('passwd.byname', 'erin')],
  },
  {
    name: 'MATCH with AUTH_SYS by TCP',
    command: call(`-u tcp ${PORT} MATCH ${LAB_DOMAIN} passwd.byname erin`),
    credential: { flavor: 'AUTH_SYS', machine: 'lab', uid: 10001, gid: 20001, gids: [20001, 20003] },
    expected: [match('passwd.byname', 'erin')],
  },
  {
    name: 'MATCH of YP_LAST_MODIFIED',
    command: udp(`MATCH ${LAB_DOMAIN} passwd.byname YP_LAST_MODIFIED`),
    expected: [
      {
        procedure: 'MATCH',
        call: { domain: LAB_DOMAIN, map: 'passwd.byname', key: 'YP_LAST_MODIFIED' },
        reply: success({ status: TRUE, value: String(LAB_ORDER) }),
      },
    ],
  },
  {
    name: 'MATCH of YP_MASTER_NAME',
    command: udp(`MATCH ${LAB_DOMAIN} passwd.byname YP_MASTER_NAME`),
    expected: [
      {
        procedure: 'MATCH',
        call: { domain: LAB_DOMAIN, map: 'passwd.byname', key: 'YP_MASTER_NAME' },
        reply: success({ status: TRUE, value: 'lab' }),
      },
    ],
  },
  {
    // ypserv knows the key without the NUL alone.
    name: 'MATCH of a known key with a NUL',
    command: udp(`MATCH ${LAB_DOMAIN} passwd.byname 'alice\\0'`),
    expected: [match('passwd.byname', 'alice\0', NOKEY)],
  },
  {
    name: 'MATCH of the empty key',
    command: udp(`MATCH ${LAB_DOMAIN} passwd.byname ''`),
    expected: [match('passwd.byname', '', BADARGS)],
  },
  {
    name: 'MATCH in the empty map name',
    command: udp(`MATCH ${LAB_DOMAIN} '' alice`),
    expected: [match('', 'alice', BADARGS)],
  },
  {
    name: 'MATCH in the empty domain name',
    command: udp(`MATCH '' passwd.byname alice`),
    expected: [match('passwd.byname', 'alice', NODOM, '')],
  },
  {
    name: 'MATCH in no domain',
    command: udp('MATCH other passwd.byname alice'),
    expected: [match('passwd.byname', 'alice', NODOM, 'other')],
  },
  {
    name: 'FIRST by TCP',
    command: `${tcp(`FIRST ${LAB_DOMAIN} group.byname`)}; ypcat -k group.byname`,
    first: 1,
    expected: (out) => [first('group.byname', names(out)[0] ?? '')],
  },
  {
    name: 'FIRST of an empty map',
    command: udp(`FIRST ${LAB_DOMAIN} empty.map`),
    expected: [first('empty.map', '', NOKEY)],
  },
  {
    name: 'FIRST of no map',
    command: udp(`FIRST ${LAB_DOMAIN} no.map`),
    expected: [first('no.map', '', NOMAP)],
  },
  {
    name: 'FIRST of no domain',
    command: udp('FIRST other passwd.byname'),
    expected: [first('passwd.byname', '', NODOM, 'other')],
  },
  {
    name: 'FIRST of the empty map name',
    command: udp(`FIRST ${LAB_DOMAIN} ''`),
    expected: [first('', '', BADARGS)],
  },
  {
    name: 'NEXT by TCP',
    command: `${tcp(`NEXT ${LAB_DOMAIN} group.byname $(ypcat -k group.byname | sed 's/ .*//;q')`)}; ypcat -k group.byname`,
    ignore: ['ALL'],
    expected: (out) => [next('group.byname', names(out)[0] ?? '', names(out)[1] ?? '')],
  },
  {
    name: 'NEXT of no map',
    command: udp(`NEXT ${LAB_DOMAIN} no.map alice`),
    expected: [next('no.map', 'alice', '', NOMAP)],
  },
  {
    name: 'NEXT of no domain',
    command: udp('NEXT other passwd.byname alice'),
    expected: [next('passwd.byname', 'alice', '', NODOM, 'other')],
  },
  {
    name: 'ALL of the empty map name',
    command: tcp(`ALL ${LAB_DOMAIN} ''`),
    expected: [all('', [], BADARGS)],
  },
  {
    name: 'ALL by UDP',
    command: `${udp(`ALL ${LAB_DOMAIN} group.byname`)}; ypcat -k group.byname`,
    transport: 'udp',
    expected: (out) => [all('group.byname', names(out))],
  },
  {
    name: 'MASTER of no domain',
    command: udp('MASTER other passwd.byname'),
    expected: [master('passwd.byname', NODOM, 'other')],
  },
  {
    name: 'MASTER of the empty map name',
    command: udp(`MASTER ${LAB_DOMAIN} ''`),
    expected: [master('', BADARGS)],
  },
  {
    name: 'ORDER by TCP',
    command: tcp(`ORDER ${LAB_DOMAIN} passwd.byname`),
    expected: [order('passwd.byname')],
  },
  {
    name: 'ORDER of no domain',
    command: udp('ORDER other passwd.byname'),
    expected: [order('passwd.byname', NODOM, 'other')],
  },
  {
    name: 'ORDER of the empty map name',
    command: udp(`ORDER ${LAB_DOMAIN} ''`),
    expected: [order('', BADARGS)],
  },
  {
    name: 'MAPLIST by TCP',
    command: `${tcp(`MAPLIST ${LAB_DOMAIN}`)}; ypwhich -m`,
    first: 1,
    expected: (out) => [maplist(names(out))],
  },
  { name: 'MAPLIST of no domain', command: udp('MAPLIST other'), expected: [maplist([], NODOM, 'other')] },
  { name: 'CLEAR by TCP', command: tcp('CLEAR'), expected: [clear] },
  {
    name: 'an unknown procedure',
    command: udp('99'),
    expected: [{ procedure: '99', call: {}, reply: { accept: 'PROC_UNAVAIL' } }],
  },
  {
    name: 'MATCH without arguments by UDP',
    command: udp('MATCH-without-arguments'),
    expected: [{ procedure: 'MATCH', call: {}, reply: { accept: 'GARBAGE_ARGS' } }],
  },
  {
    name: 'MATCH without arguments by TCP',
    command: tcp('MATCH-without-arguments'),
    expected: [{ procedure: 'MATCH', call: {}, reply: { accept: 'GARBAGE_ARGS' } }],
  },
  {
    name: 'XFR refused',
    command: udp(`XFR ${LAB_DOMAIN} no.map 1700000001 elsewhere 79 1073741824 1023`),
    expected: [
      {
        procedure: 'XFR',
        call: {
          domain: LAB_DOMAIN,
          map: 'no.map',
          order: LAB_ORDER + 1,
          peer: 'elsewhere',
          transid: 79,
          program: 0x40000000,
          port: 1023,
        },
        reply: success({ transid: 79, status: XFR_REFUSED }),
      },
    ],
  },
]

const push = { domain: LAB_DOMAIN, map: 'passwd.byname', peer: 'lab', program: 0x40000000 } as const

/** ypserv starts ypxfr on them, which makes calls of its own: they come last. */
const TRANSFERS: readonly Omit<Scenario, 'file'>[] = [
  {
    name: 'yppush',
    package: 'ypserv',
    command: 'yppush -h 127.0.0.1 -t 5 passwd.byname',
    first: 1,
    chosen: ['transid'],
    expected: [
      {
        procedure: 'NEWXFR',
        call: { ...push, order: LAB_ORDER, name: '127.0.0.1' },
        reply: success({ status: XFR_SUCCESS }),
      },
    ],
  },
  {
    name: 'ypxfr of a slave',
    package: 'ypserv',
    command: `ypcat -k passwd.byuid; /usr/lib/yp/ypxfr -f -h 127.0.0.1 -d ${LAB_DOMAIN} passwd.byuid >&2`,
    expected: (out) => [
      all('passwd.byuid', names(out)),
      master('passwd.byuid'),
      order('passwd.byuid'),
      match('passwd.byuid', 'YP_INTERDOMAIN', NOKEY),
      match('passwd.byuid', 'YP_SECURE', NOKEY),
      all('passwd.byuid', names(out)),
      clear,
    ],
  },
  {
    name: 'XFR accepted',
    package: 'libtirpc3',
    command: udp(`XFR ${LAB_DOMAIN} passwd.byname 1700000001 lab 77 1073741824 1023`),
    first: 1,
    expected: [
      {
        procedure: 'XFR',
        call: { ...push, order: LAB_ORDER + 1, transid: 77, port: 1023 },
        reply: success({ transid: 77, status: XFR_SUCCESS }),
      },
    ],
  },
]

const MAKEDBM: readonly Omit<Scenario, 'file' | 'package'>[] = [
  { name: 'makedbm -c', command: '/usr/lib/yp/makedbm -c', expected: [clear] },
]

const protocols = { tcp: 6, udp: 17 } as const

/** The rows of `rpcinfo -p`. */
function portmapRows(stdout: string): Expectation[] {
  const rows = stdout.matchAll(/^ +(\d+) +(\d+) +(tcp|udp) +(\d+)/gm)
  return [...rows].map(([, program, version, protocol, port]) => ({
    program: Number(program),
    version: Number(version),
    protocol: protocols[protocol as 'tcp' | 'udp'],
    port: Number(port),
  }))
}

/** The rows of `rpcinfo`. */
function rpcbindRows(stdout: string): Expectation[] {
  const rows = stdout.matchAll(/^ +(\d+) +(\d+) +(\S+) +(\S+) +\S+ +(\S+)$/gm)
  return [...rows].map(([, program, version, netid, address, owner]) => ({
    program: Number(program),
    version: Number(version),
    netid,
    address,
    owner,
  }))
}

const registration = (
  procedure: 'SET' | 'UNSET',
  version: number,
  netid: string,
  address: string,
): Expected => ({
  procedure,
  call: { program: YP, version, netid, address, owner: '0' },
  reply: success({ done: true }),
})

function getaddr(netid: string, owner: string, address: string, server = '127.0.0.1.0.111'): Expected {
  return {
    procedure: 'GETADDR',
    call: { program: YP, version: 2, netid, address: server, owner },
    reply: success({ address }),
  }
}

const RPCBIND_CALLS: readonly Omit<Scenario, 'file'>[] = [
  {
    name: 'ypcat asks for ypserv',
    package: 'yp-tools',
    command: 'ypcat passwd',
    expected: [getaddr('udp', 'libtirpc', '127.0.0.1.3.66'), getaddr('tcp', 'libtirpc', '127.0.0.1.3.66')],
  },
  {
    name: 'rpcinfo asks for ypserv over IPv6',
    package: 'rpcbind',
    command: 'rpcinfo -T udp6 ::1 100004 2',
    expected: [getaddr('udp6', 'libtirpc', '::1.3.67', '::1.0.111')],
  },
  {
    name: 'rpcinfo asks for a program that is not there',
    package: 'rpcbind',
    command: 'rpcinfo -T udp 127.0.0.1 100099 1',
    expected: [
      {
        procedure: 'GETADDR',
        call: { program: 100099, version: 1, netid: 'udp', address: '127.0.0.1.0.111', owner: 'libtirpc' },
        reply: success({ address: '' }),
      },
    ],
  },
  {
    name: 'rpcinfo -p',
    package: 'rpcbind',
    command: 'rpcinfo -p',
    expected: (out) => [{ procedure: 'DUMP', call: {}, reply: success({ mappings: portmapRows(out) }) }],
  },
  {
    name: 'rpcinfo -p by TCP',
    package: 'rpcbind',
    command: 'rpcinfo -p 127.0.0.1',
    ignore: ['GETADDR'],
    expected: (out) => [{ procedure: 'DUMP', call: {}, reply: success({ mappings: portmapRows(out) }) }],
  },
  {
    name: 'rpcinfo',
    package: 'rpcbind',
    command: 'rpcinfo',
    expected: (out) => [{ procedure: 'DUMP', call: {}, reply: success({ mappings: rpcbindRows(out) }) }],
  },
  {
    name: 'rpcinfo by TCP',
    package: 'rpcbind',
    command: 'rpcinfo 127.0.0.1',
    expected: (out) => [{ procedure: 'DUMP', call: {}, reply: success({ mappings: rpcbindRows(out) }) }],
  },
  {
    name: 'rpcinfo -l',
    package: 'rpcbind',
    command: 'rpcinfo -l 127.0.0.1 100004 2',
    expected: [
      {
        procedure: 'GETADDRLIST',
        call: { program: YP, version: 2, netid: 'tcp', address: '127.0.0.1.0.111', owner: '' },
        reply: success({
          addresses: [
            { address: '127.0.0.1.3.66', netid: 'udp', semantics: 1, family: 'inet', protocol: 'udp' },
            { address: '127.0.0.1.3.66', netid: 'tcp', semantics: 3, family: 'inet', protocol: 'tcp' },
          ],
        }),
      },
    ],
  },
  {
    name: 'rpcinfo -d',
    package: 'rpcbind',
    command: 'rpcinfo -d 100099 1',
    expected: [
      {
        procedure: 'UNSET',
        call: { program: 100099, version: 1, netid: '', address: '', owner: '0' },
        reply: success({ done: true }),
      },
    ],
  },
  ...(['udp', 'tcp'] as const).flatMap((transport) => {
    const mapping = { program: 400_001, version: 1, protocol: protocols.udp, port: 5000 }
    const words = `400001 1 ${protocols.udp}`
    const portmap = (procedure: string, port: number) =>
      call(`${transport} 111 pmap-${procedure} ${words} ${port}`)
    return [
      {
        name: `portmap SET by ${transport}`,
        package: 'libtirpc3',
        command: portmap('SET', 5000),
        expected: [{ procedure: 'SET', call: mapping, reply: success({ done: true }) }],
      },
      {
        name: `portmap SET of a mapping that stands by ${transport}`,
        package: 'libtirpc3',
        command: portmap('SET', 5001),
        expected: [{ procedure: 'SET', call: { ...mapping, port: 5001 }, reply: success({ done: false }) }],
      },
      {
        name: `portmap GETPORT by ${transport}`,
        package: 'libtirpc3',
        command: portmap('GETPORT', 0),
        expected: [{ procedure: 'GETPORT', call: { ...mapping, port: 0 }, reply: success({ port: 5000 }) }],
      },
      {
        name: `portmap UNSET by ${transport}`,
        package: 'libtirpc3',
        command: portmap('UNSET', 5000),
        expected: [{ procedure: 'UNSET', call: mapping, reply: success({ done: true }) }],
      },
      {
        name: `portmap GETPORT of no program by ${transport}`,
        package: 'libtirpc3',
        command: portmap('GETPORT', 0),
        expected: [{ procedure: 'GETPORT', call: { ...mapping, port: 0 }, reply: success({ port: 0 }) }],
      },
    ]
  }),
]

/** What ypserv says to rpcbind when it starts. */
export const REGISTER: Omit<Scenario, 'command'> = {
  name: 'ypserv registers',
  file: 'rpcbind',
  package: 'ypserv',
  program: RPCBIND,
  transport: 'unix',
  expected: [
    registration('UNSET', 2, '', ''),
    registration('UNSET', 1, '', ''),
    ...['udp', 'tcp'].flatMap((netid) =>
      [2, 1].flatMap((version) => [
        registration('UNSET', version, netid, ''),
        registration('SET', version, netid, `0.0.0.0.${PORT >> 8}.${PORT & 255}`),
      ]),
    ),
    ...['udp6', 'tcp6'].flatMap((netid) => [
      registration('UNSET', 2, netid, ''),
      registration('SET', 2, netid, `::.${PORT_6 >> 8}.${PORT_6 & 255}`),
    ]),
  ],
}

/** What it says when it ends. */
export const UNREGISTER: Omit<Scenario, 'command'> = {
  name: 'ypserv takes itself out',
  file: 'rpcbind',
  package: 'ypserv',
  program: RPCBIND,
  transport: 'unix',
  expected: [registration('UNSET', 2, '', ''), registration('UNSET', 1, '', '')],
}

/** How ypbind finds the server. */
export const BIND: Omit<Scenario, 'command'> = {
  name: 'ypbind binds',
  file: 'yp-tools',
  package: 'ypbind-mt',
  first: 1,
  expected: [domain(LAB_DOMAIN, true)],
}

/** In this order. */
export const SCENARIOS: readonly Scenario[] = [
  ...YP_TOOLS.map((scenario) => ({ ...scenario, file: 'yp-tools', package: 'yp-tools' })),
  ...LIBNSS_NIS.map((scenario) => ({ ...scenario, file: 'libnss-nis', package: 'libnss-nis' })),
  ...RPCINFO.map((scenario) => ({ ...scenario, file: 'calls', package: 'rpcbind' })),
  ...MAKEDBM.map((scenario) => ({ ...scenario, file: 'calls', package: 'ypserv' })),
  ...CALLS.map((scenario) => ({ ...scenario, file: 'calls', package: 'libtirpc3' })),
  ...RPCBIND_CALLS.map((scenario) => ({ ...scenario, file: 'rpcbind', program: RPCBIND })),
  ...TRANSFERS.map((scenario) => ({ ...scenario, file: 'calls' })),
]
