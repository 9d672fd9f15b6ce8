import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../../src/config/limit-table.ts'
import { SYSTEM_NAMES } from '../../src/config/system-names.ts'
import { check, configOf, DIRECTORY, DOMAIN, directoryOf, domainOf, warningsOf } from './check.ts'

const BOTH = DOMAIN + DIRECTORY
const noRoom = (room: number, larger: string) =>
  `clients that ask over UDP get an error for a value over ${room} bytes, expected at most ${room}${larger}`

/** What the original serves. */
const SEVEN = [
  'passwd.byname',
  'passwd.byuid',
  'master.passwd.byname',
  'master.passwd.byuid',
  'group.byname',
  'group.bygid',
  'netid.byname',
]

const toldPassword = (header: string) =>
  warningsOf(`${DOMAIN}directory ${header} {\nbasedn b\nbinddn c\nbindcred d\n}\n`)

describe('a file with a domain, a directory and its base', () => {
  test('is complete, with every default filled in', () => {
    const at = { file: 't', line: 2, column: 1 }
    const base = { value: 'b', at: { file: 't', line: 2, column: 24 } }
    expect(configOf(BOTH)).toEqual({
      file: 't',
      bind: 'portmap',
      listen: [],
      metrics: { listen: [], user: '_ypldap_stat' },
      accounts: { server: '_ypldap', directory: '_ypldap_dir' },
      directoryMemory: 512,
      udpWorkers: 1,
      limits: DEFAULT_LIMITS,
      control: {},
      closed: [],
      domains: [
        {
          domain: 'example.com',
          interval: 600,
          maps: SEVEN.map((name) => ({
            name,
            secure: name.startsWith('master.'),
            made: 'rows',
            recordLimit: 1024,
            overflow: 'cut',
          })),
          access: [],
          recordLimit: 1024,
          overflow: 'cut',
          admission: { minimumUid: 1, minimumGid: 1, refusedNames: [] },
          guardShrink: 50,
          directories: [
            {
              at,
              label: 'h',
              required: false,
              location: { kind: 'ldap', host: 'h', port: 389, security: 'none' },
              credentials: { kind: 'anonymous' },
              pageSize: 1000,
              userBase: base,
              groupBase: base,
              userFilter: { value: '(objectClass=posixAccount)', at },
              groupFilter: { value: '(objectClass=posixGroup)', at },
              schema: 'rfc2307',
              idmap: 'none',
              shadow: false,
              tables: [],
              fields: {
                name: { kind: 'first', attributes: ['uid'] },
                passwd: { kind: 'fixed', value: '*' },
                uid: { kind: 'first', attributes: ['uidNumber'] },
                gid: { kind: 'first', attributes: ['gidNumber'] },
                class: { kind: 'fixed', value: '' },
                change: { kind: 'fixed', value: '0' },
                expire: { kind: 'fixed', value: '0' },
                gecos: { kind: 'first', attributes: ['gecos', 'cn'] },
                home: { kind: 'first', attributes: ['homeDirectory'] },
                shell: { kind: 'first', attributes: ['loginShell'] },
                groupname: { kind: 'first', attributes: ['cn'] },
                grouppasswd: { kind: 'fixed', value: '*' },
                groupgid: { kind: 'first', attributes: ['gidNumber'] },
                groupmembers: { kind: 'list', attribute: 'memberUid' },
              },
            },
          ],
        },
      ],
    })
  })

  test('has neither problems nor warnings', () => {
    const { problems, warnings } = check(BOTH)
    expect({ problems, warnings }).toEqual({ problems: [], warnings: [] })
  })

  test('is plain data that survives being sent to another process', () => {
    const config = configOf(`${BOTH}allow from any\n`)
    expect(structuredClone(config)).toEqual(config)
  })
})

