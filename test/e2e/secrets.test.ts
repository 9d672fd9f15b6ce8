import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Status } from '../../src/messages/control.ts'
import {
  labFolder,
  run,
  type Slapd,
  startSlapd,
  startYpldap,
  untilLogged,
  waitUntil,
  type Ypldap,
  type YpldapOptions,
} from '../support/lab.ts'
import { foundInMemory } from '../support/memory.ts'

// Bind passwords and hashes are where they are needed and nowhere else. Two domains over one slapd, each with an
// account of its own to read it; the one gives the hashes of its users to reserved ports, the other to nobody.

const SUFFIX = 'dc=example,dc=com'

const SRC = join(import.meta.dirname, '../../src')
const MAIN = join(SRC, 'main.ts')
const CTL = join(SRC, 'ypldapctl.ts')

const secret = (word: string) => `${word}.${randomBytes(8).toString('hex')}`

const PASSWORDS = { a: secret('horse'), b: secret('staple') }
/** of a user of each domain, and of users that are left out */
const HASHES = { a: secret('$6$salt$alice'), b: secret('$6$salt$bob'), broken: secret('$6$salt$carol') }
const ALL = [...Object.values(PASSWORDS), ...Object.values(HASHES)]

const account = (name: string, password: string) => `
dn: cn=${name},${SUFFIX}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: ${name}
userPassword: ${password}
`

const user = (of: string, name: string, uid: number, hash: string, home = `/home/${name}`) => `
dn: uid=${name},ou=${of},${SUFFIX}
objectClass: account
objectClass: posixAccount
uid: ${name}
cn: ${name}
uidNumber: ${uid}
gidNumber: 20001
homeDirectory: ${home}
userPassword: {CRYPT}${hash}
`

const LDIF = [
  `dn: ${SUFFIX}\nobjectClass: domain\ndc: example\n`,
  ...['a', 'b'].map((of) => `\ndn: ou=${of},${SUFFIX}\nobjectClass: organizationalUnit\nou: ${of}\n`),
  account('reader-a', PASSWORDS.a),
  account('reader-b', PASSWORDS.b),
  user('a', 'alice', 20_001, HASHES.a),
  user('b', 'bob', 20_002, HASHES.b),
  // A colon is one field more.
  user('a', 'carol', 20_003, HASHES.broken, '/home:of/carol'),
  user('a', 'dave', 20_004, `${HASHES.broken}:0:0`),
].join('')

let slapd: Slapd
const ending: (() => unknown)[] = []
beforeEach(async () => {
  slapd = await startSlapd({ ldif: LDIF, suffix: SUFFIX })
  ending.unshift(() => slapd.stop())
})
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

function conf(folder: string, passwords = PASSWORDS, ...inside: readonly string[]): string {
  const directory = (of: 'a' | 'b') => [
    `directory "127.0.0.1" port ${slapd.port} {`,
    `basedn "ou=${of},${SUFFIX}"`,
    `binddn "cn=reader-${of},${SUFFIX}"`,
    `bindcred "${passwords[of]}"`,
    ...inside,
    '}',
  ]
  return [
    `state directory "${join(folder, 'state')}"`,
    `control socket "${join(folder, 'control.sock')}"`,
    'bind local',
    'listen on 127.0.0.1 port 2834',
    'interval 3600',
    'domain "a.example" {',
    'provide map passwd.byname',
    'provide map passwd.adjunct.byname',
    ...directory('a'),
    '}',
    'domain "b.example" {',
    'provide map passwd.byname',
    ...directory('b'),
    '}',
    '',
  ].join('\n')
}

interface Running {
  readonly ypldap: Ypldap
  readonly state: string
  /** Another configuration is written in its place. */
  readonly write: (passwords: typeof PASSWORDS, ...inside: readonly string[]) => void
  readonly ctl: (...words: readonly string[]) => Promise<string>
  readonly pidOf: (role: string) => Promise<number>
}

async function start(options: YpldapOptions = {}): Promise<Running> {
  const folder = labFolder('secrets')
  const ypldap = await startYpldap(conf(folder), { args: ['-v'], ...options })
  ending.unshift(() => ypldap.stop())
  await waitUntil('both are published', () => ypldap.output().split('[published]').length > 2)
  const ctl = async (...words: readonly string[]) => {
    const { stdout, stderr } = await run(process.execPath, [
      CTL,
      '-s',
      join(folder, 'control.sock'),
      ...words,
    ])
    return stdout + stderr
  }
  return {
    ypldap,
    state: join(folder, 'state'),
    write: (...changes) => writeFileSync(ypldap.file, conf(folder, ...changes)),
    ctl,
    async pidOf(role) {
      const { processes } = JSON.parse(await ctl('--json')) as Status
      return processes.find((one) => one.role === role)?.pid ?? 0
    },
  }
}

