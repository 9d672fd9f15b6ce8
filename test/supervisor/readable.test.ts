import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { warnOfUnreadable } from '../../src/supervisor/config-files.ts'
import { walk } from '../../src/supervisor/path-walk.ts'
import {
  checkProgram,
  describeBarrier,
  EXECUTE,
  NOTHING,
  unreadableFor,
  WRITE,
} from '../../src/supervisor/readable.ts'
import { configOf } from '../config/check.ts'

/** Of nobody here, so that what counts for them is what all may do. */
const STRANGER = { name: '_stranger', uid: 64_101, gid: 64_101 }
const OTHER = { name: '_other', uid: 64_102, gid: 64_102 }
const US = { name: '_us', uid: process.getuid!(), gid: process.getgid!() }
const TEAM = { name: '_team', uid: 64_103, gid: process.getgid!() }
const OWNER = US.uid === 0 ? 'root' : `uid ${US.uid}`

let top = ''

beforeAll(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'ypldap-readable-')))
  chmodSync(top, 0o755)
  place('open', 0o755)
  place('open/file', 0o644, 'text')
  place('open/secret', 0o600, 'text')
  place('open/team', 0o640, 'text')
  place('open/ours', 0o066, 'text')
  place('closed', 0o700)
  place('closed/file', 0o644, 'text')
  place('passage', 0o711)
  place('passage/file', 0o644, 'text')
  symlinkSync('../closed/file', join(top, 'open/to-closed'))
  symlinkSync(join(top, 'open'), join(top, 'again'))
  symlinkSync('again/../open/to-closed', join(top, 'far'))
  symlinkSync('round', join(top, 'round'))
})

afterAll(() => rmSync(top, { recursive: true }))

function place(name: string, mode: number, text?: string): void {
  const path = join(top, name)
  if (text === undefined) mkdirSync(path)
  else writeFileSync(path, text)
  chmodSync(path, mode)
}

function barrier(name: string, account = STRANGER, access?: number): string | undefined {
  const found = unreadableFor(`${top}/${name}`, account, access)
  return found && describeBarrier({ ...found, path: found.path.replace(`${top}/`, '') })
}

describe('a file', () => {
  test.each([
    ['open/file', undefined],
    ['passage/file', undefined],
    ['again/file', undefined],
    ['closed/../open/file', 'closed (mode 0700, owner OWNER)'],
    ['passage/../open/file', undefined],
    ['open/secret', 'open/secret (mode 0600, owner OWNER)'],
    ['again/secret', 'open/secret (mode 0600, owner OWNER)'],
    ['closed/file', 'closed (mode 0700, owner OWNER)'],
    ['open/to-closed', 'closed (mode 0700, owner OWNER)'],
    ['far', 'closed (mode 0700, owner OWNER)'],
    ['nowhere', undefined],
    ['open/file/below', undefined],
    ['round', undefined],
  ])('%s is kept from a stranger by: %s', (name, expected) => {
    expect(barrier(name)).toBe(expected?.replace('OWNER', OWNER))
  })

  test('is judged by the one class that an account is in', () => {
    expect(barrier('open/team', TEAM)).toBeUndefined()
    expect(barrier('open/team', STRANGER)).toBeDefined()
    expect(barrier('open/secret', US)).toBeUndefined()
    // The owner is not helped by what others may do.
    expect(barrier('open/ours', STRANGER)).toBeUndefined()
    expect(barrier('open/ours', US)).toBeDefined()
  })

  test('may be asked for to be written, run or only reached', () => {
    expect(barrier('open/file', STRANGER, WRITE)).toBe(`open/file (mode 0644, owner ${OWNER})`)
    expect(barrier('open/file', STRANGER, EXECUTE)).toBe(`open/file (mode 0644, owner ${OWNER})`)
    expect(barrier('open/secret', STRANGER, NOTHING)).toBeUndefined()
    expect(barrier('closed/file', STRANGER, NOTHING)).toBe(`closed (mode 0700, owner ${OWNER})`)
  })
})

test('a way ends with what is really there, however many links lead to it', () => {
  expect(walk(join(top, 'far')).at(-1)?.path).toBe(join(top, 'closed/file'))
  expect(walk('/').map(({ path }) => path)).toEqual(['/'])
  expect(walk('/../..').at(-1)?.path).toBe('/')
  expect(walk('.').at(-1)?.path).toBe(realpathSync('.'))
  expect(() => walk(join(top, 'round'))).toThrow('ELOOP')
})

describe('the program', () => {
  const accounts = [US, STRANGER]
  const node = '/bin/sh'

  test('that each account can read may start', () => {
    expect(() => checkProgram(join(top, 'open/file'), accounts, node)).not.toThrow()
  })

  test('that one of them cannot read ends the start, with what is in the way', () => {
    expect(() => checkProgram(join(top, 'closed/file'), accounts, node)).toThrow(
      expect.objectContaining({
        code: 'program-unreadable',
        message: `_stranger can't read ${top}/closed/file, because of ${top}/closed (mode 0700, owner ${OWNER}): install ypldap and its Node where every account can read them`,
      }),
    )
  })

  test('needs a Node that each can run', () => {
    expect(() => checkProgram(join(top, 'open/file'), accounts, join(top, 'open/team'))).toThrow(
      `_us can't run ${top}/open/team, because of ${top}/open/team (mode 0640, owner ${OWNER})`,
    )
  })
})

/** The warnings for the account, without what is the same in all of them. */
function warnings(account: typeof STRANGER): string[] {
  const lines: string[] = []
  const config = configOf(`domain d
cafile "${top}/open/secret"
directory a tls {
basedn b
certfile "${top}/open/file"
keyfile "${top}/open/team"
}
directory b tls { basedn b }
directory file "${top}/closed/file" { basedn b }
directory "ldapi://${encodeURIComponent(`${top}/open/file`)}" { basedn b }
directory file "${top}/nowhere" { basedn b }
`)
  warnOfUnreadable(config, account, (level, id, text) => {
    expect([level, id]).toEqual(['warning', 'file-unreadable'])
    lines.push(
      text
        .replace(`${account.name}, who reads the directories, can't use the `, '')
        .replaceAll(`${top}/`, ''),
    )
  })
  return lines
}

describe('the files of a configuration', () => {
  test('that the account of the directory process cannot use are named, each once, with what to do', () => {
    expect(warnings(OTHER)).toEqual([
      `CA file open/secret, because of open/secret (mode 0600, owner ${OWNER}): run: chgrp 64102 open/secret && chmod g+r open/secret`,
      `socket open/file, because of open/file (mode 0644, owner ${OWNER}): let that account write to the socket`,
      `key file open/team, because of open/team (mode 0640, owner ${OWNER}): run: chgrp 64102 open/team && chmod g+r open/team`,
      `LDIF file closed/file, because of closed (mode 0700, owner ${OWNER}): put the file elsewhere, or run: chmod o+x closed`,
    ])
  })

  test('that it can use are not', () => {
    expect(warnings(US)).toEqual([])
  })
})
