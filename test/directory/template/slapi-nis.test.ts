import { describe, expect, test } from 'vitest'

import { createLinks } from '../../../src/directory/template/links.ts'
import { evaluate, parseTemplate } from '../../../src/directory/template/template.ts'
import { textOf } from '../../../src/directory/template/value.ts'
import { makeEntry } from '../samples.ts'

/** What slapi-nis's formats can say, and how a template says it. */

const BASE = 'dc=example,dc=com'
const USER = `uid=jdoe,cn=users,${BASE}`
const ADMINS = `cn=admins,cn=groups,${BASE}`
const OPS = `cn=ops,cn=groups,${BASE}`
const HOST = `fqdn=web.example.com,cn=computers,${BASE}`

const user = makeEntry(USER, {
  objectClass: ['posixAccount', 'shadowAccount'],
  uid: ['jdoe'],
  cn: ['Jane Doe'],
  uidNumber: ['1001'],
  gidNumber: ['1001'],
  homeDirectory: ['/home/jdoe'],
  userPassword: ['{CRYPT}$6$salt$hash'],
  shadowLastChange: ['19000'],
  shadowMax: ['99999'],
  memberOf: [OPS],
  mail: ['jdoe@example.com', 'jane@example.com', 'admin@example.org'],
})
const other = makeEntry(`uid=bob,cn=users,${BASE}`, {
  objectClass: ['posixAccount'],
  uid: ['bob'],
  userPassword: ['{SSHA}c2VjcmV0'],
  uidNumber: ['1002'],
  gidNumber: ['1002'],
  nsAccountLock: ['TRUE'],
})
const admins = makeEntry(ADMINS, {
  objectClass: ['posixGroup'],
  cn: ['admins'],
  gidNumber: ['2000'],
  memberUid: ['root'],
  member: [USER, OPS],
})
const ops = makeEntry(OPS, {
  objectClass: ['posixGroup'],
  cn: ['ops'],
  gidNumber: ['2001'],
  member: [`uid=bob,cn=users,${BASE}`],
  uniqueMember: [USER],
})
const host = makeEntry(HOST, {
  cn: ['web', 'web.example.com', 'www'],
  fqdn: ['web.example.com'],
  ipHostNumber: ['192.0.2.1', '192.0.2.2'],
  macAddress: ['08:00:20:01:02:03'],
})
const netgroup = makeEntry(`cn=ng,cn=ng,${BASE}`, {
  cn: ['ng'],
  nisNetgroupTriple: ['(web,,)', '(,jdoe,)'],
  memberNisNetgroup: ['other'],
  memberHost: [HOST],
  externalHost: ['outside.example.net'],
  memberUser: [OPS, `uid=bob,cn=users,${BASE}`],
  nisDomainName: ['example.com'],
})
const service = makeEntry(`cn=www,ou=services,${BASE}`, {
  cn: ['http', 'www'],
  ipServicePort: ['80'],
  ipServiceProtocol: ['tcp', 'udp'],
})
const alias = makeEntry(`cn=staff,ou=aliases,${BASE}`, { cn: ['staff'], rfc822MailMember: ['jdoe', 'bob'] })
const network = makeEntry(`cn=lan,${BASE}`, { cn: ['net', 'lan'], ipNetworkNumber: ['192.0.2.0'] })
const protocol = makeEntry(`cn=tcp,${BASE}`, { cn: ['tcp', 'TCP'], ipProtocolNumber: ['6'] })
const rpc = makeEntry(`cn=ypserv,${BASE}`, { cn: ['ypserv', 'ypprog'], oncRpcNumber: ['100004'] })
const mount = makeEntry(`automountKey=home,${BASE}`, {
  automountKey: ['home'],
  automountInformation: ['nfs:/h'],
})
const object = makeEntry(`cn=k,${BASE}`, { cn: ['k'], nisMapEntry: ['v'] })

const links = createLinks([user, other, admins, ops, host, netgroup], ['member', 'uniqueMember'])

type Entry = typeof user

function textsOf(template: string, entry: Entry): string[] {
  return evaluate(parseTemplate(template), entry, { domain: 'example.com', links }).map(textOf)
}