describe('global statements', () => {
  test.each([
    ['interval 1', { interval: 1 }],
    ['interval 2147483647', { interval: 2_147_483_647 }],
    ['domain nis', { domain: 'nis' }],
    [`domain "${'d'.repeat(64)}"`, { domain: 'd'.repeat(64) }],
    ['bind local', { bind: 'local' }],
    ['bind portmap', { bind: 'portmap' }],
    ['record limit 256', { recordLimit: 256 }],
    ['record limit 65536', { recordLimit: 65_536 }],
    ['overflow cut', { overflow: 'cut' }],
    ['overflow split', { overflow: 'split' }],
    ['overflow keep', { overflow: 'keep' }],
    ['overflow drop', { overflow: 'drop' }],
    ['user nis', { accounts: { server: 'nis', directory: '_ypldap_dir' } }],
    ['directory user "nis"', { accounts: { server: '_ypldap', directory: 'nis' } }],
    ['directory user "998"', { accounts: { server: '_ypldap', directory: '998' } }],
    [
      'metrics listen 127.0.0.1',
      { metrics: { listen: [{ address: '127.0.0.1', port: 10_004 }], user: '_ypldap_stat' } },
    ],
    [
      'metrics listen on "::" port 9100\nmetrics listen "::1" port 9100\nmetrics user web',
      {
        metrics: {
          listen: [
            { address: '::', port: 9100 },
            { address: '::1', port: 9100 },
          ],
          user: 'web',
        },
      },
    ],
    ['directory memory 192', { directoryMemory: 192 }],
    ['directory memory 65536', { directoryMemory: 65_536 }],
    ['state directory "/srv/ypldap"', { state: '/srv/ypldap' }],
    ['guard shrink 0', { guardShrink: 0 }],
    ['guard shrink 100', { guardShrink: 100 }],
    ['expire 1200', { expire: 1200 }],
    ['minimum uid 0', { admission: { minimumUid: 0, minimumGid: 1, refusedNames: [] } }],
    ['minimum gid 4294967294', { admission: { minimumUid: 1, minimumGid: 4_294_967_294, refusedNames: [] } }],
    ['refuse names staff "a b"', { admission: { refusedNames: ['a b', 'staff'] } }],
    ['refuse names b a\nrefuse names c b', { admission: { refusedNames: ['a', 'b', 'c'] } }],
    ['refuse system names', { admission: { refusedNames: [...SYSTEM_NAMES].sort() } }],
    ['refuse system names\nrefuse names zz', { admission: { refusedNames: [...SYSTEM_NAMES, 'zz'].sort() } }],
    ['udp workers 4', { udpWorkers: 4 }],
    ['udp workers auto', { udpWorkers: 'auto' }],
    ['portmapper embedded', { portmapper: { broadcast: false } }],
    ['portmapper embedded broadcast', { portmapper: { broadcast: true } }],
    ['control socket "/x"', { control: { socket: '/x' } }],
    ['control socket "/x" group adm', { control: { socket: '/x', group: 'adm' } }],
    ['provide map passwd.byname', { maps: [{ name: 'passwd.byname' }] }],
  ])('%s', (line, expected) => {
    const config = configOf(`${BOTH}${line}\n`)
    expect({ ...config, ...config.domains[0] }).toMatchObject(expected)
  })

  test('maps come in their own order, each once, and a second mention is a warning', () => {
    const lines = ['netid.byname', 'group.bygid', 'passwd.byname', 'group.bygid']
    const text = BOTH + lines.map((map) => `provide map "${map}"\n`).join('')
    expect(domainOf(text).maps.map(({ name }) => name)).toEqual([
      'passwd.byname',
      'group.bygid',
      'netid.byname',
    ])
    expect(warningsOf(text)).toEqual(['t:6:13: map group.bygid is provided already, once is enough'])
  })

  test('the last of repeated statements wins', () => {
    const text = `interval 5\ninterval 7\nbind local\nbind portmap\ndomain a\n${BOTH}`
    expect(configOf(text)).toMatchObject({
      bind: 'portmap',
      domains: [{ interval: 7, domain: 'example.com' }],
    })
  })

  test('values that have no room in a datagram are a warning, unless they are kept as they are', () => {
    expect(warningsOf(`${BOTH}record limit 1368\n`)).toEqual([])
    expect(warningsOf(`${BOTH}record limit 1369\n`)).toEqual([
      `t:3:14: ${noRoom(1368, ', or limit udp reply 1404')}`,
    ])
    expect(warningsOf(`${BOTH}record limit 9000\n`)).toEqual([`t:3:14: ${noRoom(1368, '')}`])
    expect(warningsOf(`${BOTH}record limit 9000\noverflow keep\n`)).toEqual([])
    expect(warningsOf(`${BOTH}record limit 1369\nlimit udp reply 1404\n`)).toEqual([])
    const block = `map "netgroup" {\nrecord limit 8192\n}\n`
    expect(warningsOf(`${BOTH}limit udp reply 8223\n${block}`)).toEqual([
      `t:5:14: ${noRoom(8188, ', or limit udp reply 8224')}`,
    ])
    expect(warningsOf(`${BOTH}limit udp reply 8224\n${block}`)).toEqual([])
  })

  test('maps that expire soon after the interval are a warning', () => {
    expect(warningsOf(`${BOTH}interval 60\nexpire 119\n`)).toEqual([
      't:4:8: maps expire when one refresh is late, expected at least 120, twice the interval',
    ])
    expect(warningsOf(`${BOTH}interval 60\nexpire 120\n`)).toEqual([])
  })

  test('listen takes an address, a port or both, any number of times', () => {
    const text = `${BOTH}listen port 1\nlisten on 192.0.2.1\nlisten on "::1" port 65535\nlisten on ::1 port 5\n`
    expect(configOf(text).listen).toEqual([
      { at: { file: 't', line: 3, column: 1 }, port: 1 },
      { at: { file: 't', line: 4, column: 1 }, address: '192.0.2.1', port: 0 },
      { at: { file: 't', line: 5, column: 1 }, address: '::1', port: 65_535 },
      { at: { file: 't', line: 6, column: 1 }, address: '::1', port: 5 },
    ])
  })

  test('bind local goes with listening on loopback', () => {
    const text = `${BOTH}bind local\nlisten on 127.1.2.3\nlisten on ::1\nlisten port 5\nlisten on ::ffff:127.0.0.1\n`
    expect(configOf(text).listen).toHaveLength(4)
  })

  test('access rules keep their order, quoted or not, and any stands for both families', () => {
    const text = `${BOTH}deny from 192.0.2.1 "2001:db8::/32"\nallow from 10.0.0.0/8 any\n`
    expect(
      domainOf(text).access.map(
        ({ verdict, prefix, bits }) => `${verdict} ${Buffer.from(prefix).toString('hex')}/${bits}`,
      ),
    ).toEqual([
      'deny c0000201/32',
      'deny 20010db8000000000000000000000000/32',
      'allow 0a000000/8',
      'allow 00000000/0',
      'allow 00000000000000000000000000000000/0',
    ])
  })
})

