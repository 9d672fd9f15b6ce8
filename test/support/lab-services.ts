/**
 * What NIS tells beside users and groups: hosts, services and the like. Told once, and written both as the files of /etc
 * of which /var/yp/Makefile makes maps, and as the entries of RFC 2307 (and of the draft that follows it). Of a file's
 * lines none says what an entry can't hold, so that the maps made of both are the same but for white space.
 *
 * What files can say and a directory can't, or says otherwise, and is therefore not here:
 * - Names that differ by case alone (`tcp 6 TCP`): cn is compared without regard to case.
 * - Two services at one port, or two lines of a host: makedbm(8) keeps the last record of a key.
 * - Capitals in the keys of mail.aliases, which makedbm keeps though clients ask in lower case. Those of hosts.byname it
 *   lowers (-l).
 * - Addresses with leading zeros in /etc/ethers: an entry has them (`08:00:20`), clients ask without (`8:0:20`).
 * - Comments, kept in no map, but cut off at any `#` by `makedbm -r`, even within a word.
 * - Keys that end at a blank before a tab: makedbm parts a line at its first tab, and takes all before it for the key.
 * - Continuation lines, whose white space makedbm keeps; the white space between the members of an alias.
 * - Netgroups that contain themselves: revnetgroup(8) ends by SIGSEGV.
 * - Netgroups in another order than by name, of which revnetgroup makes lists in another order; groups, mknetid.
 * - The values of one attribute in an order of their own among those of another: triples come before netgroups.
 */

import { LAB_DOMAIN } from './lab-host.ts'

export const SERVICES_SUFFIX = 'dc=services,dc=example'

interface Host {
  /** the official one first */
  readonly names: readonly string[]
  readonly ipv4?: string
  readonly ipv6?: string
  /** as /etc/ethers has it */
  readonly ether?: string
  readonly boot?: readonly string[]
}

const HOSTS: readonly Host[] = [
  { names: ['ws1', 'ws1.lab.example'], ipv4: '192.0.2.11', ether: '8:0:20:1:2:3' },
  { names: ['ws2', 'ws2.lab.example', 'printserver'], ipv4: '192.0.2.12', ipv6: '2001:db8::12' },
  { names: ['Server.lab.example', 'server', 'Files'], ipv4: '192.0.2.20', ether: '0:c:29:ab:cd:ef' },
  {
    names: ['diskless'],
    ipv4: '192.0.2.30',
    ether: '2:0:0:0:0:1',
    boot: ['root=server:/export/root/diskless', 'swap=server:/export/swap/diskless'],
  },
]

interface Network {
  readonly names: readonly string[]
  readonly number: string
  readonly mask?: string
}

const NETWORKS: readonly Network[] = [
  { names: ['loopback'], number: '127.0.0.0', mask: '255.0.0.0' },
  { names: ['labnet', 'testnet-1'], number: '192.0.2.0', mask: '255.255.255.0' },
  { names: ['backbone'], number: '198.51.100.0' },
]

interface Numbered {
  readonly names: readonly string[]
  readonly number: number
}

const PROTOCOLS: readonly Numbered[] = [
  { names: ['ip', 'internet'], number: 0 },
  { names: ['icmp'], number: 1 },
  { names: ['tcp'], number: 6 },
  { names: ['udp'], number: 17 },
  { names: ['ipv6-icmp', 'icmp6'], number: 58 },
]

const RPC: readonly Numbered[] = [
  { names: ['portmapper', 'portmap', 'sunrpc', 'rpcbind'], number: 100000 },
  { names: ['nfs', 'nfsprog'], number: 100003 },
  { names: ['ypserv', 'ypprog'], number: 100004 },
]

interface Service {
  readonly names: readonly string[]
  readonly port: number
  readonly protocols: readonly string[]
}

