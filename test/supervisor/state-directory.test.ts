import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { prepareStateDirectory, stateDirectoryOf } from '../../src/supervisor/state-directory.ts'

const ACCOUNTS = {
  server: { name: '_server', uid: 64_201, gid: 64_211 },
  directory: { name: '_directory', uid: 64_202, gid: 64_212 },
}
const OTHER = 64_203
const ELSE = "or name another with 'state directory'"

let top = ''
let path = ''

beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'ypldap-state-')))
  chmodSync(top, 0o755)
  path = join(top, 'state')
})

afterEach(() => rmSync(top, { recursive: true }))

function place(mode: number, uid = process.getuid!(), gid = process.getgid!()): void {
  mkdirSync(path)
  chownSync(path, uid, gid)
  chmodSync(path, mode)
}

function found(of = path): string {
  const { mode, uid, gid } = statSync(of)
  return `${(mode & 0o7777).toString(8)} ${uid} ${gid}`
}

/** Why the directory is refused, with its own name as STATE. */
function refusal(accounts: typeof ACCOUNTS | undefined): string | undefined {
  try {
    prepareStateDirectory(path, accounts, {})
  } catch (error) {
    expect(error).toMatchObject({ name: 'StartError', code: 'state-directory-unusable' })
    return (error as Error).message.replaceAll(path, 'STATE').replaceAll(top, 'TOP')
  }
  return undefined
}

describe('the usual place', () => {
  test.each([
    ['/srv/x', true, {}, '/srv/x'],
    [undefined, true, { HOME: '/root', XDG_STATE_HOME: '/x' }, '/var/lib/ypldap'],
    [undefined, false, { HOME: '/home/ada', XDG_STATE_HOME: '/x' }, '/x/ypldap'],
    [undefined, false, { HOME: '/home/ada', XDG_STATE_HOME: 'x' }, '/home/ada/.local/state/ypldap'],
    [undefined, false, { HOME: '/home/ada', XDG_STATE_HOME: '' }, '/home/ada/.local/state/ypldap'],
  ])('%s, for root: %s, with %j: %s', (configured, root, env, expected) => {
    expect(stateDirectoryOf(configured, root, env)).toBe(expected)
  })

  test('is nowhere for who has no home', () => {
    expect(() => stateDirectoryOf(undefined, false, { HOME: '' })).toThrow(
      "there is no state directory, for neither XDG_STATE_HOME nor HOME says where: name one with 'state directory'",
    )
  })

  test('is made with all that is above it', () => {
    const env = { HOME: join(top, 'home') }
    path = stateDirectoryOf(undefined, false, env)
    prepareStateDirectory(path, undefined, env)
    expect(found()).toMatch(/^700 /)
    expect(found(dirname(path))).toMatch(/^700 /)
  })
})

const us = `${process.getuid!()} ${process.getgid!()}`

describe('started by who has one account', () => {
  test('the directory is made, for that account alone', () => {
    expect(refusal(undefined)).toBeUndefined()
    expect(found()).toBe(`700 ${us}`)
  })

  test.each([0o700, 0o750, 0o2770, 0o755])('one of mode %o is taken as it is', (mode) => {
    place(mode)
    writeFileSync(join(path, 'example.com.image'), '')
    expect(refusal(undefined)).toBeUndefined()
    expect(found()).toBe(`${mode.toString(8)} ${us}`)
  })

  test('one that others may write is refused', () => {
    place(0o777)
    expect(refusal(undefined)).toBe(
      `the state directory STATE can't be used: others may write there; run: chmod o-w STATE; ${ELSE}`,
    )
  })

  test('no directory above it is made', () => {
    path = join(top, 'no/state')
    expect(refusal(undefined)).toBe(
      `the state directory STATE can't be used: there is no TOP/no to make it in; make that first, ${ELSE}`,
    )
  })

  test('a file is none', () => {
    writeFileSync(path, '')
    expect(refusal(undefined)).toBe(
      `the state directory STATE can't be used: it is no directory; mend that, ${ELSE}`,
    )
  })

  test.skipIf(process.getuid!() === 0)('one that it may not write is refused', () => {
    place(0o500)
    expect(refusal(undefined)).toMatch(/EACCES/)
  })

  test.skipIf(process.getuid!() !== 0)("one of another's is refused", () => {
    place(0o700, OTHER)
    expect(refusal(undefined)).toBe(
      `the state directory STATE can't be used: it belongs to uid 64203, and we are 0; mend that, ${ELSE}`,
    )
  })
})

