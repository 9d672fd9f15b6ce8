import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { YpStat } from '../../rpc/yp.ts'
import { portHolder } from '../../src/supervisor/port-holder.ts'
import { freePort } from '../support/lab-port.ts'
import { waitUntil } from '../support/lab-wait.ts'
import { openYpClient } from '../support/yp-client.ts'
import { DOMAIN, exampleLdif, serving, ypldap } from './command.ts'

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

/** The process that serves a port; it is killed when the test ends. */
function serverOf(port: number): number {
  const pid = Number(/\(pid (\d+)\)$/.exec(portHolder('udp', port) ?? '')?.[1])
  if (Number.isNaN(pid)) throw new Error(`nobody serves port ${port}`)
  ending.push(() => isAlive(pid) && process.kill(pid, 'SIGKILL'))
  return pid
}

/** A process that has ended and whom nobody has waited for is not alive. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

describe('without -d', () => {
  test('the command ends with status 0 once the daemon serves, which goes on until SIGTERM', async () => {
    const port = await freePort()
    const { status, stdout, stderr } = await ypldap('-f', serving(exampleLdif(), `listen port ${port}`))
    const daemon = serverOf(port)
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' })
    const client = await openYpClient({ transport: 'udp', port })
    ending.push(() => client.close())
    await waitUntil('the maps are served', () => client.domain(DOMAIN))
    expect(await client.match(DOMAIN, 'passwd.byname', 'alice')).toMatchObject({ status: YpStat.TRUE })
    process.kill(daemon, 'SIGHUP')
    expect(await client.domain(DOMAIN)).toBe(true)
    process.kill(daemon, 'SIGTERM')
    await waitUntil('the daemon has ended', () => !isAlive(daemon))
    expect(portHolder('udp', port)).toBeUndefined()
  })

  test('the daemon has a session of its own, and nothing of the terminal', async () => {
    const port = await freePort()
    await ypldap('-f', serving(exampleLdif(), `listen port ${port}`))
    const daemon = serverOf(port)
    // proc_pid_stat(5): pid (comm) state ppid pgrp session tty_nr
    const [, , , session, terminal] = readFileSync(`/proc/${daemon}/stat`, 'utf8').split(') ')[1]!.split(' ')
    expect({ session: Number(session), terminal }).toEqual({ session: daemon, terminal: '0' })
  })

  test('a start that fails is status 1 and the reason, in one line', async () => {
    const port = await freePort()
    const server = createServer().listen(port, '127.0.0.1')
    ending.push(() => new Promise((closed) => server.close(closed)))
    await once(server, 'listening')
    const { status, stdout, stderr } = await ypldap('-f', serving(exampleLdif(), `listen port ${port}`))
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toMatch(new RegExp(`^ypldap: 127\\.0\\.0\\.1 port ${port} is taken by .+: stop it .+\\n$`))
  })

  test('a configuration with problems is told before anything is started', async () => {
    const file = serving(exampleLdif(), 'interval 0')
    const { status, stderr } = await ypldap('-f', file)
    expect(status).toBe(1)
    expect(stderr).toMatch(new RegExp(`^${file}:\\d+:10: .+\\n$`))
  })
})