const SERVICES: readonly Service[] = [
  { names: ['ssh'], port: 22, protocols: ['tcp'] },
  { names: ['domain', 'nameserver'], port: 53, protocols: ['tcp', 'udp'] },
  { names: ['http', 'www', 'www-http'], port: 80, protocols: ['tcp'] },
  { names: ['syslog'], port: 514, protocols: ['udp'] },
  { names: ['shell', 'cmd'], port: 514, protocols: ['tcp'] },
  // Which no host's own file has.
  { names: ['labdata', 'labstore'], port: 61_001, protocols: ['tcp', 'udp'] },
]

interface Netgroup {
  readonly name: string
  readonly triples: readonly string[]
  readonly netgroups: readonly string[]
}

const NETGROUPS: readonly Netgroup[] = [
  { name: 'admins', triples: ['(-,alice,)', '(-,bob,lab.example)'], netgroups: [] },
  { name: 'anywhere', triples: ['(,carol,)'], netgroups: [] },
  { name: 'everybody', triples: ['(,,lab.example)'], netgroups: ['trusted'] },
  { name: 'nobody', triples: ['(-,-,)'], netgroups: [] },
  { name: 'trusted', triples: ['(server,,)'], netgroups: ['workstations', 'admins'] },
  { name: 'workstations', triples: ['(ws1,-,)', '(ws2,-,lab.example)'], netgroups: [] },
]

const ALIASES: readonly (readonly [name: string, members: readonly string[]])[] = [
  ['postmaster', ['root']],
  ['root', ['alice', 'bob@mail.example']],
  ['list', ['alice', 'bob', '"|/usr/lib/archive list"', ':include:/etc/mail/list']],
]

interface Key {
  /** the user's number, or the host's name */
  readonly of: string
  readonly publicKey: string
  readonly secretKey: string
}

const KEYS: readonly Key[] = [
  { of: '10001', publicKey: '5a1c0de5a1c0de', secretKey: '0dd5ec2e7' },
  { of: 'ws1', publicKey: 'abcdef0123456789', secretKey: '9876543210fedcba' },
]

const AUTOMOUNT = {
  'auto.master': [
    ['/home', 'auto.home -rw,hard'],
    ['/net', '-hosts'],
  ],
  'auto.home': [
    ['alice', '-rw,soft server:/export/home/alice'],
    ['shared', '/docs server:/export/docs /src server:/export/src'],
    ['*', 'server:/export/home/&'],
  ],
} as const satisfies Readonly<Record<string, readonly (readonly [key: string, information: string])[]>>

interface User {
  readonly name: string
  readonly uid: string
  readonly gid: string
  readonly gecos: string
  readonly home: string
  readonly shell: string
  /** crypt(3) */
  readonly hash: string
  /** days since 1970 of the last change, then at least, at most, warning, after the end, end, flag; '' is nothing */
  readonly ageing: readonly string[]
}

const USERS: readonly User[] = [
  {
    name: 'alice',
    uid: '10001',
    gid: '20001',
    gecos: 'Alice Archer,Room 1.12',
    home: '/home/alice',
    shell: '/bin/bash',
    hash: '$6$salt$alice',
    ageing: ['20000', '0', '99999', '7', '', '', ''],
  },
  {
    name: 'bob',
    uid: '10002',
    gid: '20001',
    gecos: 'Bob Baker',
    home: '/home/bob',
    shell: '/bin/sh',
    hash: '$6$salt$bob',
    ageing: ['20001', '1', '90', '14', '30', '21000', '0'],
  },
  {
    name: 'carol',
    uid: '10003',
    gid: '20002',
    gecos: 'Carol Clark',
    home: '/home/carol',
    shell: '/bin/sh',
    hash: '!',
    ageing: ['', '', '', '', '', '', ''],
  },
]

const GROUPS: readonly (readonly [name: string, gid: string, members: readonly string[]])[] = [
  ['operators', '20003', ['alice', 'carol']],
  ['projects', '20002', ['alice', 'bob']],
  ['staff', '20001', []],
]

// --- The files of /etc ---

const NOTE = '# What stands here is kept in no map.\n'
const file = (lines: readonly string[]) => `${NOTE}\n${lines.join('\n')}\n`
/** Official name, number, aliases, and white space of all kinds, as such files have it. */
const line = ([official = '', ...aliases]: readonly string[], number: string | number) =>
  `${official}\t\t${number}\t${aliases.join('  ')}\t# ${official}`

