import { describe, expect, test } from 'vitest'
import { BUILTIN_MAPS } from '../../src/config/builtin-maps.ts'
import { MAX_PROBLEMS } from '../../src/config/limits.ts'
import { DIRECTORY, DOMAIN, problemsOf } from './check.ts'

const STATEMENTS =
  'one of include, directory, domain, interval, provide, map, cafile, record, overflow, allow, deny, securenets, guard, expire, minimum, refuse, bind, listen, metrics, user, state, control, udp, limit, portmapper, name = "value"'
const DIRECTORY_STATEMENTS =
  'one of binddn, bindcred, bindext, certfile, keyfile, basedn, groupdn, passwd, group, attribute, fixed, list, page, schema, idmap, template, }'
const FIELDS =
  'name, passwd, uid, gid, class, change, expire, gecos, home, shell, groupname, grouppasswd, groupgid, groupmembers'
const QUOTE = '(quote it to use it as text)'

/** In a file that is good but for this line, its problems: all of them, after the line number. */
const GLOBAL: readonly (readonly [line: string, ...problems: string[]])[] = [
  ['interval', '9: unexpected end of the line, expected a number of seconds from 1 to 2147483647'],
  ['interval 0', '10: number out of range, expected a number of seconds from 1 to 2147483647'],
  ['interval -1', '10: number out of range, expected a number of seconds from 1 to 2147483647'],
  ['interval 2147483648', '10: number out of range, expected a number of seconds from 1 to 2147483647'],
  [
    `interval ${'9'.repeat(400)}`,
    '10: number out of range, expected a number of seconds from 1 to 2147483647',
  ],
  [
    'interval "60"',
    '10: unexpected quoted string, expected a number of seconds from 1 to 2147483647 (without quotes)',
  ],
  ['interval 60s', '10: unexpected word, expected a number of seconds from 1 to 2147483647'],
  ['interval 60 61', '13: unexpected number, expected the end of the line'],
  [
    'interval 0 61',
    '10: number out of range, expected a number of seconds from 1 to 2147483647',
    '12: unexpected number, expected the end of the line',
  ],
  ['domain', '7: unexpected end of the line, expected the name of the domain'],
  ['domain ""', '8: empty domain, expected its name'],
  ['domain "a b"', '8: not a domain, expected a name of ASCII without blanks and slashes'],
  ['domain "a/b"', '8: not a domain, expected a name of ASCII without blanks and slashes'],
  ['domain ".."', '8: not a domain, expected a name of ASCII without blanks and slashes'],
  ['domain "münchen"', '8: not a domain, expected a name of ASCII without blanks and slashes'],
  [`domain "${'ä'.repeat(33)}"`, '8: domain is 66 bytes long, expected at most 64'],
  ['domain user', `8: unexpected reserved word 'user', expected the name of the domain ${QUOTE}`],
  ['domain a,b', "9: unexpected ',', expected the end of the line (text with ',' in it needs quotes)"],
  ['domain (a)', "8: unexpected '(', expected the name of the domain (text with '(' in it needs quotes)"],
  ['provide "passwd.byname"', "9: unexpected quoted string, expected 'map'"],
  [
    'provide map hosts.byaname',
    `13: unsupported map, expected auto.master or another auto.*, the name of a map block, or one of ${BUILTIN_MAPS.join(', ')}`,
  ],
  ['cafile', '7: unexpected end of the line, expected the path of a PEM file'],
  ['cafile ""', '8: empty path, expected that of a file'],
  ['cafile /etc', "8: unexpected '/', expected the path of a PEM file (text with '/' in it needs quotes)"],
  ['bind', "5: unexpected end of the line, expected 'local' or 'portmap'"],
  ['bind "local"', "6: unexpected quoted string, expected 'local' or 'portmap'"],
  ['listen', "7: unexpected end of the line, expected 'on' and an address, or 'port' and a number"],
  ['listen 5', "8: unexpected number, expected 'on' and an address, or 'port' and a number"],
  ['listen port 0', '13: number out of range, expected a port number from 1 to 65535'],
  ['listen port 65536', '13: number out of range, expected a port number from 1 to 65535'],
  ['listen port ldap', '13: unexpected word, expected a port number from 1 to 65535'],
  ['listen on localhost', '11: not an address, expected an IPv4 or IPv6 address in numbers'],
  ['listen on 10.0.0.1 5', '20: unexpected number, expected the end of the line'],
  ['record 5', "8: unexpected number, expected 'limit'"],
  ['record limit 255', '14: number out of range, expected a number of bytes from 256 to 65536'],
  ['record limit 65537', '14: number out of range, expected a number of bytes from 256 to 65536'],
  ['overflow', "9: unexpected end of the line, expected 'cut', 'split', 'keep' or 'drop'"],
  ['overflow burst', "10: unexpected word, expected 'cut', 'split', 'keep' or 'drop'"],
  ['allow 10.0.0.0/8', "7: unexpected word, expected 'from'"],
  ['deny from', "10: unexpected end of the line, expected an address, a prefix or 'any'"],
  [
    'allow from 10.0.0.1/8 host 2001:db8::1/32 ::/129',
    '12: prefix has bits set after the first 8, expected 10.0.0.0/8',
    "23: not an address or prefix, expected an address such as 192.0.2.1, a prefix such as 192.0.2.0/24 or 2001:db8::/32, or 'any'",
    '28: prefix has bits set after the first 32, expected 2001:db8::/32',
    '43: prefix is too long, expected at most /128',
  ],
  [
    'allow from 10.0.0.1, 10.0.0.2',
    "20: unexpected ',', expected a blank (prefixes are separated by blanks)",
  ],
  ['user', '5: unexpected end of the line, expected the name of an account'],
  ['user ""', '6: empty name, expected that of an account or group'],
  ['user root', '6: root may do anything, expected an account that is for this alone'],
  ['user "0"', '6: root may do anything, expected an account that is for this alone'],
  ['user "-x"', '6: not a name, expected one as /etc/passwd and /etc/group hold them'],
  ['user "a b"', '6: not a name, expected one as /etc/passwd and /etc/group hold them'],
  ['user "a:b"', '6: not a name, expected one as /etc/passwd and /etc/group hold them'],
  [`user ${'a'.repeat(256)}`, '6: name is too long, expected at most 255 bytes'],
  ['user 998', `6: unexpected number, expected the name of an account ${QUOTE}`],
  ['user a b', '8: unexpected word, expected the end of the line'],
  [
    'user _ypldap_dir',
    "6: 'user' and 'directory user' are one account, expected two: who took over the one process could else read the passwords of the other",
  ],
  [
    'directory user _ypldap',
    "16: 'user' and 'directory user' are one account, expected two: who took over the one process could else read the passwords of the other",
  ],
  ['metrics', "8: unexpected end of the line, expected 'listen' and an address, or 'user' and a name"],
  ['metrics listen', '15: unexpected end of the line, expected an IPv4 or IPv6 address'],
  ['metrics listen on', '18: unexpected end of the line, expected an IPv4 or IPv6 address'],
  ['metrics listen localhost', '16: not an address, expected an IPv4 or IPv6 address in numbers'],
  ['metrics listen "::1" port 0', '27: number out of range, expected a port number from 1 to 65535'],
  ['metrics user root', '14: root may do anything, expected an account that is for this alone'],
  [
    'metrics user "_ypldap_dir"',
    "14: 'directory user' and 'metrics user' are one account, expected two: who took over the process that answers HTTP could else end the other",
  ],
  [
    'user "_ypldap_stat"',
    "6: 'user' and 'metrics user' are one account, expected two: who took over the process that answers HTTP could else end the other",
  ],
  ['directory user', '15: unexpected end of the line, expected the name of an account'],
  ['directory user root', '16: root may do anything, expected an account that is for this alone'],
  ['directory user "x" {', "20: unexpected '{', expected the end of the line"],
  ['directory memory', '17: unexpected end of the line, expected a number of megabytes from 192 to 65536'],
  ['directory memory 191', '18: number out of range, expected a number of megabytes from 192 to 65536'],
  ['directory memory 65537', '18: number out of range, expected a number of megabytes from 192 to 65536'],
  [
    'directory memory "512"',
    '18: unexpected quoted string, expected a number of megabytes from 192 to 65536 (without quotes)',
  ],
  ['directory memory 1G', '18: unexpected word, expected a number of megabytes from 192 to 65536'],
  ['state "/x"', "7: unexpected quoted string, expected 'directory'"],
  ['state directory', '16: unexpected end of the line, expected the path of a directory'],
  ['state directory ""', '17: not an absolute path, expected one that begins with /'],
  ['state directory "x/y"', '17: not an absolute path, expected one that begins with /'],
  ['state directory "//"', '17: the root of all files, expected a directory for ypldap alone'],
  [`state directory "/${'x'.repeat(1024)}"`, '17: path is too long, expected at most 1024 bytes'],
  ['guard 50', "7: unexpected number, expected 'shrink'"],
  ['guard shrink -1', '14: number out of range, expected a percentage from 0 to 100'],
  ['guard shrink 101', '14: number out of range, expected a percentage from 0 to 100'],
  ['minimum 5', "9: unexpected number, expected 'uid' or 'gid'"],
  ['minimum uid -1', '13: number out of range, expected an id from 0 to 4294967294'],
  ['minimum gid 4294967295', '13: number out of range, expected an id from 0 to 4294967294'],
  ['minimum uid x', '13: unexpected word, expected an id from 0 to 4294967294'],
  ['refuse root', "8: unexpected word, expected 'names' or 'system names'"],
  ['refuse system', "14: unexpected end of the line, expected 'names'"],
  ['refuse names', '13: unexpected end of the line, expected the name of a user or a group'],
  ['refuse names ""', '14: not a name, expected 1 to 255 bytes without colon, comma and control characters'],
  [
    'refuse names "a:b"',
    '14: not a name, expected 1 to 255 bytes without colon, comma and control characters',
  ],
  ['refuse names a, b', "15: unexpected ',', expected a blank (names are separated by blanks)"],
  [
    `refuse names ${Array.from({ length: 1025 }, (_, n) => `a${n}`).join(' ')}`,
    '1: too many names, expected at most 1024',
  ],
  ['guard shrink 50%', '14: unexpected word, expected a percentage from 0 to 100'],
  ['portmapper', "11: unexpected end of the line, expected 'embedded'"],
  ['portmapper rpcbind', "12: unexpected word, expected 'embedded'"],
  ['portmapper embedded x', '21: unexpected word, expected the end of the line'],
  ['udp', "4: unexpected end of the line, expected 'workers'"],
  ['udp workers', "12: unexpected end of the line, expected a number of threads, or 'auto' from 1 to 64"],
  ['udp workers 0', "13: number out of range, expected a number of threads, or 'auto' from 1 to 64"],
  ['udp workers 65', "13: number out of range, expected a number of threads, or 'auto' from 1 to 64"],
  ['expire', '7: unexpected end of the line, expected a number of seconds from 1 to 2147483647'],
  [
    'expire 0',
    '8: number out of range, expected a number of seconds from 1 to 2147483647',
    '8: maps would expire between two refreshes, expected more than the interval of 600 seconds',
  ],
  [
    'expire 600',
    '8: maps would expire between two refreshes, expected more than the interval of 600 seconds',
  ],
  ['control "/x"', "9: unexpected quoted string, expected 'socket'"],
  ['control socket', '15: unexpected end of the line, expected the path of a socket'],
  ['control socket x', '16: not an absolute path, expected one that begins with /'],
  [`control socket "/${'x'.repeat(107)}"`, '16: path is too long, expected at most 107 bytes'],
  ['control socket "/x" group', '26: unexpected end of the line, expected the name of a group'],
  ['control socket "/x" group "a b"', '27: not a name, expected one as /etc/passwd and /etc/group hold them'],
  ['control socket "/x" adm', '21: unexpected word, expected the end of the line'],
  [`cafile "/${'x'.repeat(4095)}"`, '8: path is too long, expected at most 4095 bytes'],
  ['include', '8: unexpected end of the line, expected the path of a file as a quoted string'],
  ['include "nowhere"', '9: cannot open nowhere'],
  ['include "x" y', '13: unexpected word, expected the end of the line'],
  ['a =', '4: unexpected end of the line, expected the value of the macro as a quoted string'],
  ['a = 5', `5: unexpected number, expected the value of the macro as a quoted string ${QUOTE}`],
  [
    'a = ldaps',
    `5: unexpected reserved word 'ldaps', expected the value of the macro as a quoted string ${QUOTE}`,
  ],
  ['a = dc=x', "7: unexpected '=', expected the end of the line (text with '=' in it needs quotes)"],
  ['a = $b', '5: macro is not defined, expected the value of the macro as a quoted string'],
  ['user = "x"', "1: 'user' is a reserved word, expected another name for a macro"],
  ['"a b" = "x"', '1: bad name of a macro, expected letters, digits and _'],
  ['"" = "x"', '1: bad name of a macro, expected letters, digits and _'],
  ['5 = "x"', `1: unexpected number, expected the name of a macro ${QUOTE}`],
  ['domian "x"', `1: unknown statement, expected ${STATEMENTS}`],
  ['hunter2', `1: unknown statement, expected ${STATEMENTS}`],
  ['server "x"', `1: unexpected reserved word 'server', expected ${STATEMENTS}`],
  ['"x"', `1: unexpected quoted string, expected ${STATEMENTS}`],
  ['5', `1: unexpected number, expected ${STATEMENTS}`],
  ['}', `1: unexpected '}', expected ${STATEMENTS}`],
  ['\u0007', `1: unexpected U+0007, expected ${STATEMENTS} (text with U+0007 in it needs quotes)`],
  ['$x', '1: macro \'x\' is not defined, expected a line x = "…" above'],
  ['$', "1: unexpected '$', expected the name of a macro after it"],
  ['"x', '1: quoted string without an end, expected a closing quote'],
  ['basedn "x"', "1: 'basedn' outside a directory block, expected inside of one"],
]

