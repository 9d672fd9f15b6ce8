import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { packClients } from '../../src/messages/packed-clients.ts'
import type { Client } from '../../src/messages/usage.ts'
import {
  clientsPath,
  type Known,
  type KnownClientsOptions,
  rememberClients,
} from '../../src/supervisor/known-clients.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ypldap-known-'))
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
  rmSync(folder, { recursive: true })
})

const client = (address: string): Client => ({
  address,
  first: 1,
  last: 2,
  calls: 3,
  procedures: ['match'],
  maps: [{ domain: 'd', map: 'm' }],
})

const state = { since: 5, forgotten: 0 }
const known = (...addresses: string[]): Known => ({
  state,
  parts: addresses.map((one) => packClients([client(one)])),
})

const fileOf = ({ state, parts }: Known) =>
  [{ format: 'ypldap clients 1', state }, ...parts].map((line) => `${JSON.stringify(line)}\n`).join('')

function remembering(ask: KnownClientsOptions['ask']) {
  const kept: Known[] = []
  const log = vi.fn<KnownClientsOptions['log']>()
  const list = rememberClients({
    path: () => clientsPath(folder),
    ask,
    keep: (_, all) => kept.push(all),
    log,
  })
  return { list, kept, log }
}

describe('the clients that are known', () => {
  test('are those of the file', () => {
    writeFileSync(clientsPath(folder), fileOf(known('192.0.2.1', '2001:db8::1')))
    const { list, log } = remembering(async () => undefined)
    expect(list.known()).toEqual(known('192.0.2.1', '2001:db8::1'))
    expect(log).not.toHaveBeenCalled()
  })

  test('are nobody without a file', () => {
    const { list, log } = remembering(async () => undefined)
    expect(list.known()).toBeUndefined()
    expect(log).not.toHaveBeenCalled()
  })

  test.each([
    ['empty', () => writeFileSync(clientsPath(folder), '')],
    [
      'of another format',
      () => writeFileSync(clientsPath(folder), fileOf(known()).replace('clients 1', 'clients 2')),
    ],
    ['cut', () => writeFileSync(clientsPath(folder), fileOf(known('192.0.2.1')).slice(0, -5))],
    [
      'with a stranger in it',
      () => writeFileSync(clientsPath(folder), `${fileOf(known())}[{"address":7}]\n`),
    ],
    ['a folder', () => execFileSync('mkdir', [clientsPath(folder)])],
    ['a FIFO', () => execFileSync('mkfifo', [clientsPath(folder)])],
    [
      'of gigabytes',
      () => {
        writeFileSync(clientsPath(folder), '')
        truncateSync(clientsPath(folder), 8 * 2 ** 30)
      },
    ],
  ])('are nobody where the file is %s, which is told', (_what, make) => {
    make()
    const { list, log } = remembering(async () => undefined)
    expect(list.known()).toBeUndefined()
    expect(log.mock.calls.map(([level, id]) => [level, id])).toEqual([['warning', 'clients-forgotten']])
  })

  test('are not those of a file elsewhere that a link leads to', () => {
    writeFileSync(join(folder, 'other'), fileOf(known('192.0.2.1')))
    symlinkSync(join(folder, 'other'), clientsPath(folder))
    expect(remembering(async () => undefined).list.known()).toBeUndefined()
  })

  test('are asked for every five minutes, and kept each time: what became of the file nobody says', async () => {
    let now = known('192.0.2.1')
    const { list, kept } = remembering(async () => now)
    await vi.advanceTimersByTimeAsync(600_000)
    expect(kept).toEqual([now, now])
    now = known('192.0.2.1', '192.0.2.2')
    await list.stop()
    expect([kept.length, list.known()]).toEqual([3, now])
    await vi.advanceTimersByTimeAsync(3_000_000)
    expect(kept.length).toBe(3)
  })

  test('may take longer to come when nobody waits for them', async () => {
    const { list, kept } = remembering(
      () => new Promise((resolve) => setTimeout(() => resolve(known('192.0.2.1')), 20_000)),
    )
    await vi.advanceTimersByTimeAsync(330_000)
    expect([kept, list.known()]).toEqual([[known('192.0.2.1')], known('192.0.2.1')])
  })

  test('stay where nobody can tell, or does not within two seconds', async () => {
    writeFileSync(clientsPath(folder), fileOf(known('192.0.2.1')))
    const gone = remembering(() => Promise.reject(new Error('the server process is not running')))
    await gone.list.look()
    const stuck = remembering(() => new Promise(() => {}))
    const looked = stuck.list.look()
    await vi.advanceTimersByTimeAsync(2000)
    await looked
    for (const { list, kept } of [gone, stuck]) expect([list.known(), kept]).toEqual([known('192.0.2.1'), []])
    expect([gone, stuck].map(({ log }) => log.mock.calls.map(([, id]) => id))).toEqual([
      [],
      ['clients-not-kept'],
    ])
  })
})