const SHARED = '2750 64202 64211'

// Only root can give a directory to two other accounts.
describe.skipIf(process.getuid!() !== 0)('started by root', () => {
  test('the directory is made: the one account writes, the group of the other reads', () => {
    expect(refusal(ACCOUNTS)).toBeUndefined()
    expect(found()).toBe(SHARED)
  })

  test('what is right stays, with what is in it', () => {
    expect(refusal(ACCOUNTS)).toBeUndefined()
    writeFileSync(join(path, 'example.com.image'), '')
    const before = statSync(path).ctimeMs
    expect(refusal(ACCOUNTS)).toBeUndefined()
    expect(statSync(path).ctimeMs).toBe(before)
  })

  test.each([
    ["root's, empty", 0o755, 0, 0],
    ["the directory account's, open to its group", 0o770, 64_202, 64_212],
    ['of another server account', 0o2750, 64_202, 64_299],
  ])('one that is %s is put right', (_, mode, uid, gid) => {
    place(mode, uid, gid)
    expect(refusal(ACCOUNTS)).toBeUndefined()
    expect(found()).toBe(SHARED)
  })

  test('the top of a file system of its own is as good as empty', () => {
    place(0o755)
    mkdirSync(join(path, 'lost+found'))
    expect(refusal(ACCOUNTS)).toBeUndefined()
  })

  test('one of root with something in it stays as it is: that it was named may be a mistake', () => {
    place(0o755)
    writeFileSync(join(path, 'hosts'), '')
    expect(refusal(ACCOUNTS)).toBe(
      `the state directory STATE can't be used: it belongs to root and is not empty, expected _directory; run: chown -R _directory STATE; ${ELSE}`,
    )
    expect(found()).toBe('755 0 0')
  })

  test.each([OTHER, ACCOUNTS.server.uid])('one of uid %i stays as it is', (uid) => {
    place(0o700, uid)
    expect(refusal(ACCOUNTS)).toBe(
      `the state directory STATE can't be used: it belongs to uid ${uid}, expected _directory; run: chown -R _directory STATE; ${ELSE}`,
    )
    expect(found()).toBe(`700 ${uid} 0`)
  })

  test('one that others may write stays as it is', () => {
    place(0o1777)
    expect(refusal(ACCOUNTS)).toMatch(/others may write there/)
    expect(found()).toBe('1777 0 0')
  })

  test('a file is none', () => {
    writeFileSync(path, '')
    expect(refusal(ACCOUNTS)).toMatch(/it is no directory/)
  })

  test('both accounts must be able to get there', () => {
    chmodSync(top, 0o700)
    expect(refusal(ACCOUNTS)).toBe(
      `the state directory STATE can't be used: _server can't reach it through TOP (mode 0700, owner root); run: chmod o+x TOP; ${ELSE}`,
    )
    chownSync(top, 0, ACCOUNTS.server.gid)
    chmodSync(top, 0o750)
    expect(refusal(ACCOUNTS)).toMatch(/_directory can't reach it through TOP \(mode 0750/)
  })

  test.each([
    ['others may write', 0o777, 0],
    ['another owns', 0o755, OTHER],
    ['the directory account owns', 0o755, ACCOUNTS.directory.uid],
  ])('what is above it must be safe: not a directory that %s', (_, mode, uid) => {
    chmodSync(top, mode)
    chownSync(top, uid, 0)
    expect(refusal(ACCOUNTS)).toMatch(/others than root can put something else in its place: TOP \(mode/)
  })

  test("a link of root's is followed, and another's is not", () => {
    mkdirSync(join(top, 'real'))
    symlinkSync('real', path)
    expect(refusal(ACCOUNTS)).toBeUndefined()
    expect(found(join(top, 'real'))).toBe(SHARED)
    lchownSync(path, OTHER, 0)
    expect(refusal(ACCOUNTS)).toMatch(/put something else in its place: STATE \(mode 0777, owner uid 64203\)/)
  })
})
