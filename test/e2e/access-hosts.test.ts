import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  EXAMPLE_SUFFIX,
  LAB_DOMAIN,
  type LabProcess,
  labFolder,
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

// Who gets an answer, judged by hosts of their own: each is a network namespace at the end of a cable.

const ROOT = join(import.meta.dirname, '../..')
const PORT = 834

interface Host {
  /** of this end of the cable, where the server is */
  readonly server: string
  readonly server6: string
  readonly address: string
  readonly address6: string
  /** a command on that host, by root or by who has no reserved ports */
  readonly run: (user: 'root' | 'nobody', command: string, ...args: readonly string[]) => Promise<Result>
}

const hosts: LabProcess[] = []

const ip = async (...args: readonly string[]) => await runOrFail('ip', args)

async function plugIn(number: number): Promise<Host> {
  // It waits for input that never comes.
  const host = await startProcess('unshare', ['--net', 'sh', '-c', 'echo there; exec sleep infinity'], {
    ready: (output) => output.includes('there'),
  })
  hosts.push(host)
  const inside = ['-t', String(host.pid), '-n']
  const there = async (...args: readonly string[]) => await runOrFail('nsenter', [...inside, 'ip', ...args])
  const [net, net6, cable] = [`198.18.${number}`, `fd00:0:0:${number}`, `cable${number}`]
  await ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(host.pid))
  await ip('address', 'add', `${net}.1/24`, 'dev', cable)
  await ip('-6', 'address', 'add', `${net6}::1/64`, 'dev', cable, 'nodad')
  await ip('link', 'set', cable, 'up')
  await there('address', 'add', `${net}.2/24`, 'dev', 'eth0')
  await there('-6', 'address', 'add', `${net6}::2/64`, 'dev', 'eth0', 'nodad')
  await there('link', 'set', 'eth0', 'up')
  return {
    server: `${net}.1`,
    server6: `${net6}::1`,
    address: `${net}.2`,
    address6: `${net6}::2`,
    run: (user, command, ...args) =>
      run('nsenter', [
        ...inside,
        ...(user === 'root' ? [] : ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']),
        command,
        ...args,
      ]),
  }
}

let near: Host
let far: Host
beforeAll(async () => {
  near = await plugIn(1)
  far = await plugIn(2)
  return async () => {
    for (const host of hosts) await host.stop('SIGKILL')
  }
})

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

const conf = (...rules: readonly string[]) =>
  [
    `domain "${LAB_DOMAIN}"`,
    `listen port ${PORT}`,
    ...rules,
    `directory file "${ROOT}/etc/example.ldif" { basedn "${EXAMPLE_SUFFIX}" }`,
    '',
  ].join('\n')

async function serve(...rules: readonly string[]): Promise<Ypldap> {
  const rpcbind = await startRpcbind()
  ending.unshift(() => rpcbind.stop())
  const ypldap = await startYpldap(conf(...rules))
  ending.unshift(() => ypldap.stop())
  await untilLogged(ypldap, 'published')
  return ypldap
}

const ALICE = /^alice:/m

/** What ypcat of that host shows of alice: her line, 'nothing' of an empty map, or 'no answer'. */
async function ypcat(host: Host, user: 'root' | 'nobody', map = 'passwd.byname'): Promise<string> {
  const { status, stdout } = await host.run(user, 'ypcat', '-h', host.server, '-d', LAB_DOMAIN, map)
  if (status !== 0) return 'no answer'
  return stdout === '' ? 'nothing' : (/^alice:.*$/m.exec(stdout)?.[0] ?? stdout)
}

/** The same over IPv6, which no ypcat speaks, by TCP from an unreserved port. */
async function match6(host: Host): Promise<string> {
  const asked = ['-h', host.server6, '-p', String(PORT), '-d', LAB_DOMAIN, 'match', 'alice', 'passwd.byname']
  const { status, stdout } = await host.run('root', process.execPath, join(ROOT, 'scripts/yp.ts'), ...asked)
  return status === 0 ? stdout : 'no answer'
}

