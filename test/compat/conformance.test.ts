import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { YpStat } from '../../rpc/yp.ts'
import { answerOf } from '../e2e/ypserv-answers.ts'
import {
  EXAMPLE_LDIF,
  EXAMPLE_MAPS,
  EXAMPLE_SUFFIX,
  exampleConf,
  LAB_DOMAIN,
  LAB_ORDER,
  type LabProcess,
  run,
  type Slapd,
  startRpcbind,
  startSlapd,
  startYpbind,
  startYpldap,
  startYpserv,
  untilLogged,
} from '../support/lab.ts'
import { openYpClient, type Transport, type YpClient } from '../support/yp-client.ts'
import { caseOf, EXPECTATIONS, markdown, toldOf } from './expectations.ts'

// What others' test programs expect of a YP server, asked of Debian's ypserv and of ypldap, and Debian's yptest run
// against both. Every answer that is not the expected one has its reason in the table.

const OURS = 834
const THEIRS = 838

/** A user of the example who is not the last of the map. */
const USER = 'alice'

const running: LabProcess[] = []
let slapd: Slapd

beforeAll(async () => {
  running.unshift(await startRpcbind())
  slapd = await startSlapd({ ldif: EXAMPLE_LDIF, suffix: EXAMPLE_SUFFIX })
})

afterAll(async () => {
  for (const daemon of running.splice(0)) await daemon.stop()
  await slapd.stop()
})

/** ypldap with the example directory; `global` says where it listens. */
async function startOurs(...global: readonly string[]): Promise<LabProcess> {
  const ypldap = await startYpldap(exampleConf(slapd, { global }))
  await untilLogged(ypldap, 'published')
  return ypldap
}

const startTheirs = () => startYpserv({ domain: LAB_DOMAIN, maps: EXAMPLE_MAPS, port: THEIRS })

/** What a server answers to each call, for comparison with the table. */
async function answers(port: number, transport: Transport): Promise<readonly object[]> {
  const client = await openYpClient({ transport, port })
  const all: object[] = []
  for (const expectation of EXPECTATIONS) {
    const { by, procedure, asked } = expectation
    const ypCase = caseOf(expectation, { domain: LAB_DOMAIN, key: USER })
    all.push({ by, procedure, asked, answer: answerOf(ypCase, await client.send(ypCase.message)).words })
  }
  client.close()
  return all
}

function told(server: 'ypldap' | 'ypserv', transport: Transport): readonly object[] {
  return EXPECTATIONS.map((row) => {
    const { by, procedure, asked } = row
    return { by, procedure, asked, answer: toldOf(server, transport, row) }
  })
}

describe('each answer is the expected one, or the one that the table explains,', () => {
  const servers: LabProcess[] = []
  beforeAll(async () => {
    servers.push(await startOurs('bind local', `listen on 127.0.0.1 port ${OURS}`), await startTheirs())
  })
  afterAll(async () => {
    for (const server of servers.splice(0)) await server.stop()
  })

  test.each(['udp', 'tcp'] as const)('of ypldap over %s', async (transport) => {
    expect(await answers(OURS, transport)).toEqual(told('ypldap', transport))
  })

  test.each(['udp', 'tcp'] as const)('of ypserv over %s', async (transport) => {
    expect(await answers(THEIRS, transport)).toEqual(told('ypserv', transport))
  })

  test("whichever of ypldap's is not expected has its reason", () => {
    const unexplained = EXPECTATIONS.filter(
      ({ ypldap, why }) => (ypldap === undefined) !== (why === undefined),
    )
    expect(unexplained).toEqual([])
    expect(EXPECTATIONS.length).toBeGreaterThan(30)
  })

  test.each(['udp', 'tcp'] as const)(
    "OpenBSD's seven calls give the same of both over %s",
    async (transport) => {
      const [ours, theirs] = await Promise.all(
        [OURS, THEIRS].map(async (port) => {
          const client = await openYpClient({ transport, port })
          const seen = await sevenCalls(client)
          client.close()
          return seen
        }),
      )
      const { order, ...others } = theirs!
      expect(ours).toMatchObject(others)
      // Each dates its maps itself.
      expect(order).toEqual({ status: YpStat.TRUE, order: LAB_ORDER })
      expect(ours!.order).toEqual({ status: YpStat.TRUE, order: expect.any(Number) })
      expect(ours!.records).toHaveLength(EXAMPLE_MAPS['passwd.byname'].length)
    },
  )
})

/** What yptest of OpenBSD asks for, in its order; what comes in a server's own order is sorted. */
async function sevenCalls(client: YpClient) {
  const map = 'passwd.byname'
  const match = await client.match(LAB_DOMAIN, map, USER)
  const walk: string[] = []
  let step = await client.first(LAB_DOMAIN, map)
  for (; step.status === YpStat.TRUE; step = await client.next(LAB_DOMAIN, map, step.key)) {
    walk.push(`${step.key} ${step.value}`)
  }
  const master = await client.master(LAB_DOMAIN, map)
  const order = await client.order(LAB_DOMAIN, map)
  const { status, maps } = await client.mapList(LAB_DOMAIN)
  const records = (await client.all(LAB_DOMAIN, map))
    .filter((one) => one.status === YpStat.TRUE)
    .map(({ key, value }) => `${key} ${value}`)
  const inUse = Object.keys(EXAMPLE_MAPS)
  return {
    match,
    walk: walk.sort(),
    end: step,
    master,
    order,
    mapList: { status, maps: maps.filter((name) => inUse.includes(name)).sort() },
    records: records.sort(),
  }
}

test("Debian's yptest says of ypldap what it says of ypserv", async () => {
  const seen: (readonly string[])[] = []
  for (const start of [() => startOurs(`listen port ${OURS}`), startTheirs]) {
    const server = await start()
    const ypbind = await startYpbind()
    try {
      const { status, stdout, stderr } = await run('yptest', ['-u', USER])
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      seen.push(comparable(stdout))
    } finally {
      await ypbind.stop()
      await server.stop()
    }
  }
  const [ours, theirs] = seen
  expect(theirs!.join('\n')).toContain('All tests passed')
  expect(ours).toEqual(theirs)
})

/**
 * What yptest prints, test by test, without the port and the date. The order of records is each server's own, and so is
 * which of them FIRST gives and which NEXT.
 */
function comparable(text: string): readonly string[] {
  return text
    .replace(/\n\nTest \d+: yp_next\n/, '\n')
    .replace(/(svcaddr: .*):\d+$/m, '$1')
    .replace(/(yp_order\n)\d+$/m, '$1')
    .split('\n\n')
    .map((block) => block.split('\n').sort().join('\n'))
}

test('docs/ypserv.md shows the table', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/ypserv.md'), 'utf8')
  expect(text).toContain(`\n${markdown()}\n`)
})
