/** The process that answers HTTP, at the running daemon: what it may do, when it is there, and whom it may not harm. */
import { spawnSync } from 'node:child_process'
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { YpStat } from '../../rpc/yp.ts'
import { ask, status } from '../support/fault-daemon.ts'
import { logged, untilLogged } from '../support/lab-log.ts'
import { freePort } from '../support/lab-port.ts'
import type { LabProcess } from '../support/lab-process.ts'
import { waitUntil } from '../support/lab-wait.ts'
import { openToTheNetwork, socketsOf } from '../support/proc.ts'
import { openYpClient } from '../support/yp-client.ts'
import { DOMAIN, exampleLdif, nowhere, portOf, serve, serving, ypldap } from './command.ts'

const isRoot = process.getuid?.() === 0

/** An account that every Debian has, and that no other process has here. */
const USER = isRoot ? ['metrics user "games"'] : []

interface Daemon {
  readonly ypldap: LabProcess
  readonly file: string
  readonly url: string
}

async function daemon(...global: readonly string[]): Promise<Daemon> {
  const port = await freePort()
  const file = serving(exampleLdif(), `metrics listen 127.0.0.1 port ${port}`, ...USER, ...global)
  const ypldap = await serve(file)
  await untilLogged(ypldap, 'published')
  const url = `http://127.0.0.1:${port}`
  await untilAnswered(url)
  return { ypldap, file, url }
}

/** Nobody waits for this process, so neither a start nor a reload does. */
const untilAnswered = (url: string) =>
  waitUntil('HTTP is answered', async () => (await read(url, '/metrics').catch(() => '')) !== '')

const processes = async () => (await status(nowhere('control.sock'))).processes
const pidOf = async (role: string) => (await processes()).find((one) => one.role === role)?.pid ?? 0

async function read(url: string, path: string): Promise<string> {
  const response = await fetch(url + path)
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
  return response.text()
}

/** Asks for alice over UDP, so often. */
async function match(ypldap: LabProcess, times: number): Promise<readonly number[]> {
  const client = await openYpClient({ transport: 'udp', port: portOf(ypldap.output()) })
  const statuses: number[] = []
  for (let time = 0; time < times; time++)
    statuses.push((await client.match(DOMAIN, 'passwd.byname', 'alice')).status)
  client.close()
  return statuses
}

