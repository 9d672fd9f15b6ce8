import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { YpStat } from '../../rpc/yp.ts'
import type { LabProcess } from '../support/lab.ts'
import {
  EXAMPLE_SUFFIX,
  LAB_DOMAIN,
  LAB_MAPS,
  logged,
  run,
  runOrFail,
  startRpcbind,
  startYpldap,
  startYpserv,
  untilLogged,
} from '../support/lab.ts'
import { encodeYpCall, openYpClient, type Transport } from '../support/yp-client.ts'

// Who gets an answer, judged by the address that a call comes from: calls to an address of this host come from it.

const PORT = 834
const INSIDE = '192.0.2.1'
const OUTSIDE = '198.51.100.1'
const INSIDE_6 = '2001:db8::1'

beforeAll(async () => {
  for (const address of [INSIDE, OUTSIDE])
    await runOrFail('ip', ['address', 'replace', `${address}/32`, 'dev', 'lo'])
  await runOrFail('ip', ['-6', 'address', 'replace', `${INSIDE_6}/128`, 'dev', 'lo', 'nodad'])
})

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

async function started(starting: Promise<LabProcess>): Promise<LabProcess> {
  const daemon = await starting
  ending.unshift(() => daemon.stop())
  return daemon
}

async function serve(...rules: readonly string[]): Promise<LabProcess> {
  await started(startRpcbind())
  const file = `${process.cwd()}/etc/example.ldif`
  const ypldap = await started(
    startYpldap(
      [
        `domain "${LAB_DOMAIN}"`,
        `listen port ${PORT}`,
        ...rules,
        `directory file "${file}" { basedn "${EXAMPLE_SUFFIX}" }`,
        '',
      ].join('\n'),
    ),
  )
  await untilLogged(ypldap, 'published')
  return ypldap
}

/** What becomes of a NULL call from this address of the host to the same. A stranger hears nothing at all. */
async function asked(transport: Transport, host: string): Promise<string> {
  const client = await openYpClient({ transport, host, port: PORT, patience: 500 })
  const outcome = await client.send(encodeYpCall({ procedure: 0 }))
  client.close()
  return typeof outcome === 'string' ? outcome : 'answered'
}

describe('without rules', () => {
  test('loopback is answered, and every other address is not', async () => {
    const ypldap = await serve()
    for (const host of ['127.0.0.1', '::1']) {
      expect(await asked('udp', host)).toBe('answered')
      expect(await asked('tcp', host)).toBe('answered')
    }
    for (const host of [OUTSIDE, INSIDE_6]) {
      expect(await asked('tcp', host)).toBe('closed')
      expect(await asked('udp', host)).toBe('silence')
    }
    await untilLogged(ypldap, 'stranger')
    expect(logged(ypldap.output(), 'stranger')).toEqual([expect.stringContaining(OUTSIDE)])
  })
})

describe('with rules', () => {
  test('allow from answers those it covers, in both families, and nobody else', async () => {
    await serve('allow from 192.0.2.0/24 2001:db8::/32')
    for (const host of ['127.0.0.1', '::1', INSIDE, INSIDE_6]) {
      expect(await asked('udp', host)).toBe('answered')
      expect(await asked('tcp', host)).toBe('answered')
    }
    expect(await asked('tcp', OUTSIDE)).toBe('closed')
    expect(await asked('udp', OUTSIDE)).toBe('silence')
  })

  test('the first rule that covers the caller decides', async () => {
    await serve(`deny from ${INSIDE}`, 'allow from any')
    expect(await asked('tcp', INSIDE)).toBe('closed')
    expect(await asked('tcp', OUTSIDE)).toBe('answered')
    expect(await asked('tcp', INSIDE_6)).toBe('answered')
  })

  test('ypcat from an address that is covered shows the map, and else fails', async () => {
    await serve(`allow from ${INSIDE}`)
    expect(await runOrFail('ypcat', ['-h', INSIDE, '-d', LAB_DOMAIN, 'group.bygid'])).toContain(
      'visitors:*:10107:\n',
    )
    expect((await run('ypcat', ['-h', OUTSIDE, '-d', LAB_DOMAIN, 'group.bygid'])).status).not.toBe(0)
  })
})

// 127.0.0.2 is asked from 127.0.0.1, and a connected socket takes no answer from anywhere but 127.0.0.2.
const askOther = async (port: number) => {
  const client = await openYpClient({ transport: 'udp', host: '127.0.0.2', port, patience: 500 })
  ending.unshift(() => client.close())
  return await client.send(encodeYpCall({ procedure: 0 }))
}

describe('an answer by UDP comes from the address that was asked', () => {
  test('by ypserv', async () => {
    await started(startRpcbind())
    await started(startYpserv({ domain: LAB_DOMAIN, maps: LAB_MAPS, port: PORT }))
    expect(await askOther(PORT)).not.toBe('silence')
  })

  test('by ypldap', async () => {
    await serve()
    expect(await askOther(PORT)).not.toBe('silence')
  })
})

test('a caller on a port of its own is told apart from root: unreserved ports see no hashes', async () => {
  await serve('allow from any')
  const client = await openYpClient({ transport: 'udp', host: INSIDE, port: PORT })
  const root = await openYpClient({ transport: 'udp', host: INSIDE, port: PORT, reserved: true })
  ending.unshift(
    () => client.close(),
    () => root.close(),
  )
  expect((await client.match(LAB_DOMAIN, 'master.passwd.byname', 'alice')).status).toBe(YpStat.NOKEY)
  expect((await root.match(LAB_DOMAIN, 'master.passwd.byname', 'alice')).status).toBe(YpStat.TRUE)
})
