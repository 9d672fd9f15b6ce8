/** Who sends datagrams by the ten thousand, or lies about where they come from, harms nobody but himself. */
import { describe, expect, test } from 'vitest'
import { YpProcedure as P, YpStat } from '../../rpc/yp.ts'
import { encodeKey, encodeNoKey } from '../../rpc/yp-arguments.ts'
import type { UdpCounts } from '../../src/messages/counts.ts'
import { UDP_CALL_BYTES } from '../../src/server/limits.ts'
import { flood, forge } from '../support/datagram-flood.ts'
import { startDaemon, type TestDaemon } from '../support/fault-daemon.ts'
import { waitUntil } from '../support/lab-wait.ts'
import { seededRandom } from '../support/random.ts'
import { type Report, startLoad } from '../support/steady-load.ts'
import { encodeYpCall, openYpClient } from '../support/yp-client.ts'

const LONG = process.env['YPLDAP_LONG'] === '1'
const DATAGRAMS = LONG ? 1_000_000 : 30_000
const PATIENT = { timeout: LONG ? 900_000 : 120_000 }
const DOMAIN = 'example.com'
const isRoot = process.getuid?.() === 0

/** Addresses of loopback that no rule of these tests allows, in as many networks. */
const STRANGERS = Array.from({ length: 200 }, (_, i) => `127.66.${i}.1`)
const RULES = ['deny from 127.66.0.0/16', 'allow from 127.0.0.0/8'] as const

const match = (index: number) =>
  encodeYpCall({
    procedure: P.MATCH,
    encode: (writer) => encodeKey(writer, DOMAIN, 'passwd.byname', `user${index % 200}`),
  })
const CALLS = Array.from({ length: 200 }, (_, index) => match(index))
const enumeration = encodeYpCall({
  procedure: P.ALL,
  encode: (writer) => encodeNoKey(writer, DOMAIN, 'passwd.byname'),
})

const countsOf = async (daemon: TestDaemon): Promise<UdpCounts> => (await daemon.status()).requests!.udp

interface Outcome {
  readonly report: Report
  readonly answers: number
  readonly counts: UdpCounts
  /** bytes by which the server process grew */
  readonly growth: number
}

/** The flood beside clients that never rest, and one flood before it, so that all is in place. */
async function flooded(
  daemon: TestDaemon,
  from: readonly string[],
  messages: readonly Uint8Array[],
): Promise<Outcome> {
  const memory = async () => (await daemon.status()).processes.find(({ role }) => role === 'server')!.memory
  await flood({ port: daemon.port, from, count: DATAGRAMS / 10, messages })
  const before = await memory()
  const load = await startLoad(DOMAIN, daemon.port, 1)
  const answers = await flood({ port: daemon.port, from, count: DATAGRAMS, messages })
  await waitUntil('clients have had answers', () => load.report().matches > 100 && load.report().alls > 0)
  const report = await load.stop()
  const growth = (await memory()) - before
  const { processes } = await daemon.status()
  expect(processes.map(({ restarts }) => restarts)).toEqual([0, 0, 0])
  const counts = await countsOf(daemon)
  const { matches, alls, resent } = report
  const mebibytes = Math.round(growth / 2 ** 20)
  console.log(JSON.stringify({ datagrams: DATAGRAMS, answers, matches, alls, resent, ...counts, mebibytes }))
  return { report, answers, counts, growth }
}

/** Nothing wrong; a datagram that the kernel had no room for is sent again, and of a hundred one may be lost then, too. */
function expectSound({ lost, wrong, reconnected, matches }: Report): void {
  expect({ wrong, reconnected }).toEqual({ wrong: [], reconnected: 0 })
  expect(lost.length).toBeLessThanOrEqual(matches / 100)
}

