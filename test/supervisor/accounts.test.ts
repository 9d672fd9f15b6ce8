import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { StartError } from '../../src/start-error.ts'
import {
  findAccounts,
  findGroup,
  findStatusAccount,
  parseGroup,
  parsePasswd,
} from '../../src/supervisor/accounts.ts'

const PASSWD = `root:x:0:0:root:/root:/bin/bash
# daemon:x:9:9::/:
+::::::
_ypldap:x:998:997:ypldap server:/:/usr/sbin/nologin
_ypldap_dir:x:996:995::/:/usr/sbin/nologin
twin:x:998:1000::/:/bin/sh
996:x:1001:1001::/:/bin/sh
toor:x:1002:0::/:/bin/sh
zero:x:0:1003::/:/bin/sh
bad:x:-1:5::/:/bin/sh
none:x:4294967295:5::/:/bin/sh
short:x:5
`

describe('an account in passwd(5)', () => {
  test.each([
    ['_ypldap', { name: '_ypldap', uid: 998, gid: 997 }],
    ['998', { name: '_ypldap', uid: 998, gid: 997 }],
    ['996', { name: '996', uid: 1001, gid: 1001 }],
    ['1002', { name: 'toor', uid: 1002, gid: 0 }],
  ])('%s is found by its name, or else by its number', (name, account) => {
    expect(parsePasswd(PASSWD, name)).toEqual(account)
  })

  test.each(['daemon', '# daemon', 'ypldap', '_YPLDAP', '9', '', 'bad', 'none', 'short', '12345'])(
    '%j is none',
    (name) => {
      expect(parsePasswd(PASSWD, name)).toBeUndefined()
    },
  )
})

test('a group in group(5) is found by its name, or else by its number', () => {
  const text = 'root:x:0:\nadm:x:4:syslog,ada\n7:x:8:\nbad:x:x:\nend:x:7:'
  const found = ['root', 'adm', '4', '7', 'end', 'bad', 'ada', ''].map((name) => parseGroup(text, name))
  expect(found).toEqual([0, 4, 4, 8, 7, undefined, undefined, undefined])
})

function accountsOf(server: string, directory: string) {
  return findAccounts({ accounts: { server, directory } }, 0, () => PASSWD)
}

/** Why the start ends. */
function refusalOf(server: string, directory: string): string {
  try {
    accountsOf(server, directory)
  } catch (error) {
    if (error instanceof StartError) return `${error.code}: ${error.message}`
    throw error
  }
  return 'none'
}

describe('the accounts of the processes', () => {
  test('are looked up when root starts', () => {
    expect(accountsOf('_ypldap', '_ypldap_dir')).toEqual({
      server: { name: '_ypldap', uid: 998, gid: 997 },
      directory: { name: '_ypldap_dir', uid: 996, gid: 995 },
    })
  })

  test('are none for anyone else, who is not even asked to have them', () => {
    expect(findAccounts({ accounts: { server: 'a', directory: 'b' } }, 1000, () => '')).toBeUndefined()
  })

  test.each([
    [
      '_ypldap',
      'nis',
      "account-missing: there is no account nis for the directory process: make it with useradd --system --user-group --shell /usr/sbin/nologin nis, or name another with 'directory user'",
    ],
    [
      'twin',
      '_ypldap',
      "account-shared: twin and _ypldap are one account, uid 998: who took over the server process could read the passwords of the directory process; name two with 'user' and 'directory user'",
    ],
    [
      'zero',
      '_ypldap',
      "account-is-root: zero, with uid 0 and gid 1003, has too many rights for the server process: name another account with 'user'",
    ],
    [
      '_ypldap',
      'toor',
      "account-is-root: toor, with uid 1002 and gid 0, has too many rights for the directory process: name another account with 'directory user'",
    ],
  ])('%s and %s are refused', (server, directory, refusal) => {
    expect(refusalOf(server, directory)).toBe(refusal)
  })

  test('the usual ones, when missing, are made with the file of the package', () => {
    expect(() => findAccounts({ accounts: { server: '_ypldap', directory: 'x' } }, 0, () => '')).toThrow(
      "no account _ypldap for the server process: make it with systemd-sysusers etc/sysusers.d/ypldap.conf, or useradd --system --user-group --shell /usr/sbin/nologin _ypldap, or name another with 'user'",
    )
  })
})

