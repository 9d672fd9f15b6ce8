/**
 * What the programs of a Linux client show of FLAT_FILES, or of the entries that say the same: every database that
 * libnss_nis knows, written down by hand.
 */
import { writeFileSync } from 'node:fs'
import { requireLab } from './lab-host.ts'
import { runOrFail } from './lab-run.ts'

/** The interpreter that is there with Samba; one found by PATH may be another. */
const PYTHON = '/usr/bin/python3'

/**
 * getent(1) with the key: its lines, sorted, for a map has no order that means anything; nor have the groups of one line,
 * which are sorted as well. `services` asks files first: to
 * find a server libtirpc wants to know services itself, and where that asks NIS again there is no end.
 */
export async function getent(database: string, ...keys: readonly string[]): Promise<readonly string[]> {
  const service = database === 'services' ? [] : ['-s', `${database}:nis`]
  const text = await runOrFail('getent', [...service, database, ...keys])
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.trimEnd().replace(/ {2,}/g, ' '))
    .map((line) => (database === 'initgroups' ? sortedGroups(line) : line))
    .sort()
}

function sortedGroups(line: string): string {
  const [user = '', ...groups] = line.split(' ')
  return [user, ...groups.sort()].join(' ')
}

/** Lets the private host ask NIS for services and netgroups, too. */
export function askNisForServices(): void {
  requireLab()
  writeFileSync(
    '/etc/nsswitch.conf',
    'passwd: files nis\ngroup: files nis\nnetgroup: nis\nservices: files nis\n',
  )
}

export const READINGS: readonly (readonly [
  database: string,
  keys: readonly string[],
  lines: readonly string[],
])[] = [
  [
    'passwd',
    [],
    [
      'alice:x:10001:20001:Alice Archer,Room 1.12:/home/alice:/bin/bash',
      'bob:x:10002:20001:Bob Baker:/home/bob:/bin/sh',
      'carol:x:10003:20002:Carol Clark:/home/carol:/bin/sh',
    ],
  ],
  ['passwd', ['10002'], ['bob:x:10002:20001:Bob Baker:/home/bob:/bin/sh']],
  [
    'shadow',
    [],
    ['alice:$6$salt$alice:20000:0:99999:7:::', 'bob:$6$salt$bob:20001:1:90:14:30:21000:0', 'carol:!:::::::'],
  ],
  ['group', [], ['operators:*:20003:alice,carol', 'projects:*:20002:alice,bob', 'staff:*:20001:']],
  ['group', ['20003'], ['operators:*:20003:alice,carol']],
  ['initgroups', ['alice'], ['alice 20002 20003']],
  ['hosts', ['ws1'], ['192.0.2.11 ws1 ws1.lab.example']],
  ['hosts', ['PRINTSERVER'], ['192.0.2.12 ws2 ws2.lab.example printserver']],
  ['hosts', ['192.0.2.20'], ['192.0.2.20 Server.lab.example server Files']],
  ['ethers', ['ws1'], ['8:0:20:1:2:3 ws1']],
  ['ethers', ['08:00:20:01:02:03'], ['8:0:20:1:2:3 ws1']],
  ['networks', ['testnet-1'], ['labnet 192.0.2.0 testnet-1']],
  ['networks', ['192.0.2.0'], ['labnet 192.0.2.0 testnet-1']],
  ['protocols', [], ['icmp 1', 'ip 0 internet', 'ipv6-icmp 58 icmp6', 'tcp 6', 'udp 17']],
  ['protocols', ['icmp6'], ['ipv6-icmp 58 icmp6']],
  ['protocols', ['58'], ['ipv6-icmp 58 icmp6']],
  ['services', ['labstore/udp'], ['labdata 61001/udp labstore']],
  ['services', ['labdata'], ['labdata 61001/tcp labstore']],
  ['services', ['61001/udp'], ['labdata 61001/udp labstore']],
  ['rpc', [], ['nfs 100003 nfsprog', 'portmapper 100000 portmap sunrpc rpcbind', 'ypserv 100004 ypprog']],
  ['rpc', ['portmap'], ['portmapper 100000 portmap sunrpc rpcbind']],
  ['rpc', ['100004'], ['ypserv 100004 ypprog']],
  // The client asks in lower case, and shows what it was asked.
  ['aliases', ['ROOT'], ['ROOT: alice, bob@mail.example']],
  ['netgroup', ['workstations'], ['workstations (ws1,-,) (ws2,-,lab.example)']],
  [
    'netgroup',
    ['trusted'],
    ['trusted (server,,) (-,alice,) (-,bob,lab.example) (ws1,-,) (ws2,-,lab.example)'],
  ],
]

type Triple = readonly [netgroup: string, host: string | null, user: string | null, domain: string | null]

/** What innetgr(3) says; null is anything. */
export async function innetgr(...question: Triple): Promise<boolean> {
  const script = `
import ctypes, json, sys
words = [word if word is None else word.encode() for word in json.loads(sys.argv[1])]
print(ctypes.CDLL('libc.so.6').innetgr(*words))
`
  return (await runOrFail(PYTHON, ['-c', script, JSON.stringify(question)])).trim() === '1'
}

export const NETGROUP_READINGS: readonly (readonly [Triple, boolean])[] = [
  [['trusted', 'ws1', null, null], true],
  [['trusted', 'ws2', null, 'lab.example'], true],
  [['trusted', 'ws2', null, 'other.example'], false],
  [['trusted', null, 'bob', null], true],
  [['trusted', null, 'carol', null], true],
  [['admins', null, 'carol', null], false],
  [['everybody', 'any', 'body', 'lab.example'], true],
  [['everybody', 'any', 'body', 'other.example'], false],
  [['anywhere', 'any', 'carol', 'other.example'], true],
  [['nobody', 'any', 'body', null], false],
  [['no-such-netgroup', null, null, null], false],
]

/** The public key of a netname, by the call that the C library made for secure RPC; empty when there is none. */
export async function publicKey(netname: string): Promise<string> {
  const script = `
import ctypes, sys
key, error = ctypes.create_string_buffer(1024), ctypes.c_int()
nis = ctypes.CDLL('libnss_nis.so.2')
found = nis._nss_nis_getpublickey(sys.argv[1].encode(), key, ctypes.byref(error))
print(key.value.decode() if found == 1 else '')
`
  return (await runOrFail(PYTHON, ['-c', script, netname])).trim()
}

/** The user and groups of a netname, by the same library: `UID:GID` and further groups; empty when there is none. */
export async function netnameToUser(netname: string): Promise<string> {
  const script = `
import ctypes, sys
uid, gid, length, error = ctypes.c_uint(), ctypes.c_uint(), ctypes.c_int(), ctypes.c_int()
groups = (ctypes.c_uint * 65536)()
nis = ctypes.CDLL('libnss_nis.so.2')
to = [ctypes.byref(uid), ctypes.byref(gid), ctypes.byref(length), groups, ctypes.byref(error)]
found = nis._nss_nis_netname2user(sys.argv[1].encode(), *to)
print(f"{uid.value}:{','.join(map(str, [gid.value, *groups[:length.value]]))}" if found == 1 else '')
`
  return (await runOrFail(PYTHON, ['-c', script, netname])).trim()
}