describe('the status process', () => {
  test('is not there unless it is asked for', async () => {
    await serve(serving(exampleLdif()))
    expect((await processes()).map(({ role }) => role)).toEqual(['supervisor', 'server', 'directory'])
  })

  test('tells of a call, of its client and of the maps', async () => {
    const { ypldap, url } = await daemon()
    await match(ypldap, 3)
    const told = [
      'ypldap_requests_total{procedure="match",domain="example.com",map="passwd.byname",outcome="true"} 3\n',
      'ypldap_map_records{domain="example.com",map="passwd.byname"} 12\n',
    ]
    // Who asks within a second of another has the other's answer.
    await waitUntil('it is told', async () => {
      const text = await read(url, '/metrics')
      return told.every((line) => text.includes(line))
    })
    // The list of clients may be five seconds old.
    const line = /^127\.0\.0\.1,[^,]+,[^,]+,3,match,example\.com\/passwd\.byname\r$/m
    await waitUntil('the client is told', async () => line.test(await read(url, '/clients.csv')))
    const page = await read(url, '/')
    expect(page).toContain('127.0.0.1')
    expect(page).toContain('passwd.byname')
  })

  test('is started again when it dies, while clients are answered, and who waits for it has an answer', async () => {
    const { ypldap, url } = await daemon()
    const before = await pidOf('status')
    process.kill(before, 'SIGKILL')
    const [page, statuses] = await Promise.all([
      // What it had taken is lost with it; what waits is for the next.
      untilAnswered(url),
      match(ypldap, 100),
    ])
    expect([page, new Set(statuses)]).toEqual([undefined, new Set([YpStat.TRUE])])
    expect(logged(ypldap.output(), 'child-restarted')).toEqual([
      'error: the status process is gone: it was ended by SIGKILL; starting it again at once',
    ])
    const after = (await processes()).find(({ role }) => role === 'status')!
    expect([after.restarts, after.pid === before]).toEqual([1, false])
  })

  test('comes, moves and goes with a reload, which leaves the other processes alone', async () => {
    const { file, url } = await daemon()
    const others = async () =>
      (await processes()).filter(({ role }) => role !== 'status').map(({ pid }) => pid)
    const before = await others()
    const text = readFileSync(file, 'utf8')
    const port = await freePort()
    writeFileSync(file, text.replace(/metrics listen .*/, `metrics listen 127.0.0.1 port ${port}`))
    await ask(nowhere('control.sock'), { kind: 'reload' })
    await untilAnswered(`http://127.0.0.1:${port}`)
    await expect(read(url, '/metrics')).rejects.toThrow('fetch failed')
    writeFileSync(file, text.replace(/metrics .*/g, ''))
    await ask(nowhere('control.sock'), { kind: 'reload' })
    await expect(read(`http://127.0.0.1:${port}`, '/metrics')).rejects.toThrow('fetch failed')
    expect((await processes()).map(({ role }) => role)).toEqual(['supervisor', 'server', 'directory'])
    expect(await others()).toEqual(before)
  })

  test('is not touched by a reload that does not concern it', async () => {
    const { file } = await daemon()
    const before = await pidOf('status')
    writeFileSync(file, readFileSync(file, 'utf8').replace('bind local', 'bind local\ninterval 77'))
    await ask(nowhere('control.sock'), { kind: 'reload' })
    expect(await pidOf('status')).toBe(before)
  })

  test('whose address is taken makes a start fail, and a reload change nothing', async () => {
    const { ypldap: running, file, url } = await daemon()
    const second = file.replace('ypldap.conf', 'second.conf')
    const taken = running.output().match(/udp 127\.0\.0\.1 port (\d+)/)![1]!
    const own = readFileSync(file, 'utf8')
    writeFileSync(file, own.replace(/metrics listen .*/, `metrics listen 127.0.0.1 port ${taken}`))
    const failed = ask(nowhere('control.sock'), { kind: 'reload' })
    await expect(failed).rejects.toThrow(`127.0.0.1 port ${taken} is taken by`)
    expect(await read(url, '/metrics')).toContain('ypldap_build_info')
    const elsewhere = own.replace('control.sock', 'second.sock').replace('/state"', '/second"')
    writeFileSync(second, elsewhere, { mode: 0o600 })
    const { status: code, stderr } = await ypldap('-d', '-f', second)
    expect([code, stderr]).toEqual([1, expect.stringContaining('[address-in-use]')])
  })

  test('has its channel and its own sockets, and nothing of those of YP', async () => {
    const { url } = await daemon()
    const pid = await pidOf('status')
    expect(openToTheNetwork(pid)).toHaveLength(1)
    expect(openToTheNetwork(await pidOf('server')).filter((one) => socketsOf(pid).includes(one))).toEqual([])
    expect(readFileSync(`/proc/${pid}/environ`, 'latin1')).toBe('')
    expect(readlinkSync(`/proc/${pid}/cwd`)).toBe('/')
    expect(url).toMatch(/^http:/)
  })

  test.runIf(isRoot)(
    'has an account of its own, which may neither read our files nor touch the others',
    async () => {
      const { file } = await daemon()
      const pid = await pidOf('status')
      const field = (name: string) =>
        new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]!.trim()
      const [, , uid = '', gid = ''] = /^games:.*$/m.exec(readFileSync('/etc/passwd', 'utf8'))![0].split(':')
      expect(field('Uid').split('\t')).toEqual([uid, uid, uid, uid])
      expect(field('CapEff')).toBe('0000000000000000')
      const tried = (statement: string) =>
        spawnSync(
          process.execPath,
          ['-e', `try { ${statement}; console.log('done') } catch (error) { console.log(error.code) }`],
          { uid: Number(uid), gid: Number(gid), cwd: '/', env: {}, encoding: 'utf8' },
        ).stdout.trim()
      expect(tried(`require('fs').readFileSync('${file}')`)).toBe('EACCES')
      expect(tried(`require('fs').readdirSync('${nowhere('state')}')`)).toBe('EACCES')
      for (const role of ['supervisor', 'server', 'directory'])
        expect(tried(`process.kill(${await pidOf(role)}, 'SIGTERM')`)).toBe('EPERM')
    },
  )
})
