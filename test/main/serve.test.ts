import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { YpStat } from '../../rpc/yp.ts'
import { ask } from '../support/fault-daemon.ts'
import { countLogged, logged, untilLogged } from '../support/lab-log.ts'
import { freePort } from '../support/lab-port.ts'
import { startProcess } from '../support/lab-process.ts'
import { waitUntil } from '../support/lab-wait.ts'
import { openYpClient, type YpClient } from '../support/yp-client.ts'
import { DOMAIN, exampleLdif, MAIN, nowhere, portOf, serve, serving, ypldap } from './command.ts'

const isRoot = process.getuid?.() === 0

/** Whether a network of our own can be had, with other addresses than the host's. */
const ownNetwork = isRoot && spawnSync('unshare', ['-n', 'ip', 'link']).status === 0

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

async function client(transport: 'udp' | 'tcp', port: number, host = '127.0.0.1'): Promise<YpClient> {
  const opened = await openYpClient({ transport, port, host })
  ending.push(() => opened.close())
  return opened
}

const ALICE = 'alice:*:10001:10100:Alice Archer,Room 1.12,+44 20 7946 0101:/home/alice:/bin/bash'
const ZOE = ALICE.replaceAll('alice', 'zoe').replace('10001', '10099')

const refresh = () => ask(nowhere('control.sock'), { kind: 'refresh', force: false })

/** One more user, in all else like Alice. */
function addZoe(ldif: string): void {
  const alice = readFileSync(ldif, 'utf8')
    .split('\n\n')
    .find((record) => record.startsWith('dn: uid=alice'))
  const zoe = alice?.replaceAll('alice', 'zoe').replace('uidNumber: 10001', 'uidNumber: 10099')
  writeFileSync(ldif, `\n${zoe}\n`, { flag: 'a' })
}