/** By their names in /etc; mail's are `aliases`. Hosts are those with an address of IPv4. */
export const FLAT_FILES = {
  hosts: file(
    HOSTS.flatMap(({ ipv4, names }) =>
      ipv4 === undefined ? [] : [`${ipv4}\t${names.join('   ')}\t# ${names[0]}`],
    ),
  ),
  ethers: file(HOSTS.flatMap(({ ether, names }) => (ether === undefined ? [] : [`${ether}  ${names[0]}`]))),
  bootparams: file(
    HOSTS.flatMap(({ boot, names }) => (boot === undefined ? [] : [`${names[0]}  ${boot.join('  ')}`])),
  ),
  networks: file(NETWORKS.map(({ names, number }) => line(names, number))),
  netmasks: file(NETWORKS.flatMap(({ number, mask }) => (mask === undefined ? [] : [`${number}\t${mask}`]))),
  protocols: file(PROTOCOLS.map(({ names, number }) => line(names, number))),
  rpc: file(RPC.map(({ names, number }) => line(names, number))),
  services: file(
    SERVICES.flatMap(({ names, port, protocols }) =>
      protocols.map((protocol) => line(names, `${port}/${protocol}`)),
    ),
  ),
  netgroup: file(
    NETGROUPS.map(({ name, triples, netgroups }) => `${name}  ${[...triples, ...netgroups].join('  ')}`),
  ),
  aliases: file(ALIASES.map(([name, members]) => `${name}:\t${members.join(',')}`)),
  publickey: file(
    KEYS.map(({ of, publicKey, secretKey }) => `unix.${of}@${LAB_DOMAIN}  ${publicKey}:${secretKey}`),
  ),
  passwd: USERS.map(
    ({ name, uid, gid, gecos, home, shell }) => `${[name, 'x', uid, gid, gecos, home, shell].join(':')}\n`,
  ).join(''),
  shadow: USERS.map(({ name, hash, ageing }) => `${[name, hash, ...ageing].join(':')}\n`).join(''),
  group: GROUPS.map(([name, gid, members]) => `${[name, '*', gid, members.join(',')].join(':')}\n`).join(''),
  ...Object.fromEntries(
    Object.entries(AUTOMOUNT).map(([map, keys]) => [
      map,
      file(keys.map(([key, information]) => `${key}\t${information}`)),
    ]),
  ),
} as const

// --- The entries ---

function entry(dn: string, classes: string, ...lines: readonly string[]): string {
  const objectClasses = classes.split(' ').map((name) => `objectClass: ${name}`)
  return `dn: ${dn},${SERVICES_SUFFIX}\n${[...objectClasses, ...lines].join('\n')}\n\n`
}

const each = (name: string, values: readonly (string | undefined)[]) =>
  values.flatMap((value) => (value === undefined || value === '' ? [] : [`${name}: ${value}`]))

const unit = (name: string) => entry(`ou=${name}`, 'organizationalUnit')

/** As entries have it: two digits each. */
const longEther = (ether: string) =>
  ether
    .split(':')
    .map((part) => part.padStart(2, '0'))
    .join(':')

const SHADOW = ['LastChange', 'Min', 'Max', 'Warning', 'Inactive', 'Expire', 'Flag']

/** The class and the attributes of somebody's keys, if there are any. */
const keysOf = (name: string) =>
  KEYS.filter(({ of }) => of === name).flatMap(({ publicKey, secretKey }) => [
    'objectClass: nisKeyObject',
    `nisPublicKey: ${publicKey}`,
    `nisSecretKey: ${secretKey}`,
  ])

