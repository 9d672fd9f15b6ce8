import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Answer } from '../../src/messages/control.ts'
import { packClients } from '../../src/messages/packed-clients.ts'
import type { Question } from '../../src/messages/status.ts'
import type { Client } from '../../src/messages/usage.ts'
import { createReader } from '../../src/status/reader.ts'
import { domainOf, statusOf } from '../control/status-sample.ts'

const client = (address: string, last: number): Client => ({
  address,
  first: 1,
  last,
  calls: 1,
  procedures: [],
  maps: [],
})

const row = (dn: string) => ({ directory: 'd', dn, reason: 'r' })

/** A supervisor that gives these parts, and what it was asked. */
function supervisor(parts: readonly Answer[]) {
  const asked: Question[] = []
  let taken = 0
  const reader = createReader(async function* (question) {
    asked.push(question)
    for (const part of parts) {
      taken += 1
      yield part
    }
  })
  return { reader, asked, taken: () => taken }
}

/** A daemon of so many domains with rejected rows, of which all but the status is what `tell` gives. */
function daemon(domains: number, tell: () => AsyncGenerator<Answer>) {
  const asked: Question[] = []
  let under = 0
  let most = 0
  const reader = createReader(async function* (question) {
    asked.push(question)
    if (question.kind === 'status') {
      const { domains: _, ...status } = statusOf()
      yield { kind: 'status', status }
      for (let n = 0; n < domains; n++) yield { kind: 'domain', domain: domainOf({ name: `d${n}` }) }
      return
    }
    under += 1
    most = Math.max(most, under)
    try {
      yield* tell()
    } finally {
      under -= 1
    }
  })
  return { reader, asked, most: () => most }
}

function daemonAnswer(): readonly Answer[] {
  const { domains: _, ...status } = statusOf()
  return [
    { kind: 'status', status },
    { kind: 'domain', domain: domainOf({ name: 'a' }) },
    { kind: 'domain', domain: domainOf({ name: 'b' }) },
  ]
}

describe('what the supervisor tells', () => {
  test('is put together from its parts', async () => {
    const { reader } = supervisor(daemonAnswer())
    const status = await reader.status()
    expect(status.domains.map(({ name }) => name)).toEqual(['a', 'b'])
    expect(status.version).toBe(statusOf().version)
  })

  test('is asked for once by all who ask at one time', async () => {
    const { reader, asked } = supervisor(daemonAnswer())
    await Promise.all([reader.status(), reader.status(), reader.status()])
    expect(asked).toEqual([{ kind: 'status' }])
  })

  test('that is no answer is an error', async () => {
    await expect(supervisor([]).reader.status()).rejects.toThrow('there is no status')
  })

  test('of clients has the one first that was seen last', async () => {
    const { reader } = supervisor([
      { kind: 'clients', clients: packClients([client('a', 5), client('b', 9)]) },
      { kind: 'clients', clients: packClients([client('c', 7)]) },
    ])
    expect((await reader.clients())?.map(({ address }) => address)).toEqual(['b', 'c', 'a'])
  })

  test('of rejected rows is asked for only as far as it is shown, one domain after the other', async () => {
    const rows: Answer = { kind: 'rows', rows: Array.from({ length: 200 }, (_, n) => row(`${n}`)) }
    const { reader, asked, most } = daemon(20, async function* () {
      yield rows
      throw new Error('more than is shown was asked for')
    })
    const [rejected] = await Promise.all([reader.rejected(), reader.rejected(), reader.rejected()])
    expect(rejected?.map(({ domain, rows }) => [domain, rows.length])).toEqual(
      Array.from({ length: 20 }, (_, n) => [`d${n}`, 50]),
    )
    expect([asked.filter(({ kind }) => kind === 'rejected').length, most()]).toEqual([20, 1])
  })

  test('is left out where nobody can tell', async () => {
    const { reader } = daemon(1, async function* () {
      yield* []
      throw new Error('the server process is not running')
    })
    expect(
      await Promise.all([reader.usage(), reader.clients(), reader.clientCount(), reader.rejected()]),
    ).toEqual([undefined, undefined, undefined, undefined])
    expect((await reader.status()).domains).toHaveLength(1)
  })

  test('is left out where it does not come within two seconds', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const { reader } = daemon(1, async function* () {
      yield* []
      await new Promise(() => {})
    })
    const untold = Promise.all([reader.usage(), reader.clients()])
    await vi.advanceTimersByTimeAsync(2000)
    expect(await untold).toEqual([undefined, undefined])
  })

  test('of the number of clients is asked for once a minute, of their list each five seconds', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const { reader, asked } = supervisor([{ kind: 'clients', clients: packClients([client('a', 1)]) }])
    const lists = () => asked.filter(({ kind }) => kind === 'clients').length
    for (let second = 0; second < 60; second += 5) {
      expect(await reader.clientCount()).toBe(1)
      await vi.advanceTimersByTimeAsync(5000)
    }
    expect(lists()).toBe(1)
    for (let second = 0; second < 10; second += 2.5) {
      await reader.clients()
      await vi.advanceTimersByTimeAsync(2500)
    }
    expect(lists()).toBe(3)
  })
})