describe('a directory', () => {
  test.each([
    ['"ldap.example.com"', { kind: 'ldap', host: 'ldap.example.com', port: 389, security: 'none' }],
    ['192.0.2.1', { kind: 'ldap', host: '192.0.2.1', port: 389, security: 'none' }],
    ['::1', { kind: 'ldap', host: '::1', port: 389, security: 'none' }],
    ['h port 3890', { kind: 'ldap', host: 'h', port: 3890, security: 'none' }],
    ['h port ldap-alt', { kind: 'ldap', host: 'h', port: 3890, security: 'none' }],
    ['h port "1389"', { kind: 'ldap', host: 'h', port: 1389, security: 'none' }],
    ['h ldaps', { kind: 'ldap', host: 'h', port: 636, security: 'ldaps' }],
    ['h port 1636 ldaps', { kind: 'ldap', host: 'h', port: 1636, security: 'ldaps' }],
    ['h tls', { kind: 'ldap', host: 'h', port: 389, security: 'starttls' }],
    ['h port 1389 tls', { kind: 'ldap', host: 'h', port: 1389, security: 'starttls' }],
    ['"ldapi://%2Frun%2Fslapd%2Fldapi"', { kind: 'ldapi', path: '/run/slapd/ldapi' }],
    ['ldapi:///', { kind: 'ldapi', path: '/var/run/slapd/ldapi' }],
    ['file "/etc/x.ldif"', { kind: 'file', path: '/etc/x.ldif' }],
    // The word file means an LDIF file only before a path: a host may have that name.
    ['file', { kind: 'ldap', host: 'file', port: 389, security: 'none' }],
    ['file port 1389', { kind: 'ldap', host: 'file', port: 1389, security: 'none' }],
    ['"file"', { kind: 'ldap', host: 'file', port: 389, security: 'none' }],
    // A setting of the process that reads directories is none where a host's header goes on.
    ['memory', { kind: 'ldap', host: 'memory', port: 389, security: 'none' }],
    ['memory port 1389', { kind: 'ldap', host: 'memory', port: 1389, security: 'none' }],
    ['memory tls', { kind: 'ldap', host: 'memory', port: 389, security: 'starttls' }],
    ['memory ldaps', { kind: 'ldap', host: 'memory', port: 636, security: 'ldaps' }],
    ['memory required', { kind: 'ldap', host: 'memory', port: 389, security: 'none' }],
    ['"memory"', { kind: 'ldap', host: 'memory', port: 389, security: 'none' }],
    ['"user"', { kind: 'ldap', host: 'user', port: 389, security: 'none' }],
    ['required', { kind: 'ldap', host: 'required', port: 389, security: 'none' }],
  ])('directory %s', (header, location) => {
    expect(directoryOf(header).location).toEqual(location)
  })

  test.each(['h', 'h port 5 tls', 'h ldaps', 'ldapi:///', 'file "/x"', 'required'])(
    'directory %s is required when its header ends so, and else is not',
    (header) => {
      expect(directoryOf(`${header} required`).required).toBe(true)
      expect(directoryOf(header).required).toBe(false)
    },
  )

  test('is called what the file calls it', () => {
    expect(directoryOf('ldapi:///').label).toBe('ldapi:///')
    expect(directoryOf('file "/etc/x.ldif"').label).toBe('/etc/x.ldif')
    expect(directoryOf('h port 5').label).toBe('h')
  })

  test('binds as told', () => {
    expect(directoryOf('h', 'basedn b\nbinddn "cn=a"\nbindcred " s=\\"3#$x "').credentials).toEqual({
      kind: 'simple',
      dn: 'cn=a',
      password: ' s="3#$x ',
    })
    expect(directoryOf('ldapi:///', 'basedn b\nbindext').credentials).toEqual({
      kind: 'external',
      authzid: '',
    })
    expect(directoryOf('h', 'basedn b\nbindext "dn:cn=a"').credentials).toEqual({
      kind: 'external',
      authzid: 'dn:cn=a',
    })
  })

  test('takes bases, filters and page size with their places', () => {
    const directory = directoryOf(
      'h',
      'basedn "b"\ngroupdn "g"\npasswd filter "(a=b)"\ngroup filter "(c=d)"\npage size 100000',
    )
    expect(directory).toMatchObject({
      userBase: { value: 'b', at: { file: 't', line: 3, column: 8 } },
      groupBase: { value: 'g', at: { file: 't', line: 4, column: 9 } },
      userFilter: { value: '(a=b)', at: { file: 't', line: 5, column: 15 } },
      groupFilter: { value: '(c=d)', at: { file: 't', line: 6, column: 14 } },
      pageSize: 100_000,
    })
  })

  test('searches groups below basedn when groupdn is empty, and everywhere with an empty basedn', () => {
    expect(directoryOf('h', 'basedn "b"\ngroupdn ""').groupBase.value).toBe('b')
    expect(directoryOf('h', 'basedn ""').userBase.value).toBe('')
  })

  test('trusts the cafile above it, when it speaks TLS', () => {
    const text = [
      DOMAIN,
      'directory a ldaps { basedn b }',
      'cafile "/one"',
      'directory b tls { basedn b }',
      'directory c { basedn b }',
      'directory ldapi:/// { basedn b }',
      'cafile "/two"',
      'directory d ldaps { basedn b }',
    ].join('\n')
    const trusted = domainOf(text).directories.map((directory) => directory.ca?.value)
    expect(trusted).toEqual([undefined, '/one', undefined, undefined, '/two'])
    expect(warningsOf(text)).toEqual([])
  })

  test('does not care for a cafile below it, which is a warning when nothing else does', () => {
    expect(warningsOf(`${BOTH}cafile "/one"\n`)).toEqual([
      't:3:8: cafile is not used, expected it before a directory with ldaps or tls',
    ])
  })

  test('that would be told a password without TLS is a warning, unless it is this host', () => {
    for (const header of ['h', '192.0.2.1', '"2001:db8::1"']) {
      expect(toldPassword(header)).toEqual([
        't:5:10: this password crosses the network bare, expected ldaps or tls after the host of the directory',
      ])
    }
    for (const header of ['h tls', 'h ldaps', 'localhost', '127.0.0.1', '"::1"', '"ldapi:///"']) {
      expect(toldPassword(header)).toEqual([])
    }
  })

  test('shows its certificate', () => {
    expect(directoryOf('h tls', 'basedn b\ncertfile "/c"\nkeyfile "/k"')).toMatchObject({
      certificate: { value: '/c', at: { file: 't', line: 4, column: 10 } },
      key: { value: '/k', at: { file: 't', line: 5, column: 9 } },
    })
  })

  test.each([
    'name',
    'passwd',
    'uid',
    'gid',
    'class',
    'change',
    'expire',
    'gecos',
    'home',
    'shell',
    'groupname',
    'grouppasswd',
    'groupgid',
    'groupmembers',
  ] as const)('fills the field %s in each of three ways', (field) => {
    const source = (line: string) => directoryOf('h', `basedn b\n${line}`).fields[field]
    expect(source(`attribute ${field} maps to "cn;lang-de"`)).toEqual({
      kind: 'first',
      attributes: ['cn;lang-de'],
    })
    expect(source(`list ${field} maps to 2.5.4.3`)).toEqual({ kind: 'list', attribute: '2.5.4.3' })
    expect(source(`fixed attribute ${field} "a b"`)).toEqual({ kind: 'fixed', value: 'a b' })
  })

  test('fills a field as the last statement for it says, whatever kind came before', () => {
    const lines = ['fixed attribute name "x"', 'list name maps to "y"', 'attribute name maps to "z"']
    const lastOf = (order: readonly number[]) =>
      directoryOf('h', ['basedn b', ...order.map((index) => lines[index])].join('\n')).fields.name
    expect(lastOf([0, 1, 2])).toEqual({ kind: 'first', attributes: ['z'] })
    expect(lastOf([2, 0, 1])).toEqual({ kind: 'list', attribute: 'y' })
    expect(lastOf([1, 2, 0])).toEqual({ kind: 'fixed', value: 'x' })
  })

  test('may be a long fixed text, a long filter and a long attribute name, unlike in the original', () => {
    const long = 'x'.repeat(2000)
    const block = `basedn "${long}"\npasswd filter "(cn=${long})"\nfixed attribute home "${long}"\nattribute gecos maps to ${long}`
    expect(directoryOf('h', block)).toMatchObject({
      userBase: { value: long },
      userFilter: { value: `(cn=${long})` },
      fields: { home: { kind: 'fixed', value: long }, gecos: { kind: 'first', attributes: [long] } },
    })
  })
})

