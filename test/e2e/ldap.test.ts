import { execFileSync } from 'node:child_process'
import { chownSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { YpStat } from '../../rpc/yp.ts'
import { type Authority, type Certificate, createAuthority } from '../directory/certificates.ts'
import type { LabProcess, Slapd, SlapdOptions } from '../support/lab.ts'
import {
  EXAMPLE_LDIF,
  EXAMPLE_MAPS,
  EXAMPLE_SUFFIX,
  freePort,
  LAB_DOMAIN,
  labFolder,
  logged,
  startSlapd,
  startYpldap,
  untilLogged,
} from '../support/lab.ts'
import { openYpClient, type YpClient } from '../support/yp-client.ts'

// The ways to reach a directory, to bind and to read it, against a real slapd.

const PORT = 834

/** the uid of `_ypldap_dir`, which the private host has */
const READS_DIRECTORIES = Number(execFileSync('id', ['-u', '_ypldap_dir'], { encoding: 'utf8' }))

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

async function exampleSlapd(options: Partial<SlapdOptions> = {}): Promise<Slapd> {
  const slapd = await startSlapd({ ldif: EXAMPLE_LDIF, suffix: EXAMPLE_SUFFIX, ...options })
  ending.unshift(() => slapd.stop('SIGKILL'))
  return slapd
}

/** ypldap with this configuration, on loopback, and a client of it. */
async function serve(conf: readonly string[]): Promise<{ ypldap: LabProcess; client: YpClient }> {
  const local = ['bind local', `listen on 127.0.0.1 port ${PORT}`]
  const ypldap = await startYpldap([...local, ...conf, ''].join('\n'))
  ending.unshift(() => ypldap.stop())
  const client = await openYpClient({ transport: 'udp', port: PORT })
  ending.unshift(() => client.close())
  return { ypldap, client }
}

const block = (header: string, ...statements: readonly string[]) => [
  `domain "${LAB_DOMAIN}"`,
  'interval 3600',
  `directory ${header} {`,
  `basedn "${EXAMPLE_SUFFIX}"`,
  ...statements,
  '}',
]

const utf8 = (octets: string) => Buffer.from(octets, 'latin1').toString('utf8')

async function records(client: YpClient, map: string): Promise<readonly (readonly [string, string])[]> {
  const steps = await client.all(LAB_DOMAIN, map)
  expect(steps.at(-1)).toEqual({ status: YpStat.NOMORE, value: '', key: '' })
  return steps.slice(0, -1).map(({ key, value }) => [utf8(key), utf8(value)] as const)
}

/** All of the example directory, as the unreserved may see it. */
async function expectExample(client: YpClient): Promise<void> {
  for (const map of ['passwd.byname', 'group.byname', 'netid.byname'] as const) {
    expect(await records(client, map)).toEqual(EXAMPLE_MAPS[map])
  }
}

async function expectTrashed(conf: readonly string[]): Promise<{ line: string; output: string }> {
  const { ypldap, client } = await serve(conf)
  const line = await untilLogged(ypldap, 'update-trashed')
  expect(await client.domain(LAB_DOMAIN)).toBe(false)
  expect(logged(ypldap.output(), 'published')).toEqual([])
  return { line, output: ypldap.output() }
}

describe('credentials', () => {
  /** Only this account may read people and groups. */
  const READER = `cn=ypldap,${EXAMPLE_SUFFIX}`
  const forReader = [`access to * by dn.exact="${READER}" read by anonymous auth by * none`]
  const withReader = `${EXAMPLE_LDIF}
dn: ${READER}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: ypldap
userPassword: a secret that nobody shows
`

  test('a simple bind reads what only its account may', async () => {
    const slapd = await exampleSlapd({ ldif: withReader, database: forReader })
    const { client, ypldap } = await serve(
      block(`"127.0.0.1" port ${slapd.port}`, `binddn "${READER}"`, 'bindcred "a secret that nobody shows"'),
    )
    expect(await untilLogged(ypldap, 'published')).toContain('12 users and 8 groups')
    await expectExample(client)
    expect(ypldap.output()).not.toContain('a secret')
  })

  test('without the bind the same slapd shows nothing, which is not published', async () => {
    const slapd = await exampleSlapd({ ldif: withReader, database: forReader })
    const { line } = await expectTrashed(block(`"127.0.0.1" port ${slapd.port}`))
    expect(line).toContain('insufficientAccessRights (50); let this account read the base')
  })

  test('a wrong password is refused, and no log holds it', async () => {
    const slapd = await exampleSlapd({ ldif: withReader, database: forReader })
    const { line, output } = await expectTrashed(
      block(`"127.0.0.1" port ${slapd.port}`, `binddn "${READER}"`, 'bindcred "Wr0ng-Passw0rd"'),
    )
    expect(line).toContain(`the bind as "${READER}" ended in invalidCredentials (49)`)
    expect(output).not.toContain('Wr0ng')
  })

  test('bindext over ldapi is who the unix socket says we are', async () => {
    const socket = join(labFolder('ldapi'), 'sock')
    const listen = [`ldapi://${encodeURIComponent(socket)}`]
    const mapped = [
      `authz-regexp "gidNumber=[0-9]+[+]uidNumber=${READS_DIRECTORIES},cn=peercred,cn=external,cn=auth" "${READER}"`,
    ]
    await exampleSlapd({ ldif: withReader, listen, global: mapped, database: forReader })
    const { client, ypldap } = await serve(block(`"ldapi://${encodeURIComponent(socket)}"`, 'bindext'))
    await untilLogged(ypldap, 'published')
    expect(await untilLogged(ypldap, 'refreshed')).toContain(`(${socket}, `)
    await expectExample(client)
  })

  test('bindext over ldapi is refused what the identity may not read', async () => {
    const socket = join(labFolder('ldapi'), 'sock')
    const listen = [`ldapi://${encodeURIComponent(socket)}`]
    await exampleSlapd({ ldif: withReader, listen, database: forReader })
    const { line } = await expectTrashed(block(`"ldapi://${encodeURIComponent(socket)}"`, 'bindext'))
    expect(line).toContain(`${socket}: the search below "${EXAMPLE_SUFFIX}" ended in noSuchObject (32)`)
  })
})

describe('TLS', () => {
  let own: Authority
  let other: Authority
  let server: Certificate
  let client: Certificate
  let stranger: Certificate

  beforeAll(() => {
    own = createAuthority()
    other = createAuthority()
    server = own.issue('server', 'DNS:localhost,IP:127.0.0.1')
    stranger = own.issue('stranger', 'DNS:elsewhere.example')
    client = own.issue('client', 'DNS:client.example')
    chownSync(client.key, READS_DIRECTORIES, 0)
  })
  afterAll(() => {
    own.remove()
    other.remove()
  })

  const tlsLines = ({ certificate, key }: Certificate) => [
    `TLSCACertificateFile ${own.ca}`,
    `TLSCertificateFile ${certificate}`,
    `TLSCertificateKeyFile ${key}`,
  ]

  /** The header of the directory block for slapd's port with this kind of TLS. */
  async function secured(
    kind: 'ldaps' | 'tls',
    host: string,
    certificate: Certificate,
    further: readonly string[] = [],
  ): Promise<string> {
    const port = await freePort()
    const slapd = await exampleSlapd({
      global: [...tlsLines(certificate), ...further],
      listen: [`ldaps://127.0.0.1:${port}`],
    })
    return `"${host}" port ${kind === 'ldaps' ? port : slapd.port} ${kind}`
  }

  test.each([
    ['ldaps', '127.0.0.1'],
    ['ldaps', 'localhost'],
    ['tls', '127.0.0.1'],
    ['tls', 'localhost'],
  ] as const)('%s to %s works with a certificate for it by the CA of the file', async (kind, host) => {
    const header = await secured(kind, host, server, ['security tls=128'])
    const { ypldap, client } = await serve([`cafile "${own.ca}"`, ...block(header)])
    expect(await untilLogged(ypldap, 'published')).toContain('12 users and 8 groups')
    await expectExample(client)
  })

  test.each(['ldaps', 'tls'] as const)('%s refuses a certificate by another CA', async (kind) => {
    const header = await secured(kind, 'localhost', server)
    const { line } = await expectTrashed([`cafile "${other.ca}"`, ...block(header)])
    expect(line).toContain('the TLS handshake failed')
    expect(line).toContain('check cafile')
  })

  test.each(['ldaps', 'tls'] as const)('%s trusts no unknown CA when there is no cafile', async (kind) => {
    const header = await secured(kind, 'localhost', server)
    expect((await expectTrashed(block(header))).line).toContain('the TLS handshake failed')
  })

  test.each(['ldaps', 'tls'] as const)('%s refuses a certificate for another host', async (kind) => {
    const header = await secured(kind, 'localhost', stranger)
    const { line } = await expectTrashed([`cafile "${own.ca}"`, ...block(header)])
    expect(line).toMatch(/the TLS handshake failed: .*elsewhere\.example/)
  })

  test('a slapd without TLS refuses STARTTLS, and no password is sent in the clear', async () => {
    const slapd = await exampleSlapd()
    const { line } = await expectTrashed([
      `cafile "${own.ca}"`,
      ...block(
        `"127.0.0.1" port ${slapd.port} tls`,
        `binddn "${slapd.rootDn}"`,
        `bindcred "${slapd.rootPassword}"`,
      ),
    ])
    expect(line).toContain('the server refused STARTTLS: ')
  })

  test.each(['ldaps', 'tls'] as const)('%s with bindext is who our certificate says we are', async (kind) => {
    const header = await secured(kind, '127.0.0.1', server, [
      'TLSVerifyClient demand',
      `authz-regexp "^cn=client$" "cn=root,${EXAMPLE_SUFFIX}"`,
      'require authc',
    ])
    const { ypldap, client: ypClient } = await serve([
      `cafile "${own.ca}"`,
      ...block(header, `certfile "${client.certificate}"`, `keyfile "${client.key}"`, 'bindext'),
    ])
    expect(await untilLogged(ypldap, 'published')).toContain('12 users and 8 groups')
    await expectExample(ypClient)
  })
})

const person = (name: string, uid: string, gecos: string) => `
dn: uid=${name},${EXAMPLE_SUFFIX}
objectClass: account
objectClass: posixAccount
uid: ${name}
cn: ${gecos}
uidNumber: ${uid}
gidNumber: 20000
homeDirectory: /home/${name}
`

const SECOND_LDIF = `dn: ${EXAMPLE_SUFFIX}
objectClass: domain
dc: example
${person('alice', '29999', 'Another Alice')}${person('zoe', '20001', 'Zoe Zimmer')}
dn: cn=staff,${EXAMPLE_SUFFIX}
objectClass: posixGroup
cn: staff
gidNumber: 20000
memberUid: zoe

dn: cn=second,${EXAMPLE_SUFFIX}
objectClass: posixGroup
cn: second
gidNumber: 20000
memberUid: alice
memberUid: zoe
`

describe('reading', () => {
  test('a page size of 2 gives the same maps', async () => {
    const slapd = await exampleSlapd()
    const { ypldap, client } = await serve(block(`"127.0.0.1" port ${slapd.port}`, 'page size 2'))
    expect(await untilLogged(ypldap, 'published')).toContain('12 users and 8 groups')
    await expectExample(client)
  })

  test('pages reach past a size limit that one search could not', async () => {
    const limits = ['limits * size.soft=3 size.hard=3 size.prtotal=unlimited']
    const slapd = await exampleSlapd({ database: limits })
    const { ypldap, client } = await serve(block(`"127.0.0.1" port ${slapd.port}`, 'page size 2'))
    expect(await untilLogged(ypldap, 'published')).toContain('12 users and 8 groups')
    await expectExample(client)
  })

  test('two directories are one domain, and the first that knows a name wins', async () => {
    const first = await exampleSlapd()
    const second = await exampleSlapd({ ldif: SECOND_LDIF })
    const { ypldap, client } = await serve([
      ...block(`"127.0.0.1" port ${first.port}`),
      ...block(`"127.0.0.1" port ${second.port}`).slice(2),
    ])
    expect(await untilLogged(ypldap, 'published')).toContain('13 users and 9 groups')
    expect(await records(client, 'passwd.byname')).toEqual([
      ...EXAMPLE_MAPS['passwd.byname'],
      ['zoe', 'zoe:*:20001:20000:Zoe Zimmer:/home/zoe:'],
    ])
    const groups = new Map(await records(client, 'group.byname'))
    expect(groups.get('staff')).toBe(new Map<string, string>(EXAMPLE_MAPS['group.byname']).get('staff'))
    expect(groups.get('second')).toBe('second:*:20000:alice,zoe')
    const netids = new Map(await records(client, 'netid.byname'))
    expect(netids.get(`unix.10001@${LAB_DOMAIN}`)).toBe('10001:10100,10104,10105,10106,20000')
    expect(netids.get(`unix.20001@${LAB_DOMAIN}`)).toBe('20001:20000')
    expect(netids.has(`unix.29999@${LAB_DOMAIN}`)).toBe(false)
  })

  test('when one of two directories is down, nothing is published', async () => {
    const first = await exampleSlapd()
    const second = await exampleSlapd({ ldif: SECOND_LDIF })
    await second.stop()
    const { line } = await expectTrashed([
      ...block(`"127.0.0.1" port ${first.port}`),
      ...block(`"127.0.0.1" port ${second.port}`).slice(2),
    ])
    expect(line).toContain('ECONNREFUSED')
  })

  test('fixed attributes stand in every line, whatever the entry says', async () => {
    const slapd = await exampleSlapd()
    const { ypldap, client } = await serve(
      block(
        `"127.0.0.1" port ${slapd.port}`,
        'passwd filter "(&(objectClass=posixAccount)(uidNumber=10001))"',
        'group filter "(&(objectClass=posixGroup)(cn=staff))"',
        'fixed attribute passwd "x"',
        'fixed attribute gecos "a person"',
        'fixed attribute shell "/bin/rbash"',
        'fixed attribute class "staff"',
        'fixed attribute expire "1800000000"',
        'fixed attribute grouppasswd "x"',
        'fixed attribute groupmembers "alice,bob"',
      ),
    )
    await untilLogged(ypldap, 'published')
    expect(await records(client, 'passwd.byuid')).toEqual([
      ['10001', 'alice:x:10001:10100:a person:/home/alice:/bin/rbash'],
    ])
    expect(await records(client, 'group.byname')).toEqual([['staff', 'staff:x:10100:alice,bob']])
    const root = await openYpClient({ transport: 'udp', port: PORT, reserved: true })
    expect(await records(root, 'master.passwd.byname')).toEqual([
      ['alice', 'alice:x:10001:10100:staff:0:1800000000:a person:/home/alice:/bin/rbash'],
    ])
    root.close()
  })

  test('a hash of crypt(3) is shown to reserved ports alone, in master.passwd', async () => {
    const slapd = await exampleSlapd()
    await slapd.modify(`dn: uid=bob,ou=people,${EXAMPLE_SUFFIX}
changetype: modify
add: userPassword
userPassword: {CRYPT}$6$salt$hash
`)
    const { ypldap, client } = await serve(
      block(`"127.0.0.1" port ${slapd.port}`, 'attribute passwd maps to "userPassword"'),
    )
    expect(await untilLogged(ypldap, 'published')).toContain('12 users and 8 groups')
    await expectExample(client)
    const root = await openYpClient({ transport: 'udp', port: PORT, reserved: true })
    expect((await root.match(LAB_DOMAIN, 'master.passwd.byname', 'bob')).value).toMatch(
      /^bob:\$6\$salt\$hash:/,
    )
    root.close()
    expect(ypldap.output()).not.toContain('$6$')
  })

  test("a configuration in the style of the original's example serves the directory", async () => {
    const slapd = await exampleSlapd({
      ldif: `${EXAMPLE_LDIF}
dn: cn=ldapadmin,${EXAMPLE_SUFFIX}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: ldapadmin
userPassword: secret
`,
    })
    const fixture = join(import.meta.dirname, '../config/fixtures/openbsd-example.conf')
    const text = readFileSync(fixture, 'utf8')
    const conf = text.replace('directory $server_addr {', `directory $server_addr port ${slapd.port} {`)
    expect(conf).not.toBe(text)
    const { ypldap, client } = await serve([conf])
    await untilLogged(ypldap, 'published')
    const domain = 'example.com'
    expect(await client.mapList(domain)).toEqual({
      status: YpStat.TRUE,
      maps: ['passwd.byname', 'passwd.byuid', 'group.byname', 'group.bygid', 'netid.byname'],
    })
    // Its gecos is the cn.
    expect(await client.match(domain, 'passwd.byname', 'bob')).toEqual({
      status: YpStat.TRUE,
      value: 'bob:*:10002:10100:Bob Baker:/home/bob:/bin/sh',
    })
    expect(await client.match(domain, 'group.bygid', '10107')).toEqual({
      status: YpStat.TRUE,
      value: 'visitors:*:10107:',
    })
    expect(await client.match(domain, 'netid.byname', 'unix.10001@example.com')).toEqual({
      status: YpStat.TRUE,
      value: '10001:10100,10104,10105,10106',
    })
  })
})
