import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  EXAMPLE_LDIF,
  EXAMPLE_SUFFIX,
  exampleConf,
  failYpldap,
  type LabProcess,
  run,
  runOrFail,
  type Slapd,
  startRpcbind,
  startSlapd,
  startYpbind,
  startYpldap,
  untilLogged,
  waitUntil,
  type Ypldap,
} from '../support/lab.ts'

// Maps of one's own, what is said of one map, and hashes, with a real directory and real clients.

const running: (Slapd | LabProcess)[] = []
let slapd: Slapd
let ypldap: Ypldap

const CREW = Array.from({ length: 60 }, (_, index) => `sailor${index}`)
const MORE = `
dn: uid=hash,ou=people,${EXAMPLE_SUFFIX}
objectClass: account
objectClass: posixAccount
objectClass: shadowAccount
uid: hash
cn: Hash
uidNumber: 10901
gidNumber: 10100
homeDirectory: /home/hash
userPassword: {CRYPT}$6$salt$hash
shadowMax: 90

dn: cn=crew,ou=groups,${EXAMPLE_SUFFIX}
objectClass: posixGroup
cn: crew
gidNumber: 10900
${CREW.map((name) => `memberUid: ${name}`).join('\n')}
`

const OWN =
  'map "groups.byuser" { filter "(objectClass=posixGroup)" each "{memberUid}" key "{it}/{cn}" value "{gidNumber}:{cn}" }'

beforeAll(async () => {
  running.unshift(await startRpcbind())
  slapd = await startSlapd({ suffix: EXAMPLE_SUFFIX, ldif: `${EXAMPLE_LDIF}\n${MORE}` })
  running.unshift(slapd)
  ypldap = await startYpldap(
    exampleConf(slapd, {
      global: [
        'provide maps accounts',
        'provide map "passwd.adjunct.byname"',
        'map "shadow.byname" { port any }',
        'map "group.byname" { record limit 256 overflow split }',
        OWN,
      ],
    }),
  )
  running.unshift(ypldap)
  await untilLogged(ypldap, 'published')
  running.unshift(await startYpbind())
})

afterAll(async () => {
  for (const daemon of running.splice(0)) await daemon.stop()
})

const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups']

async function shadowByNobody(): Promise<string> {
  return (await run('setpriv', [...NOBODY, 'ypmatch', 'hash', 'shadow.byname'])).stdout
}

describe("a map of one's own", () => {
  test('is served under its name', async () => {
    expect(await runOrFail('ypmatch', ['alice/staff', 'groups.byuser'])).toBe('10100:staff\n')
    const all = (await runOrFail('ypcat', ['-k', 'groups.byuser'])).trim().split('\n')
    expect(all).toContain('erin/operations 10104:operations')
    expect(all.filter((line) => line.endsWith(':crew'))).toHaveLength(CREW.length)
  })

  test('is made anew when its template changes, and only then', async () => {
    const conf = readFileSync(ypldap.file, 'utf8')
    writeFileSync(ypldap.file, conf.replace('"{gidNumber}:{cn}"', '"{cn} is {gidNumber}"'))
    expect((await ypldap.ctl('reload')).status).toBe(0)
    await ypldap.ctl('refresh')
    expect(await runOrFail('ypmatch', ['alice/staff', 'groups.byuser'])).toBe('staff is 10100\n')
    writeFileSync(ypldap.file, conf.replace('"{gidNumber}:{cn}"', '"{gidNumber | frist}:{cn}"'))
    const { status, stdout } = await ypldap.ctl('reload')
    expect(status).not.toBe(0)
    expect(stdout).toContain('there is no step "frist"')
    expect(stdout).toMatch(/\n {2}\{gidNumber \| frist\}:\{cn\}\n {15}\^/)
    expect(await runOrFail('ypmatch', ['alice/staff', 'groups.byuser'])).toBe('staff is 10100\n')
    writeFileSync(ypldap.file, conf)
    expect((await ypldap.ctl('reload')).status).toBe(0)
  })

  test('that is no template is told with its place before anything starts', async () => {
    const { status, stderr } = await failYpldap(
      exampleConf(slapd, { global: ['map "x" {', '  filter "(cn=*)"', '  key "{cn" value "{cn}"', '}'] }),
      { args: ['-n'] },
    )
    expect(status).toBe(1)
    expect(stderr).toMatch(/ypldap\.conf:\d+:7: the key of the map x: .*\n {2}\{cn\n {2}\^\n/)
  })
})

describe('a limit of one map', () => {
  test('splits a group there alone, and ypldapctl says so', async () => {
    const parts = (await runOrFail('ypcat', ['group.byname']))
      .split('\n')
      .filter((line) => line.startsWith('crew'))
    expect(parts.length).toBeGreaterThan(1)
    expect(parts.flatMap((line) => line.split(':')[3]!.split(','))).toEqual(expect.arrayContaining(CREW))
    for (const line of parts) expect(line.length).toBeLessThanOrEqual(256)
    const whole = (await runOrFail('ypmatch', ['10900', 'group.bygid'])).trim()
    expect(whole.split(':')[3]!.split(',')).toHaveLength(CREW.length)
    const groups = await runOrFail('getent', ['-s', 'group:nis', 'group', 'crew_1'])
    expect(groups).toMatch(/^crew_1:\*:10900:sailor/)
    const { stdout } = await ypldap.ctl('rejected')
    expect(stdout).toContain(`cn=crew,ou=groups,${EXAMPLE_SUFFIX}`)
    expect(stdout).toMatch(/group "crew" is over the record limit of 256 bytes: split into \d of one gid/)
  })
})

describe('the hash of a password', () => {
  test('is merged from the adjunct map for root, and kept from everybody else', async () => {
    expect(await runOrFail('ypmatch', ['hash', 'passwd.byname'])).toMatch(/^hash:##hash:10901:/)
    const root = await runOrFail('getent', ['-s', 'passwd:nis', 'passwd', 'hash'])
    expect(root).toMatch(/^hash:\$6\$salt\$hash:10901:/)
    const other = await run('setpriv', [...NOBODY, 'getent', '-s', 'passwd:nis', 'passwd', 'hash'])
    expect(other.stdout).not.toContain('salt')
    expect((await run('setpriv', [...NOBODY, 'ypmatch', 'hash', 'passwd.adjunct.byname'])).stdout).toBe('')
  })

  test('is for everybody where the configuration says so, and from a reload on for nobody else, LDAP or not', async () => {
    expect(await shadowByNobody()).toBe('hash:$6$salt$hash:::90::::\n')
    const conf = readFileSync(ypldap.file, 'utf8')
    await slapd.stop()
    running.splice(running.indexOf(slapd), 1)
    writeFileSync(ypldap.file, conf.replace('{ port any }', '{ port reserved }'))
    expect((await ypldap.ctl('reload')).status).toBe(0)
    await waitUntil('nobody is answered', async () => (await shadowByNobody()) === '')
    expect(await runOrFail('ypmatch', ['hash', 'shadow.byname'])).toMatch(/^hash:/)
    writeFileSync(ypldap.file, conf.replace('map "shadow.byname" { port any }', ''))
    expect((await ypldap.ctl('reload')).status).toBe(0)
    await waitUntil(
      'the map is gone',
      async () => (await run('ypmatch', ['hash', 'shadow.byname'])).status !== 0,
    )
    expect(await runOrFail('ypmatch', ['hash', 'passwd.byname'])).toMatch(/^hash:/)
  })
})
