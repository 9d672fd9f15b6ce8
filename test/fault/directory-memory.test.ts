/**
 * Directories that give more than their process may hold, at the running daemon: what it may not take it does not
 * take, and another domain of the same process goes on.
 */
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { usePeer } from '../directory/peer-scripts.ts'
import { ask, startDaemon, type TestDaemon } from '../support/fault-daemon.ts'
import { waitUntil } from '../support/lab-wait.ts'
import { ber, entry, type LdapClient, type Script, searchDone } from '../support/ldap-peer.ts'

/** The whole numbers are for `scripts/test --long`. */
const LONG = process.env['YPLDAP_LONG'] === '1'
const PATIENT = { timeout: LONG ? 900_000 : 120_000 }
const MEGABYTE = 2 ** 20

/** Sends what `piece` gives, so many times, no faster than it is taken; false when nobody takes it any more. */
async function stream(client: LdapClient, times: number, piece: (at: number) => Buffer): Promise<boolean> {
  const { socket } = client
  for (let at = 0; at < times; at++) {
    if (socket.destroyed) return false
    if (!socket.write(piece(at))) await taken(socket)
  }
  return !socket.destroyed
}

function taken(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const over = () => {
      socket.off('drain', over)
      socket.off('close', over)
      resolve()
    }
    socket.on('drain', over)
    socket.on('close', over)
  })
}

/** Users without end, as far as anyone reads them, each with so many bytes of gecos; how many were sent. */
function manyUsers(count: number, gecos = 0): { readonly script: Script; readonly sent: () => number } {
  let sent = 0
  const atATime = gecos > 0 ? 1 : 1000
  const more = gecos > 0 ? { gecos: ['x'.repeat(gecos)] } : {}
  return {
    sent: () => sent,
    async script(client) {
      const { id } = await client.next()
      await stream(client, count / atATime, (at) => {
        sent = (at + 1) * atATime
        return Buffer.concat(
          Array.from({ length: atATime }, (_, n) => {
            const number = at * atATime + n
            return entry(id, `uid=u${number},dc=x`, {
              uid: [`u${number}`],
              uidNumber: [`${number + 1}`],
              gidNumber: ['100'],
              homeDirectory: [`/home/u${number}`],
              ...more,
            })
          }),
        )
      })
      client.send(searchDone(id))
      client.send(searchDone((await client.next()).id))
      await client.next()
    },
  }
}

/** Serves generations of its own domain beside that of a hostile directory. */
async function besideHostile(script: Script, ...statements: readonly string[]): Promise<TestDaemon> {
  const peer = await usePeer(script)
  return startDaemon(
    ...statements,
    `domain "hostile.example" {\ndirectory "127.0.0.1" port ${peer.port} { basedn "dc=x" }\n}`,
  )
}

/** MiB that a process has had at most. */
function peak(pid: number): number {
  const [, kilobytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))!
  return Math.round(Number(kilobytes) / 1024)
}

/** Why the hostile domain's first refresh was thrown away. */
async function trashed(daemon: TestDaemon): Promise<string> {
  await waitUntil('it is trashed', () => daemon.logged('update-trashed').length > 0, PATIENT.timeout / 2)
  return daemon.logged('update-trashed')[0]!
}

/** The process goes on with the other domain, and has never had more than this. */
async function expectUntouched(daemon: TestDaemon, pid: number, megabytes: number): Promise<void> {
  expect(peak(pid)).toBeLessThan(megabytes)
  await ask(daemon.control, { kind: 'refresh', domain: 'example.com', force: false })
  expect([await daemon.pidOf('directory'), daemon.logged('child-restarted')]).toEqual([pid, []])
}

const COUNT = LONG ? 10_000_000 : 1_000_000
const FILLED = /\d+ entries fill the memory there is for them; raise "directory memory"/

describe(`a directory of ${COUNT} users`, () => {
  test('fails its refresh when they fill the memory, and that of nobody else', PATIENT, async () => {
    const memory = LONG ? 512 : 256
    const { script, sent } = manyUsers(COUNT)
    const daemon = await besideHostile(script, `directory memory ${memory}`, 'limit ldap entries 100000000')
    const pid = await daemon.pidOf('directory')
    expect(await trashed(daemon)).toMatch(FILLED)
    expect(sent()).toBeLessThan(COUNT)
    await expectUntouched(daemon, pid, memory)
  })

  test(
    'fails again each time it is read, while another domain is refreshed all the time',
    PATIENT,
    async () => {
      const { script } = manyUsers(COUNT)
      const daemon = await besideHostile(script, 'directory memory 192', 'limit ldap entries 100000000')
      const pid = await daemon.pidOf('directory')
      await trashed(daemon)
      let refreshes = 0
      for (let round = 0; round < 2; round++) {
        const hostile = { isOver: false }
        const refused = ask(daemon.control, { kind: 'refresh', domain: 'hostile.example', force: false })
          .then(
            () => 'published',
            ({ message }: Error) => message,
          )
          .finally(() => void (hostile.isOver = true))
        for (; !hostile.isOver; refreshes++)
          await ask(daemon.control, { kind: 'refresh', domain: 'example.com', force: false })
        expect(await refused).toMatch(FILLED)
      }
      expect(refreshes).toBeGreaterThan(1)
      await expectUntouched(daemon, pid, 192)
    },
  )

  test('fails its refresh at the limit of entries', PATIENT, async () => {
    const { script, sent } = manyUsers(COUNT)
    const daemon = await besideHostile(script, 'limit ldap entries 100000')
    const pid = await daemon.pidOf('directory')
    expect(await trashed(daemon)).toContain(
      'more than 100000 entries or references below "dc=x" (limit ldap entries)',
    )
    expect(sent()).toBeLessThan(COUNT)
    await expectUntouched(daemon, pid, 512)
  })
})

