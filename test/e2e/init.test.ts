import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Authority, createAuthority } from '../directory/certificates.ts'
import {
  BIS_LDIF,
  BIS_SUFFIX,
  EXAMPLE_LDIF,
  EXAMPLE_MAPS,
  EXAMPLE_SUFFIX,
  labFolder,
  type Result,
  run,
  runOrFail,
  type Slapd,
  startSlapd,
  startYpldap,
  untilLogged,
} from '../support/lab.ts'

// From the name of a real directory to a configuration that serves it.

const ROOT = join(import.meta.dirname, '../..')
const CTL = join(ROOT, 'src/ypldapctl.ts')

const stops: (() => unknown)[] = []
let authority: Authority
let slapd: Slapd
let bare: Slapd
let folder: string
let file: string
let password: string

beforeAll(async () => {
  authority = createAuthority()
  const own = authority.issue('server', 'DNS:ldap.example.com')
  appendFileSync('/etc/hosts', '127.0.0.1 ldap.example.com bare.example.com\n')
  slapd = await startSlapd({
    suffix: EXAMPLE_SUFFIX,
    ldif: EXAMPLE_LDIF,
    global: [`TLSCertificateFile ${own.certificate}`, `TLSCertificateKeyFile ${own.key}`],
    database: ['access to * by anonymous auth by users read'],
  })
  stops.unshift(() => slapd.stop())
  bare = await startSlapd({ suffix: BIS_SUFFIX, ldif: BIS_LDIF, schema: 'rfc2307bis' })
  stops.unshift(() => bare.stop())
})

afterAll(async () => {
  for (const stop of stops.splice(0)) await stop()
  authority.remove()
})

beforeEach(() => {
  folder = labFolder('init')
  file = join(folder, 'ypldap.conf')
  password = join(folder, 'password')
  writeFileSync(password, `${slapd.rootPassword}\n`, { mode: 0o600 })
})

const init = (...words: readonly string[]): Promise<Result> =>
  run(process.execPath, [CTL, 'init', '-f', file, ...words])

const secured = () => {
  const server = ['-H', `ldap.example.com:${slapd.port}`, '--ca', authority.ca]
  return [...server, '-D', slapd.rootDn, '-y', password]
}

test('what it writes for OpenLDAP passes the check, is secret, and serves the directory', async () => {
  const { status, stdout, stderr } = await init(...secured(), '-a', '192.0.2.0/24')
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toContain(`ldap.example.com port ${slapd.port}, STARTTLS: OpenLDAP\n`)
  expect(stdout).toContain(`base     ${EXAMPLE_SUFFIX}\n`)
  expect(stdout).toContain('schema   rfc2307: members of its groups are login names\n')
  expect(stdout).toContain(`users    ${EXAMPLE_MAPS['passwd.byname'].length}\n`)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const text = readFileSync(file, 'utf8')
  expect(text).toContain('domain "example.com"\n')
  expect(text).toContain('allow from 192.0.2.0/24\n')
  expect(text).toContain('provide maps accounts\nprovide maps netgroups\n')
  expect(text).toContain(`directory "ldap.example.com" port ${slapd.port} tls {\n`)
  expect(text).toContain(`bindcred file "${password}"\n`)
  expect(text + stdout).not.toContain(slapd.rootPassword)

  const checked = await run(process.execPath, [join(ROOT, 'src/main.ts'), '-n', '-v', '-f', file])
  expect(checked.stderr).toBe('configuration OK\n')
  const ypldap = await startYpldap(`bind local\n${text}`)
  try {
    await untilLogged(ypldap, 'published')
    const { stdout: lines } = await ypldap.ctl('cat', 'passwd.byname')
    expect(lines.trimEnd().split('\n').toSorted()).toEqual(
      EXAMPLE_MAPS['passwd.byname'].map(([, line]) => line).toSorted(),
    )
  } finally {
    await ypldap.stop()
  }
})

test('groups whose members are DNs are seen as such, and rows that will be missing are told with the reason', async () => {
  const { status, stdout } = await init('-H', bare.url, '-b', BIS_SUFFIX, '-d', 'lab')
  expect(stdout).toContain('schema   rfc2307bis: members of its groups are DNs\n')
  expect(stdout).toMatch(/^rejected \d+ rows are left out of the maps, or cut:$/m)
  expect(stdout).toContain('members of group "visiting" are no users that are known')
  expect(status).toBe(0)
  expect(readFileSync(file, 'utf8')).toContain('\tschema rfc2307bis\n')
})

test('a certificate that nobody trusts ends it, and nothing is written', async () => {
  const [, server = '', , , ...who] = secured()
  const { status, stderr } = await init('-H', server, ...who)
  expect(status).toBe(1)
  expect(stderr).toContain('name the certificate of its CA with --ca')
  expect(existsSync(file)).toBe(false)
})

test('another host without TLS is not asked until that is said', async () => {
  const server = `bare.example.com:${bare.port}`
  const refused = await init('-H', server)
  expect(refused.status).toBe(1)
  expect(refused.stderr).toContain('go without it with --plain')
  expect(existsSync(file)).toBe(false)
  expect((await init('-H', server, '--plain')).status).toBe(0)
  expect(readFileSync(file, 'utf8')).toContain(`directory "bare.example.com" port ${bare.port} {\n`)
})

test('a wrong password, and an account that sees nothing, write nothing', async () => {
  writeFileSync(password, 'wrong\n')
  const wrong = await init(...secured())
  expect(wrong.status).toBe(1)
  expect(wrong.stderr).toContain('invalidCredentials (49)')
  const [host = '', server = '', ca = '', path = ''] = secured()
  const blind = await init(host, server, ca, path)
  expect(blind.status).toBe(1)
  expect(blind.stderr).toContain('insufficientAccessRights (50); let this account read the base')
  expect(existsSync(file)).toBe(false)
})

test('a file that is there stays, until --force keeps it under another name', async () => {
  writeFileSync(file, '# as a package has it\n\n')
  expect((await init('-H', bare.url)).status).toBe(0)
  expect(existsSync(`${file}.old`)).toBe(false)
  writeFileSync(file, '# mine\ndomain "mine"\n')
  const refused = await init('-H', bare.url)
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('is there already') })
  expect(readFileSync(file, 'utf8')).toBe('# mine\ndomain "mine"\n')
  expect((await init('-H', bare.url, '--force')).status).toBe(0)
  expect(readFileSync(`${file}.old`, 'utf8')).toBe('# mine\ndomain "mine"\n')
  expect(readFileSync(file, 'utf8')).toContain('schema rfc2307bis')
})

test('on a terminal it asks for all of it', async () => {
  const answers = [bare.url, bare.rootDn, bare.rootPassword, '', 'lab.example', '192.0.2.0/24', '']
  const command = [process.execPath, CTL, 'init', '-f', file].join(' ')
  const shown = await runOrFail('script', ['-qec', command, '/dev/null'], { input: answers.join('\n') })
  expect(shown).toContain(`Base [${BIS_SUFFIX}]: `)
  const text = readFileSync(file, 'utf8')
  expect(text).toContain('domain "lab.example"\n')
  expect(text).toContain(`binddn "${bare.rootDn}"\n\tbindcred "${bare.rootPassword}"\n`)
  expect(text).toContain('allow from 192.0.2.0/24\n')
})

test('without a terminal what is missing is an error of usage', async () => {
  const { status, stderr } = await init()
  expect(status).toBe(64)
  expect(stderr).toContain('name the directory with -H')
})
