/** Who uses NIS, at the running daemon: known beyond the life of a process, as the list is for weeks. */
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { packClients, unpackClients } from '../../src/messages/packed-clients.ts'
import { CLIENT_MAPS, type Client } from '../../src/messages/usage.ts'
import { ask, status } from '../support/fault-daemon.ts'
import { logged, untilLogged } from '../support/lab-log.ts'
import { freePort } from '../support/lab-port.ts'
import type { LabProcess } from '../support/lab-process.ts'
import { openYpClient } from '../support/yp-client.ts'
import { DOMAIN, exampleLdif, nowhere, portOf, serve, serving } from './command.ts'

async function started(file: string): Promise<LabProcess> {
  const daemon = await serve(file)
  await untilLogged(daemon, 'published')
  return daemon
}

async function matchAlice(port: number): Promise<void> {
  const client = await openYpClient({ transport: 'udp', port })
  await client.match(DOMAIN, 'passwd.byname', 'alice')
  client.close()
}

async function clients(): Promise<readonly Client[]> {
  const parts = await ask(nowhere('control.sock'), { kind: 'clients' })
  return parts.flatMap((part) => (part.kind === 'clients' ? unpackClients(part.clients) : []))
}

const ALICE_ASKED = {
  address: '127.0.0.1',
  procedures: ['match'],
  maps: [{ domain: DOMAIN, map: 'passwd.byname' }],
}

describe('the list of clients', () => {
  test('goes on when the daemon is started again', async () => {
    const file = serving(exampleLdif())
    const first = await started(file)
    await matchAlice(portOf(first.output()))
    const [before] = await clients()
    await first.stop()
    const second = await started(file)
    expect(await clients()).toEqual([before])
    await matchAlice(portOf(second.output()))
    expect(await clients()).toEqual([{ ...before, calls: 2, last: expect.any(Number) as number }])
    expect(before).toMatchObject({ ...ALICE_ASKED, calls: 1 })
  })

  test('goes on in a server process that takes the place of another', async () => {
    const file = serving(exampleLdif())
    const daemon = await started(file)
    await matchAlice(portOf(daemon.output()))
    const port = await freePort()
    writeFileSync(file, readFileSync(file, 'utf8').replace('bind local', `bind local\nlisten port ${port}`))
    await ask(nowhere('control.sock'), { kind: 'reload' })
    await matchAlice(port)
    expect(await clients()).toMatchObject([{ ...ALICE_ASKED, calls: 2 }])
  })

  test('of as many clients and maps as there may be costs no process its life', async () => {
    const file = serving(exampleLdif())
    // For whoever starts it the state directory is made as it must be.
    await (await started(file)).stop()
    const maps = Array.from({ length: CLIENT_MAPS }, (_, n) => ({
      domain: DOMAIN,
      map: `auto.${n}`.padEnd(64, '.'),
    }))
    const all = Array.from({ length: 8192 }, (_, n) => ({
      ...ALICE_ASKED,
      procedures: ['match' as const],
      address: `10.0.${n >> 8}.${n & 255}`,
      first: 1,
      last: 2,
      calls: 3,
      maps,
    }))
    const parts = Array.from({ length: 41 }, (_, n) => packClients(all.slice(200 * n, 200 * (n + 1))))
    const head = { format: 'ypldap clients 1', state: { since: 1, forgotten: 0 } }
    writeFileSync(
      `${nowhere('state')}/clients`,
      [head, ...parts].map((line) => `${JSON.stringify(line)}\n`).join(''),
    )
    const daemon = await started(file)
    const port = portOf(daemon.output())
    const { processes } = await status(nowhere('control.sock'))
    process.kill(processes.find(({ role }) => role === 'server')!.pid, 'SIGKILL')
    await untilLogged(daemon, 'child-restarted')
    await matchAlice(port)
    const known = await clients()
    expect([known.length, known.at(-1)?.maps.length]).toEqual([8192, CLIENT_MAPS])
    await daemon.stop()
    expect(logged(daemon.output(), 'child-restarted')).toHaveLength(1)
    expect(readFileSync(`${nowhere('state')}/clients`, 'utf8')).toContain('"127.0.0.1"')
  })

  test('begins anew, with a word in the log, where its file is of no use', async () => {
    const file = serving(exampleLdif())
    const first = await started(file)
    await matchAlice(portOf(first.output()))
    await first.stop()
    const kept = `${nowhere('state')}/clients`
    const whole = readFileSync(kept, 'utf8')
    writeFileSync(kept, whole.slice(0, -20))
    const second = await started(file)
    expect(await clients()).toEqual([])
    expect(logged(second.output(), 'clients-forgotten')).toEqual([
      expect.stringContaining(`${kept} is of no use, so the list of clients begins anew: `),
    ])
    await second.stop()
    // Nobody has asked since: what is there is not made less.
    expect(readFileSync(kept, 'utf8')).toBe(whole.slice(0, -20))
  })
})
