import { describe, expect, test } from 'vitest'
import { parseAddress } from '../../src/address.ts'
import { CLIENT_MAPS, type Client } from '../../src/messages/usage.ts'
import { createLedger, type Ledger } from '../../src/server/ledger.ts'
import { REMEMBERED_CLIENTS } from '../../src/server/limits.ts'
import { Outcome } from '../../src/server/tally.ts'
import { type Told, Usage } from '../../src/server/usage.ts'

const [DOMAIN, MATCH, ALL] = [1, 3, 8]
const domain = 'example.com'

/** A thread whose clock stands where the test puts it. */
class Thread {
  readonly usage = new Usage()

  call(address: string, at: number, map = 'passwd.byname', procedure = MATCH): void {
    const bytes = parseAddress(address)!
    this.usage.now = at
    const row = this.usage.tally.row(domain, map)
    // Behind others, as in a batch.
    const origin = {
      bytes: Uint8Array.of(9, 9, 9, ...bytes),
      start: 3,
      length: bytes.length,
      reserved: false,
    }
    this.usage.count(row, procedure, Outcome.true, origin)
  }

  told = async (): Promise<Told> => structuredClone(this.usage.tell())
}

const told = (thread: Thread): Promise<readonly Client[]> => createLedger(thread.usage, []).clients()
const named = (...maps: readonly string[]) => maps.map((map) => ({ domain, map }))
const client = (changes: Partial<Client>): Client => ({
  address: '192.0.2.1',
  first: 100,
  last: 100,
  calls: 1,
  procedures: ['match'],
  maps: named('passwd.byname'),
  ...changes,
})

describe('a client', () => {
  test('is told of with when it was seen, how often, and what it used', async () => {
    const thread = new Thread()
    thread.call('192.0.2.1', 100)
    thread.call('192.0.2.1', 200, 'group.byname', ALL)
    thread.call('192.0.2.1', 150)
    thread.call('192.0.2.1', 150)
    expect(await told(thread)).toEqual([
      client({
        last: 150,
        calls: 4,
        procedures: ['match', 'all'],
        maps: named('passwd.byname', 'group.byname'),
      }),
    ])
  })

  test('that only asks for the domain uses no map', async () => {
    const thread = new Thread()
    thread.call('192.0.2.1', 100, '', DOMAIN)
    expect(await told(thread)).toEqual([client({ procedures: ['domain'], maps: [] })])
  })

  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['::192.0.2.1', '::192.0.2.1'],
  ])('at %s is %s', async (address, shown) => {
    const thread = new Thread()
    thread.call(address, 100)
    expect(await told(thread)).toEqual([client({ address: shown })])
  })

  test('over a socket of IPv6 is the same as over one of IPv4', async () => {
    const thread = new Thread()
    thread.call('192.0.2.1', 100)
    thread.call('::ffff:192.0.2.1', 101)
    expect(await told(thread)).toEqual([client({ last: 101, calls: 2 })])
  })

  test('is never taken for another, however much alike their addresses are', async () => {
    const thread = new Thread()
    const addresses = Array.from({ length: 4000 }, (_, i) =>
      i % 2 === 0 ? `10.0.${i >> 8}.${i & 255}` : `2001:db8:0:1::${i.toString(16)}`,
    )
    for (const [index, address] of addresses.entries()) {
      for (let call = 0; call <= index % 3; call++) thread.call(address, 100 + call)
    }
    const calls = new Map((await told(thread)).map((one) => [one.address, one.calls]))
    expect(calls).toEqual(new Map(addresses.map((address, index) => [address, 1 + (index % 3)])))
  })

  test('keeps its maps when others are asked for that nobody had asked for before', async () => {
    const thread = new Thread()
    const maps = Array.from({ length: 100 }, (_, i) => `auto.${i}`)
    thread.call('192.0.2.1', 100, maps[0])
    for (const map of maps) thread.call('192.0.2.2', 100, map)
    thread.call('192.0.2.1', 100, maps[99])
    const [one, other] = await told(thread)
    expect(one).toEqual(client({ calls: 2, maps: named('auto.0', 'auto.99') }))
    expect(other).toEqual(
      client({ address: '192.0.2.2', calls: 100, maps: named(...maps.slice(0, CLIENT_MAPS)) }),
    )
  })

  test(`has no more than ${CLIENT_MAPS} maps`, async () => {
    const thread = new Thread()
    for (let i = 0; i < CLIENT_MAPS + 10; i++) thread.call('192.0.2.1', 100, `auto.${i}`)
    const [one] = await told(thread)
    expect(one?.maps).toHaveLength(CLIENT_MAPS)
  })
})

const addressOf = (index: number) => `10.1.${index >> 8}.${index & 255}`
const ledgerOf = (...threads: readonly Thread[]): Ledger => createLedger(new Usage(), threads)

