import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { status } from '../support/fault-daemon.ts'
import {
  controlSocketOf,
  EXAMPLE_SUFFIX,
  failYpldap,
  LAB_DOMAIN,
  type LabProcess,
  logged,
  type Result,
  run,
  runOrFail,
  startProcess,
  startRpcbind,
  startYpldap,
  untilLogged,
  type Ypldap,
} from '../support/lab.ts'

// A host without rpcbind, where ypldap is the port mapper, and a client of it: another network at the end of a cable,
// with a /run, an yp.conf, an rpcbind and a ypbind of its own.

const ROOT = join(import.meta.dirname, '../..')
const SERVER = '198.18.1.1'
const SERVER6 = 'fd00:0:0:1::1'
const CLIENT = '198.18.1.2'
const PORT = 834

const OWN_FOLDERS = [
  'mount -n -t tmpfs -o mode=755 tmpfs /run',
  'mkdir -m 755 /run/rpcbind',
  'chown _rpc /run/rpcbind',
  'mount -t tmpfs -o mode=755 tmpfs /var/yp',
  'mkdir /var/yp/binding',
  ': >/var/yp/yp.conf',
  'mount --bind /var/yp/yp.conf /etc/yp.conf',
  'echo there',
  'exec sleep infinity',
].join(' && ')

let inside: readonly string[]
const ip = async (...args: readonly string[]) => await runOrFail('ip', args)
const there = (command: string, ...args: readonly string[]): Promise<Result> =>
  run('nsenter', [...inside, command, ...args])

beforeAll(async () => {
  const client = await startProcess('unshare', ['--net', '--mount', 'sh', '-c', OWN_FOLDERS], {
    ready: (output) => output.includes('there'),
  })
  const pid = String(client.pid)
  inside = ['-t', pid, '-n', '-m']
  const ipThere = async (...args: readonly string[]) => await runOrFail('nsenter', [...inside, 'ip', ...args])
  await ip('link', 'add', 'cable', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pid)
  await ip('address', 'add', `${SERVER}/24`, 'brd', '+', 'dev', 'cable')
  await ip('-6', 'address', 'add', `${SERVER6}/64`, 'dev', 'cable', 'nodad')
  await ip('link', 'set', 'cable', 'up')
  await ipThere('address', 'add', `${CLIENT}/24`, 'brd', '+', 'dev', 'eth0')
  await ipThere('-6', 'address', 'add', 'fd00:0:0:1::2/64', 'dev', 'eth0', 'nodad')
  await ipThere('link', 'set', 'eth0', 'up')
  await ipThere('link', 'set', 'lo', 'up')
  const rpcbind = await startProcess('nsenter', [...inside, 'rpcbind', '-f'], {
    ready: async () => (await there('rpcinfo', '-p')).status === 0,
  })
  return async () => {
    await rpcbind.stop()
    await client.stop('SIGKILL')
  }
})

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

const conf = (...global: readonly string[]) =>
  [
    `domain "${LAB_DOMAIN}"`,
    `listen port ${PORT}`,
    ...global,
    `directory file "${ROOT}/etc/example.ldif" { basedn "${EXAMPLE_SUFFIX}" }`,
    '',
  ].join('\n')

const ADMITTED = ['allow from 198.18.1.0/24', 'allow from fd00:0:0:1::/64']

async function start(...global: readonly string[]): Promise<Ypldap> {
  const ypldap = await startYpldap(conf(...global))
  await untilLogged(ypldap, 'published')
  return ypldap
}

async function serve(...global: readonly string[]): Promise<Ypldap> {
  const ypldap = await start(...global)
  ending.unshift(() => ypldap.stop())
  return ypldap
}

async function startYpbind(line: string): Promise<LabProcess> {
  const conf = `domain ${LAB_DOMAIN} ${line}\n`
  await runOrFail('nsenter', [...inside, 'sh', '-c', 'cat >/etc/yp.conf'], { input: conf })
  const ypbind = await startProcess('nsenter', [...inside, 'ypbind', '-foreground'], {
    ready: async () => (await there('ypwhich')).status === 0,
    timeout: 30_000,
  })
  ending.unshift(() => ypbind.stop())
  return ypbind
}