/** What each process shows to all: ps(1) shows no more. */
function shownByAll(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => ['cmdline', 'environ', 'comm', 'status'].map((file) => `/proc/${pid}/${file}`))
    .map((path) => {
      try {
        return readFileSync(path, 'latin1')
      } catch {
        return ''
      }
    })
    .join('\n')
}

const secretsIn = (text: string) => ALL.filter((one) => text.includes(one))

describe('bind passwords and hashes', () => {
  test('are in no line of the log and no answer of ypldapctl, whatever goes wrong, and shown by no process', async () => {
    const { ypldap, write, ctl, pidOf } = await start()
    const told: string[] = []
    const ask = async (...words: readonly string[]) => void told.push(await ctl(...words))
    for (const domain of ['a.example', 'b.example']) {
      await ask('-d', domain, 'rejected')
      await ask('-d', domain, '--json', 'rejected')
      await ask('-d', domain, 'maps')
    }
    // Those who were left out are told of.
    expect(told.join('')).toContain('carol')

    // Rejected by the server: each is the other's.
    write({ a: PASSWORDS.b, b: PASSWORDS.a })
    await ask('reload')
    await untilLogged(ypldap, 'update-trashed')
    expect(ypldap.output()).toContain('invalidCredentials (49)')
    for (const words of [['status'], ['--json'], ['-d', 'a.example', 'refresh'], ['check']])
      await ask(...words)

    // Wrong in the file, before, in and behind the password.
    for (const inside of [`bindcred "${PASSWORDS.b}"`, `bindcred "${PASSWORDS.b}" nonsense`, 'nonsense']) {
      write(PASSWORDS, inside)
      await ask('check')
      await ask('reload')
      const { stdout, stderr } = await run(process.execPath, [MAIN, '-n', '-v', '-f', ypldap.file])
      told.push(stdout, stderr)
    }
    writeFileSync(ypldap.file, `bindcred "${PASSWORDS.a}"\nword = "${PASSWORDS.a}" "${PASSWORDS.b}`)
    await ask('check')
    await ask('reload')

    // Killed, and at fault.
    write(PASSWORDS)
    for (const [role, signal] of [
      ['directory', 'SIGABRT'],
      ['server', 'SIGSEGV'],
    ] as const) {
      const pid = await pidOf(role)
      process.kill(pid, signal)
      await waitUntil('there is another', async () => ![0, pid].includes(await pidOf(role)))
    }
    await ask('reload')
    await ask('log', 'debug')
    await ask('-d', 'a.example', 'refresh')
    expect(told.at(-1)).toContain('2 rows left out')

    expect(secretsIn(told.join('\n'))).toEqual([])
    expect(secretsIn(ypldap.output())).toEqual([])
    const shown = shownByAll()
    expect(shown).toContain('ypldap: directory')
    expect(secretsIn(shown)).toEqual([])
  }, 120_000)

  test('are in no file but that of the domain whose map has them', async () => {
    const { state } = await start()
    const found = readdirSync(state).map((name) => [
      name,
      secretsIn(readFileSync(join(state, name), 'latin1')),
    ])
    expect(Object.fromEntries(found)).toEqual({
      'a.example.image': [HASHES.a],
      'b.example.image': [],
    })
    expect(statSync(join(state, 'a.example.image')).mode & 0o007).toBe(0)
  })

  test('are not in the memory of the server process, but for the hashes that it serves', async () => {
    const { pidOf } = await start()
    expect(foundInMemory(await pidOf('server'), ALL)).toEqual([HASHES.a])
    // Who looks finds what is there.
    expect(foundInMemory(await pidOf('directory'), ALL)).toEqual(
      expect.arrayContaining(Object.values(PASSWORDS)),
    )
  })

  test("are not for others of a process's account to read: it has no memory that can be read or dumped", async () => {
    const { pidOf } = await start()
    for (const [role, account] of [
      ['directory', '_ypldap_dir'],
      ['server', '_ypldap'],
    ] as const) {
      const pid = await pidOf(role)
      for (const file of ['mem', 'environ', 'maps']) {
        const as = ['--reuid', account, '--regid', account, '--clear-groups']
        const { status, stderr } = await run('setpriv', [...as, 'head', '-c', '1', `/proc/${pid}/${file}`])
        expect({ role, file, status, stderr }).toMatchObject({
          status: 1,
          stderr: expect.stringContaining('Permission denied'),
        })
      }
      expect(statSync(`/proc/${pid}/mem`).uid).toBe(0)
    }
  })

  test('are not for others to read where all processes have one account', async () => {
    const NOBODY = { uid: 65_534, gid: 65_534 }
    const folder = labFolder('secrets')
    const ypldap = await startYpldap(conf(folder).replace(/^(state|control).*\n/gm, ''), { as: NOBODY })
    ending.unshift(() => ypldap.stop())
    await untilLogged(ypldap, 'published')
    const { processes } = JSON.parse((await ypldap.ctl('--json')).stdout) as Status
    expect(processes.map(({ pid }) => statSync(`/proc/${pid}/mem`).uid)).toEqual([0, 0, 0])
  })
})
