import { describe, expect, test } from 'vitest'
import type { Answer } from '../../src/messages/control.ts'
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
      { kind: 'clients', clients: [client('a', 5), client('b', 9)] },
      { kind: 'clients', clients: [client('c', 7)] },
    ])
    expect((await reader.clients()).map(({ address }) => address)).toEqual(['b', 'c', 'a'])
  })

  test('of rejected rows is asked for only as far as it is shown', async () => {
    const part: Answer = { kind: 'rows', rows: Array.from({ length: 200 }, (_, n) => row(`${n}`)) }
    const { reader, taken } = supervisor([part, part])
    const [first, second] = await reader.rejected(['a', 'b'])
    expect([first?.domain, first?.rows.length, second?.domain, taken()]).toEqual(['a', 50, 'b', 2])
  })
})