test.each([20_000, 2_000_000])(
  'entries of %i bytes fill the memory like smaller ones',
  PATIENT,
  async (bytes) => {
    const { script, sent } = manyUsers(100_000, bytes)
    const daemon = await besideHostile(script, 'directory memory 256')
    const pid = await daemon.pidOf('directory')
    expect(await trashed(daemon)).toMatch(FILLED)
    expect(sent()).toBeLessThan(100_000)
    await expectUntouched(daemon, pid, 256)
  },
)

test('maps for which the rows leave no room fail the refresh before they are made', PATIENT, async () => {
  const { script } = manyUsers(135_000)
  const daemon = await besideHostile(script, 'directory memory 192')
  const pid = await daemon.pidOf('directory')
  expect(await trashed(daemon)).toMatch(
    /the maps take \d+ MB, and there is no memory left for them; raise "directory memory", or narrow the filter/,
  )
  await expectUntouched(daemon, pid, 200)
})

/** The header of a message of so many bytes. */
function header(bytes: number): Buffer {
  const head = Buffer.from([0x30, 0x84, 0, 0, 0, 0])
  head.writeUInt32BE(bytes, 2)
  return head
}

/** A message that says its length and sends so many MiB of it, and then no more. */
function largeMessage(
  announced: number,
  megabytes: number,
): { readonly script: Script; readonly sent: () => number } {
  let sent = 0
  const piece = Buffer.alloc(MEGABYTE, 'x')
  return {
    sent: () => sent,
    async script(client) {
      await client.next()
      client.send(header(announced * MEGABYTE))
      await stream(client, megabytes, (at) => {
        sent = at + 1
        return piece
      })
      await client.next()
    },
  }
}

describe('a value', () => {
  test('of 1 GB fails the refresh at the header that announces it', PATIENT, async () => {
    const { script, sent } = largeMessage(1024, 1024)
    const daemon = await besideHostile(script)
    const pid = await daemon.pidOf('directory')
    expect(await trashed(daemon)).toContain(
      'the server sent a message of 1073741830 bytes; at most 67108864 are accepted (limit ldap message)',
    )
    expect(sent()).toBeLessThan(64)
    await expectUntouched(daemon, pid, 200)
  })

  test(
    'that the limit lets through and the memory does not ends the process, each time later',
    PATIENT,
    async () => {
      const { script } = largeMessage(250, 240)
      const daemon = await besideHostile(script, 'limit ldap message 256', 'directory memory 192')
      await waitUntil('it has died three times', () => daemon.logged('child-restarted').length >= 3, 60_000)
      expect(daemon.logged('child-restarted').slice(0, 3)).toEqual(
        ['at once', 'in 1 s', 'in 2 s'].map((when) =>
          expect.stringMatching(
            `^error: the directory process is gone: it grew to [0-9]+ MB, more than 192 MB; starting it again ${when}$`,
          ),
        ),
      )
      const domains = new Map((await daemon.status()).domains.map((domain) => [domain.name, domain]))
      expect(domains.get('example.com')?.image).toMatchObject({ generation: 1, users: 200 })
      expect(domains.get('hostile.example')?.image).toBeNull()
    },
  )
})

test('an entry of 30 million values is left out alone', PATIENT, async () => {
  const values = Buffer.alloc(60_000_000)
  for (let at = 0; at < values.length; at += 2) values[at] = 0x04
  const script: Script = async (client) => {
    const users = await client.next()
    const user = { uidNumber: ['1'], gidNumber: ['1'], homeDirectory: ['/'] }
    const attributes = ber(0x30, ber(0x30, ber(0x04, 'uid'), ber(0x31, values)))
    client.send(
      ber(0x30, ber(0x02, users.id), ber(0x64, ber(0x04, 'uid=many,dc=x'), attributes)),
      entry(users.id, 'uid=one,dc=x', { uid: ['one'], ...user }),
      searchDone(users.id),
    )
    client.send(searchDone((await client.next()).id))
    await client.next()
  }
  const daemon = await besideHostile(script)
  const pid = await daemon.pidOf('directory')
  await waitUntil('it is published', () => daemon.logged('published').length > 1, 60_000)
  expect(daemon.logged('row-rejected')).toEqual([
    expect.stringMatching('uid=many,dc=x: it has more values than "limit ldap values" lets through$'),
  ])
  await expectUntouched(daemon, pid, 400)
})
