import { closeSync, openSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { YpStat } from '../../rpc/yp.ts'
import { ask, status } from '../support/fault-daemon.ts'
import { figure } from '../support/figure.ts'
import { logged, untilLogged } from '../support/lab-log.ts'
import { accepts, freePort } from '../support/lab-port.ts'
import { type LabProcess, startProcess } from '../support/lab-process.ts'
import { runOrFail } from '../support/lab-run.ts'
import { waitUntil } from '../support/lab-wait.ts'
import { openToTheNetwork, socketsOf } from '../support/proc.ts'
import { openUnit, type SocketUnit, startWith } from '../support/socket-unit.ts'
import { startCalls } from '../support/steady-calls.ts'
import { openYpClient } from '../support/yp-client.ts'
import { DOMAIN, exampleLdif, MAIN, nowhere, portOf, serving, write } from './command.ts'

// The service manager opens the ports and passes them (sd_listen_fds(3)).

const ROOT = join(import.meta.dirname, '../..')
const RESTARTS = 5

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end()
})

function unit(addresses: readonly string[], port: number): SocketUnit {
  const opened = openUnit(addresses, port)
  ending.push(opened.close)
  return opened
}

async function started(sockets: readonly { readonly fd: number }[], conf: string): Promise<LabProcess> {
  const daemon = await startWith(sockets, [process.execPath, MAIN, '-d', '-f', conf])
  ending.push(() => daemon.stop('SIGKILL'))
  await untilLogged(daemon, 'published')
  return daemon
}

/** How a start with these sockets fails. */
async function refusal(sockets: readonly { readonly fd: number }[], conf: string): Promise<string> {
  const error = await started(sockets, conf).catch((error: Error) => error)
  if (!(error instanceof Error)) throw new Error('it started')
  return logged(error.message, 'passed-socket-unusable').join()
}

async function alice(transport: 'udp' | 'tcp', host: string, port: number): Promise<number | undefined> {
  const client = await openYpClient({ transport, host, port })
  const { status } = await client.match(DOMAIN, 'passwd.byname', 'alice')
  client.close()
  return status
}

const pids = async () => (await status(nowhere('control.sock'))).processes.map(({ pid }) => pid)

describe('sockets that are passed', () => {
  test('are those that are answered on, each and no other, without a listen statement', async () => {
    const port = await freePort()
    const { handles } = unit(['127.0.0.1', '::1'], port)
    const daemon = await started(handles, serving(exampleLdif()))
    for (const transport of ['udp', 'tcp'] as const) {
      for (const host of ['127.0.0.1', '::1']) expect(await alice(transport, host, port)).toBe(YpStat.TRUE)
    }
    expect(logged(daemon.output(), 'serving')).toEqual([
      expect.stringContaining(
        `on udp 127.0.0.1 port ${port}, tcp 127.0.0.1 port ${port}, udp6 ::1 port ${port}, tcp6 ::1 port ${port}`,
      ),
    ])
    expect(openToTheNetwork(daemon.pid)).toHaveLength(4)
  })

  test('reach the process that answers, and not the one that reads directories', async () => {
    const { handles } = unit(['127.0.0.1'], await freePort())
    const daemon = await started(handles, serving(exampleLdif()))
    const { processes } = await status(nowhere('control.sock'))
    const ours = new Set(openToTheNetwork(daemon.pid))
    const has = Object.fromEntries(
      processes.map(({ role, pid }) => [role, socketsOf(pid).filter((inode) => ours.has(inode)).length]),
    )
    expect(has).toEqual({ supervisor: 2, directory: 0, server: 2 })
  })

  test('stand in for a listen statement of their address; others are opened beside them', async () => {
    const [port, another] = [await freePort(), await freePort()]
    const { handles } = unit(['127.0.0.1'], port)
    const listens = [`listen on 127.0.0.1 port ${port}`, `listen on 127.0.0.1 port ${another}`]
    const daemon = await started(handles, serving(exampleLdif(), ...listens))
    expect(openToTheNetwork(daemon.pid)).toHaveLength(4)
    for (const one of [port, another]) expect(await alice('udp', '127.0.0.1', one)).toBe(YpStat.TRUE)
  })

  test('stay when a reload takes all listen statements away, and no server process is made anew', async () => {
    const [port, another] = [await freePort(), await freePort()]
    const { handles } = unit(['127.0.0.1'], port)
    const ldif = exampleLdif()
    const daemon = await started(handles, serving(ldif, `listen on 127.0.0.1 port ${port}`))
    const before = socketsOf(daemon.pid)
    const earlier = await pids()
    serving(ldif)
    await ask(nowhere('control.sock'), { kind: 'reload' })
    expect(await pids()).toEqual(earlier)
    serving(ldif, `listen on 127.0.0.1 port ${another}`)
    await ask(nowhere('control.sock'), { kind: 'reload' })
    serving(ldif)
    await ask(nowhere('control.sock'), { kind: 'reload' })
    expect(openToTheNetwork(daemon.pid).every((inode) => before.includes(inode))).toBe(true)
    expect(await accepts(another)).toBe(false)
    expect(await alice('tcp', '127.0.0.1', port)).toBe(YpStat.TRUE)
  })

  test('for another process are none of ours', async () => {
    const port = await freePort()
    const { handles } = unit(['127.0.0.1'], port)
    const daemon = await startProcess(process.execPath, [MAIN, '-d', '-f', serving(exampleLdif())], {
      env: { ...process.env, LISTEN_PID: String(process.pid), LISTEN_FDS: String(handles.length) },
      descriptors: handles.map(({ fd }) => fd),
      ready: (output) => output.includes('[serving]\n'),
      timeout: 20_000,
    })
    ending.push(() => daemon.stop('SIGKILL'))
    expect(portOf(daemon.output())).not.toBe(port)
  })
})