describe('a line of the file', () => {
  test.each(GLOBAL)('%s', (line, ...problems) => {
    const text = `${DOMAIN}${DIRECTORY}${line}\n`
    expect(problemsOf(text)).toEqual(problems.map((problem) => `t:3:${problem}`))
  })
})

/** The same for the header of a directory that has a good block. */
const HEADERS: readonly (readonly [header: string, ...problems: string[]])[] = [
  ['directory {', "11: unexpected '{', expected a host, an address, an ldapi:// URL, or file and a path"],
  ['directory "" {', '11: empty host, expected a host name or an address'],
  [`directory ${'h'.repeat(256)} {`, '11: host is too long, expected at most 255 characters'],
  [
    'directory "ldaps://h" {',
    '11: URL instead of a host, expected a host name or an address, then ldaps or tls if wanted',
  ],
  [
    'directory h:389 {',
    '11: not a host, expected a host name or an address, and its port after the word port',
  ],
  [
    'directory "[::1]" {',
    '11: not a host, expected a host name or an address, and its port after the word port',
  ],
  ['directory h port 0 {', '18: number out of range, expected a port number from 1 to 65535'],
  ['directory h port "65536" {', '18: port out of range, expected a port number from 1 to 65535'],
  ['directory h port nope {', '18: unknown service, expected a TCP service of /etc/services or a number'],
  [
    'directory h port ldaps {',
    `18: unexpected reserved word 'ldaps', expected a port number from 1 to 65535`,
  ],
  [
    'directory h ldaps port 5 {',
    "19: unexpected reserved word 'port', expected '{' (port comes before ldaps or tls)",
  ],
  ['directory h ldaps tls {', "19: unexpected reserved word 'tls', expected '{'"],
  ['directory "file" "x" {', "18: unexpected quoted string, expected '{'"],
  ['directory file "" {', '16: empty path, expected that of a file'],
  [
    'directory file "x" port 5 ldaps {',
    "20: 'port' makes no sense for an LDIF file, expected '{'",
    "27: 'ldaps' makes no sense for an LDIF file, expected '{'",
  ],
  [
    'directory h required required {',
    "22: unexpected word, expected '{' (required is the last word of the header)",
  ],
  [
    'directory h required tls {',
    "22: unexpected reserved word 'tls', expected '{' (required is the last word of the header)",
  ],
  ['directory h "required" {', "13: unexpected quoted string, expected '{'"],
  [
    'directory user tls {',
    `11: unexpected reserved word 'user', expected a host, an address, an ldapi:// URL, or file and a path ${QUOTE}`,
  ],
  ['directory ldapi:/// tls {', "21: 'tls' makes no sense for a unix socket, expected '{'"],
  [
    'directory "ldapi://x" {',
    '11: not the path of a socket, expected ldapi:/// or a path with %2F for each slash, such as ldapi://%2Frun%2Fslapd%2Fldapi',
  ],
  ['directory "h"', "14: unexpected end of the line, expected '{'"],
  ['directory h foo bar {', "13: unexpected word, expected '{'"],
  ['directory $h {', '11: macro \'h\' is not defined, expected a line h = "…" above'],
  ['directry h {', `1: unknown statement, expected ${STATEMENTS}`],
]