/** Without groups and maps; each user and host with what `further` adds to the classes. */
const common = (further: (name: string) => readonly string[]) => [
  `dn: ${SERVICES_SUFFIX}\nobjectClass: domain\ndc: services\n\n`,
  ...[
    'people',
    'groups',
    'hosts',
    'networks',
    'protocols',
    'rpc',
    'services',
    'netgroup',
    'aliases',
    'maps',
  ].map(unit),
  ...USERS.map(({ name, uid, gid, gecos, home, shell, hash, ageing }) =>
    entry(
      `uid=${name},ou=people`,
      'account posixAccount shadowAccount',
      ...further(uid),
      `uid: ${name}`,
      `cn: ${gecos.split(',')[0]}`,
      `uidNumber: ${uid}`,
      `gidNumber: ${gid}`,
      `gecos: ${gecos}`,
      `homeDirectory: ${home}`,
      `loginShell: ${shell}`,
      `userPassword: {CRYPT}${hash}`,
      ...SHADOW.flatMap((field, at) => each(`shadow${field}`, [ageing[at]])),
    ),
  ),
  ...HOSTS.map(({ names, ipv4, ipv6, ether, boot = [] }) =>
    entry(
      `cn=${names[0]},ou=hosts`,
      'device ipHost ieee802Device bootableDevice',
      ...further(names[0] ?? ''),
      ...each('cn', names),
      ...each('ipHostNumber', [ipv4, ipv6]),
      ...each('macAddress', [ether === undefined ? ether : longEther(ether)]),
      ...each('bootParameter', boot),
    ),
  ),
  ...NETWORKS.map(({ names, number, mask }) =>
    entry(
      `cn=${names[0]},ou=networks`,
      'ipNetwork',
      ...each('cn', names),
      `ipNetworkNumber: ${number}`,
      ...each('ipNetmaskNumber', [mask]),
    ),
  ),
  // nis.schema insists on a description here.
  ...PROTOCOLS.map(({ names, number }) =>
    entry(
      `cn=${names[0]},ou=protocols`,
      'ipProtocol',
      ...each('cn', names),
      `ipProtocolNumber: ${number}`,
      'description: a protocol',
    ),
  ),
  ...RPC.map(({ names, number }) =>
    entry(
      `cn=${names[0]},ou=rpc`,
      'oncRpc',
      ...each('cn', names),
      `oncRpcNumber: ${number}`,
      'description: a program',
    ),
  ),
  ...SERVICES.map(({ names, port, protocols }) =>
    entry(
      `cn=${names[0]}+ipServicePort=${port}+ipServiceProtocol=${protocols[0]},ou=services`,
      'ipService',
      ...each('cn', names),
      `ipServicePort: ${port}`,
      ...each('ipServiceProtocol', protocols),
    ),
  ),
  ...NETGROUPS.map(({ name, triples, netgroups }) =>
    entry(
      `cn=${name},ou=netgroup`,
      'nisNetgroup',
      `cn: ${name}`,
      ...each('nisNetgroupTriple', triples),
      ...each('memberNisNetgroup', netgroups),
    ),
  ),
  ...ALIASES.map(([name, members]) =>
    // A value that begins with a colon would be taken for base64.
    entry(
      `cn=${name},ou=aliases`,
      'nisMailAlias',
      `cn: ${name}`,
      ...members.map((member) => `rfc822MailMember:: ${Buffer.from(member).toString('base64')}`),
    ),
  ),
]

/** A map of keys and values of its own, which both schemas have. */
const phonebook = [
  entry('nisMapName=phonebook,ou=maps', 'nisMap', 'nisMapName: phonebook'),
  entry(
    'cn=alice,nisMapName=phonebook,ou=maps',
    'nisObject',
    'cn: alice',
    'nisMapName: phonebook',
    'nisMapEntry: +44 20 7946 0101',
  ),
].join('')

