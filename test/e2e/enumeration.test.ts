import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { ask } from '../support/fault-daemon.ts'
import { figure } from '../support/figure.ts'
import {
  controlSocketOf,
  labFolder,
  run,
  runOrFail,
  startRpcbind,
  startYpbind,
  startYpldap,
  untilLogged,
} from '../support/lab.ts'

// The programs of a Linux client list a map while one refresh after the other changes it: ypcat by ALL, getent by FIRST
// and NEXT through libnss_nis. Whoever is there all the while is listed exactly once.

const PORT = 834
const SUFFIX = 'dc=example,dc=com'
const LONG = process.env['YPLDAP_LONG'] === '1'
/** Listings by each program. */
const LISTINGS = LONG ? 300 : 30

const STAYING = Array.from({ length: 150 }, (_, i) => `user${i}`)
/** Two sets that come and go, between those who stay and around them. */
const COMING = [0, 1].map((set) => Array.from({ length: 100 }, (_, i) => `user${i}-${set}`))

function ldif(names: readonly string[]): string {
  const users = names.map((name, i) =>
    [
      `dn: uid=${name},${SUFFIX}`,
      'objectClass: account',
      'objectClass: posixAccount',
      `uid: ${name}`,
      `cn: ${name}`,
      `uidNumber: ${10_000 + i}`,
      'gidNumber: 10000',
      `homeDirectory: /home/${name}`,
      '',
    ].join('\n'),
  )
  return users.join('\n')
}

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

test(`in ${LISTINGS} listings across publications by ypcat and getent nobody is missed or listed twice`, async () => {
  const rpcbind = await startRpcbind()
  ending.unshift(() => rpcbind.stop())
  const file = join(labFolder('ldif'), 'users.ldif')
  const write = (set: number) => writeFileSync(file, ldif([...STAYING, ...COMING[set % 2]!]))
  write(0)
  const ypldap = await startYpldap(
    `domain "lab.example"\nlisten port ${PORT}\ninterval 3600\ndirectory file "${file}" { basedn "${SUFFIX}" }\n`,
  )
  ending.unshift(() => ypldap.stop())
  await untilLogged(ypldap, 'published')
  const ypbind = await startYpbind()
  ending.unshift(() => ypbind.stop())

  let publications = 0
  const over = new AbortController()
  const publishing = (async () => {
    while (!over.signal.aborted) {
      write(++publications)
      await ask(controlSocketOf(ypldap.file), { kind: 'refresh', force: false })
    }
  })()
  const everyone = new Set([...STAYING, ...COMING.flat()])
  let across = 0
  try {
    for (let listing = 0; listing < LISTINGS; listing++) {
      for (const [program, ...args] of [
        ['ypcat', 'passwd.byname'],
        ['getent', '-s', 'passwd:nis', 'passwd'],
      ] as const) {
        const before = publications
        const listed = (await runOrFail(program, args)).split('\n').filter(Boolean)
        if (publications > before) across += 1
        const names = listed.map((line) => line.split(':')[0]!)
        expect(new Set(names).size).toBe(names.length)
        expect(names.filter((name) => !everyone.has(name))).toEqual([])
        expect(STAYING.filter((name) => !names.includes(name))).toEqual([])
      }
    }
  } finally {
    over.abort()
    await publishing
  }
  expect((await run('ypwhich')).stdout).toBe('127.0.0.1\n')
  expect(across).toBeGreaterThan(0)
  const counts = [2 * LISTINGS, across, publications].map((count) => count.toLocaleString('en-US'))
  figure(
    'G4',
    `${counts[0]} listings by ypcat and getent, ${counts[1]} across one or more of ${counts[2]} publications: ` +
      'nobody missed or twice',
  )
}, 600_000)