describe('another host', () => {
  test('is a stranger without a rule, and with one that is for the other', async () => {
    const ypldap = await serve(`allow from ${near.address} ${near.address6}`)
    expect(await ypcat(near, 'nobody')).toMatch(ALICE)
    expect(await match6(near)).toMatch(ALICE)
    expect(await ypcat(far, 'root')).toBe('no answer')
    expect(await match6(far)).toBe('no answer')
    await untilLogged(ypldap, 'stranger')
    expect(logged(ypldap.output(), 'stranger').join()).toContain(far.address)
  })

  test('may ask from a reserved port alone where the rule says so', async () => {
    await serve('allow from 198.18.1.0/24 port reserved', 'allow from 198.18.2.0/24 fd00::/16')
    expect(await ypcat(near, 'root')).toMatch(ALICE)
    expect(await ypcat(near, 'nobody')).toBe('no answer')
    expect(await ypcat(far, 'nobody')).toMatch(ALICE)
  })

  test('sees a map that is not for it as empty, and all else as before', async () => {
    await serve(
      'allow from 198.18.0.0/16',
      'provide map "passwd.byname"',
      'provide map "group.byname"',
      `map "group.byname" { allow from ${near.address} }`,
      `map "master.passwd.byname" { allow from ${near.address} }`,
    )
    expect(await ypcat(near, 'root', 'group.byname')).toContain('visitors:')
    expect(await ypcat(far, 'root', 'group.byname')).toBe('nothing')
    expect(await ypcat(far, 'root')).toMatch(ALICE)
    // Both its rules and its port: of those who may see hashes, only root.
    expect(await ypcat(near, 'root', 'master.passwd.byname')).toMatch(ALICE)
    expect(await ypcat(near, 'nobody', 'master.passwd.byname')).toBe('nothing')
    expect(await ypcat(far, 'root', 'master.passwd.byname')).toBe('nothing')
  })
})

const nets = () => join(labFolder('nets'), 'securenets')

describe('a securenets file', () => {
  test('lets in whom it names, after a reload whom it names then, and without it nobody but this host', async () => {
    const file = nets()
    const write = (text: string) => writeFileSync(file, text, { mode: 0o644 })
    write(`# the old server's\n255.255.255.0 198.18.1.0\nhost ${far.address6}\n`)
    const ypldap = await serve(`securenets "${file}"`)
    expect(await ypcat(near, 'nobody')).toMatch(ALICE)
    expect(await match6(near)).toBe('no answer')
    expect(await ypcat(far, 'nobody')).toBe('no answer')
    expect(await match6(far)).toMatch(ALICE)

    rmSync(file)
    expect((await ypldap.ctl('reload')).status).toBe(0)
    expect(logged(ypldap.output(), 'securenets-closed').join()).toContain(`cannot open ${file}: no such file`)
    expect(await ypcat(near, 'root')).toBe('no answer')
    expect(await runOrFail('ypcat', ['-h', '127.0.0.1', '-d', LAB_DOMAIN, 'passwd.byname'])).toMatch(ALICE)

    write('198.18.2.0/24\n')
    expect((await ypldap.ctl('reload')).status).toBe(0)
    expect(await ypcat(far, 'nobody')).toMatch(ALICE)
    expect(await ypcat(near, 'nobody')).toBe('no answer')
  })

  test('with a line that makes no sense changes nothing, and is told by its place', async () => {
    const file = nets()
    const write = (text: string) => writeFileSync(file, text, { mode: 0o644 })
    write('255.255.255.0 198.18.1.0\n')
    const ypldap = await serve(`securenets "${file}"`)
    write('255.255.255.0 198.18.1.0\n255.255.255.0 198.18.2.7\n')
    const { status, stdout, stderr } = await ypldap.ctl('reload')
    expect(status).not.toBe(0)
    expect(stdout + stderr).toContain(`${file}:2:15: net has bits set that its mask has not`)
    expect(await ypcat(near, 'nobody')).toMatch(ALICE)
    expect(await ypcat(far, 'nobody')).toBe('no answer')
  })
})