describe('layout', () => {
  const layouts = {
    'a block on one line': 'directory h { basedn b }',
    'two statements on the first line, as the original allows': 'directory h { basedn b groupdn g\n}',
    'empty lines and comments': '\n# c\ndirectory h { # c\n\n# c\nbasedn b # c\n\n}\n# c',
    'joined lines': 'directory \\\n h \\\n{ basedn \\\n b\n}',
    'a closing brace after the last statement': 'directory h {\nbasedn b\ngroupdn g }',
    'no newline at the end': 'directory h {\nbasedn b\n}',
  }
  test.each(Object.entries(layouts))('%s', (_name, text) => {
    expect(domainOf(DOMAIN + text).directories).toHaveLength(1)
  })
})

describe('macros', () => {
  test('stand for whatever the statement needs', () => {
    const text = `host = "ldap"\nopts = "port 5 ldaps"\nbase = "\\"dc=a,dc=b\\""\n${DOMAIN}directory $host.example.com $opts { basedn $base }`
    expect(domainOf(text).directories[0]).toMatchObject({
      label: 'ldap.example.com',
      location: { port: 5, security: 'ldaps' },
      userBase: { value: 'dc=a,dc=b', at: { file: 't', line: 5, column: 44 } },
    })
  })

  test('may be called what later versions of the language made words of', () => {
    const names =
      'file listen record allow deny page state guard control socket shrink memory required minimum refuse names system'.split(
        ' ',
      )
    const text = names.map((name) => `${name} = "b"\n`).join('')
    for (const name of names) {
      expect(domainOf(`${text}${DOMAIN}directory h { basedn $${name} }`).directories[0]?.userBase.value).toBe(
        'b',
      )
    }
  })

  test('are replaced by a later definition, but for those of the command line', () => {
    const text = `a = "one"\na = "two"\n${DOMAIN}directory h { basedn $a }`
    expect(domainOf(text).directories[0]?.userBase.value).toBe('two')
    expect(domainOf(text, { macros: { a: 'three' } }).directories[0]?.userBase.value).toBe('three')
  })

  test('that nobody uses are warnings, also those of the command line', () => {
    expect(warningsOf(`\n  a = "x"\n${BOTH}`, { macros: { b: 'y' } })).toEqual([
      "t:2:3: macro 'a' is not used",
      "command line:1:1: macro 'b' is not used",
    ])
  })

  test('inside a word are none, which is a warning', () => {
    expect(warningsOf(`a = "x"\n${DOMAIN}directory $a$a { basedn b }`)).toEqual([
      "t:3:11: '$' inside a word is not the use of a macro, but that character",
    ])
  })
})

