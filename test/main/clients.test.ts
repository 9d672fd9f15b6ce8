import { afterEach, expect, test } from 'vitest'
import type { Client, RequestCount } from '../../src/messages/usage.ts'
import { ask } from '../support/fault-daemon.ts'
import { untilLogged } from '../support/lab-log.ts'
import { run } from '../support/lab-run.ts'
import { openYpClient, type Transport, type YpClient } from '../support/yp-client.ts'
import { DOMAIN, exampleLdif, MAIN, nowhere, portOf, serve, serving } from './command.ts'

const CTL = MAIN.replace(/main\.ts$/, 'ypldapctl.ts')

const ending: (() => unknown)[] = []
afterEach(() => {
  for (const end of ending.splice(0)) end()
})

const ctl = async (...words: readonly string[]) => {
  const { status, stdout, stderr } = await run(process.execPath, [
    CTL,
    '-s',
    nowhere('control.sock'),
    ...words,
  ])
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return stdout
}

const clients = async () =>
  (await ctl('--json', 'clients'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Client)

const client = async (transport: Transport, port: number, host: string): Promise<YpClient> => {
  const opened = await openYpClient({ transport, port, host })
  ending.push(() => opened.close())
  return opened
}

const usedBy = (address: string, all: readonly Client[]) => {
  const { calls, procedures, maps } = all.find((one) => one.address === address)!
  return { calls, procedures, maps: maps.map(({ domain, map }) => `${domain}/${map}`).toSorted() }
}

test('ypldapctl names who has asked, over each transport, for which maps, and goes on when the file is read again', async () => {
  const from = Math.floor(Date.now() / 1000)
  const daemon = await serve(serving(exampleLdif(), 'udp workers 2'))
  await untilLogged(daemon, 'published')
  expect(await ctl('clients')).toMatch(/^nobody has asked since [-\d]{10} [:\d]{8}\n$/)
  const port = portOf(daemon.output())
  // Of those some go to the one thread and some to the other: the kernel chooses by their ports.
  for (let caller = 0; caller < 10; caller++) {
    await (await client('udp', port, '127.0.0.1')).match(DOMAIN, 'passwd.byname', 'alice')
  }
  const tcp = await client('tcp', port, '127.0.0.1')
  await tcp.all(DOMAIN, 'group.byname')
  await (await client('udp', port, '::1')).domain(DOMAIN)
  const expected = {
    calls: 11,
    procedures: ['match', 'all'],
    maps: [`${DOMAIN}/group.byname`, `${DOMAIN}/passwd.byname`],
  }
  const before = await clients()
  expect(before).toHaveLength(2)
  const here = usedBy('127.0.0.1', before)
  expect({ ...here, procedures: new Set(here.procedures) }).toEqual({
    ...expected,
    procedures: new Set(expected.procedures),
  })
  expect(usedBy('::1', before)).toEqual({ calls: 1, procedures: ['domain'], maps: [] })

  expect(await ctl('reload')).toBe('')
  await tcp.match(DOMAIN, 'netid.byname', 'unix.10001@example.com')
  const after = usedBy('127.0.0.1', await clients())
  expect(after.calls).toBe(12)
  expect(after.maps).toEqual([...expected.maps, `${DOMAIN}/netid.byname`].toSorted())

  const text = await ctl('clients')
  expect(text).toMatch(/^2 clients since /)
  expect(text).toMatch(/\n {2}127\.0\.0\.1 +\d+ s ago .* 12 .*group\.byname netid\.byname passwd\.byname\n/)
  expect(await ctl('clients', '--csv')).toContain(`${DOMAIN}/group.byname ${DOMAIN}/netid.byname`)
  for (const { first, last } of before) {
    expect(first).toBeGreaterThanOrEqual(from)
    expect(last).toBeGreaterThanOrEqual(first)
  }
  const usage: RequestCount[] = []
  for (const part of await ask(nowhere('control.sock'), { kind: 'usage' })) {
    if (part.kind === 'usage') usage.push(...part.usage)
  }
  expect(
    usage.map(({ procedure, map, outcome, calls }) => [procedure, map, outcome, calls].join(' ')).toSorted(),
  ).toEqual([
    'all group.byname true 1',
    'domain  success 1',
    'match netid.byname true 1',
    'match passwd.byname true 10',
  ])
}, 60_000)
