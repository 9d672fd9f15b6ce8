import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Authority, createAuthority } from '../directory/certificates.ts'
import {
  EXAMPLE_LDIF,
  EXAMPLE_MAPS,
  EXAMPLE_SUFFIX,
  LAB_DOMAIN,
  run,
  runOrFail,
  startRpcbind,
  startSlapd,
  startYpbind,
  waitUntil,
} from '../support/lab.ts'

// The quick start of README.md, word for word, on a host where ldap.example.com is a directory that it may trust.

const ROOT = join(import.meta.dirname, '../..')
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')
const quickStart = README.slice(README.indexOf('## Quick start'))
const [, block = ''] = /\n\n((?: {4}.*\n)+)/.exec(quickStart) ?? []
const lines = block.split('\n').map((line) => line.slice(4))

const ending: (() => unknown)[] = []
let authority: Authority

beforeAll(async () => {
  authority = createAuthority()
  const server = authority.issue('server', 'DNS:ldap.example.com')
  appendFileSync('/etc/ssl/certs/ca-certificates.crt', readFileSync(authority.ca))
  appendFileSync('/etc/hosts', '127.0.0.1 ldap.example.com\n')
  appendFileSync('/etc/yp.conf', 'domain example.com server 127.0.0.1\n')
  // The state directory is the daemon's own default.
  await runOrFail('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/var/lib'])
  ending.unshift(() => runOrFail('umount', ['--lazy', '/var/lib']))
  await runOrFail('domainname', ['example.com'])
  ending.unshift(() => runOrFail('domainname', [LAB_DOMAIN]))
  const slapd = await startSlapd({
    suffix: EXAMPLE_SUFFIX,
    ldif: EXAMPLE_LDIF,
    port: 389,
    global: [`TLSCertificateFile ${server.certificate}`, `TLSCertificateKeyFile ${server.key}`],
  })
  ending.unshift(() => slapd.stop())
  const rpcbind = await startRpcbind()
  ending.unshift(() => rpcbind.stop())
})

afterAll(async () => {
  for (const end of ending.splice(0)) await end()
  authority.remove()
})

const ctl = (...words: readonly string[]) => run('npm', ['run', '--silent', 'ctl', '--', ...words])
const isFresh = async () => (await ctl('status')).stdout.startsWith('fresh')

test('the quick start is no more than ten lines', () => {
  expect(lines.filter(Boolean)).toHaveLength(10)
})

test('the quick start ends in a client that reads users from the directory', {
  timeout: 90_000,
}, async () => {
  const [install, ...rest] = lines
  expect(install).toBe('npm ci && systemd-sysusers etc/sysusers.d/ypldap.conf')
  const script = rest.join('\n').replaceAll('npm ', 'npm --silent ')
  ending.unshift(() => ctl('stop'))
  const said = await run('bash', ['-c', script], { timeout: 40_000 })
  expect(said.stdout + said.stderr).toContain('configuration OK')
  await waitUntil('the maps are there', isFresh, 30_000)
  const ypbind = await startYpbind()
  ending.unshift(() => ypbind.stop())
  const shown = (await runOrFail('ypcat', ['passwd'])).split('\n').filter(Boolean)
  expect(shown.toSorted()).toEqual(EXAMPLE_MAPS['passwd.byname'].map(([, line]) => line).toSorted())
})