const ALICE = /^alice:/m

/** What rpcinfo shows, line by line, without its heading and with single blanks. */
const rowsOf = ({ stdout }: Result) =>
  stdout
    .split('\n')
    .slice(1)
    .map((line) => line.trim().replaceAll(/\s+/g, ' '))
    .filter((line) => line !== '')

describe('a host without rpcbind', () => {
  let ypldap: Ypldap
  beforeAll(async () => {
    ypldap = await start('portmapper embedded', ...ADMITTED)
    return async () => {
      await ypldap.stop()
    }
  })

  test('tells rpcinfo -p of itself and of YP, and of nothing else', async () => {
    const shown = rowsOf(await there('rpcinfo', '-p', SERVER))
    expect(shown.toSorted()).toEqual(
      [
        ...[2, 3, 4].flatMap((version) => [
          `100000 ${version} udp 111 portmapper`,
          `100000 ${version} tcp 111 portmapper`,
        ]),
        `100004 2 udp ${PORT} ypserv`,
        `100004 2 tcp ${PORT} ypserv`,
      ].toSorted(),
    )
  })

  test('tells rpcinfo -s and rpcinfo HOST of all four transports', async () => {
    const short = rowsOf(await there('rpcinfo', '-s', SERVER))
    expect(short).toEqual([
      expect.stringMatching(/^100000 2,3,4 \S*udp\S* portmapper ypldap$/),
      expect.stringMatching(/^100004 2 \S*udp\S* ypserv ypldap$/),
    ])
    expect(short[1]!.split(' ')[2]!.split(',').toSorted()).toEqual(['tcp', 'tcp6', 'udp', 'udp6'])
    const whole = rowsOf(await there('rpcinfo', SERVER))
    expect(whole).toContain(`100004 2 udp 0.0.0.0.3.66 ypserv ypldap`)
    expect(whole).toContain(`100004 2 tcp6 ::.3.66 ypserv ypldap`)
  })

  test.each([
    ['udp', SERVER],
    ['tcp', SERVER],
    ['udp6', SERVER6],
    ['tcp6', SERVER6],
  ])('leads rpcinfo to YP over %s', async (netid, host) => {
    const { stdout, stderr } = await there('rpcinfo', '-T', netid, host, '100004')
    expect(`${stdout}${stderr}`).toContain('program 100004 version 2 ready and waiting')
  })

  test('has ypbind bind to it by its name, and ypcat and ypwhich find what it serves', async () => {
    await startYpbind(`server ${SERVER}`)
    expect(await there('ypwhich')).toMatchObject({ status: 0, stdout: `${SERVER}\n` })
    expect((await there('ypcat', 'passwd.byname')).stdout).toMatch(ALICE)
    expect((await there('ypmatch', 'alice', 'passwd.byname')).stdout).toMatch(ALICE)
    expect(logged(ypldap.output(), 'stranger')).toEqual([])
  })

  test('lets nobody register', async () => {
    expect((await run('rpcinfo', ['-d', '100004', '2'])).status).not.toBe(0)
    expect(rowsOf(await run('rpcinfo', ['-p', '127.0.0.1']))).toContain(`100004 2 udp ${PORT} ypserv`)
  })
})

