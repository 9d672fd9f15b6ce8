import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Authority, type Certificate, createAuthority } from '../directory/certificates.ts'
import {
  AD_LAB,
  AD_LDIF,
  AD_SID_MAPS,
  AD_SUFFIX,
  anyOrder,
  BIS_LDIF,
  BIS_MAPS,
  BIS_SUFFIX,
  byKey,
  type DirectoryServer,
  EXAMPLE_LDIF,
  EXAMPLE_MAPS,
  EXAMPLE_SUFFIX,
  IPA_LDIF,
  IPA_MAPS,
  IPA_SCHEMA,
  IPA_SUFFIX,
  LAB_DOMAIN,
  labFolder,
  recordsOf,
  run,
  runOrFail,
  type SlapdOptions,
  start389,
  startRpcbind,
  startSambaAd,
  startSlapd,
  startTlsPort,
  startYpldap,
  untilLogged,
} from '../support/lab.ts'
import { openYpClient, type YpClient } from '../support/yp-client.ts'

// Each example as it stands, with its account and access rules, against a real server of its kind. Only what is this
// host's is another: the server's name, files of certificates, and where its data lies, the base.

const ROOT = join(import.meta.dirname, '../..')
const PORT = 834
const HOST = 'host=localhost'
/** Milliseconds, where a server takes its time to be made. */
const PATIENT = 90_000

let authority: Authority
let server: Certificate
let nis: Certificate

beforeAll(() => {
  authority = createAuthority()
  server = authority.issue('server', 'DNS:localhost')
  nis = authority.issue('nis-server', 'DNS:nis.example.com')
  chownSync(nis.key, Number(execFileSync('id', ['-u', '_ypldap_dir'], { encoding: 'utf8' })), 0)
})
afterAll(() => authority.remove())

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

const read = (example: string, file: string) => readFileSync(join(ROOT, 'examples', example, file), 'utf8')

/** LDIF of an example, for a server whose data has another suffix. */
const moved = (example: string, file: string, suffix: string) =>
  read(example, file).replaceAll(/dc=example,dc=com/gi, suffix)

interface Account {
  readonly dn: string
  readonly password: string
}

async function apply(port: number, { dn, password }: Account, tool: 'ldapadd' | 'ldapmodify', ldif: string) {
  await runOrFail(tool, ['-x', '-H', `ldap://127.0.0.1:${port}`, '-D', dn, '-w', password], { input: ldif })
}

