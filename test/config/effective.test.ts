import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { effectiveText } from '../../src/config/effective.ts'
import { configOf } from './check.ts'
import { meaningOf } from './meaning.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

const HEAD = 'domain "example.com"\n'
const block = (...lines: readonly string[]) => `directory "h" {\nbasedn "dc=x"\n${lines.join('\n')}\n}\n`

const EXAMPLES = [
  'openldap',
  'openldap-rfc2307bis',
  '389ds',
  'freeipa',
  'active-directory',
  'ldif',
  'several-domains',
  'hardened',
]

const TEXTS: readonly (readonly [string, string])[] = [
  ['the sample', read('etc/ypldap.conf')],
  ...EXAMPLES.map((name) => [name, read(`examples/${name}/ypldap.conf`)] as const),
  [
    'all maps of accounts, and found ones',
    `${HEAD}provide maps accounts\nprovide maps automount\nprovide maps nisobject\n${block()}`,
  ],
  ['automount maps alone', `${HEAD}provide maps automount\n${block()}`],
  ['an automount map by name', `${HEAD}provide map "auto.home"\n${block()}`],
  ['hashes', `${HEAD}provide map "shadow.byname"\n${block()}`],
  [
    'an own map',
    `${HEAD}map "phones.byname" {\nbase "ou=p,dc=x"\nfilter "(a=*)"\nkey "{uid}"\nvalue "{cn}: \\"{b}\\" \\\\ "\nallow from 192.0.2.1\n}\n${block()}`,
  ],
  ['an own map of nisObject entries', `${HEAD}map "cn.site" {\noverflow drop\n}\n${block()}`],
  [
    'a changed map',
    `${HEAD}provide maps hosts\nmap "hosts.byname" {\nfilter "(x=y)"\nrecord limit 2048\n}\n${block()}`,
  ],
  [
    'a map of users by templates',
    `${HEAD}map "passwd.byname" {\nkey "{uid}"\nvalue "{uid}:x"\n}\n${block()}`,
  ],
  [
    'a map that reads passwords, for all',
    `${HEAD}map "x" {\nfilter "(a=*)"\nkey "{uid}"\nvalue "{userPassword}"\nport any\n}\n${block()}`,
  ],
  [
    'netgroups of FreeIPA below its suffix',
    `${HEAD}provide maps netgroups\nprovide maps automount\n${block('schema ipa')}`,
  ],
  [
    'FreeIPA by its accounts',
    `${HEAD}provide maps netgroups\ndirectory "h" {\nbasedn "cn=accounts,dc=x"\nschema ipa\n}\n`,
  ],
  [
    'groups elsewhere',
    `${HEAD}${block('groupdn "ou=g,dc=x"', 'schema rfc2307bis', 'list groupmembers maps to "memberUid"')}`,
  ],
  [
    'members by one attribute of DNs',
    `${HEAD}${block('schema rfc2307bis', 'list groupmembers maps to "member"')}`,
  ],
  [
    'fields of every kind',
    `${HEAD}${block('fixed attribute shell "/bin/x"', 'template gecos "{cn}, \\"x\\""', 'list home maps to "h"', 'attribute uid maps to "u"')}`,
  ],
  ['a bind with a password', `${HEAD}${block('binddn "cn=a"', 'bindcred "hush-hush"')}`],
  [
    'a bind by a certificate',
    `${HEAD}cafile "/ca"\ndirectory "h" ldaps required {\nbasedn "b"\nbindext "dn:cn=a"\ncertfile "/c"\nkeyfile "/k"\n}\n`,
  ],
  [
    'several directories',
    `${HEAD}directory "a" tls { basedn "b" }\ncafile "/1"\ndirectory "b" port 3890 tls { basedn "b" }\ndirectory "c" { basedn "b" }\ndirectory "ldapi:///" {\nbasedn "b"\nbindext\n}\ncafile "/2"\ndirectory "d" ldaps { basedn "b" }\ndirectory file "/f" required { basedn "b" }\n`,
  ],
  [
    'everything that is said of the process',
    `${HEAD}bind local\nportmapper embedded\nlisten port 834\nlisten on ::1\nuser "a"\ndirectory user "b"\nstate directory "/s"\ncontrol socket "/c" group "g"\ndirectory memory 300\nudp workers auto\nlimit tcp idle 99\n${block()}`,
  ],
  [
    'everything that is said of a domain',
    `${HEAD}interval 60\nexpire 9999\nguard shrink 7\nrecord limit 2000\noverflow keep\nminimum uid 500\nminimum gid 100\nrefuse system names\nallow from any port reserved\ndeny from 2001:db8::/32 192.0.2.7\n${block()}`,
  ],
]

describe('the effective configuration', () => {
  test.each(TEXTS)('of %s says the same when it is read', (_, text) => {
    const config = configOf(text)
    expect(meaningOf(configOf(effectiveText(config)))).toEqual(meaningOf(config))
  })

  test('shows no password', () => {
    const text = effectiveText(configOf(`${HEAD}${block('binddn "cn=a"', 'bindcred "hush-hush"')}`))
    expect(text).toContain('binddn "cn=a"')
    expect(text).not.toContain('hush')
  })

  test('shows what holds without being said, and what a map is made of', () => {
    const text = effectiveText(configOf(`${HEAD}provide maps hosts\n${block()}`))
    expect(text).toContain('\tinterval 600\n')
    expect(text).toContain('limit tcp request 4096\n')
    expect(text).toContain('\t\tpasswd filter "(objectClass=posixAccount)"\n')
    expect(text).toContain('\t\t# gecos: the first of gecos, cn\n')
    expect(text).toContain('\t# allow from: nobody but this host\n')
    expect(text).toMatch(
      /^\t\t# map "hosts\.byname"\n\t\t# {3}base "dc=x"\n\t\t# {3}filter "\(objectClass=ipHost\)"$/m,
    )
  })
})