describe('of no use are', () => {
  test('TCP without UDP, and UDP without TCP', async () => {
    const port = await freePort()
    const [tcp, udp] = unit(['127.0.0.1'], port).handles
    const conf = serving(exampleLdif())
    const remedy = 'name each address once as ListenStream and once as ListenDatagram in the socket unit'
    const fault = 'error: the sockets that were passed to us are of no use:'
    expect(await refusal([tcp!], conf)).toBe(
      `${fault} 127.0.0.1 port ${port} has 1 of TCP and 0 of UDP; ${remedy}`,
    )
    expect(await refusal([udp!], conf)).toBe(
      `${fault} 127.0.0.1 port ${port} has 0 of TCP and 1 of UDP; ${remedy}`,
    )
  })

  test('descriptors of anything else', async () => {
    const file = openSync(write('any', ''), 'r')
    ending.push(() => closeSync(file))
    expect(await refusal([{ fd: file }], serving(exampleLdif()))).toContain(
      'descriptor 3 is none of TCP or UDP',
    )
  })

  test('those beyond loopback beside "bind local"', async () => {
    const port = await freePort()
    const { handles } = unit(['0.0.0.0'], port)
    expect(await refusal(handles, serving(exampleLdif()))).toContain(
      `a socket on 0.0.0.0 port ${port} was passed to us, beside "bind local"`,
    )
  })
})

/** The program as packages have it, in the folder of the test. */
async function built(): Promise<string> {
  const folder = nowhere('built')
  await runOrFail('tsc', ['-p', join(ROOT, 'tsconfig.build.json'), '--outDir', join(folder, 'dist')])
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  // Whatever our umask: the children have accounts of their own.
  await runOrFail('chmod', ['-R', 'a+rX', folder])
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return join(folder, 'dist/src/main.js')
}

test('no call is lost by restarts, and connections are taken while nobody serves', async () => {
  const port = await freePort()
  const { handles } = unit(['127.0.0.1'], port)
  const ypldap = `"${process.execPath}" "${await built()}" -f "${serving(exampleLdif())}"`
  // What ExecStartPre adds is waited for as well.
  const restarted = async () => {
    const daemon = await startWith(handles, ['sh', '-c', `${ypldap} -n 2>/dev/null && exec ${ypldap} -d`])
    ending.push(() => daemon.stop('SIGKILL'))
    return daemon
  }
  let daemon = await restarted()
  await untilLogged(daemon, 'published')
  const calls = await startCalls(DOMAIN, 'alice', port)
  ending.push(calls.stop, calls.close)
  const waits: number[] = []
  for (let round = 0; round < RESTARTS; round++) {
    const before = calls.answered()
    await waitUntil('calls are answered', () => calls.answered() > before + 50)
    calls.longest()
    await daemon.stop()
    expect(await accepts(port)).toBe(true)
    daemon = await restarted()
    const after = calls.answered()
    await waitUntil('what waited is answered', () => calls.answered() > after + 20)
    waits.push(Math.round(calls.longest()))
  }
  calls.stop()
  await waitUntil('each call has its answer', () => calls.waiting() === 0)
  expect(calls.answered()).toBeGreaterThan(RESTARTS * 50)
  const [median] = waits.toSorted((a, b) => a - b).slice(RESTARTS >> 1)
  figure(
    'G13',
    `${RESTARTS} restarts: ${calls.answered()} calls, none lost; the longest wait ${median} ms in the median, ` +
      `${Math.max(...waits)} at most`,
  )
}, 60_000)
