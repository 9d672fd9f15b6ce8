/** Who uses NIS, at the running daemon: known beyond the life of a process, as the list is for weeks. */
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Client } from '../../src/messages/usage.ts'
import { ask } from '../support/fault-daemon.ts'
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
  return parts.flatMap((part) => (part.kind === 'clients' ? part.clients : []))
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
