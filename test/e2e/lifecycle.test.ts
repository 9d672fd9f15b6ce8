import { readdirSync, readFileSync, renameSync } from 'node:fs'
import { createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { YpStat } from '../../rpc/yp.ts'
import { status } from '../support/fault-daemon.ts'
import type { LabProcess, Slapd } from '../support/lab.ts'
import {
  controlSocketOf,
  EXAMPLE_LDIF,
  EXAMPLE_SUFFIX,
  exampleConf,
  failYpldap,
  freePort,
  LAB_DOMAIN,
  LAB_MAPS,
  logged,
  run,
  runOrFail,
  startProcess,
  startRpcbind,
  startSlapd,
  startYpbind,
  startYpldap,
  startYpserv,
  untilLogged,
  waitUntil,
  ypldapConf,
} from '../support/lab.ts'
import { openUnit, startWith } from '../support/socket-unit.ts'
import { openYpClient } from '../support/yp-client.ts'

// Start, registration with rpcbind, and end.

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

async function started<T extends LabProcess | Slapd>(starting: Promise<T>): Promise<T> {
  const daemon = await starting
  ending.unshift(() => daemon.stop('SIGKILL'))
  return daemon
}

const rpcbind = () => started(startRpcbind())

/** A configuration that needs no slapd: the example directory as a file. */
const fileConf = (...global: readonly string[]) =>
  [
    `domain "${LAB_DOMAIN}"`,
    ...global,
    `directory file "${process.cwd()}/etc/example.ldif" { basedn "${EXAMPLE_SUFFIX}" }`,
    '',
  ].join('\n')

interface Registered {
  readonly version: string
  readonly netid: string
  readonly address: string
  readonly port: number
  readonly owner: string
}

/** What rpcbind has of program 100004, by version and transport. */
async function registrations(): Promise<readonly Registered[]> {
  const table = await runOrFail('rpcinfo')
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([program]) => program === '100004')
    .map(([, version = '', netid = '', universal = '', , owner = '']) => {
      const [high = 0, low = 0] = universal.split('.').slice(-2).map(Number)
      return {
        version,
        netid,
        address: universal.split('.').slice(0, -2).join('.'),
        port: high * 256 + low,
        owner,
      }
    })
}

/** What the port mapper, version 2, knows. */
const mapped = () => runOrFail('rpcinfo', ['-p', '127.0.0.1'])

/** Local ports and addresses of a process's sockets, as `udp 127.0.0.1`. */
async function sockets(pid: number): Promise<readonly string[]> {
  const text = await runOrFail('ss', ['-H', '-l', '-n', '-u', '-t', '-p'])
  return text
    .split('\n')
    .filter((line) => line.includes(`pid=${pid},`))
    .map((line) => {
      const [netid = '', , , , local = ''] = line.split(/\s+/)
      return `${netid} ${local}`
    })
    .sort()
}

const alice = async (port: number, host = '127.0.0.1') => {
  const client = await openYpClient({ transport: 'udp', host, port })
  const { status } = await client.match(LAB_DOMAIN, 'passwd.byname', 'alice')
  client.close()
  return status
}