function statusAccountOf(user: string) {
  return findStatusAccount({ listen: [], user }, accountsOf('_ypldap', '_ypldap_dir')!, () => PASSWD)
}

describe('the account of who answers HTTP', () => {
  test('is one that no other process of ours has', () => {
    expect(statusAccountOf('996')).toEqual({ name: '996', uid: 1001, gid: 1001 })
    expect(() => statusAccountOf('twin')).toThrow(
      'twin and _ypldap are one account, uid 998: who took over the status process, which answers HTTP, could end the other',
    )
    expect(() => statusAccountOf('_ypldap_dir')).toThrow(
      '_ypldap_dir and _ypldap_dir are one account, uid 996',
    )
  })

  test('is not root, nor missing', () => {
    expect(() => statusAccountOf('zero')).toThrow(
      "has too many rights for the status process: name another account with 'metrics user'",
    )
    expect(() => statusAccountOf('nobody-here')).toThrow('no account nobody-here for the status process')
  })
})

describe('on this host', () => {
  test('accounts and groups of /etc are found', () => {
    const [, uid, gid] = /^daemon:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8')) ?? []
    const accounts = { server: uid!, directory: 'nobody' }
    expect(findAccounts({ accounts }, 0)?.server).toEqual({
      name: 'daemon',
      uid: Number(uid),
      gid: Number(gid),
    })
    expect(findGroup('daemon')).toBe(Number(gid))
  })

  test('a group that is missing ends the start', () => {
    expect(() => findGroup('no-such-group')).toThrow(
      "there is no group no-such-group for the control socket: make it with groupadd, or name another with 'control socket'",
    )
  })
})

const file = (path: string) => new URL(`../../${path}`, import.meta.url).pathname
const tools = spawnSync('systemd-sysusers', ['--version']).error === undefined

describe('the files for systemd', () => {
  test('make the accounts, and the directory for their maps', ({ skip }) => {
    if (!tools || process.getuid?.() !== 0) skip('needs systemd-sysusers, and root')
    const root = mkdtempSync(join(tmpdir(), 'ypldap-root-'))
    onTestFinished(() => rmSync(root, { recursive: true }))
    mkdirSync(join(root, 'etc'))
    for (const name of ['passwd', 'group']) writeFileSync(join(root, 'etc', name), '')
    const run = (tool: string, ...args: string[]) => {
      const { status, stderr } = spawnSync(tool, [`--root=${root}`, ...args], { encoding: 'utf8' })
      expect({ tool, status, stderr: status === 0 ? '' : stderr }).toEqual({ tool, status: 0, stderr: '' })
    }
    run('systemd-sysusers', file('etc/sysusers.d/ypldap.conf'))
    const passwd = readFileSync(join(root, 'etc/passwd'), 'utf8')
    const accounts = findAccounts(
      { accounts: { server: '_ypldap', directory: '_ypldap_dir' } },
      0,
      () => passwd,
    )
    expect(accounts?.server.gid).not.toBe(accounts?.directory.gid)
    const status = findStatusAccount({ listen: [], user: '_ypldap_stat' }, accounts!, () => passwd)
    expect([accounts?.server.gid, accounts?.directory.gid]).not.toContain(status.gid)
    run('systemd-tmpfiles', '--create', file('etc/tmpfiles.d/ypldap.conf'))
    const { stdout } = spawnSync('stat', ['-c', '%a %u %g', join(root, 'var/lib/ypldap')], {
      encoding: 'utf8',
    })
    expect(stdout).toBe(`2750 ${accounts?.directory.uid} ${accounts?.server.gid}\n`)
  })
})