describe('every function of its formats is a template:', () => {
  test.each([
    ['%{attr}', '{uid}', user, ['jdoe']],
    ['%{attr}, of a list', '{cn}', host, ['web', 'web.example.com', 'www']],
    ['%{attr:-default}', "{gecos or ''}", user, ['']],
    ['%{attr:+alternate}', "{if (gidNumber=*) then 'yes' else []}", user, ['yes']],
    [
      '%{attr#prefix}, the shortest',
      "{mail | replace /^.*?@/ ''}",
      user,
      ['example.com', 'example.com', 'example.org'],
    ],
    ['%{attr##prefix}, the longest', String.raw`{homeDirectory | replace /^.*\// ''}`, user, ['jdoe']],
    ['%{attr%suffix}, the shortest', String.raw`{fqdn | replace /\.[^.]*$/ ''}`, host, ['web.example']],
    ['%{attr%%suffix}, the longest', String.raw`{fqdn | replace /\..*$/ ''}`, host, ['web']],
    [
      '%{attr/pattern/text}, once',
      String.raw`{homeDirectory | replace /^(.*?)\// '\1:'}`,
      user,
      [':home/jdoe'],
    ],
    ['%{attr//pattern/text}, each', String.raw`{homeDirectory | replace /\// ':'}`, user, [':home:jdoe']],
    ['first', '{mail | sort | first}', user, ['admin@example.org']],
    ['first, with a default', "{sn | sort | first or 'none'}", user, ['none']],
    ['match', "{mail | glob '*.org' | only or 'none'}", user, ['admin@example.org']],
    ['match, of several', "{mail | glob '*.com' | only or 'none'}", user, ['none']],
    ['mmatch', "{mail | glob '*.com'}", user, ['jdoe@example.com', 'jane@example.com']],
    ['regmatch', '{uidNumber | match /[0-9]+/ | only}', user, ['1001']],
    ['regmatchi', '{mail | match /^ADMIN/i | only}', user, ['admin@example.org']],
    ['mregmatch', '{mail | match /^j/}', user, ['jdoe@example.com', 'jane@example.com']],
    ['mregmatchi', '{mail | match /^J/i}', user, ['jdoe@example.com', 'jane@example.com']],
    ['regsub', String.raw`{mail | extract /^(a.*)@/ '\1' | only}`, user, ['admin']],
    [
      'regsubi, with a default',
      String.raw`{userPassword | extract /^\{crypt\}(..*)/i '\1' | only or '*'}`,
      user,
      ['$6$salt$hash'],
    ],
    ['mregsub', String.raw`{mail | extract /^(j.*)@/ '\1'}`, user, ['jdoe', 'jane']],
    ['mregsubi', String.raw`{mail | extract /^(J.*)@/i '%0=\0'}`, user, ['%0=jdoe@', '%0=jane@']],
    ['deref', '{follow memberHost | get fqdn}', netgroup, ['web.example.com']],
    ['deref_f', '{follow memberUser | where (objectClass=posixAccount) | get uid}', netgroup, ['bob']],
    ['deref_r', '{follow all member | get uid}', admins, ['jdoe', 'bob']],
    ['deref_rf', '{follow all member, uniqueMember | where (uidNumber>=1002) | get uid}', admins, ['bob']],
    ['referred', '{referrers member | get cn}', user, ['admins']],
    ['referred_r', '{referrers all member, uniqueMember | get gidNumber}', other, ['2001', '2000']],
    [
      'merge',
      "{[sn, mail, 'x'] | join ','}",
      user,
      ['jdoe@example.com,jane@example.com,admin@example.org,x'],
    ],
    ['merge, of nothing', "{[sn, gecos] | join ','}", user, ['']],
    ['collect', '{[cn, sn, uid]}', user, ['Jane Doe', 'jdoe']],
    [
      'link',
      "{zip ipHostNumber pad '-', fqdn pad '*' with ' '}",
      host,
      ['192.0.2.1 web.example.com', '192.0.2.2 *'],
    ],
    [
      'link, with a separator each',
      `{zip "{fqdn}:" pad '*:', "{ipHostNumber}/" pad '', uid pad '-' with ''}`,
      host,
      ['web.example.com:192.0.2.1/-', '*:192.0.2.2/-'],
    ],
    ['ifeq', "{if objectClass = 'SHADOWACCOUNT' then 'x' else '*'}", user, ['x']],
    [
      'default',
      "{sn or gecos or mail or 'x'}",
      user,
      ['jdoe@example.com', 'jane@example.com', 'admin@example.org'],
    ],
    ['sort', '{mail | sort}', user, ['admin@example.org', 'jane@example.com', 'jdoe@example.com']],
    ['unique', '{[uid, uid] | unique}', user, ['jdoe']],
    [
      'dribble_merge',
      "{mail | join ',' up to 34}",
      user,
      ['jdoe@example.com,jane@example.com', 'admin@example.org'],
    ],
    ['internal_sequence_number', '{mail | numbers}', user, ['1', '2', '3']],
    ['%%', '%{{}}', user, ['%{}']],
  ])('%s: %s', (_function, template, entry, texts) => {
    expect(textsOf(template, entry)).toEqual(texts)
  })
})