describe('clients have their answers beside a flood', () => {
  test(`of ${DATAGRAMS} calls of strangers, who have none`, PATIENT, async () => {
    const daemon = await startDaemon(...RULES)
    const { report, answers, counts, growth } = await flooded(daemon, STRANGERS, CALLS)
    expectSound(report)
    expect(answers).toBe(0)
    expect(counts.strangers).toBeGreaterThan(DATAGRAMS / 100)
    expect(counts.calls).toBe(counts.strangers + counts.replies)
    expect(growth).toBeLessThan(32 * 2 ** 20)
    expect(daemon.logged('stranger').length).toBeLessThan(5)
  })

  test(`of ${DATAGRAMS} datagrams that are no calls, or broken ones`, PATIENT, async () => {
    const daemon = await startDaemon()
    const random = seededRandom(6)
    const whole = match(1)
    const broken = [
      () => Buffer.alloc(0),
      () => whole.subarray(0, Math.floor(random() * whole.length)),
      () => Buffer.alloc(1 + Math.floor(random() * 200), Math.floor(random() * 256)),
      () => Buffer.alloc(UDP_CALL_BYTES + 1 + Math.floor(random() * 20_000)),
      () => {
        const call = Buffer.from(whole)
        call[Math.floor(random() * call.length)]! ^= 1 << Math.floor(random() * 8)
        return call
      },
      // A reply rather than a call, as two servers might send one to the other for ever.
      () => Buffer.concat([whole.subarray(0, 4), Buffer.from([0, 0, 0, 1]), whole.subarray(8)]),
    ]
    const messages = Array.from({ length: 999 }, (_, index) => broken[index % broken.length]!())
    const { report, counts, growth } = await flooded(daemon, ['127.0.0.2', '127.0.0.3'], messages)
    expectSound(report)
    expect(counts.undecodable).toBeGreaterThan(DATAGRAMS / 100)
    expect(growth).toBeLessThan(32 * 2 ** 20)
  })

  test(
    `of ${DATAGRAMS} calls of those who may ask, for answers that no datagram has room for`,
    PATIENT,
    async () => {
      const daemon = await startDaemon()
      const { report, counts, growth } = await flooded(daemon, ['127.0.0.2', '127.1.2.3'], [enumeration])
      expectSound(report)
      expect(counts.tooLarge).toBeGreaterThan(DATAGRAMS / 100)
      expect(counts.limited).toBe(0)
      expect(growth).toBeLessThan(32 * 2 ** 20)
      expect(daemon.logged('too-large').length).toBeLessThan(5)
    },
  )
})

describe.runIf(isRoot)('a call that claims to come', () => {
  const FORGED = 1000

  /** What was counted of forged calls, when calls that came behind them, and what those brought about, are answered. */
  async function forged(from: string, fromPort: (port: number) => number, ...statements: readonly string[]) {
    const daemon = await startDaemon(...statements)
    const { port } = daemon
    const client = await openYpClient({ transport: 'udp', port, patience: 5000 })
    forge(
      Array.from({ length: FORGED }, (_, index) => ({
        from,
        fromPort: fromPort(port),
        port,
        message: match(index),
      })),
    )
    for (let call = 0; call < 5; call++) {
      expect(await client.match(DOMAIN, 'passwd.byname', 'user1')).toMatchObject({ status: YpStat.TRUE })
    }
    client.close()
    await waitUntil('the last answer is counted', async () => {
      const { calls, replies, undecodable, strangers } = await countsOf(daemon)
      return calls === replies + undecodable + strangers
    })
    return { counts: await countsOf(daemon), daemon }
  }

  // Calls that come by chance, as of somebody who had this port before, are few, and answered.
  const FEW = 50

  test('from port 0 has no answer, and harms nobody', async () => {
    const { counts } = await forged('127.0.0.1', () => 0)
    expect(counts).toMatchObject({ undecodable: FORGED, strangers: 0, unsent: 0 })
    expect(counts.replies).toBeLessThan(FEW)
  })

  test('from the server itself is answered once, and the answer is no call: nothing goes round', async () => {
    const { counts, daemon } = await forged('127.0.0.1', (port) => port)
    expect(counts).toMatchObject({ undecodable: FORGED, strangers: 0, unsent: 0 })
    expect(counts.replies).toBeGreaterThanOrEqual(FORGED)
    expect(counts.replies).toBeLessThan(FORGED + FEW)
    expect((await countsOf(daemon)).undecodable).toBe(FORGED)
  })

  test('from the address of a stranger has no answer', async () => {
    const { counts } = await forged('127.66.0.1', () => 834, ...RULES)
    expect(counts).toMatchObject({ undecodable: 0, strangers: FORGED, unsent: 0 })
    expect(counts.replies).toBeLessThan(FEW)
  })
})