describe('a host without rpcbind, by its configuration', () => {
  test('has ypbind find it by a broadcast when it was asked to', async () => {
    await serve('portmapper embedded broadcast', ...ADMITTED)
    await startYpbind('broadcast')
    expect(await there('ypwhich')).toMatchObject({ status: 0, stdout: `${SERVER}\n` })
    expect((await there('ypcat', 'passwd.byname')).stdout).toMatch(ALICE)
  })

  test('is silent to hosts that no rule admits', async () => {
    const ypldap = await serve('portmapper embedded broadcast')
    expect((await there('timeout', '-s', 'KILL', '2', 'rpcinfo', '-p', SERVER)).status).not.toBe(0)
    expect(
      (await there('timeout', '-s', 'KILL', '2', 'rpcinfo', '-T', 'udp', SERVER, '100004', '2')).status,
    ).not.toBe(0)
    await untilLogged(ypldap, 'stranger')
    expect(logged(ypldap.output(), 'stranger').length).toBeGreaterThan(0)
    expect((await run('rpcinfo', ['-p', '127.0.0.1'])).status).toBe(0)
  })

  test('stays on loopback with "bind local"', async () => {
    const ypldap = await serve('portmapper embedded', 'bind local', ...ADMITTED)
    expect((await there('timeout', '-s', 'KILL', '2', 'rpcinfo', '-p', SERVER)).status).not.toBe(0)
    expect((await run('rpcinfo', ['-T', 'udp', '127.0.0.1', '100004', '2'])).status).toBe(0)
    const { portmapper, endpoints } = await status(controlSocketOf(ypldap.file))
    expect(portmapper?.endpoints.map(({ address }) => address)).toEqual([
      '127.0.0.1',
      '127.0.0.1',
      '::1',
      '::1',
    ])
    expect(endpoints.every(({ registered }) => registered)).toBe(true)
  })
})

describe('beside a real rpcbind', () => {
  test('does not start, and says what to do', async () => {
    const rpcbind = await startRpcbind()
    ending.unshift(() => rpcbind.stop())
    const { status: code, stderr } = await failYpldap(conf('portmapper embedded'))
    expect(code).toBe(1)
    expect(stderr).toMatch(/port mapper already.*rpcbind \(pid \d+\).*systemctl mask.*\[rpcbind-there\]/)
    expect((await run('rpcinfo', ['-p', '127.0.0.1'])).stdout).not.toContain('100004')
  })

  test('a reload that turns it on is refused, and the registration stays', async () => {
    const rpcbind = await startRpcbind()
    ending.unshift(() => rpcbind.stop())
    const ypldap = await serve()
    writeFileSync(ypldap.file, confOf(ypldap, 'portmapper embedded'))
    const { status: code, stdout, stderr } = await ypldap.ctl('reload')
    expect(code).not.toBe(0)
    expect(`${stdout}${stderr}`).toContain('port mapper already')
    expect((await run('rpcinfo', ['-p', '127.0.0.1'])).stdout).toContain(`${PORT}  ypserv`)
  })
})

/** The daemon's places, which the lab put before the text, with another text. */
function confOf({ file }: Ypldap, ...global: readonly string[]): string {
  const folder = join(file, '..')
  return `state directory "${folder}/state"\ncontrol socket "${folder}/control.sock"\n${conf(...global)}`
}

describe('a reload', () => {
  test('turns it on and off again, and the sockets of YP stay as they are', async () => {
    const ypldap = await serve('bind local')
    const yp = async () =>
      (await status(controlSocketOf(ypldap.file))).endpoints.map(({ netid, address, port }) => [
        netid,
        address,
        port,
      ])
    const before = await yp()

    writeFileSync(ypldap.file, confOf(ypldap, 'bind local', 'portmapper embedded'))
    expect((await ypldap.ctl('reload')).status).toBe(0)
    expect((await run('rpcinfo', ['-T', 'tcp', '127.0.0.1', '100004', '2'])).status).toBe(0)
    expect((await ypldap.ctl('status')).stdout).toMatch(/127\.0\.0\.1 port 111 +port mapper\n/)
    expect(await yp()).toEqual(before)

    writeFileSync(ypldap.file, confOf(ypldap, 'bind local'))
    expect((await ypldap.ctl('reload')).status).toBe(0)
    expect((await run('rpcinfo', ['-p', '127.0.0.1'])).status).not.toBe(0)
    expect(await yp()).toEqual(before)
    expect((await status(controlSocketOf(ypldap.file))).portmapper).toBeNull()
  })

  test('that turns it off leaves the port to rpcbind, and registers as soon as that is there', async () => {
    const ypldap = await serve('portmapper embedded')
    writeFileSync(ypldap.file, confOf(ypldap))
    expect((await ypldap.ctl('reload')).status).toBe(0)
    const rpcbind = await startRpcbind()
    ending.unshift(() => rpcbind.stop())
    await untilLogged(ypldap, 'registered')
    expect((await run('rpcinfo', ['-p', '127.0.0.1'])).stdout).toContain(`${PORT}  ypserv`)
  })
})
