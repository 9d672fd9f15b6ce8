import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createNotifier } from '../../src/supervisor/notify.ts'
import { waitUntil } from '../support/lab-wait.ts'

const hasSystemd = spawnSync('systemd-notify', ['--version']).status === 0

let folder: string
let receiver: ChildProcess | undefined
const lines: string[] = []
const log = (_level: string, id: string, text: string) => void lines.push(`${id}: ${text}`)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ypldap-notify-'))
  lines.length = 0
})
afterEach(() => {
  receiver?.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

/** systemd's end: a datagram socket, which Node has not. What comes in is given as it is. */
async function listen(path: string): Promise<() => string> {
  const program = `
    use Socket; $| = 1;
    socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die; bind($s, pack_sockaddr_un($ARGV[0])) or die $!;
    while (defined recv($s, my $text, 65536, 0)) { print $text, "\\n--\\n" }`
  let heard = ''
  receiver = spawn('perl', ['-e', program, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  receiver.stdout?.on('data', (chunk: Buffer) => {
    heard += chunk.toString()
  })
  await waitUntil('the socket is there', () => existsSync(path))
  return () => heard
}

test('who was not started by systemd tells nobody', () => {
  const notifier = createNotifier({ PATH: '/nowhere' }, log)
  notifier.ready('text')
  notifier.stopping()
  expect(lines).toEqual([])
})

describe.runIf(hasSystemd)('systemd', () => {
  test('is told in order what we are at, whose main process we are, and the last status', async () => {
    const socket = join(folder, 'notify')
    const heard = await listen(socket)
    const notifier = createNotifier({ ...process.env, NOTIFY_SOCKET: socket }, log)
    notifier.ready('no maps yet')
    for (let i = 1; i <= 20; i++) notifier.status(`generation ${i}`)
    notifier.reloading()
    notifier.ready('reloaded')
    notifier.stopping()
    await waitUntil('all was heard', () => heard().includes('STOPPING=1'))
    const said = heard()
      .split('\n')
      .filter((line) => /^(READY|STATUS|RELOADING|STOPPING)=/.test(line))
    expect(said).toEqual([
      'READY=1',
      'STATUS=no maps yet',
      'STATUS=generation 20',
      'RELOADING=1',
      'READY=1',
      'STATUS=reloaded',
      'STOPPING=1',
    ])
    expect(heard()).toMatch(/^MONOTONIC_USEC=\d+$/m)
    expect(heard()).toMatch(new RegExp(`^MAINPID=${process.pid}$`, 'm'))
    expect(lines).toEqual([])
  })
})

test('a command that fails or is missing is told of once, and harms nobody', async () => {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  const env = { NOTIFY_SOCKET: '/nowhere', PATH: bin }
  createNotifier(env, log).ready('text')
  await waitUntil('it is told', () => lines.length > 0)
  expect(lines[0]).toMatch(/^notify-failed: systemd can't be told .*ENOENT/)
  writeFileSync(join(bin, 'systemd-notify'), '#!/bin/sh\nexit 3\n')
  chmodSync(join(bin, 'systemd-notify'), 0o755)
  const notifier = createNotifier(env, log)
  notifier.ready('text')
  notifier.stopping()
  await waitUntil('it is told', () => lines.length > 1)
  expect(lines[1]).toMatch(/status 3$/)
  expect(lines).toHaveLength(2)
})