describe('of more clients than there is room for', () => {
  test('the one that was silent for longest is forgotten, with all it had, and that is told', async () => {
    const thread = new Thread()
    for (let i = 0; i < REMEMBERED_CLIENTS; i++) thread.call(addressOf(i), 100, `map${i % 50}`)
    // The first one is heard of again: the second is the one that goes.
    thread.call(addressOf(0), 200)
    thread.call('192.0.2.1', 201)
    const ledger = createLedger(thread.usage, [])
    const clients = await ledger.clients()
    expect(clients).toHaveLength(REMEMBERED_CLIENTS)
    expect(clients.slice(0, 2)).toEqual([
      client({ first: 201, last: 201 }),
      client({ address: addressOf(0), last: 200, calls: 2, maps: named('map0', 'passwd.byname') }),
    ])
    expect(clients.some(({ address }) => address === addressOf(1))).toBe(false)
    expect(ledger.state().forgotten).toBe(1)
  })
})

test('clients for which each thread has room, and all together have not, are forgotten and told as well', async () => {
  const threads = [new Thread(), new Thread()]
  for (let i = 0; i < REMEMBERED_CLIENTS; i++) {
    threads[0]!.call(addressOf(i), 100)
    threads[1]!.call(addressOf(REMEMBERED_CLIENTS + i), 200)
  }
  const ledger = ledgerOf(...threads)
  const clients = await ledger.clients()
  expect([clients.length, clients.at(-1)?.last]).toEqual([REMEMBERED_CLIENTS, 200])
  expect(ledger.state().forgotten).toBe(REMEMBERED_CLIENTS)
})

describe('a ledger', () => {
  test('has what all threads were asked, each client once, the one last seen first', async () => {
    const [one, other] = [new Thread(), new Thread()]
    one.call('192.0.2.1', 100)
    one.call('192.0.2.2', 500)
    other.call('192.0.2.9', 50, 'group.byname')
    other.call('192.0.2.1', 90, 'group.byname', ALL)
    const ledger = ledgerOf(one, other)
    expect(await ledger.clients()).toEqual([
      client({ address: '192.0.2.2', first: 500, last: 500 }),
      client({
        first: 90,
        calls: 2,
        procedures: ['match', 'all'],
        maps: named('passwd.byname', 'group.byname'),
      }),
      client({ address: '192.0.2.9', first: 50, last: 50, maps: named('group.byname') }),
    ])
    expect(await ledger.usage()).toEqual([
      { procedure: 'match', domain, map: 'passwd.byname', outcome: 'true', calls: 2 },
      { procedure: 'match', domain, map: 'group.byname', outcome: 'true', calls: 1 },
      { procedure: 'all', domain, map: 'group.byname', outcome: 'true', calls: 1 },
    ])
  })

  test('goes on from what was known before, however often it is asked', async () => {
    const thread = new Thread()
    thread.call('192.0.2.1', 1000, 'group.byname', ALL)
    const ledger = ledgerOf(thread)
    ledger.remember([client({ calls: 41, first: 5, last: 20 })], { since: 3, forgotten: 7 })
    ledger.remember([client({ address: '192.0.2.7', last: 30 })], { since: 3, forgotten: 7 })
    for (let again = 0; again < 2; again++) {
      expect(await ledger.clients()).toEqual([
        client({
          first: 5,
          last: 1000,
          calls: 42,
          procedures: ['match', 'all'],
          maps: named('passwd.byname', 'group.byname'),
        }),
        client({ address: '192.0.2.7', last: 30 }),
      ])
    }
    expect(ledger.state()).toEqual({ since: 3, forgotten: 7 })
  })

  test('has no more clients than one thread may have, and keeps those last seen', async () => {
    const thread = new Thread()
    for (let i = 0; i < 10; i++) thread.call(`192.0.2.${i}`, 100_000)
    const ledger = ledgerOf(thread)
    const known = Array.from({ length: REMEMBERED_CLIENTS + 5 }, (_, i) =>
      client({ address: addressOf(i), last: 1000 + i }),
    )
    ledger.remember(known, { since: 3, forgotten: 0 })
    const clients = await ledger.clients()
    expect(clients).toHaveLength(REMEMBERED_CLIENTS)
    expect(clients[0]?.last).toBe(100_000)
    expect(clients.at(-1)?.last).toBe(1010)
  })

  test('began when it was made, if nothing was known before', () => {
    const from = Math.floor(Date.now() / 1000)
    const { since, forgotten } = ledgerOf().state()
    expect(since).toBeGreaterThanOrEqual(from)
    expect(since).toBeLessThanOrEqual(Date.now() / 1000)
    expect(forgotten).toBe(0)
  })
})