const LOCK = `{if nsAccountLock = 'TRUE' then '!!' else ''}`
const ID = `{uidNumber | match /[0-9]+/ | only}:{gidNumber | match /[0-9]+/ | only}`
const PASSWD = `{uid}:${LOCK}{if (objectClass=shadowAccount) then 'x' else userPassword | crypt}:${ID}:{gecos or cn or ''}:{homeDirectory or '/'}:{loginShell or '/bin/sh'}`
const SHADOW = `{uid}:${LOCK}{userPassword | crypt}:${[
  'LastChange',
  'Min',
  'Max',
  'Warning',
  'Inactive',
  'Expire',
  'Flag',
]
  .map((field) => `{shadow${field} or ''}`)
  .join(':')}`
const GROUP = `{cn}:${LOCK}{userPassword | crypt}:{gidNumber}:{[memberUid, follow all member | get uid, follow all uniqueMember | get uid] | join ','}`
const NETID =
  "{uidNumber}:{[gidNumber, follow all memberOf | get gidNumber, referrers all member | get gidNumber, referrers all uniqueMember | get gidNumber] | join ','}"
const ETHERS = String.raw`{"{macAddress} {cn}" | extract /(..:..:..:..:..:..) (.*)/ '\N'}`
const SERVICE = "{cn | sort | first} {ipServicePort}/{ipServiceProtocol} {cn | join ' '}"
const NUMBERED = (number: string) => `{cn | sort | first} {${number}} {cn | join ' '}`