describe('the header of a directory', () => {
  test.each(HEADERS)('%s', (header, ...problems) => {
    const text = `${DOMAIN}${header}\nbasedn b\ngroupdn g\n}\ninterval 5\n`
    expect(problemsOf(text)).toEqual(problems.map((problem) => `t:2:${problem}`))
  })

  test('may miss its brace on the line, and the brace on the next is taken for it', () => {
    expect(problemsOf(`${DOMAIN}directory h\n{\nbasedn b\n}\n`)).toEqual([
      "t:2:12: unexpected end of the line, expected '{'",
    ])
  })
})

/** The same for a line in a directory block, below a basedn. */
const BLOCK: readonly (readonly [line: string, ...problems: string[]])[] = [
  ['binddn "x"', '8: binddn without bindcred, expected a password as well'],
  ['bindcred "x"', '10: bindcred without binddn, expected a DN as well'],
  [
    'binddn "" bindcred "x"',
    '8: empty binddn, expected text (leave out both binddn and bindcred to bind anonymously)',
  ],
  [
    'binddn "x" bindcred ""',
    '21: empty bindcred, expected text (leave out both binddn and bindcred to bind anonymously)',
  ],
  ['binddn "x" bindext', "12: can't specify multiple bind types, expected bindext or binddn and bindcred"],
  [
    'bindcred "x" bindext y',
    "22: can't specify multiple bind types, expected bindext or binddn and bindcred",
  ],
  ['bindext 5', '9: unexpected number, expected the end of the line'],
  [
    'bindcred 5',
    `10: unexpected number, expected the password as a quoted string, or 'file' and a path ${QUOTE}`,
  ],
  [
    'binddn "x" bindcred file $credential',
    '26: macro \'credential\' is not defined, expected a line credential = "…" above',
  ],
  ['binddn "x" bindcred file ""', '26: empty path, expected that of a file'],
  ['bindcred file "/nowhere"', '15: cannot open /nowhere'],
  [
    'certfile "c"',
    '10: certificate or key without TLS, expected ldaps or tls after the host of the directory',
  ],
  ['keyfile "k"', '9: certificate or key without TLS, expected ldaps or tls after the host of the directory'],
  ['groupdn', '8: unexpected end of the line, expected a DN as a quoted string'],
  ['groupdn dc=x', "11: unexpected '=', expected the end of the line (text with '=' in it needs quotes)"],
  ['passwd "(a=b)"', "8: unexpected quoted string, expected 'filter'"],
  [
    'group filter (a=b)',
    "14: unexpected '(', expected an LDAP filter as a quoted string (text with '(' in it needs quotes)",
  ],
  ['attribute nme maps to "uid"', `11: unexpected word, expected one of the fields ${FIELDS}`],
  ['attribute name to "uid"', "16: unexpected reserved word 'to', expected 'maps'"],
  ['attribute name maps "uid"', "21: unexpected quoted string, expected 'to'"],
  [
    'attribute name maps to uid',
    `24: unexpected reserved word 'uid', expected the name of an LDAP attribute ${QUOTE}`,
  ],
  [
    'attribute name maps to ""',
    '24: not the name of an LDAP attribute, expected a letter and then letters, digits or hyphens, or a numeric OID',
  ],
  [
    'list groupmembers maps to "1x"',
    '27: not the name of an LDAP attribute, expected a letter and then letters, digits or hyphens, or a numeric OID',
  ],
  ['fixed name "x"', "7: unexpected reserved word 'name', expected 'attribute'"],
  ['fixed attribute change 0', `24: unexpected number, expected a value as a quoted string ${QUOTE}`],
  [
    'fixed attribute gecos "a:b"',
    "23: fixed value holds ':' or an end of line, expected text that fits into one field",
  ],
  ['page 5', "6: unexpected number, expected 'size'"],
  ['page size 0', '11: number out of range, expected a number of entries from 1 to 100000'],
  ['page size 100001', '11: number out of range, expected a number of entries from 1 to 100000'],
  ['basdn "x"', `1: unknown statement, expected ${DIRECTORY_STATEMENTS}`],
  ['tls', `1: unexpected reserved word 'tls', expected ${DIRECTORY_STATEMENTS}`],
  ['interval 5', "1: 'interval' inside a directory block, expected outside of it"],
  ['listen on ::1', "1: 'listen' inside a directory block, expected outside of it"],
  ['directory user x', "1: 'directory user' inside a directory block, expected outside of it"],
  ['directory memory 192', "1: 'directory memory' inside a directory block, expected outside of it"],
  ['expire 5000', "1: 'expire' inside a directory block, expected outside of it"],
  [
    `attribute name maps to ${'x'.repeat(4097)}`,
    '24: name of an attribute is too long, expected at most 4096 characters',
  ],
  ['include "x"', "1: 'include' inside a directory block, expected outside of it"],
  ['m = "x"', '1: macro defined inside a directory block, expected before the block'],
]