/** By RFC 2307: groups by memberUid, the automounter's maps and the keys as nisObject. For nis.schema and misc.schema. */
export const RFC2307_LDIF = [
  ...common(() => []),
  ...GROUPS.map(([name, gid, members]) =>
    entry(
      `cn=${name},ou=groups`,
      'posixGroup',
      `cn: ${name}`,
      `gidNumber: ${gid}`,
      ...each('memberUid', members),
    ),
  ),
  ...Object.entries(AUTOMOUNT).flatMap(([map, keys]) => [
    entry(`nisMapName=${map},ou=maps`, 'nisMap', `nisMapName: ${map}`),
    ...keys.map(([key, information]) =>
      entry(
        `cn=${key},nisMapName=${map},ou=maps`,
        'nisObject',
        `cn: ${key}`,
        `nisMapName: ${map}`,
        `nisMapEntry: ${information}`,
      ),
    ),
  ]),
  entry('nisMapName=publickey.byname,ou=maps', 'nisMap', 'nisMapName: publickey.byname'),
  ...KEYS.map(({ of, publicKey, secretKey }) =>
    entry(
      `cn=unix.${of}@${LAB_DOMAIN},nisMapName=publickey.byname,ou=maps`,
      'nisObject',
      `cn: unix.${of}@${LAB_DOMAIN}`,
      'nisMapName: publickey.byname',
      `nisMapEntry: ${publicKey}:${secretKey}`,
    ),
  ),
  phonebook,
].join('')

/**
 * By the draft that follows RFC 2307: groups by the DNs of their members, the automounter's maps as automountMap, keys in
 * attributes of users and hosts. For rfc2307bis.schema and misc.schema.
 */
export const RFC2307BIS_LDIF = [
  ...common(keysOf),
  ...GROUPS.map(([name, gid, members]) =>
    entry(
      `cn=${name},ou=groups`,
      members.length === 0 ? 'organizationalRole posixGroup' : 'groupOfNames posixGroup',
      `cn: ${name}`,
      `gidNumber: ${gid}`,
      ...members.map((member) => `member: uid=${member},ou=people,${SERVICES_SUFFIX}`),
    ),
  ),
  ...Object.entries(AUTOMOUNT).flatMap(([map, keys]) => [
    entry(`automountMapName=${map},ou=maps`, 'automountMap', `automountMapName: ${map}`),
    ...keys.map(([key, information]) =>
      entry(
        `automountKey=${key},automountMapName=${map},ou=maps`,
        'automount',
        `automountKey: ${key}`,
        `automountInformation: ${information}`,
      ),
    ),
  ]),
  phonebook,
].join('')

/**
 * What no file says, so that /var/yp/Makefile makes no such map. Of a host's addresses ipnodes.byname has that of IPv6, if
 * there is one; mail.byaddr has of several aliases with one member the first that the directory has.
 */
export const SERVICES_MAPS = {
  'ipnodes.byname': [
    ['diskless', '192.0.2.30 diskless'],
    ['files', '192.0.2.20 Server.lab.example server Files'],
    ['printserver', '2001:db8::12 ws2 ws2.lab.example printserver'],
    ['server', '192.0.2.20 Server.lab.example server Files'],
    ['server.lab.example', '192.0.2.20 Server.lab.example server Files'],
    ['ws1', '192.0.2.11 ws1 ws1.lab.example'],
    ['ws1.lab.example', '192.0.2.11 ws1 ws1.lab.example'],
    ['ws2', '2001:db8::12 ws2 ws2.lab.example printserver'],
    ['ws2.lab.example', '2001:db8::12 ws2 ws2.lab.example printserver'],
  ],
  'ipnodes.byaddr': [
    ['192.0.2.11', '192.0.2.11 ws1 ws1.lab.example'],
    ['192.0.2.12', '192.0.2.12 ws2 ws2.lab.example printserver'],
    ['192.0.2.20', '192.0.2.20 Server.lab.example server Files'],
    ['192.0.2.30', '192.0.2.30 diskless'],
    ['2001:db8::12', '2001:db8::12 ws2 ws2.lab.example printserver'],
  ],
  'mail.byaddr': [
    ['"|/usr/lib/archive list"', 'list'],
    [':include:/etc/mail/list', 'list'],
    ['alice', 'root'],
    ['bob', 'list'],
    ['bob@mail.example', 'root'],
    ['root', 'postmaster'],
  ],
  phonebook: [['alice', '+44 20 7946 0101']],
} as const
