import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { YpStat } from '../../rpc/yp.ts'
import { ask, status } from '../support/fault-daemon.ts'
import { figure } from '../support/figure.ts'
import { countLogged, untilLogged } from '../support/lab-log.ts'
import { type LabProcess, startProcess } from '../support/lab-process.ts'
import { runOrFail } from '../support/lab-run.ts'
import { waitUntil } from '../support/lab-wait.ts'
import { openYpClient } from '../support/yp-client.ts'
import { DOMAIN, exampleLdif, MAIN, nowhere, portOf, serving } from './command.ts'

// The units of systemd. No systemd runs here: what they leave the daemon is taken from it by setpriv(1).

const isRoot = process.getuid?.() === 0
const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0
const hasSetpriv = spawnSync('setpriv', ['--version']).status === 0

const SERVICE = new URL('../../etc/systemd/ypldap.service', import.meta.url).pathname
const SOCKET = new URL('../../etc/systemd/ypldap.socket', import.meta.url).pathname

/** The values of a setting, in their order. */
function settings(file: string, name: string): readonly string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith(`${name}=`))
    .map((line) => line.slice(name.length + 1))
}

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end()
})

describe('ypldap.service', () => {
  test.runIf(hasAnalyze)('is exposed to 2.5 of 10 at most, as systemd-analyze(1) counts', () => {
    const { status, stdout } = spawnSync(
      'systemd-analyze',
      ['security', '--offline=true', '--threshold=25', '--no-pager', SERVICE],
      { encoding: 'utf8' },
    )
    const [, level] = /Overall exposure level for ypldap\.service: (\d+\.\d) /.exec(stdout) ?? []
    expect(Number(level)).toBeLessThanOrEqual(2.5)
    expect(status).toBe(0)
    figure('G12', `${level}`)
  })

  test('checks the configuration before the start, waits for what comes of a reload, and dumps no core', () => {
    expect(settings(SERVICE, 'ExecStartPre')).toEqual(['/usr/sbin/ypldap -n'])
    expect(settings(SERVICE, 'ExecReload')).toEqual(['/usr/sbin/ypldapctl reload'])
    expect(settings(SERVICE, 'ExecStart')).toEqual(['/usr/sbin/ypldap -d'])
    expect(settings(SERVICE, 'LimitCORE')).toEqual(['0'])
  })

  test('leaves the families of sockets that are used: those of clients, of systemd, and of questions to the kernel', () => {
    expect(settings(SERVICE, 'RestrictAddressFamilies')).toEqual(['AF_INET AF_INET6 AF_UNIX AF_NETLINK'])
  })

  test.runIf(isRoot && hasSetpriv)(
    'leaves enough to serve, to refresh and to be reloaded',
    async () => {
      const daemon = await confined()
      const client = await openYpClient({ transport: 'udp', port: portOf(daemon.output()) })
      ending.push(() => client.close())
      expect((await client.match(DOMAIN, 'passwd.byname', 'alice')).status).toBe(YpStat.TRUE)
      const control = nowhere('control.sock')
      await ask(control, { kind: 'refresh', force: true })
      await ask(control, { kind: 'reload' })
      const { processes } = await status(control)
      const accounts = processes.map(({ pid }) => field(pid, 'Uid').split('\t')[0])
      expect(new Set(accounts).size).toBe(3)
      for (const { pid } of processes) expect(field(pid, 'NoNewPrivs')).toBe('1')
      const bounding = BigInt(`0x${field(daemon.pid, 'CapBnd')}`)
      expect(bounding.toString(2).replaceAll('0', '')).toHaveLength(capabilities().length)
      // A server process that is stuck is killed all the same, though it is another account's.
      process.kill(processes.find(({ role }) => role === 'server')!.pid, 'SIGSTOP')
      await waitUntil('it is killed', () => countLogged(daemon, 'child-restarted') > 0, 30_000)
      expect((await client.match(DOMAIN, 'passwd.byname', 'alice')).status).toBe(YpStat.TRUE)
    },
    60_000,
  )
})

describe('ypldap.socket', () => {
  test('opens each address for TCP and for UDP, and no socket for both families', () => {
    const streams = settings(SOCKET, 'ListenStream')
    expect(streams).toHaveLength(2)
    expect(settings(SOCKET, 'ListenDatagram')).toEqual(streams)
    expect(settings(SOCKET, 'BindIPv6Only')).toEqual(['ipv6-only'])
  })
})

function capabilities(): readonly string[] {
  return settings(SERVICE, 'CapabilityBoundingSet')
    .flatMap((line) => line.split(' '))
    .map((name) => name.replace(/^CAP_/, '').toLowerCase())
}

/** The daemon with the capabilities and groups of the unit, and the state directory that is made for it. */
async function confined(): Promise<LabProcess> {
  const [user, directory] = await Promise.all(
    ['nobody', 'daemon'].map((name) => runOrFail('id', ['-u', name])),
  )
  const [group, directoryGroup] = await Promise.all(
    ['nobody', 'daemon'].map((name) => runOrFail('id', ['-g', name])),
  )
  expect(settings(SERVICE, 'SupplementaryGroups')).toEqual(['_ypldap _ypldap_dir'])
  expect(user).not.toBe(directory)
  const conf = serving(exampleLdif())
  mkdirSync(nowhere('state'))
  chownSync(nowhere('state'), Number(directory), Number(group))
  chmodSync(nowhere('state'), 0o2750)
  const daemon = await startProcess(
    'setpriv',
    [
      '--no-new-privs',
      `--bounding-set=-all${capabilities()
        .map((name) => `,+${name}`)
        .join('')}`,
      `--groups=${group?.trim()},${directoryGroup?.trim()}`,
      'sh',
      '-c',
      'umask 077; exec "$@"',
      'sh',
      process.execPath,
      MAIN,
      '-d',
      '-f',
      conf,
    ],
    { ready: (output) => output.includes('[serving]\n'), timeout: 20_000 },
  )
  ending.push(() => daemon.stop('SIGKILL'))
  await untilLogged(daemon, 'published')
  return daemon
}

function field(pid: number, name: string): string {
  return new RegExp(`^${name}:\\t(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? ''
}