describe('registration', () => {
  test('rpcbind knows all four transports on one reserved port from 600 on', async () => {
    await rpcbind()
    await started(startYpldap(fileConf()))
    const all = await registrations()
    expect(all.map(({ version, netid, address, owner }) => [version, netid, address, owner])).toEqual([
      ['2', 'udp', '0.0.0.0', 'superuser'],
      ['2', 'tcp', '0.0.0.0', 'superuser'],
      ['2', 'udp6', '::', 'superuser'],
      ['2', 'tcp6', '::', 'superuser'],
    ])
    const [port = 0, ...others] = new Set(all.map(({ port }) => port))
    expect(others).toEqual([])
    expect(port).toBeGreaterThanOrEqual(600)
    expect(port).toBeLessThan(1024)
    const portmapper = await runOrFail('rpcinfo', ['-p'])
    expect(portmapper).toMatch(new RegExp(`100004 +2 +udp +${port} +ypserv`))
    expect(portmapper).toMatch(new RegExp(`100004 +2 +tcp +${port} +ypserv`))
  })

  test('a port that others hold is passed over', async () => {
    await rpcbind()
    const holder = createServer()
    ending.unshift(() => new Promise((resolve) => holder.close(resolve)))
    await new Promise<void>((resolve) => holder.listen(600, '127.0.0.1', resolve))
    await started(startYpldap(fileConf()))
    expect(new Set((await registrations()).map(({ port }) => port))).toEqual(new Set([601]))
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('%s takes it back and is an orderly end', async (signal) => {
    await rpcbind()
    const ypldap = await started(startYpldap(fileConf()))
    expect(await registrations()).toHaveLength(4)
    expect(await ypldap.stop(signal)).toEqual({ code: 0, signal: null })
    expect(await registrations()).toEqual([])
    expect(logged(ypldap.output(), 'stopping')).toEqual([`info: on ${signal}`])
  })

  test('what a crash left is replaced at the next start, which says so', async () => {
    await rpcbind()
    const crashed = await started(startYpldap(fileConf('listen port 833')))
    await crashed.stop('SIGKILL')
    expect((await registrations()).map(({ port }) => port)).toEqual([833, 833, 833, 833])
    const ypldap = await started(startYpldap(fileConf('listen port 834')))
    expect((await registrations()).map(({ netid, port }) => `${netid} ${port}`)).toEqual([
      'udp 834',
      'tcp 834',
      'udp6 834',
      'tcp6 834',
    ])
    const lines = logged(ypldap.output(), 'stale-registration')
    expect(lines).toHaveLength(4)
    expect(lines.join('\n')).toContain('udp6 ::.3.65')
    await untilLogged(ypldap, 'published')
    expect(await alice(834)).toBe(YpStat.TRUE)
  })

  test('what a crash left on the port that the next start takes is taken over', async () => {
    await rpcbind()
    await (await started(startYpldap(fileConf('listen port 834')))).stop('SIGKILL')
    await started(startYpldap(fileConf('listen port 834')))
    expect((await registrations()).map(({ port }) => port)).toEqual([834, 834, 834, 834])
    expect(await runOrFail('rpcinfo', ['-T', 'tcp6', '::1', '100004', '2'])).toContain('ready and waiting')
  })

  test('sockets that outlive it stay registered, and a client that calls meanwhile waits for the next start', async () => {
    // Before rpcbind, which takes a reserved port of its own, any of them; 834 may be with the processes of a daemon that
    // was killed a moment ago.
    const { handles, close } = openUnit(['0.0.0.0', '::'], 835)
    ending.unshift(close)
    await rpcbind()
    const command = [
      process.execPath,
      'src/main.ts',
      '-d',
      '-f',
      ypldapConf(fileConf('allow from 127.0.0.0/8')),
    ]
    const first = await started(startWith(handles, command))
    await untilLogged(first, 'published')
    await started(startYpbind())
    const before = await registrations()
    expect(before.map(({ netid, port }) => `${netid} ${port}`)).toEqual([
      'udp 835',
      'tcp 835',
      'udp6 835',
      'tcp6 835',
    ])
    await first.stop('SIGTERM')
    expect(await registrations()).toEqual(before)
    const calls = ['alice', 'bob'].map((name) => runOrFail('ypmatch', [name, 'passwd']))
    const second = await started(startWith(handles, command))
    const answers = await Promise.all(calls)
    expect(answers.map((line) => line.split(':')[0])).toEqual(['alice', 'bob'])
    expect(await registrations()).toEqual(before)
    expect(logged(second.output(), 'stale-registration')).toEqual([])
  }, 60_000)

  test('a live ypserv is not pushed aside: it is named, and its registration is untouched', async () => {
    await rpcbind()
    const ypserv = await started(startYpserv({ domain: LAB_DOMAIN, maps: LAB_MAPS, port: 835 }))
    const before = await registrations()
    expect(before.length).toBeGreaterThan(0)
    const { status, stderr } = await failYpldap(fileConf())
    expect(status).toBe(1)
    expect(stderr).toContain(`ypserv (pid ${ypserv.pid}) serves YP here already`)
    expect(stderr).toContain('[already-registered]')
    expect(await registrations()).toEqual(before)
    expect(await runOrFail('rpcinfo', ['-T', 'udp', '127.0.0.1', '100004', '2'])).toContain('ready')
  })

  test('a second ypldap does not push the first aside', async () => {
    await rpcbind()
    const first = await started(startYpldap(fileConf()))
    const before = await registrations()
    const { status, stderr } = await failYpldap(fileConf())
    expect(status).toBe(1)
    expect(stderr).toContain(`ypldap (pid ${first.pid}) serves YP here already`)
    expect(await registrations()).toEqual(before)
  })

  test('a server that came after us keeps its registration when we end', async () => {
    await rpcbind()
    const ypldap = await started(startYpldap(fileConf()))
    await started(startYpserv({ domain: LAB_DOMAIN, maps: LAB_MAPS, port: 835 }))
    const theirs = (await registrations()).filter(({ port }) => port !== 600)
    expect(theirs.length).toBeGreaterThan(0)
    expect(await ypldap.stop()).toEqual({ code: 0, signal: null })
    expect(await registrations()).toEqual(theirs)
  })

  test('when rpcbind has gone, the end is orderly all the same, and the log says what was not done', async () => {
    const gone = await rpcbind()
    const ypldap = await started(startYpldap(fileConf()))
    await gone.stop('SIGKILL')
    expect(await ypldap.stop()).toEqual({ code: 0, signal: null })
    expect(logged(ypldap.output(), 'not-unregistered')).toHaveLength(1)
  })

  test('without rpcbind the start fails, and the one line says what to do', async () => {
    const { status, stdout, stderr } = await failYpldap(fileConf())
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(
        /^<3>ypldap: error: rpcbind can't be reached .*bind local.*\[rpcbind-unreachable\]$/,
      ),
    ])
  })

  test('where rpcbind has no unix socket, it is asked as the port mapper over loopback', async () => {
    await rpcbind()
    renameSync('/run/rpcbind.sock', '/run/rpcbind.hidden')
    ending.unshift(() => renameSync('/run/rpcbind.hidden', '/run/rpcbind.sock'))
    const ypldap = await started(startYpldap(fileConf('listen port 834')))
    expect(await mapped()).toMatch(/100004 +2 +udp +834/)
    expect(await mapped()).toMatch(/100004 +2 +tcp +834/)
    expect(await ypldap.stop()).toEqual({ code: 0, signal: null })
    expect(await mapped()).not.toContain('100004')
  })
})