/** Runs the example with these macros, once `ypldap -n` has found nothing wrong, and gives a client of it. */
async function serve(example: string, ...macros: readonly string[]): Promise<YpClient> {
  const text = read(example, 'ypldap.conf')
  const args = [HOST, `ca='${authority.ca}'`, ...macros].flatMap((macro) =>
    new RegExp(`^${macro.split('=', 1)[0]} = `, 'm').test(text) ? ['-D', macro] : [],
  )
  const rpcbind = await startRpcbind()
  ending.unshift(() => rpcbind.stop())
  const ypldap = await startYpldap(text, { args })
  ending.unshift(() => ypldap.stop())
  const check = await run(process.execPath, ['src/main.ts', '-n', '-v', ...args, '-f', ypldap.file])
  expect({ example, said: check.stderr }).toEqual({ example, said: 'configuration OK\n' })
  const domains = text.match(/^domain "/gm)?.length ?? 0
  await untilLogged(ypldap, 'published', domains - 1)
  return await open(false)
}

async function open(reserved: boolean): Promise<YpClient> {
  const client = await openYpClient({ transport: 'tcp', port: PORT, reserved })
  ending.unshift(() => client.close())
  return client
}

/** What a map holds, by key, in a domain of the examples. */
const mapOf = async (client: YpClient, map: string, domain = 'example.com') =>
  byKey(await recordsOf(client, map, domain))

type Records = readonly (readonly [key: string, value: string])[]

/** Records of the lab as they are in the domain of the examples. */
const inExample = (records: Records): Records =>
  byKey(
    records.map(
      ([key, value]) => [key.replace(new RegExp(`@${LAB_DOMAIN}$`), '@example.com'), value] as const,
    ),
  )

const CONFIG = { dn: 'cn=config', password: 'config-secret' } as const

/** slapd, configured by cn=config, that lets nobody read and gives at most five entries. */
async function openLdap(example: string, options: SlapdOptions): Promise<Account & { port: number }> {
  const slapd = await startSlapd({
    port: 389,
    ...options,
    global: [
      `TLSCACertificateFile ${authority.ca}`,
      `TLSCertificateFile ${server.certificate}`,
      `TLSCertificateKeyFile ${server.key}`,
    ],
    database: [
      'sizelimit 5',
      'access to attrs=userPassword by self write by anonymous auth by * none',
      'access to * by * none',
      'database config',
      `rootpw ${CONFIG.password}`,
    ],
  })
  ending.unshift(() => slapd.stop('SIGKILL'))
  const root = { dn: slapd.rootDn, password: slapd.rootPassword }
  await apply(389, root, 'ldapadd', moved('openldap', 'account.ldif', slapd.suffix))
  const acl = moved('openldap', 'acl.ldif', slapd.suffix)
  const shown = example === 'several-domains' ? acl.replace(/" none\n/, '" read\n') : acl
  await apply(389, CONFIG, 'ldapmodify', shown)
  return { ...root, port: 389 }
}

const ldapExample = { suffix: EXAMPLE_SUFFIX, ldif: EXAMPLE_LDIF }

describe('OpenLDAP', () => {
  test('openldap serves users, groups, netgroups and automount maps', async () => {
    await openLdap('openldap', ldapExample)
    const client = await serve('openldap')
    for (const map of ['passwd.byname', 'group.byname', 'netid.byname'] as const)
      expect(await mapOf(client, map)).toEqual(inExample(EXAMPLE_MAPS[map]))
    expect(await mapOf(client, 'netgroup')).toContainEqual(['desks', '(filer,,example.com) admins'])
    expect(await mapOf(client, 'auto.home')).toEqual([['*', '-rw,hard filer:/export/home/&']])
  })

  test('openldap-rfc2307bis serves groups of DNs and of groups', async () => {
    await openLdap('openldap-rfc2307bis', { suffix: BIS_SUFFIX, ldif: BIS_LDIF, schema: 'rfc2307bis' })
    const client = await serve(
      'openldap-rfc2307bis',
      `people='ou=people,${BIS_SUFFIX}'`,
      `groups='ou=groups,${BIS_SUFFIX}'`,
      `account='cn=nis,${BIS_SUFFIX}'`,
    )
    expect(await mapOf(client, 'passwd.byname')).toEqual(byKey(BIS_MAPS['passwd.byname']))
    expect(anyOrder(await mapOf(client, 'group.byname'))).toEqual(anyOrder(byKey(BIS_MAPS['group.byname'])))
  })

  test('several-domains serves each of two domains from its part, and hashes to reserved ports', async () => {
    const root = await openLdap('several-domains', ldapExample)
    await apply(root.port, root, 'ldapadd', read('several-domains', 'tree.ldif'))
    const client = await serve('several-domains')
    const privileged = await open(true)
    expect(await mapOf(client, 'group.byname', 'north.example.com')).toEqual([
      ['northerners', 'northerners:*:20100:nora'],
    ])
    expect(await mapOf(client, 'group.byname', 'south.example.com')).toEqual([
      ['southerners', 'southerners:*:20100:sam'],
    ])
    expect(await mapOf(client, 'shadow.byname', 'south.example.com')).toEqual([])
    expect(await mapOf(privileged, 'shadow.byname', 'south.example.com')).toEqual([
      ['sam', 'sam:$6$salt$sam:::::::'],
    ])
  })

  test('hardened binds by a certificate, and serves no more than it says', async () => {
    await openLdap('hardened', ldapExample)
    await apply(389, CONFIG, 'ldapmodify', read('hardened', 'slapd.ldif'))
    const files = [`cert='${nis.certificate}'`, `key='${nis.key}'`]
    const client = await serve('hardened', 'address=127.0.0.1', ...files)
    const privileged = await open(true)
    const users = await mapOf(client, 'passwd.byname')
    expect(users).toContainEqual(['alice', 'alice:*:10001:10100::/home/alice:/bin/bash'])
    expect(users.map(([name]) => name)).not.toContain('ivan')
    expect((await client.mapList('example.com')).maps).toHaveLength(6)
    expect(await mapOf(client, 'netgroup')).toEqual([])
    expect(await mapOf(privileged, 'netgroup')).toContainEqual(['desks', '(filer,,example.com) admins'])
  })
})

/** As dscreate leaves it, but for a size limit that nobody's example could pass by chance. */
async function server389(ldif: string, suffix: string, schema?: string): Promise<DirectoryServer> {
  const running = await start389({ suffix, ldif, ...(schema !== undefined && { schema }) })
  ending.unshift(() => running.stop())
  await running.modify(
    'dn: cn=config\nchangetype: modify\nreplace: nsslapd-sizelimit\nnsslapd-sizelimit: 5\n',
  )
  const front = await startTlsPort(636, running.port, server)
  ending.unshift(() => front.stop())
  return running
}

describe('389 Directory Server', { timeout: PATIENT }, () => {
  test('389ds serves all of RFC 2307', async () => {
    const running = await server389(EXAMPLE_LDIF, EXAMPLE_SUFFIX)
    const root = { dn: running.rootDn, password: running.rootPassword }
    await apply(running.port, root, 'ldapadd', read('389ds', 'account.ldif'))
    await apply(running.port, root, 'ldapmodify', read('389ds', 'aci.ldif'))
    const client = await serve('389ds')
    expect(await mapOf(client, 'passwd.byname')).toEqual(EXAMPLE_MAPS['passwd.byname'])
    expect(anyOrder(await mapOf(client, 'group.byname'))).toEqual(anyOrder(EXAMPLE_MAPS['group.byname']))
    expect(await mapOf(client, 'hosts.byname')).toContainEqual(['nfs7', '192.0.2.7\tfiler nfs7'])
    expect(await mapOf(client, 'auto.home')).toEqual([['*', '-rw,hard filer:/export/home/&']])
  })

  test('freeipa serves users, groups of groups, netgroups and automount maps', async () => {
    const containers = [`cn=etc,${IPA_SUFFIX}`, `cn=sysaccounts,cn=etc,${IPA_SUFFIX}`]
    const further = containers.map((dn) => `dn: ${dn}\nobjectClass: nsContainer\n\n`).join('')
    const running = await server389(IPA_LDIF + further, IPA_SUFFIX, IPA_SCHEMA)
    const root = { dn: running.rootDn, password: running.rootPassword }
    await apply(running.port, root, 'ldapadd', moved('freeipa', 'account.ldif', IPA_SUFFIX))
    const account = `account='uid=nis,cn=sysaccounts,cn=etc,${IPA_SUFFIX}'`
    const client = await serve('freeipa', `base='${IPA_SUFFIX}'`, account)
    for (const map of ['passwd.byname', 'netgroup', 'auto.home'] as const)
      expect(await mapOf(client, map)).toEqual(byKey(IPA_MAPS[map]))
    expect(anyOrder(await mapOf(client, 'group.byname'))).toEqual(anyOrder(byKey(IPA_MAPS['group.byname'])))
  })
})

test('active-directory serves every user and group with the number that SSSD gives', {
  timeout: PATIENT,
}, async () => {
  const account = moved('active-directory', 'account.ldif', AD_SUFFIX).replace(/^#.*\n(?:#.*\n)*/, '')
  const samba = await startSambaAd({ ldif: `${AD_LDIF}${account}\n` })
  ending.unshift(() => samba.stop())
  const front = await startTlsPort(636, samba.port, server)
  ending.unshift(() => front.stop())
  const reader = `account='CN=nis,CN=Users,${AD_SUFFIX}'`
  const client = await serve('active-directory', `base='${AD_LAB}'`, reader)
  expect(await mapOf(client, 'passwd.byname')).toEqual(byKey(AD_SID_MAPS['passwd.byname']))
  expect(anyOrder(await mapOf(client, 'group.byname'))).toEqual(anyOrder(byKey(AD_SID_MAPS['group.byname'])))
})

test('ldif serves its file', async () => {
  const file = join(labFolder('ldif'), 'example.ldif')
  copyFileSync(join(ROOT, 'examples/ldif/example.ldif'), file)
  chmodSync(file, 0o644)
  const client = await serve('ldif', `file='${file}'`)
  expect(await mapOf(client, 'passwd.byname')).toEqual([
    ['alice', 'alice:*:10001:10100:Alice Archer:/home/alice:/bin/sh'],
  ])
  expect(await mapOf(client, 'hosts.byaddr')).toEqual([['192.0.2.7', '192.0.2.7\tfiler nfs7']])
  expect(await mapOf(client, 'auto.home')).toEqual([['*', '-rw,hard filer:/export/home/&']])
})
