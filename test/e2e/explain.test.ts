import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  EXAMPLE_LDIF,
  EXAMPLE_SUFFIX,
  exampleConf,
  LAB_DOMAIN,
  type Slapd,
  startSlapd,
  startYpldap,
  untilLogged,
  type Ypldap,
} from '../support/lab.ts'

// Why somebody is in the maps of a real directory, or is not.

let slapd: Slapd
let ypldap: Ypldap

beforeAll(async () => {
  slapd = await startSlapd({ suffix: EXAMPLE_SUFFIX, ldif: EXAMPLE_LDIF })
  ypldap = await startYpldap(
    exampleConf(slapd, {
      global: ['bind local', 'provide maps accounts', 'provide map "shadow.byname"', 'minimum uid 10002'],
      block: ['passwd filter "(&(objectClass=posixAccount)(!(uid=ivan)))"'],
    }),
  )
  await untilLogged(ypldap, 'published')
})

afterAll(async () => {
  await ypldap.stop()
  await slapd.stop()
})

const explain = (name: string, ...words: readonly string[]) => ypldap.ctl('explain', 'user', name, ...words)

test('who is in the maps is shown as the directory has it, and as each map has it', async () => {
  const { status, stdout, stderr } = await explain('bob')
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toContain(`bob is in the maps of ${LAB_DOMAIN}\n`)
  expect(stdout).toMatch(/^127\.0\.0\.1: uid=bob,/m)
  expect(stdout).toMatch(/^ {2}uidnumber +10002$/m)
  expect(stdout).toMatch(/^ {2}-> passwd +bob:\*:10002:10100:/m)
  expect(stdout).toMatch(/^ {2}passwd\.byuid +bob:x:10002:/m)
  expect(stdout).toMatch(/^ {2}netid\.byname +10002:10100/m)
  expect(stdout).toMatch(/^ {2}shadow\.byname +\(not shown\)$/m)
  expect(stdout).toMatch(/^ {2}group\.byname +\S/m)
  expect(stdout).not.toMatch(/\$\w\$|\{(?:CRYPT|SSHA)\}/i)
})

test.each([
  ['alice', /-> missing +uid 10001 is refused: "minimum uid" is 10002/],
  ['ivan', /-> missing +the filter of users leaves it out: \(!\(uid=ivan\)\) is not true of it/],
  [
    'nobody-of-that-name',
    /-> missing +no entry below dc=example,dc=com that ypldap may see has the uid "nobody/,
  ],
])('of %s it is said why not', async (name, reason) => {
  const { status, stdout } = await explain(name)
  expect(status).toBe(1)
  expect(stdout).toContain(`${name} is not in the maps of ${LAB_DOMAIN}\n`)
  expect(stdout).toMatch(reason)
})

test('who came since the last refresh is told apart from who never will', async () => {
  await slapd.modify(
    [
      `dn: uid=newcomer,ou=people,${EXAMPLE_SUFFIX}`,
      'changetype: add',
      'objectClass: account',
      'objectClass: posixAccount',
      'uid: newcomer',
      'cn: Newcomer',
      'uidNumber: 20000',
      'gidNumber: 10100',
      'homeDirectory: /home/newcomer',
      '',
    ].join('\n'),
  )
  const before = await explain('newcomer')
  expect(before.status).toBe(1)
  expect(before.stdout).toMatch(/^not there yet, .*"ypldapctl refresh", changes that$/m)
  await ypldap.ctl('refresh')
  const after = await explain('newcomer')
  expect(after.status).toBe(0)
  expect(after.stdout).not.toContain('not there yet')
})

test('programs get an object for each thing', async () => {
  const { stdout } = await explain('bob', '--json')
  const [head, finding, ...maps] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(head).toMatchObject({ user: 'bob', domain: LAB_DOMAIN, served: true, late: '' })
  expect(finding).toMatchObject({ directory: '127.0.0.1', reasons: [] })
  expect(maps).toContainEqual({ map: 'shadow.byname', key: 'bob', value: '(not shown)' })
})

test('a directory that is down is said to be so, and the maps are shown all the same', async () => {
  await slapd.stop()
  const { status, stdout } = await explain('bob')
  expect(status).toBe(0)
  expect(stdout).toMatch(
    /-> missing +it can't be asked: directory|-> missing +it can't be asked: 127\.0\.0\.1/,
  )
  expect(stdout).toMatch(/^ {2}passwd\.byname +bob:x:10002:/m)
})
