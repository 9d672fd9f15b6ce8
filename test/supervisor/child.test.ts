import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { type FromDirectory, fromDirectory, type ToDirectory } from '../../src/messages/directory.ts'
import { type Child, residentMemory, startChild } from '../../src/supervisor/child.ts'
import { bindTcp, bindUdp } from '../../src/supervisor/handles.ts'

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

type Message = Exclude<FromDirectory, { kind: 'pong' }>

interface Started {
  readonly child: Child<ToDirectory>
  readonly ended: Promise<string | undefined>
  readonly first: Promise<Message>
}

function start(
  what: string,
  options: Partial<Parameters<typeof startChild<FromDirectory, ToDirectory>>[0]> = {},
): Started {
  const ended = Promise.withResolvers<string | undefined>()
  const first = Promise.withResolvers<Message>()
  const child = startChild<FromDirectory, ToDirectory>({
    role: 'directory',
    program: join(import.meta.dirname, 'misbehaving-child.ts'),
    account: undefined,
    args: [what],
    handles: [],
    shape: fromDirectory,
    patience: 60_000,
    memory: () => Infinity,
    message: first.resolve,
    ended: ended.resolve,
    ...options,
  })
  ending.push(() => child.stop())
  return { child, ended: ended.promise, first: first.promise }
}

describe('a child', () => {
  test('hears what it is told and is heard', async () => {
    const { child, first } = start('well')
    child.send({ kind: 'refresh', domain: 'example.com', id: 5, force: false })
    expect(await first).toEqual({ kind: 'end', id: 5 })
  })

  test('ends in good order when its channel is closed', async () => {
    const { child, ended, first } = start('well')
    child.send({ kind: 'refresh', domain: 'example.com', id: 1, force: false })
    await first
    await child.stop()
    expect(await ended).toBeUndefined()
  })

  test.each([
    ['sends what is no message', 'garbage', /^it said what it must not: a message of \d+ bytes$/],
    ["sends another's message", 'forbidden', /^it said what it must not: message\.kind: /],
    ['ends by itself', 'exit', /^it ended with status 7$/],
  ])('that %s is ended, with the reason', async (_what, how, reason) => {
    expect(await start(how).ended).toMatch(reason)
  })

  test('that closes its channel and stays is killed', { timeout: 20_000 }, async () => {
    expect(await start('close').ended).toBe('it closed its channel')
  })

  test('that does not answer is killed', { timeout: 20_000 }, async () => {
    expect(await start('hang', { patience: 500 }).ended).toMatch(/^it did not answer for \d+ s$/)
  })

  test('that grows over its limit is killed, and it is said how far it grew', {
    timeout: 20_000,
  }, async () => {
    const { ended, child } = start('grow', { memory: () => 200 * 2 ** 20 })
    expect(residentMemory(child.pid)).toBeGreaterThan(0)
    expect(await ended).toMatch(/^it grew to \d+ MB, more than 200 MB$/)
  })

  test('has an empty environment, its own folder, and of the sockets its channel and those it is given', async () => {
    const tcp = bindTcp('127.0.0.1', 0)
    const udp = bindUdp('127.0.0.1', tcp.port)
    ending.push(tcp.handle.close, udp.close)
    const alone = JSON.parse(((await start('surroundings').first) as { error: string }).error) as object
    expect(alone).toMatchObject({ environment: '', cwd: '/' })
    const given = await start('surroundings', { handles: [tcp.handle, udp] }).first
    const { sockets } = JSON.parse((given as { error: string }).error) as { sockets: string[] }
    expect(sockets.filter((one) => /^[3-9]\d*=/.test(one))).toEqual(['3=socket', '4=socket', '5=socket'])
    expect((alone as { sockets: string[] }).sockets.filter((one) => /^[3-9]\d*=/.test(one))).toEqual([
      '3=socket',
    ])
  })

  test('that can not be started is told of like one that ended', async () => {
    const { child, ended } = start('well', { account: { uid: -1, gid: -1, name: 'nobody' } })
    expect(await ended).toMatch(/^it could not be started: /)
    await child.stop()
  })
})