describe('-d', () => {
  test('serves the directory over UDP and TCP, IPv4 and IPv6, on one port', async () => {
    const daemon = await serve(serving(exampleLdif()))
    await untilLogged(daemon, 'published')
    const port = portOf(daemon.output())
    for (const transport of ['udp', 'tcp'] as const) {
      for (const host of ['127.0.0.1', '::1']) {
        const yp = await client(transport, port, host)
        expect(await yp.domain(DOMAIN)).toBe(true)
        expect(await yp.match(DOMAIN, 'passwd.byname', 'alice')).toEqual({
          status: YpStat.TRUE,
          value: ALICE,
        })
      }
    }
    const records = await (await client('tcp', port)).all(DOMAIN, 'passwd.byname')
    expect(records.filter(({ status }) => status === YpStat.TRUE)).toHaveLength(12)
    if (isRoot) expect(port).toBeGreaterThanOrEqual(600)
    if (isRoot) expect(port).toBeLessThan(1024)
  })

  test('says what it serves, where, and what it published', async () => {
    const port = await freePort()
    const daemon = await serve(serving(exampleLdif(), `listen port ${port}`))
    expect(await untilLogged(daemon, 'published')).toBe(
      'info: example.com: 12 users and 8 groups, generation 1',
    )
    expect(logged(daemon.output(), 'serving')).toEqual([
      `info: example.com on udp 127.0.0.1 port ${port}, tcp 127.0.0.1 port ${port}, udp6 ::1 port ${port}, tcp6 ::1 port ${port}`,
    ])
  })

  test('answers with as many threads as udp workers says, each of them on the same port', async () => {
    const daemon = await serve(serving(exampleLdif(), 'udp workers 3'))
    await untilLogged(daemon, 'published')
    const port = portOf(daemon.output())
    // The kernel spreads callers by their ports.
    for (let caller = 0; caller < 30; caller++) {
      const yp = await client('udp', port)
      expect(await yp.match(DOMAIN, 'passwd.byname', 'alice')).toEqual({ status: YpStat.TRUE, value: ALICE })
    }
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('%s is an orderly end with status 0', async (signal) => {
    const port = await freePort()
    const file = serving(exampleLdif(), `listen port ${port}`)
    const daemon = await serve(file)
    // Not in the way of the end: a connection that is open.
    const yp = await client('tcp', port)
    await untilLogged(daemon, 'published')
    await yp.domain(DOMAIN)
    expect(await daemon.stop(signal)).toEqual({ code: 0, signal: null })
    expect(logged(daemon.output(), 'stopping')).toEqual([`info: on ${signal}`])
    // And the port is free again at once.
    const next = await serve(file)
    expect(portOf(next.output())).toBe(port)
  })

  test('a refresh that was asked for is over when what it found is served', async () => {
    const ldif = exampleLdif()
    const daemon = await serve(serving(ldif))
    await untilLogged(daemon, 'published')
    const yp = await client('udp', portOf(daemon.output()))
    expect(await yp.match(DOMAIN, 'passwd.byname', 'zoe')).toMatchObject({ status: YpStat.NOKEY })
    addZoe(ldif)
    await refresh()
    expect(await yp.match(DOMAIN, 'passwd.byname', 'zoe')).toEqual({ status: YpStat.TRUE, value: ZOE })
  })

  test('goes on with what it has when a refresh fails, and says why', async () => {
    const ldif = exampleLdif()
    const daemon = await serve(serving(ldif))
    await untilLogged(daemon, 'published')
    rmSync(ldif)
    await expect(refresh()).rejects.toThrow('ENOENT')
    expect(await untilLogged(daemon, 'update-trashed')).toMatch(/^warning: .*example\.ldif.*ENOENT/)
    const yp = await client('udp', portOf(daemon.output()))
    expect(await yp.match(DOMAIN, 'passwd.byname', 'alice')).toEqual({ status: YpStat.TRUE, value: ALICE })
    expect(countLogged(daemon, 'published')).toBe(1)
  })

  test('starts from the maps on disk when the LDIF file of its directory is gone, and says so', async () => {
    const ldif = exampleLdif()
    const conf = serving(ldif)
    const first = await serve(conf)
    await untilLogged(first, 'published')
    await first.stop()
    rmSync(ldif)
    const daemon = await serve(conf)
    expect(await untilLogged(daemon, 'update-trashed')).toMatch(/^warning: .*example\.ldif.*ENOENT/)
    const yp = await client('udp', portOf(daemon.output()))
    expect(await yp.match(DOMAIN, 'passwd.byname', 'alice')).toEqual({ status: YpStat.TRUE, value: ALICE })
  })

  test.runIf(ownNetwork)('serves over IPv4 alone where there is no ::1, and says so', async () => {
    const withoutIpv6 = 'ip link set lo up && ip -6 addr flush dev lo && exec "$@"'
    const command = [process.execPath, MAIN, '-d', '-f', serving(exampleLdif())]
    const daemon = await startProcess('unshare', ['-n', 'sh', '-c', withoutIpv6, 'sh', ...command], {
      ready: (output) => output.includes('[serving]\n'),
    })
    ending.push(() => daemon.stop('SIGKILL'))
    expect(logged(daemon.output(), 'no-ipv6')).toEqual([
      'info: this host has no ::1: answering over IPv4 only',
    ])
    expect(logged(daemon.output(), 'serving')).toEqual([
      expect.stringMatching(/^info: example\.com on udp 127\.0\.0\.1 port (\d+), tcp 127\.0\.0\.1 port \1$/),
    ])
  })

  test('outlives the reader of its log', async () => {
    const ldif = exampleLdif()
    const args = [MAIN, '-d', '-f', serving(ldif)]
    const daemon = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    ending.push(() => daemon.kill('SIGKILL'))
    let output = ''
    daemon.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
    await waitUntil('it serves', () => output.includes('[published]\n'))
    daemon.stderr.destroy()
    addZoe(ldif)
    await refresh()
    const yp = await client('udp', portOf(output))
    expect(await yp.match(DOMAIN, 'passwd.byname', 'zoe')).toEqual({ status: YpStat.TRUE, value: ZOE })
    const exited = once(daemon, 'exit')
    daemon.kill('SIGTERM')
    expect(await exited).toEqual([0, null])
  })

  test('opens no debugger on SIGUSR1, and goes on', async () => {
    const daemon = await serve(serving(exampleLdif()))
    process.kill(daemon.pid, 'SIGUSR1')
    process.kill(daemon.pid, 'SIGHUP')
    await untilLogged(daemon, 'reloaded')
    expect(daemon.output()).not.toMatch(/debugger/i)
  })
})

test('a port that is taken is one clear line and status 1', async () => {
  const port = await freePort()
  const server = createServer().listen(port, '127.0.0.1')
  ending.push(() => new Promise((closed) => server.close(closed)))
  await once(server, 'listening')
  const { status, stdout, stderr } = await ypldap('-d', '-f', serving(exampleLdif(), `listen port ${port}`))
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toMatch(
    new RegExp(
      `^<3>ypldap: error: 127\\.0\\.0\\.1 port ${port} is taken by \\S+ \\(pid ${process.pid}\\): stop it or listen elsewhere \\[address-in-use\\]\\n$`,
    ),
  )
})