describe('sockets', () => {
  test('bind local opens loopback sockets only, registers nothing and needs no rpcbind', async () => {
    const ypldap = await started(startYpldap(fileConf('bind local')))
    await untilLogged(ypldap, 'published')
    expect(await sockets(ypldap.pid)).toEqual([
      'tcp 127.0.0.1:600',
      'tcp [::1]:600',
      'udp 127.0.0.1:600',
      'udp [::1]:600',
    ])
    expect(await alice(600)).toBe(YpStat.TRUE)
    expect(await alice(600, '::1')).toBe(YpStat.TRUE)
  })

  test('bind local registers nothing with an rpcbind that is there', async () => {
    await rpcbind()
    await started(startYpldap(fileConf('bind local')))
    expect(await registrations()).toEqual([])
  })

  test('listen port fixes the port of all transports', async () => {
    await rpcbind()
    const ypldap = await started(startYpldap(fileConf('listen port 1023')))
    expect((await registrations()).map(({ port }) => port)).toEqual([1023, 1023, 1023, 1023])
    expect(await sockets(ypldap.pid)).toEqual([
      'tcp 0.0.0.0:1023',
      'tcp [::]:1023',
      'udp 0.0.0.0:1023',
      'udp [::]:1023',
    ])
  })

  test.each(['udp', 'tcp'] as const)(
    'a %s port that is taken is an error that names the holder',
    async (transport) => {
      await rpcbind()
      const port = await freePort()
      const program =
        transport === 'tcp'
          ? `require('node:net').createServer().listen(${port},'127.0.0.1',()=>console.log('up'))`
          : `require('node:dgram').createSocket('udp4').bind(${port},'127.0.0.1',()=>console.log('up'))`
      const holder = await started(
        startProcess(process.execPath, ['-e', program], { ready: (output) => output === 'up\n' }),
      )
      const { status, stderr } = await failYpldap(fileConf(`listen on 127.0.0.1 port ${port}`))
      expect(status).toBe(1)
      expect(stderr).toMatch(new RegExp(`127\\.0\\.0\\.1 port ${port} is taken by .*\\(pid ${holder.pid}\\)`))
      expect(stderr).toContain('[address-in-use]')
      expect(await registrations()).toEqual([])
    },
  )
})

