import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import type { DirectoryConfig, DomainConfig } from '../../src/config/config.ts'
import type { TableConfig } from '../../src/config/table.ts'
import { checkDirectories, checkFiles } from '../../src/directory/check.ts'
import { type Authority, type Certificate, createAuthority } from './certificates.ts'
import { directory, located } from './samples.ts'

let authority: Authority
let client: Certificate
let other: Certificate

beforeAll(() => {
  authority = createAuthority()
  client = authority.issue('client', 'DNS:client.example.com')
  other = authority.issue('other', 'DNS:other.example.com')
})

afterAll(() => authority.remove())

function config(...directories: DirectoryConfig[]): DomainConfig {
  return {
    domain: 'example.com',
    interval: 600,
    maps: [],
    access: [],
    guardShrink: 50,
    recordLimit: 1024,
    overflow: 'cut',
    admission: { minimumUid: 1, minimumGid: 1, refusedNames: [] },
    directories,
  }
}

function write(name: string, text: string): string {
  const path = join(authority.folder, name)
  writeFileSync(path, text)
  return path
}

const EXAMPLE = new URL('../../etc/example.ldif', import.meta.url).pathname

test('a good configuration has no problem', () => {
  const secured = directory(636, {
    ca: located(authority.ca),
    certificate: located(client.certificate),
    key: located(client.key),
  })
  const file = directory(0, { location: { kind: 'file', path: EXAMPLE } })
  expect(checkDirectories(config(directory(389), secured, file))).toEqual([])
  expect(checkFiles(config(directory(389), secured, file))).toEqual([])
})

test('every problem of every directory is found, where it stands', () => {
  const problems = checkDirectories(
    config(
      directory(389, {
        userFilter: located('(uid=', 3),
        groupFilter: located('', 4),
        userBase: located('people', 5),
        groupBase: located('ou=', 6),
        ca: located('/nonexistent/ca.pem', 7),
      }),
      directory(389, { userFilter: located('uid', 12) }),
    ),
  )
  expect(problems.map(({ at, message }) => [at.line, message])).toEqual([
    [3, expect.stringMatching(/^the filter of users: at character 6 .* found the end$/)],
    [4, expect.stringMatching(/^the filter of groups: the filter is empty/)],
    [5, expect.stringMatching(/^the base of users: "people" is not a distinguished name/)],
    [7, expect.stringMatching(/^the CA file \/nonexistent\/ca\.pem: ENOENT/)],
    [12, expect.stringMatching(/^the filter of users: at character 1 /)],
  ])
})

test.each([
  ['ca', () => write('garbage.pem', 'garbage'), 'it holds no certificate in PEM form'],
  ['ca', () => client.key, 'it holds no certificate in PEM form'],
  [
    'ca',
    () => write('broken.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'),
    'can not be decoded',
  ],
  ['ca', () => authority.folder, 'not a regular file'],
  ['ca', () => write('large.pem', 'x'.repeat(5 * 1024 * 1024)), 'at most 4194304 are read'],
  ['certificate', () => client.key, 'it holds no certificate in PEM form'],
  ['key', () => client.certificate, 'it holds no private key'],
  ['key', () => other.key, 'it is not the key of the certificate'],
] as const)('the %s file is checked', (option, path, words) => {
  const own = { certificate: located(client.certificate, 8), key: located(client.key, 9) }
  const file = path()
  const changes = { ...own, [option]: located(file, 20) }
  const problems = checkDirectories(config(directory(636, changes)))
  expect(problems).toEqual([
    {
      at: located('', 20).at,
      message: expect.stringContaining(`the ${option === 'ca' ? 'CA' : option} file ${file}: `),
    },
  ])
  expect(problems[0]?.message).toContain(words)
})

test('a key that needs a passphrase is a problem, not a question', () => {
  const path = write(
    'locked.key',
    '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGbMFcGCSqGSIb3DQEFDTBK\n-----END ENCRYPTED PRIVATE KEY-----\n',
  )
  const changes = { certificate: located(client.certificate), key: located(path, 9) }
  expect(checkDirectories(config(directory(636, changes)))).toMatchObject([
    { message: expect.stringContaining('without a passphrase') },
  ])
})

test('an LDIF file is read, and its problem stands at the directory', () => {
  mkdirSync(join(authority.folder, 'ldif'))
  const wrong = write('ldif/wrong.ldif', 'dn: dc=x\n\n')
  for (const [path, words] of [
    [wrong, 'line 1: the entry has no attributes'],
    ['/nonexistent/x.ldif', 'ENOENT'],
  ] as const) {
    const file = directory(0, { location: { kind: 'file', path } })
    expect(checkFiles(config(file))).toEqual([
      { at: file.at, message: expect.stringContaining(`the LDIF file ${path}: ${words}`) },
    ])
  }
})

test('a rule that only a server can follow is a problem of a directory that is a file', () => {
  const filter = located('(memberOf:1.2.840.113556.1.4.1941:=cn=staff,dc=x)', 7)
  const table: TableConfig = { of: { kind: 'named', map: 'x' }, base: located('dc=x'), filter }
  const filters = { groupFilter: filter, tables: [table] }
  const file = directory(0, { location: { kind: 'file', path: EXAMPLE }, ...filters })
  expect(checkDirectories(config(directory(389, filters)))).toEqual([])
  expect(checkDirectories(config(file))).toMatchObject([
    { at: { line: 7 }, message: expect.stringMatching(/^the filter of groups: the rule .* needs a server/) },
    {
      at: { line: 7 },
      message: expect.stringMatching(/^the filter of the map x: the rule .* needs a server/),
    },
  ])
})