describe('every default of its maps is a template:', () => {
  test.each([
    ['passwd.byname', '{uid}', PASSWD, user, ['jdoe'], ['jdoe:x:1001:1001:Jane Doe:/home/jdoe:/bin/sh']],
    ['passwd.byuid', '{uidNumber}', PASSWD, other, ['1002'], ['bob:!!*:1002:1002::/:/bin/sh']],
    ['shadow.byname', '{uid}', SHADOW, user, ['jdoe'], ['jdoe:$6$salt$hash:19000::99999::::']],
    [
      'passwd.adjunct.byname',
      '{uid}',
      '{uid}:{userPassword | crypt}::::::',
      user,
      ['jdoe'],
      ['jdoe:$6$salt$hash::::::'],
    ],
    ['group.byname', '{cn}', GROUP, admins, ['admins'], ['admins:*:2000:root,jdoe,bob']],
    ['group.bygid', '{gidNumber}', GROUP, ops, ['2001'], ['ops:*:2001:bob,jdoe']],
    [
      'netgroup',
      '{cn}',
      "{[nisNetgroupTriple, memberNisNetgroup] | join ' '}",
      netgroup,
      ['ng'],
      ['(web,,) (,jdoe,) other'],
    ],
    ['auto.*', '{automountKey}', '{automountInformation}', mount, ['home'], ['nfs:/h']],
    [
      'ethers.byaddr',
      ETHERS.replace('N', '2'),
      '{macAddress} {cn}',
      host,
      ['web', 'web.example.com', 'www'],
      ['08:00:20:01:02:03 web', '08:00:20:01:02:03 web.example.com', '08:00:20:01:02:03 www'],
    ],
    [
      'ethers.byname',
      ETHERS.replace('N', '1'),
      '{macAddress} {cn}',
      host,
      ['08:00:20:01:02:03', '08:00:20:01:02:03', '08:00:20:01:02:03'],
      ['08:00:20:01:02:03 web', '08:00:20:01:02:03 web.example.com', '08:00:20:01:02:03 www'],
    ],
    [
      'hosts.byaddr',
      '{ipHostNumber}',
      "{ipHostNumber} {cn | join ' '}",
      host,
      ['192.0.2.1', '192.0.2.2'],
      ['192.0.2.1 web web.example.com www', '192.0.2.2 web web.example.com www'],
    ],
    [
      'hosts.byname',
      '{cn}',
      "{ipHostNumber} {cn | join ' '}",
      host,
      ['web', 'web.example.com', 'www'],
      ['192.0.2.1 web web.example.com www', '192.0.2.2 web web.example.com www'],
    ],
    ['mail.aliases', '{cn}', "{rfc822MailMember | join ','}", alias, ['staff'], ['jdoe,bob']],
    ['mail.byaddr', '{rfc822MailMember}', "{cn | join ','}", alias, ['jdoe', 'bob'], ['staff']],
    ['netid.byname', 'unix.{uidNumber}', NETID, user, ['unix.1001'], ['1001:1001,2001,2000,2001']],
    [
      'networks.byaddr',
      '{ipNetworkNumber}',
      NUMBERED('ipNetworkNumber'),
      network,
      ['192.0.2.0'],
      ['lan 192.0.2.0 net lan'],
    ],
    [
      'networks.byname',
      '{cn}',
      NUMBERED('ipNetworkNumber'),
      network,
      ['net', 'lan'],
      ['lan 192.0.2.0 net lan'],
    ],
    ['protocols.byname', '{cn}', NUMBERED('ipProtocolNumber'), protocol, ['tcp', 'TCP'], ['TCP 6 tcp TCP']],
    [
      'protocols.bynumber',
      '{ipProtocolNumber}',
      NUMBERED('ipProtocolNumber'),
      protocol,
      ['6'],
      ['TCP 6 tcp TCP'],
    ],
    [
      'rpc.byname',
      '{cn}',
      NUMBERED('oncRpcNumber'),
      rpc,
      ['ypserv', 'ypprog'],
      ['ypprog 100004 ypserv ypprog'],
    ],
    [
      'rpc.bynumber',
      '{oncRpcNumber}',
      NUMBERED('oncRpcNumber'),
      rpc,
      ['100004'],
      ['ypprog 100004 ypserv ypprog'],
    ],
    [
      'services.byname',
      '{ipServicePort}/{ipServiceProtocol}',
      SERVICE,
      service,
      ['80/tcp', '80/udp'],
      ['http 80/tcp http www', 'http 80/udp http www'],
    ],
    [
      'services.byservicename',
      '{cn}/{ipServiceProtocol}',
      "{cn} {ipServicePort}/{ipServiceProtocol} {cn | join ' '}",
      service,
      ['http/tcp', 'http/udp', 'www/tcp', 'www/udp'],
      ['http 80/tcp http www', 'http 80/udp http www', 'www 80/tcp http www', 'www 80/udp http www'],
    ],
    ['ypservers', "{attribute nis-server or 'none'}", '{domain}', object, ['none'], ['example.com']],
    ['any other map', '{cn}', '{nisMapEntry}', object, ['k'], ['v']],
  ])('%s', (_map, key, value, entry, keys, values) => {
    expect(textsOf(key, entry)).toEqual(keys)
    expect(textsOf(value, entry)).toEqual(values)
  })
})

test("FreeIPA's netgroups of hosts and users are a template, and without nested quotes", () => {
  const hosts = 'externalHost, follow all memberHost | get fqdn'
  const users = 'follow all memberUser, member, uniqueMember | get uid'
  const triples = `({zip
    if hostCategory = 'all' then '' else [${hosts}] pad if hostCategory = 'all' then '' else '-',
    if userCategory = 'all' then '' else ${users} pad if userCategory = 'all' then '' else '-'
    with ','},{nisDomainName or ''})`
  expect(textsOf(triples, netgroup)).toEqual([
    '(outside.example.net,bob,example.com)',
    '(web.example.com,jdoe,example.com)',
  ])
})