const processes = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name))

/** What a process shows of itself; empty when it has ended in the meantime. */
function shown(pid: string, what: 'cmdline' | 'comm'): string {
  try {
    return readFileSync(`/proc/${pid}/${what}`, 'utf8')
  } catch {
    return ''
  }
}

/** The processes that pass the daemon's log on: the private host has no others of that name. */
const loggers = () =>
  processes()
    .filter((pid) => shown(pid, 'comm') === 'logger\n')
    .map(Number)

/** The daemon that this configuration file belongs to. */
function daemonOf(file: string): number | undefined {
  for (const pid of processes()) {
    const words = shown(pid, 'cmdline').split(/[ \0]/)
    if (words.includes(file) && words.includes('-d')) return Number(pid)
  }
  return undefined
}

const ypldap = (file: string) => run(process.execPath, ['src/main.ts', '-f', file])

async function endDaemon(file: string): Promise<void> {
  const pid = daemonOf(file)
  if (pid === undefined) return
  process.kill(pid, 'SIGTERM')
  await waitUntil('the daemon has ended', () => daemonOf(file) === undefined)
}

test('SIGUSR1, which has Node listen for a debugger, opens no socket', async () => {
  const ypldap = await started(startYpldap(fileConf('bind local')))
  await untilLogged(ypldap, 'published')
  const before = await sockets(ypldap.pid)
  process.kill(ypldap.pid, 'SIGUSR1')
  for (let i = 0; i < 20; i++) expect(await alice(600)).toBe(YpStat.TRUE)
  expect(await sockets(ypldap.pid)).toEqual(before)
})

