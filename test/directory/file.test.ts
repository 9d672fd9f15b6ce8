import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { DirectoryConfig } from '../../src/config/config.ts'
import { fetchDirectory } from '../../src/directory/fetch.ts'
import { failure } from './peer-scripts.ts'
import { directory, located } from './samples.ts'

const never = new AbortController().signal
const EXAMPLE = new URL('../../etc/example.ldif', import.meta.url).pathname

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ypldap-file-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

function fromFile(path: string, changes: Partial<DirectoryConfig> = {}): DirectoryConfig {
  return directory(0, { label: 'file', location: { kind: 'file', path }, ...changes })
}

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('the example directory', () => {
  test('gives twelve users and eight groups, none rejected', async () => {
    const fetched = await fetchDirectory(fromFile(EXAMPLE), never)
    expect(fetched.users).toHaveLength(12)
    expect(fetched.groups).toHaveLength(8)
    expect(fetched.rejected).toEqual([])
    expect(fetched).toMatchObject({ directory: 'file', source: EXAMPLE, references: 0 })
  })

  test('shows what a directory may hold: UTF-8, folded values, no members', async () => {
    const { users, groups } = await fetchDirectory(fromFile(EXAMPLE), never)
    const user = (name: string) => users.find((user) => user.name === name)
    expect(Buffer.from(user('chloe')?.gecos ?? '', 'latin1').toString('utf8')).toBe('Chloé Dürand')
    expect(user('judy')?.home).toBe(
      '/export/nfs7/projects/turbine-simulation/home/with/a/rather/long/path/judy',
    )
    expect(groups.find(({ name }) => name === 'visitors')?.members).toEqual([])
    expect(groups.find(({ name }) => name === 'staff')?.members).toContain('alice')
    expect(users.map(({ uid }) => Number(uid))).toEqual(users.map((_user, index) => 10_001 + index))
  })

  test('is cut by base and filter, like a search', async () => {
    const fetched = await fetchDirectory(
      fromFile(EXAMPLE, {
        userBase: located('OU=People, DC=example,DC=com'),
        userFilter: located('(&(objectClass=posixAccount)(!(loginShell=*nologin)))'),
        groupBase: located('cn=staff,ou=groups,dc=example,dc=com'),
      }),
      never,
    )
    expect(fetched.users.map(({ name }) => name)).not.toContain('ivan')
    expect(fetched.users).toHaveLength(10)
    expect(fetched.groups.map(({ name }) => name)).toEqual(['staff'])
  })
})

test('an entry may be user and group, and one that makes no row is named', async () => {
  const path = write(
    'both.ldif',
    'dn: cn=x,dc=x\nobjectClass: posixAccount\nobjectClass: posixGroup\ncn: x\nuid: x\nuidNumber: 1\ngidNumber: 1\nhomeDirectory: /\n\n' +
      'dn: cn=y,dc=x\nobjectClass: posixGroup\ncn: y\n',
  )
  const base = { userBase: located('dc=x'), groupBase: located('dc=x') }
  const fetched = await fetchDirectory(fromFile(path, base), never)
  expect(fetched.users).toHaveLength(1)
  expect(fetched.groups).toHaveLength(1)
  expect(fetched.rejected).toEqual([
    { dn: 'cn=y,dc=x', reason: 'no value of gidNumber, which gives the groupgid' },
  ])
})

describe('a file that can not be used is an error that names it', () => {
  test('when it does not exist', async () => {
    const path = join(folder, 'nothing')
    const error = await failure(fetchDirectory(fromFile(path), never))
    expect(error.code).toBe('file-failed')
    expect(error.message).toContain(`directory "file": the file ${path} can't be used: ENOENT`)
  })

  test('when it is a folder, or a FIFO that nobody writes to', async () => {
    const fifo = join(folder, 'fifo')
    execFileSync('mkfifo', [fifo])
    for (const path of [folder, fifo]) {
      const error = await failure(fetchDirectory(fromFile(path), never))
      expect(error.message).toContain('not a regular file')
    }
  })

  test('when it is larger than the limit, before it is read', async () => {
    const path = write('large.ldif', '')
    truncateSync(path, 2 ** 40)
    const error = await failure(fetchDirectory(fromFile(path), never))
    expect(error.message).toContain('it has 1099511627776 bytes; at most 4294967296 are read')
  })

  test('when a line of it is wrong, with the line; nothing of it counts', async () => {
    const path = write('wrong.ldif', 'dn: dc=x\ndc: x\n\ndn: dc=y\nwrong\n')
    const error = await failure(fetchDirectory(fromFile(path), never))
    expect(error.code).toBe('file-failed')
    expect(error.message).toContain(`${path} can't be used: line 5: `)
  })

  test('when it has more entries than the limit', async () => {
    const limited = (entries: number) => fetchDirectory(fromFile(EXAMPLE), never, { limits: { entries } })
    const { entries } = await limited(1000)
    const error = await failure(limited(entries - 1))
    expect(error.code).toBe('too-much')
    expect(error.message).toContain(`the file ${EXAMPLE} has more than ${entries - 1} entries`)
  })

  test('when the refresh is stopped while it is read', async () => {
    const path = write('many.ldif', 'dn: cn=x,dc=x\ncn: x\n\n'.repeat(5000))
    const stopping = new AbortController()
    const fetching = failure(fetchDirectory(fromFile(path), stopping.signal))
    setImmediate(() => stopping.abort())
    expect((await fetching).code).toBe('aborted')
  })

  test('when the refresh was stopped', async () => {
    const error = await failure(fetchDirectory(fromFile(EXAMPLE), AbortSignal.abort()))
    expect(error.code).toBe('aborted')
  })
})

test('a base that is none is an error', async () => {
  const error = await failure(fetchDirectory(fromFile(EXAMPLE, { userBase: located('people') }), never))
  expect(error.code).toBe('configuration')
  expect(error.message).toContain('not a distinguished name')
})