describe('a line of a directory block', () => {
  test.each(BLOCK)('%s', (line, ...problems) => {
    const text = `${DOMAIN}directory h {\nbasedn b\n${line}\npage size 5\n}\ninterval 5\n`
    expect(problemsOf(text)).toEqual(problems.map((problem) => `t:4:${problem}`))
  })
})

describe('a file as a whole', () => {
  test.each([
    [
      'nothing in it',
      '',
      't:1:1: no domain, expected a line such as: domain "example.com"',
      't:1:1: no directory, expected a block such as: directory "ldap.example.com" { basedn "…" }',
    ],
    [
      'no basedn',
      `${DOMAIN}directory h { }`,
      't:2:1: directory without basedn, expected the DN to search below',
    ],
    [
      'a certificate without its key',
      `${DOMAIN}directory h tls { basedn b certfile "c" }`,
      't:2:37: certfile without keyfile, expected both',
    ],
    [
      'a key without its certificate',
      `${DOMAIN}directory h ldaps { basedn b keyfile "k" }`,
      't:2:38: keyfile without certfile, expected both',
    ],
    [
      'a bind for an LDIF file',
      `${DOMAIN}directory file "f" { basedn b bindext }`,
      't:2:31: bind or page size for an LDIF file, expected neither (there is no server to ask)',
    ],
    [
      'a page size for an LDIF file',
      `${DOMAIN}directory file "f" { basedn b page size 5 }`,
      't:2:41: bind or page size for an LDIF file, expected neither (there is no server to ask)',
    ],
    [
      'two listen for one address in two spellings',
      `${DOMAIN}${DIRECTORY}listen on ::1 port 5\nlisten on 0:0::1 port 5\n`,
      't:4:1: same as the listen of line 3, expected another address or port',
    ],
    [
      'bind local and an address of the network',
      `${DOMAIN}${DIRECTORY}listen on 192.0.2.1\nlisten on fe80::1%eth0\nlisten on ::ffff:1.2.3.4\nbind local\n`,
      "t:3:1: listen on more than loopback beside 'bind local', expected 127.0.0.1 or ::1",
      "t:4:1: listen on more than loopback beside 'bind local', expected 127.0.0.1 or ::1",
      "t:5:1: listen on more than loopback beside 'bind local', expected 127.0.0.1 or ::1",
    ],
    [
      'a block that never ends',
      `${DOMAIN}directory h {\nbasedn b\n`,
      "t:4:1: block is not closed, expected '}' for the directory of line 2",
    ],
    [
      'a block that the next directory ends',
      `${DOMAIN}directory h {\nbasedn b\n${DIRECTORY}`,
      "t:4:1: block is not closed, expected '}' for the directory of line 2",
    ],
    [
      'a block that runs on into other statements',
      `directory h {\nbasedn b\n\n${DOMAIN}interval 5\n${DIRECTORY}`,
      "t:4:1: block is not closed, expected '}' for the directory of line 1",
    ],
    [
      'text after a block',
      `${DOMAIN}directory h {\nbasedn b\n} x y\n`,
      't:4:3: unexpected word, expected the end of the line',
    ],
  ])('%s', (_name, text, ...problems) => {
    expect(problemsOf(text)).toEqual(problems)
  })

  test('asks for at most 64 sockets', () => {
    const lines = Array.from({ length: 66 }, (_, index) => `listen port ${index + 1}\n`)
    expect(problemsOf(DOMAIN + DIRECTORY + lines.join(''))).toEqual([
      't:67:1: too many listen statements, expected at most 64',
      't:68:1: too many listen statements, expected at most 64',
    ])
  })

  test('judges expire by the interval, wherever it stands, unless that is wrong itself', () => {
    expect(problemsOf(`${DOMAIN}${DIRECTORY}expire 700\ninterval 1000\n`)).toEqual([
      't:3:8: maps would expire between two refreshes, expected more than the interval of 1000 seconds',
    ])
    expect(problemsOf(`${DOMAIN}${DIRECTORY}expire 500\ninterval x\n`)).toEqual([
      't:4:10: unexpected word, expected a number of seconds from 1 to 2147483647',
    ])
  })

  test('tells one account of two that are both wrong once', () => {
    expect(problemsOf(`${DOMAIN}${DIRECTORY}user root\ndirectory user ""\n`)).toEqual([
      't:3:6: root may do anything, expected an account that is for this alone',
      't:4:16: empty name, expected that of an account or group',
    ])
  })

  test('misses no directory because of a wrong setting of the process that reads them', () => {
    expect(problemsOf(`${DOMAIN}directory user 5\n`)).toEqual([
      't:1:1: no directory, expected a block such as: directory "ldap.example.com" { basedn "…" }',
      `t:2:16: unexpected number, expected the name of an account ${QUOTE}`,
    ])
  })

  test('allows or denies at most 8192 prefixes', () => {
    const lines = 'allow from 10.0.0.1 any\n'.repeat(2731)
    expect(problemsOf(DOMAIN + DIRECTORY + lines)).toEqual([
      't:2733:21: too many prefixes, expected at most 8192 in all',
    ])
  })

  test('has at most 256 directories, and 3 MiB of them', () => {
    expect(problemsOf(DOMAIN + DIRECTORY.repeat(256))).toEqual([])
    expect(problemsOf(DOMAIN + DIRECTORY.repeat(258))).toEqual([
      't:258:1: too many directories, expected at most 256',
    ])
    const long = `directory h {\nbasedn b\npasswd filter "(cn=${'x'.repeat(60_000)})"\n}\n`
    expect(problemsOf(DOMAIN + long.repeat(51))).toEqual([])
    expect(problemsOf(DOMAIN + long.repeat(53))).toEqual([
      expect.stringMatching(
        /^t:1:1: the directories take \d+ bytes with all their texts, expected at most 3145728$/,
      ),
    ])
  })

  test('that is no configuration at all is given up after a thousand problems', () => {
    const problems = problemsOf('x\n'.repeat(5000))
    expect(problems).toHaveLength(MAX_PROBLEMS + 1)
    expect(problems.at(-1)).toBe('t:1000:1: too many problems, the rest is not shown')
  })
})

describe('a password', () => {
  test.each([
    'bindcred S3CRET S3CRET',
    'bindcred $S3CRET',
    'bindcred "S3CRET" "S3CRET"',
    'bindcred "a" S3CRET',
    'bindcred S3CRET=x',
    'bindcred "S3CRET',
    'bindcred "" \'S3CRET\' S3CRET {',
    'bindcred 5 S3CRET',
  ])('never gets into a message: %s', (line) => {
    const problems = problemsOf(`pw = S3CRET S3CRET\npw = $S3CRET\n${DOMAIN}directory h {\n${line}\n}\n`)
    expect(problems.length).toBeGreaterThan(2)
    expect(problems.join('\n')).not.toContain('S3CRET')
  })
})
