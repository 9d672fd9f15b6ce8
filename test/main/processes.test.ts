import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs'
import { getPriority } from 'node:os'
import { describe, expect, test } from 'vitest'
import type { Status } from '../../src/messages/control.ts'
import { usePeer } from '../directory/peer-scripts.ts'
import { ask, status } from '../support/fault-daemon.ts'
import { untilLogged } from '../support/lab-log.ts'
import type { LabProcess } from '../support/lab-process.ts'
import { waitUntil } from '../support/lab-wait.ts'
import { bindDone, searchDone } from '../support/ldap-peer.ts'
import { openToTheNetwork, socketsOf } from '../support/proc.ts'
import { exampleLdif, nowhere, places, serve, serving, write } from './command.ts'

// What each process may do and what it knows, as the kernel tells it. Only root's daemon has accounts to give away.

const isRoot = process.getuid?.() === 0

type Role = Status['processes'][number]['role']
const ROLES = ['supervisor', 'directory', 'server'] as const

/** Those that serving() gives the children when root starts them. */
const ACCOUNTS = { server: 'nobody', directory: 'daemon' } as const

interface Ids {
  readonly uid: number
  readonly gid: number
}

function idsOf(account: string): Ids {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${account}:`))
  const [, , uid, gid] = line!.split(':').map(Number)
  return { uid: uid!, gid: gid! }
}

/** A daemon with its maps, and its processes by role. */
async function daemon(
  ...global: readonly string[]
): Promise<{ ypldap: LabProcess; pids: Record<Role, number> }> {
  const ypldap = await serve(serving(exampleLdif(), ...global))
  await untilLogged(ypldap, 'published')
  return { ypldap, pids: await pidsNow() }
}

async function pidsNow(): Promise<Record<Role, number>> {
  const { processes } = await status(nowhere('control.sock'))
  return Object.fromEntries(processes.map(({ role, pid }) => [role, pid])) as Record<Role, number>
}

const field = (pid: number, name: string): readonly number[] => {
  const line = readFileSync(`/proc/${pid}/status`, 'latin1')
    .split('\n')
    .find((one) => one.startsWith(`${name}:`))
  return line!.split(/\s+/).slice(1).filter(Boolean).map(Number)
}

/** Of each of its threads. */
function nicenessOf(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1')
    // The 19th field; the second one, in brackets, may hold spaces.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
  })
}

/** Whether the bytes are anywhere in what the process may write to. */
function remembers(pid: number, bytes: Buffer): boolean {
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')) {
      const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? []
      if (
        from !== undefined &&
        to !== undefined &&
        holds(memory, BigInt(`0x${from}`), BigInt(`0x${to}`), bytes)
      ) {
        return true
      }
    }
    return false
  } finally {
    closeSync(memory)
  }
}

function holds(memory: number, from: bigint, to: bigint, bytes: Buffer): boolean {
  const slice = Buffer.alloc(1 << 20)
  for (let at = from; at < to; at += BigInt(slice.length - bytes.length)) {
    let got = 0
    try {
      got = readSync(memory, slice, 0, Math.min(slice.length, Number(to - at)), at)
    } catch {
      // Set aside and never used.
    }
    if (slice.subarray(0, got).includes(bytes)) return true
  }
  return false
}

/** What becomes of these statements of JavaScript in a process with that account: `done`, or the error's code. */
function tried(ids: Ids, statements: string): string {
  const script = `try { ${statements}; console.log('done') } catch (error) { console.log(error.code) }`
  const { stdout } = spawnSync(process.execPath, ['-e', script], {
    ...ids,
    cwd: '/',
    env: {},
    encoding: 'utf8',
  })
  return stdout.trim()
}

describe('three processes', () => {
  test('are named after what they do', async () => {
    const { pids } = await daemon()
    const names = ROLES.map((role) => readFileSync(`/proc/${pids[role]}/cmdline`, 'latin1').split('\0')[0])
    expect(names).toEqual([expect.stringMatching(/^ypldap -d -f /), 'ypldap: directory', 'ypldap: server'])
  })

  test.runIf(isRoot)(
    'run under three accounts, the two that meet others with no group and no right more',
    async () => {
      const { pids } = await daemon()
      expect(field(pids.supervisor, 'Uid')).toEqual([0, 0, 0, 0])
      for (const role of ['directory', 'server'] as const) {
        const { uid, gid } = idsOf(ACCOUNTS[role])
        expect(field(pids[role], 'Uid')).toEqual([uid, uid, uid, uid])
        expect(field(pids[role], 'Gid')).toEqual([gid, gid, gid, gid])
        expect(field(pids[role], 'Groups').filter((group) => group !== gid)).toEqual([])
        expect(field(pids[role], 'CapEff')).toEqual([0])
        expect(field(pids[role], 'CapPrm')).toEqual([0])
      }
    },
  )

  test('of which the children have an empty environment and no folder but the root', async () => {
    const { pids } = await daemon()
    expect(readFileSync(`/proc/${pids.supervisor}/environ`, 'latin1')).not.toBe('')
    for (const role of ['directory', 'server'] as const) {
      expect(readFileSync(`/proc/${pids[role]}/environ`, 'latin1')).toBe('')
      expect(readlinkSync(`/proc/${pids[role]}/cwd`)).toBe('/')
    }
  })

  test.runIf(existsSync('/proc/self/task'))(
    'of which the directory process stands back with all its threads, those of its work too',
    async () => {
      const { pids } = await daemon()
      const ours = getPriority()
      for (const role of ['supervisor', 'server'] as const) {
        expect(new Set(nicenessOf(pids[role]))).toEqual(new Set([ours]))
      }
      expect(new Set(nicenessOf(pids.directory))).toEqual(new Set([Math.max(ours, 10)]))
    },
  )
})

describe('sockets', () => {
  test('are the same ones in the supervisor and in the server process, and outlive it', async () => {
    const { pids } = await daemon()
    const open = openToTheNetwork(pids.server)
    expect(open).toHaveLength(4)
    expect(openToTheNetwork(pids.supervisor)).toEqual(open)
    process.kill(pids.server, 'SIGKILL')
    await waitUntil('another one serves', async () => {
      const now = await status(nowhere('control.sock'))
      const server = now.processes.find(({ role }) => role === 'server')!
      return server.restarts === 1 && server.pid !== 0 && now.domains[0]!.image !== null
    })
    expect(openToTheNetwork((await pidsNow()).server)).toEqual(open)
  })

  test('of the directory process are its channel and nothing that anybody could reach', async () => {
    const { pids } = await daemon()
    expect(openToTheNetwork(pids.directory)).toEqual([])
    expect(socketsOf(pids.directory)).toHaveLength(1)
  })

  test('but those and its channel the server process has none', async () => {
    const { pids } = await daemon()
    expect(socketsOf(pids.server)).toHaveLength(5)
  })
})

describe.runIf(isRoot)('the password of binddn', () => {
  const SECRET = `Kept-${Math.random().toString(36).slice(2)}-apart`

  test('is in the memory of the directory process, and in that of the server process never', async () => {
    const peer = await usePeer(async (client) => {
      const { id } = await client.next()
      client.send(bindDone(id))
      client.send(searchDone((await client.next()).id, 0))
      client.send(searchDone((await client.next()).id, 0))
      await client.next()
    })
    const file = write(
      'ypldap.conf',
      [
        'domain "example.com"',
        'bind local',
        ...places(),
        `directory "127.0.0.1" port ${peer.port} {`,
        '  basedn "dc=example,dc=com"',
        '  binddn "cn=ypldap,dc=example,dc=com"',
        `  bindcred "${SECRET}"`,
        '}',
        '',
      ].join('\n'),
    )
    const ypldap = await serve(file)
    await untilLogged(ypldap, 'update-trashed')
    const pids = await pidsNow()
    const secret = Buffer.from(SECRET)
    expect(remembers(pids.directory, secret)).toBe(true)
    expect(remembers(pids.server, secret)).toBe(false)
    // Also not after a reload, when settings have been told again.
    await ask(nowhere('control.sock'), { kind: 'reload' })
    expect(remembers(pids.server, secret)).toBe(false)
  })
})

describe.runIf(isRoot)('whoever took over the server process', () => {
  const server = idsOf(ACCOUNTS.server)

  test('could change no map, and read neither the configuration nor the rows', async () => {
    const second = write('second.ldif', readFileSync(exampleLdif(), 'utf8'), 0o644)
    const { pids } = await daemon(`directory file "${second}" { basedn "dc=example,dc=com" }`)
    const state = nowhere('state')
    const image = `${state}/example.com.image`
    expect(tried(server, `require('fs').readFileSync('${image}')`)).toBe('done')
    expect(tried(server, `require('fs').openSync('${image}', 'r+')`)).toBe('EACCES')
    expect(tried(server, `require('fs').writeFileSync('${state}/other.image', '')`)).toBe('EACCES')
    expect(tried(server, `require('fs').unlinkSync('${image}')`)).toBe('EACCES')
    expect(tried(server, `require('fs').readFileSync('${nowhere('ypldap.conf')}')`)).toBe('EACCES')
    const rows = readdirSync(state).filter((name) => name.endsWith('.rows'))
    expect(rows).toHaveLength(2)
    for (const name of rows)
      expect(tried(server, `require('fs').readFileSync('${state}/${name}')`)).toBe('EACCES')
    for (const pid of [pids.supervisor, pids.directory]) {
      expect(tried(server, `process.kill(${pid}, 'SIGTERM')`)).toBe('EPERM')
      expect(tried(server, `require('fs').openSync('/proc/${pid}/mem', 'r')`)).toBe('EACCES')
    }
  })

  test('could not ask the daemon for anything', async () => {
    await daemon()
    const connect = `require('net').connect('${nowhere('control.sock')}')`
    const script = `${connect}.on('connect', () => console.log('in')).on('error', (error) => console.log(error.code))`
    const { stdout } = spawnSync(process.execPath, ['-e', script], {
      ...server,
      cwd: '/',
      env: {},
      encoding: 'utf8',
    })
    expect(stdout.trim()).toBe('EACCES')
  })
})

describe.runIf(isRoot)('whoever took over the directory process', () => {
  const directory = idsOf(ACCOUNTS.directory)

  test('could neither read the configuration, nor touch the other processes, nor ask the daemon', async () => {
    const { pids } = await daemon()
    expect(tried(directory, `require('fs').readFileSync('${nowhere('ypldap.conf')}')`)).toBe('EACCES')
    for (const pid of [pids.supervisor, pids.server]) {
      expect(tried(directory, `process.kill(${pid}, 'SIGTERM')`)).toBe('EPERM')
      expect(tried(directory, `require('fs').openSync('/proc/${pid}/mem', 'r')`)).toBe('EACCES')
    }
    const script = `require('net').connect('${nowhere('control.sock')}').on('error', (error) => console.log(error.code))`
    const { stdout } = spawnSync(process.execPath, ['-e', script], {
      ...directory,
      cwd: '/',
      env: {},
      encoding: 'utf8',
    })
    expect(stdout.trim()).toBe('EACCES')
  })
})