describe('in the background', () => {
  test('the command returns 0 when the daemon serves', async () => {
    await rpcbind()
    const file = ypldapConf(fileConf())
    ending.unshift(() => endDaemon(file))
    expect(await ypldap(file)).toEqual({ status: 0, stdout: '', stderr: '' })
    const pid = daemonOf(file) ?? 0
    expect(pid).toBeGreaterThan(1)
    expect(await registrations()).toHaveLength(4)
    await waitUntil('the maps are served', async () => (await alice(600)) === YpStat.TRUE)
    // Behind the name in parentheses: state, parent, group, session.
    expect(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')[3]).toBe(String(pid))

    process.kill(pid, 'SIGTERM')
    await waitUntil('the daemon has ended', () => daemonOf(file) === undefined)
    expect(await registrations()).toEqual([])
  })

  test('the daemon lives on when nobody reads its log', async () => {
    await rpcbind()
    const file = ypldapConf(fileConf('interval 1'))
    ending.unshift(() => endDaemon(file))
    expect((await ypldap(file)).status).toBe(0)
    const pid = daemonOf(file) ?? 0
    for (const logger of loggers()) process.kill(logger, 'SIGKILL')
    await waitUntil('the maps are served', async () => (await alice(600)) === YpStat.TRUE)
    const refreshed = async () => (await status(controlSocketOf(file))).domains[0]!.last?.at ?? 0
    const before = await refreshed()
    // Two further refreshes have been logged to nobody.
    await waitUntil('it has refreshed twice', async () => (await refreshed()) >= before + 2)
    expect(daemonOf(file)).toBe(pid)
  })

  test('the command returns 1 with the reason when the daemon can not serve', async () => {
    const file = ypldapConf(fileConf())
    const { status, stdout, stderr } = await ypldap(file)
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toMatch(/^ypldap: rpcbind can't be reached .*\n$/)
    await waitUntil('no daemon is left', () => daemonOf(file) === undefined)
  })

  test('the command returns 1 for a configuration with errors, and starts nothing', async () => {
    const file = ypldapConf('domain\n')
    const { status, stderr } = await ypldap(file)
    expect(status).toBe(1)
    expect(stderr).toContain(`${file}:1:`)
    expect(daemonOf(file)).toBeUndefined()
  })
})

describe('before there are maps', () => {
  test('DOMAIN is FALSE and DOMAIN_NONACK silent until slapd is up, then all is well without a restart', async () => {
    await rpcbind()
    const slapd = await started(startSlapd({ ldif: EXAMPLE_LDIF, suffix: EXAMPLE_SUFFIX }))
    await slapd.stop()
    const ypldap = await started(startYpldap(exampleConf(slapd, { global: ['listen port 834'] })))
    await untilLogged(ypldap, 'update-trashed')
    const client = await openYpClient({ transport: 'udp', port: 834 })
    ending.unshift(() => client.close())
    expect(await client.domain(LAB_DOMAIN)).toBe(false)
    expect(await client.domainNonack(LAB_DOMAIN)).toBeUndefined()
    expect(await client.mapList(LAB_DOMAIN)).toEqual({ status: YpStat.NODOM, maps: [] })

    await started(startYpbind({ bound: false }))
    expect((await run('ypwhich')).status).not.toBe(0)
    await slapd.start()
    await untilLogged(ypldap, 'published')
    expect(await client.domain(LAB_DOMAIN)).toBe(true)
    expect(await client.domainNonack(LAB_DOMAIN)).toBe(true)
    await waitUntil('ypbind has bound', async () => (await run('ypwhich')).status === 0, 25_000)
    expect(await runOrFail('ypmatch', ['visitors', 'group'])).toBe('visitors:*:10107:\n')
  }, 60_000)
})

describe('without root', () => {
  const nobody = { uid: 65_534, gid: 65_534 }

  test('serves with bind local, on an unprivileged port', async () => {
    const ypldap = await started(startYpldap(fileConf('bind local'), { as: nobody }))
    await untilLogged(ypldap, 'published')
    const [first = ''] = await sockets(ypldap.pid)
    const port = Number(first.split(':').at(-1))
    expect(port).toBeGreaterThanOrEqual(1024)
    expect(await alice(port)).toBe(YpStat.TRUE)
    expect(await alice(port, '::1')).toBe(YpStat.TRUE)
  })

  test('registers as its account over the socket of rpcbind, and takes it back', async () => {
    await rpcbind()
    const ypldap = await started(startYpldap(fileConf(), { as: nobody }))
    await untilLogged(ypldap, 'published')
    const all = await registrations()
    expect(all.map(({ netid, owner }) => `${netid} ${owner}`)).toEqual([
      'udp 65534',
      'tcp 65534',
      'udp6 65534',
      'tcp6 65534',
    ])
    const [port = 0] = all.map(({ port }) => port)
    expect(port).toBeGreaterThanOrEqual(1024)
    expect(await alice(port)).toBe(YpStat.TRUE)
    expect(await ypldap.stop()).toEqual({ code: 0, signal: null })
    expect(await registrations()).toEqual([])
  })

  test('a reserved port is refused with the reason', async () => {
    const { status, stderr } = await failYpldap(fileConf('bind local', 'listen on 127.0.0.1 port 834'), {
      as: nobody,
    })
    expect(status).toBe(1)
    expect(stderr).toMatch(/127\.0\.0\.1 port 834: permission denied.*root.*\[address-not-bound\]/)
  })
})
