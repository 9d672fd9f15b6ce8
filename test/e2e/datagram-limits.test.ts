import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { UdpCounts } from '../../src/messages/counts.ts'
import { flood } from '../support/datagram-flood.ts'
import type { Ypldap } from '../support/lab.ts'
import {
  EXAMPLE_SUFFIX,
  LAB_DOMAIN,
  labFolder,
  logged,
  run,
  runOrFail,
  startRpcbind,
  startYpbind,
  startYpldap,
  untilLogged,
  waitUntil,
} from '../support/lab.ts'
import { encodeYpCall } from '../support/yp-client.ts'

// What clients of Linux make of answers that no datagram has room for, and what a network hears that sends too fast.

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

/** An address of this host that is not loopback. */
const HERE = '192.0.2.1'
const CALLS = 2000

/** A server with so many automount maps and one group of 200 members, whose line has 1,600 bytes and more. */
async function serve(maps: number, ...statements: readonly string[]): Promise<Ypldap> {
  const members = Array.from({ length: 200 }, (_, i) => `memberUid: user${String(i).padStart(3, '0')}`)
  const automounts = Array.from(
    { length: maps },
    (_, i) =>
      `dn: automountMapName=auto.place${i},${EXAMPLE_SUFFIX}\nobjectClass: automountMap\nautomountMapName: auto.place${i}\n`,
  )
  const keys = Array.from(
    { length: maps },
    (_, i) =>
      `dn: automountKey=k,automountMapName=auto.place${i},${EXAMPLE_SUFFIX}\nobjectClass: automount\n` +
      'automountKey: k\nautomountInformation: x\n',
  )
  const group = ['dn: cn=many', 'objectClass: posixGroup', 'cn: many', 'gidNumber: 700', ...members, '']
  const user = [
    `dn: uid=user000,${EXAMPLE_SUFFIX}`,
    'objectClass: posixAccount',
    'uid: user000',
    'cn: One',
    'uidNumber: 7000',
    'gidNumber: 700',
    'homeDirectory: /home',
    '',
  ]
  group[0] = `dn: cn=many,${EXAMPLE_SUFFIX}`
  const file = join(labFolder('ldif'), 'many.ldif')
  writeFileSync(file, [user.join('\n'), group.join('\n'), ...automounts, ...keys].join('\n'), { mode: 0o644 })
  const rpcbind = await startRpcbind()
  ending.unshift(() => rpcbind.stop())
  const daemon = await startYpldap(
    [
      `domain "${LAB_DOMAIN}"`,
      'provide maps accounts',
      'provide maps automount',
      'listen port 834',
      'record limit 8192',
      ...statements,
      `directory file "${file}" { basedn "${EXAMPLE_SUFFIX}" }`,
      '',
    ].join('\n'),
  )
  ending.unshift(() => daemon.stop())
  await untilLogged(daemon, 'published')
  const ypbind = await startYpbind()
  ending.unshift(() => ypbind.stop())
  return daemon
}

test('a group that no datagram has room for is an error to who asks for it, and whole to ypcat; the log has its map', async () => {
  const daemon = await serve(0)
  expect((await run('ypmatch', ['many', 'group.byname'])).stderr).toContain(
    "Can't match key many in map group.byname",
  )
  expect(await runOrFail('ypcat', ['group.byname'])).toContain('user199')
  await untilLogged(daemon, 'too-large')
  expect(logged(daemon.output(), 'too-large')).toEqual([
    expect.stringContaining(`group.byname of ${LAB_DOMAIN}`),
  ])
  const { stdout } = await daemon.ctl('--json')
  expect(JSON.parse(stdout).requests.udp.tooLarge).toBeGreaterThan(0)
})

test('the same group is found where there is room for it', async () => {
  await serve(0, 'limit udp reply 8224')
  expect(await runOrFail('ypmatch', ['many', 'group.byname'])).toContain('user199')
})

test('a list of maps that no datagram has room for is an error to ypwhich -m, which asks over UDP', async () => {
  const daemon = await serve(80)
  const { status, stderr } = await run('ypwhich', ['-m'])
  expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('Internal NIS error') })
  await untilLogged(daemon, 'too-large')
  expect(logged(daemon.output(), 'too-large')).toEqual([expect.stringContaining('the list of maps')])
})

test('a network that sends faster than its rate is answered at the rate, counted and told of; loopback has none', async () => {
  await runOrFail('ip', ['address', 'replace', `${HERE}/32`, 'dev', 'lo'])
  const daemon = await serve(0, 'allow from any', 'limit udp rate 100')
  const counts = async () => JSON.parse((await daemon.ctl('--json')).stdout).requests.udp as UdpCounts
  const messages = [encodeYpCall({ procedure: 0 })]
  const before = await counts()
  await flood({ port: 834, from: ['127.0.0.1', '127.0.0.2'], count: CALLS, messages })
  expect((await counts()).limited).toBe(before.limited)
  await flood({ port: 834, from: [HERE], to: HERE, count: CALLS, messages })
  // A second's calls at once, and then a hundred a second: most of them are over that.
  await waitUntil('calls are over the rate', async () => (await counts()).limited > CALLS / 4)
  expect((await counts()).limited).toBeLessThanOrEqual(CALLS - 100)
  await untilLogged(daemon, 'udp-rate')
  expect(logged(daemon.output(), 'udp-rate')).toEqual([expect.stringContaining('192.0.2.0/24')])
  expect((await daemon.ctl()).stdout).toMatch(/^ {2}over the rate +\d+$/m)
})

test('in a dry run it has all its answers', async () => {
  await runOrFail('ip', ['address', 'replace', `${HERE}/32`, 'dev', 'lo'])
  const daemon = await serve(0, 'allow from any', 'limit udp rate dry run 100')
  const messages = [encodeYpCall({ procedure: 0 })]
  await flood({ port: 834, from: [HERE], to: HERE, count: CALLS, messages })
  const counts = async () => JSON.parse((await daemon.ctl('--json')).stdout).requests.udp as UdpCounts
  await waitUntil('calls are over the rate', async () => (await counts()).limited > CALLS / 4)
  await waitUntil('each call has its answer', async () => {
    const { calls, replies } = await counts()
    return calls === replies
  })
  await untilLogged(daemon, 'udp-rate')
  expect(logged(daemon.output(), 'udp-rate')).toEqual([expect.stringContaining('answered all the same')])
})