describe('include', () => {
  test('reads the file in its place, with its macros', () => {
    const text = 'include "a"\ndirectory h { basedn $base }\ninclude b'
    const files = { a: 'domain nis\nbase = "x"', b: 'interval 5' }
    expect(domainOf(text, { files })).toMatchObject({
      domain: 'nis',
      interval: 5,
      directories: [{ userBase: { value: 'x' } }],
    })
  })

  test('keeps the order of directories and of statements that win', () => {
    const files = { a: 'directory two { basedn b }\ninterval 7' }
    const config = domainOf(
      `${DOMAIN}directory one { basedn b }\ninterval 5\ninclude a\ndirectory three { basedn b }`,
      {
        files,
      },
    )
    expect(config.directories.map((directory) => directory.label)).toEqual(['one', 'two', 'three'])
    expect(config.interval).toBe(7)
    expect(config.directories[1]?.at).toEqual({ file: 'a', line: 1, column: 1 })
  })

  test('takes one file twice, and files 16 deep', () => {
    expect(domainOf(`include a\ninclude a\n${BOTH}`, { files: { a: '' } }).domain).toBe('example.com')
    const files = Object.fromEntries(
      Array.from({ length: 16 }, (_, index) => [
        `f${index}`,
        index === 15 ? 'interval 5' : `include f${index + 1}`,
      ]),
    )
    expect(domainOf(`include f0\n${BOTH}`, { files }).interval).toBe(5)
  })
})
