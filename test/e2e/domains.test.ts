import { appendFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { LabProcess, Slapd, Ypldap } from '../support/lab.ts'
import {
  EXAMPLE_LDIF,
  EXAMPLE_SUFFIX,
  run,
  runOrFail,
  startRpcbind,
  startSlapd,
  startYpbind,
  startYpldap,
  untilLogged,
  waitUntil,
} from '../support/lab.ts'

// Two domains of one server over one slapd, asked by the tools of every Linux through a real rpcbind.

const PORT = 834
const INSIDE = '192.0.2.1'
const OUTSIDE = '198.51.100.1'

const NORTH = `
dn: ou=north,${EXAMPLE_SUFFIX}
objectClass: organizationalUnit
ou: north

dn: uid=nora,ou=north,${EXAMPLE_SUFFIX}
objectClass: account
objectClass: posixAccount
uid: nora
cn: Nora North
uidNumber: 20001
gidNumber: 20100
homeDirectory: /home/nora

dn: cn=northerners,ou=north,${EXAMPLE_SUFFIX}
objectClass: posixGroup
cn: northerners
gidNumber: 20100
memberUid: nora
`

let slapd: Slapd

beforeAll(async () => {
  for (const address of [INSIDE, OUTSIDE])
    await runOrFail('ip', ['address', 'replace', `${address}/32`, 'dev', 'lo'])
  appendFileSync('/etc/yp.conf', 'domain north.example server 127.0.0.1\n')
  slapd = await startSlapd({ suffix: EXAMPLE_SUFFIX, ldif: EXAMPLE_LDIF + NORTH })
})

afterAll(() => slapd.stop())

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

async function started<T extends LabProcess>(starting: Promise<T>): Promise<T> {
  const daemon = await starting
  ending.unshift(() => daemon.stop())
  return daemon
}

const directory = (base: string) => `directory "127.0.0.1" port ${slapd.port} { basedn "${base}" }\n`

/** The domain of the file, for whom `rules` allow, and one of a block over a part of the directory. */
async function serve(rules: string, northRules: string): Promise<Ypldap> {
  await started(startRpcbind())
  const ypldap = await started(
    startYpldap(
      `domain "lab.example"\nlisten port ${PORT}\ninterval 3600\n${rules}\n${directory(EXAMPLE_SUFFIX)}` +
        `domain "north.example" {\n${northRules}\n${directory(`ou=north,${EXAMPLE_SUFFIX}`)}}\n`,
    ),
  )
  await untilLogged(ypldap, 'published', 1)
  return ypldap
}

/** ypmatch through ypbind, which is bound to both. */
const match = (domain: string, key: string) => run('ypmatch', ['-d', domain, key, 'passwd.byname'])

test('each domain has its own maps, order and master for ypcat, ypmatch and yppoll', async () => {
  await serve('allow from 127.0.0.1', 'provide map "passwd.byname"')
  await started(startYpbind())
  const nora = 'nora:*:20001:20100:Nora North:/home/nora:\n'
  expect(await runOrFail('ypcat', ['-d', 'north.example', 'passwd.byname'])).toBe(nora)
  expect(await runOrFail('ypcat', ['-d', 'lab.example', 'passwd.byname'])).toContain('alice:*:10001:')
  expect(await match('lab.example', 'alice')).toMatchObject({ status: 0 })
  expect(await match('north.example', 'nora')).toMatchObject({ status: 0, stdout: nora })
  expect((await match('north.example', 'alice')).stderr).toContain('No such key')
  expect((await run('ypcat', ['-d', 'north.example', 'group.byname'])).stderr).toContain('No such map')
  for (const domain of ['lab.example', 'north.example']) {
    const poll = await runOrFail('yppoll', ['-h', '127.0.0.1', '-d', domain, 'passwd.byname'])
    expect(poll).toMatch(/has order number \d+/)
    expect(poll).toContain('The master server is lab.')
  }
  expect((await run('yppoll', ['-h', '127.0.0.1', '-d', 'south.example', 'passwd.byname'])).status).not.toBe(
    0,
  )
})

test('a base that is gone costs one domain its refreshes, and the other nothing', async () => {
  const ypldap = await serve('allow from 127.0.0.1', '')
  await started(startYpbind())
  const below = ['uid=nora,', 'cn=northerners,', '']
  const gone = below.map((rdn) => `dn: ${rdn}ou=north,${EXAMPLE_SUFFIX}\nchangetype: delete\n`)
  await slapd.modify(gone.join('\n'))
  const broken = await ypldap.ctl('-d', 'north.example', 'refresh')
  expect(broken).toMatchObject({ status: 1, stderr: expect.stringContaining('noSuchObject') })
  const { stdout } = await ypldap.ctl('-d', 'lab.example', 'refresh')
  expect(stdout).toMatch(/^published: 12 users and 8 groups/)
  expect((await match('lab.example', 'nora')).stderr).toContain('No such key')
  expect(await match('lab.example', 'alice')).toMatchObject({ status: 0 })
  expect(await match('north.example', 'nora')).toMatchObject({ status: 0 })
  const verdict = await ypldap.ctl()
  expect(verdict.status).toBe(1)
  expect(verdict.stdout).toMatch(/^stale: 1 of 2 domains fresh; north\.example, 1 users .*noSuchObject/)
  await slapd.modify(NORTH.trim().replaceAll(/^(dn: .*)$/gm, '$1\nchangetype: add'))
  await waitUntil(
    'it is found again',
    async () => (await ypldap.ctl('-d', 'north.example', 'refresh')).status === 0,
  )
  expect((await ypldap.ctl()).status).toBe(0)
})

const cat = (host: string, domain: string) => run('ypcat', ['-h', host, '-d', domain, 'passwd.byname'])

test('a caller is answered in the domains that allow it, and hears nothing of the others', async () => {
  const ypldap = await serve(`allow from ${INSIDE} ${OUTSIDE}`, `allow from ${INSIDE}`)
  expect((await cat(INSIDE, 'lab.example')).stdout).toContain('alice:')
  expect((await cat(INSIDE, 'north.example')).stdout).toContain('nora:')
  expect((await cat(OUTSIDE, 'lab.example')).stdout).toContain('alice:')
  expect(await cat(OUTSIDE, 'north.example')).toMatchObject({ stdout: '' })
  expect(await untilLogged(ypldap, 'stranger')).toContain(`no answer to ${OUTSIDE} about north.example`)
}, 60_000)
