import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
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
} from '../support/lab.ts'

// What clients of Linux make of answers that no datagram has room for.

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

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
  expect(logged(daemon.output(), 'too-large')).toEqual([expect.stringContaining('the list of maps')])
})
