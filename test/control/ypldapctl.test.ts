/** The command as its users run it, against a control socket whose answers the test makes up. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { USAGE } from '../../src/control/arguments.ts'
import type { Operations } from '../../src/control/operations.ts'
import { mapState } from '../../src/messages/common.ts'
import { refreshResult } from '../../src/messages/directory.ts'
import { packClients } from '../../src/messages/packed-clients.ts'
import { type Result, run } from '../support/lab-run.ts'
import { waitUntil } from '../support/lab-wait.ts'
import { daemon, nowhere } from './daemon.ts'
import { IMAGE, NOW, REFRESHED, statusOf, UNASKED } from './status-sample.ts'

const PROGRAM = join(import.meta.dirname, '../../src/ypldapctl.ts')

function ctl(...words: readonly string[]): Promise<Result> {
  return run(process.execPath, [PROGRAM, '-s', nowhere(), ...words], { env: { TZ: 'UTC' } })
}

/** The objects, one a line. */
function objects({ stdout }: Result): readonly Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

const latin1 = (text: string) => Buffer.from(text, 'utf8').toString('latin1')

const RECORDS = [
  { key: 'alice', value: 'alice:*:1' },
  { key: latin1('zoë'), value: latin1('zoë:*:2') },
]

function good(stdout: string): Result {
  return { status: 0, stdout, stderr: '' }
}

/** A daemon that has something to answer to everything. */
const TALKATIVE: Partial<Operations> = {
  maps: () => IMAGE.maps,
  async *match(_domain, map, key) {
    const record = RECORDS.find((one) => one.key === key)
    if (record === undefined) throw new Error(`no such key in ${map}`)
    yield [record]
  },
  async *cat() {
    for (const record of RECORDS) yield [record]
  },
  async *rejected() {
    yield [{ directory: 'ldap', dn: 'uid=x\u001b[2J,dc=b', reason: 'no uidNumber' }]
  },
}

describe('ypldapctl status', () => {
  test.each([
    [0, 'fresh: example.com, 12 users and 5 groups, 34 s old', {}],
    [
      1,
      'stale: example.com, 12 users and 5 groups, 34 s old: the last image is refused: x',
      { refused: 'x' },
    ],
    [2, 'down: example.com: there are no maps: no directory has been read yet', { image: null, last: null }],
  ])('ends with %d behind the line "%s"', async (code, line, domain) => {
    await daemon({ status: async () => statusOf(domain) })
    const { status, stdout, stderr } = await ctl('status')
    expect(stdout.split('\n', 1)[0]).toBe(line)
    expect({ status, stderr }).toEqual({ status: code, stderr: '' })
    const json = await ctl('--json')
    expect(json.status).toBe(code)
    const [{ verdict, summary, ...rest } = {}] = objects(json)
    expect(`${verdict as string}: ${summary as string}`).toBe(line)
    expect(rest).toEqual(statusOf(domain))
  })

  test('ends with 2 where there is no daemon', async () => {
    const text = `ypldap is not running: there is no socket at ${nowhere()}`
    expect(await ctl()).toEqual({ status: 2, stdout: `down: ${text}\n`, stderr: '' })
    const json = await ctl('status', '--json')
    expect(json).toMatchObject({ status: 2, stderr: '' })
    expect(objects(json)).toEqual([{ verdict: 'down', summary: text }])
  })
})

describe('ypldapctl', () => {
  test('prints what each command asks for, as people and as programs read it', async () => {
    await daemon(TALKATIVE)
    expect(await ctl('maps')).toEqual(
      good('passwd.byname         12\nmaster.passwd.byname  12\ngroup.byname           5\n'),
    )
    expect(await ctl('match', 'passwd.byname', 'zoë')).toEqual(good('zoë:*:2\n'))
    expect(await ctl('match', '-k', 'passwd.byname', 'alice')).toEqual(good('alice alice:*:1\n'))
    expect(await ctl('cat', 'passwd.byname')).toEqual(good('alice:*:1\nzoë:*:2\n'))
    expect(await ctl('cat', '-k', 'passwd.byname')).toEqual(good('alice alice:*:1\nzoë zoë:*:2\n'))
    expect(await ctl('rejected')).toEqual(good('ldap: uid=x\\x1b[2J,dc=b: no uidNumber\n'))
    expect(await ctl('check')).toEqual(good('configuration OK\n'))
    expect(await ctl('reload')).toEqual(good(''))

    const maps = objects(await ctl('--json', 'maps'))
    expect(maps.map((map) => mapState(map, 'map'))).toEqual(IMAGE.maps)
    expect(objects(await ctl('--json', 'cat', 'passwd.byname'))).toEqual([
      RECORDS[0],
      { key: 'zoë', value: 'zoë:*:2' },
    ])
    expect(objects(await ctl('--json', 'match', 'passwd.byname', 'alice'))).toEqual([RECORDS[0]])
    expect(objects(await ctl('--json', 'rejected'))).toEqual([
      { directory: 'ldap', dn: 'uid=x\u001b[2J,dc=b', reason: 'no uidNumber' },
    ])
    expect(await ctl('--json', 'check')).toEqual(good(''))
  })

  test('does what each command tells it to', async () => {
    const told: unknown[] = []
    await daemon({ setLevel: (level) => void told.push(level), stop: () => void told.push('stop') })
    expect(await ctl('log', 'warning')).toEqual(good(''))
    expect(await ctl('stop')).toEqual(good(''))
    expect(told).toEqual(['warning', 'stop'])
  })

  test.each(['reload', 'check'])('%s prints every problem and ends with 1', async (command) => {
    const problems = Array.from({ length: 45 }, (_, number) => `/etc/ypldap.conf:${number}:1: wrong\n  {cn`)
    await daemon({ reload: async () => problems, check: async () => problems })
    const result = await ctl(command)
    expect(result.status).toBe(1)
    expect(result.stdout).toBe(`${problems.join('\n')}\n`)
    expect(result.stderr).toMatch(/^ypldapctl: /)
    const json = await ctl('--json', command)
    expect(json).toMatchObject({ status: 1, stderr: '' })
    expect(objects(json).slice(0, -1)).toEqual(problems.map((problem) => ({ problem })))
  })

  test('says why something was not done, and ends with 1', async () => {
    await daemon(TALKATIVE)
    expect(await ctl('match', 'passwd.byname', 'nobody')).toEqual({
      status: 1,
      stdout: '',
      stderr: 'ypldapctl: no such key in passwd.byname\n',
    })
    const json = await ctl('--json', 'match', 'passwd.byname', 'nobody')
    expect(json).toMatchObject({ status: 1, stderr: '' })
    expect(objects(json)).toEqual([{ error: 'no such key in passwd.byname' }])
  })

  test.each([['reload'], ['cat', 'm'], ['refresh']])(
    '%s ends with 2 where there is no daemon',
    async (...words) => {
      expect(await ctl(...words)).toEqual({
        status: 2,
        stdout: '',
        stderr: `ypldapctl: ypldap is not running: there is no socket at ${nowhere()}\n`,
      })
    },
  )

  test('ends with 64 and the usage for what it does not understand', async () => {
    expect(await ctl('re\u001bboot')).toEqual({
      status: 64,
      stdout: '',
      stderr: `ypldapctl: no such command: re\\x1bboot\n${USAGE}`,
    })
  })

  test('shows its usage to who asks', async () => {
    expect(await ctl('--help')).toEqual({ status: 0, stdout: USAGE, stderr: '' })
  })

  test('stops quietly, and the daemon with it, when its reader has had enough', async () => {
    const ended = Promise.withResolvers<void>()
    await daemon({
      async *cat() {
        try {
          for (;;) yield [{ key: 'a', value: 'x'.repeat(60_000) }]
        } finally {
          ended.resolve()
        }
      },
    })
    const child = spawn(process.execPath, [PROGRAM, '-s', nowhere(), 'cat', 'm'], { stdio: 'pipe' })
    const closed = once(child, 'close')
    let complaint = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
    await once(child.stdout, 'data')
    child.stdout.destroy()
    expect(await closed).toEqual([0, null])
    expect(complaint).toBe('')
    await ended.promise
  })

  test('makes the daemon wait while its reader does not read', async () => {
    let made = 0
    await daemon({
      async *cat() {
        for (; made < 2000; made++) yield [{ key: 'a', value: 'x'.repeat(60_000) }]
      },
    })
    const child = spawn(process.execPath, [PROGRAM, '-s', nowhere(), 'cat', 'm'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const closed = once(child, 'close')
    let before = -1
    await waitUntil('no more parts are made', async () => {
      if (made > 0 && made === before) return true
      before = made
      // It takes a while, in which a reader who reads would have made many.
      await ctl('reload')
      return false
    })
    expect(made).toBeLessThan(200)
    let bytes = 0
    child.stdout.on('data', (chunk: Buffer) => (bytes += chunk.length))
    expect(await closed).toEqual([0, null])
    expect(bytes).toBe(2000 * 60_001)
  })
})

const clientOf = (address: string, last: number) => ({
  address,
  first: NOW - 86_400,
  last,
  calls: 3,
  procedures: ['match' as const],
  maps: [{ domain: 'example.com', map: 'passwd.byname' }],
})

describe('ypldapctl clients', () => {
  test('shows all of them, with when counting began, and in JSON and CSV, too', async () => {
    const clients = [clientOf('192.0.2.1', NOW - 5), clientOf('2001:db8::1', NOW - 3600)]
    await daemon({
      status: async () => statusOf({}, { requests: UNASKED }),
      async *clients() {
        for (const client of clients) yield packClients([client])
      },
    })
    const text = await ctl('clients')
    expect(text).toMatchObject({ status: 0, stderr: '' })
    expect(text.stdout.split('\n')).toEqual([
      '2 clients since 2026-11-18 05:00:00',
      '',
      '  address      last seen  first seen           calls  procedures  maps',
      '  192.0.2.1    5 s ago    2026-11-20 07:00:00      3  match       passwd.byname',
      '  2001:db8::1  1 h ago    2026-11-20 07:00:00      3  match       passwd.byname',
      '',
    ])
    expect(objects(await ctl('clients', '--json'))).toEqual(clients)
    expect((await ctl('clients', '--csv')).stdout.split('\r\n')).toHaveLength(4)
  })

  test('says so where nobody has asked', async () => {
    await daemon({ status: async () => statusOf({}, { requests: UNASKED }) })
    expect(await ctl('clients')).toEqual(good('nobody has asked since 2026-11-18 05:00:00\n'))
    expect(await ctl('clients', '--json')).toEqual(good(''))
  })
})

describe('ypldapctl refresh', () => {
  const asked: unknown[] = []
  const refreshing: Partial<Operations> = {
    async refresh(request, tell) {
      asked.push(request)
      tell({ directory: 'ldap.example.com', entries: 9, milliseconds: 4 })
      tell({ directory: 'ldap.example.com', entries: 18, milliseconds: 1004 })
    },
  }

  test('tells how far it is and what came of it', async () => {
    await daemon(refreshing)
    expect(await ctl('refresh', '--force', 'ldap.example.com')).toEqual({
      status: 0,
      stdout:
        'unchanged: 12 users and 5 groups in 1.3 s, 1 rows left out or cut, generation 3 of 2026-11-19 07:00:00\n',
      stderr: 'ldap.example.com: 9 entries, 4 ms\nldap.example.com: 18 entries, 1.0 s\n',
    })
    expect(asked.pop()).toEqual({ force: true, directory: 'ldap.example.com' })
  })

  test('tells it in JSON, too', async () => {
    await daemon(refreshing)
    const result = await ctl('refresh', '--json')
    expect(result).toMatchObject({ status: 0, stderr: '' })
    const lines = objects(result)
    expect(lines.slice(0, -1)).toEqual([
      { progress: { directory: 'ldap.example.com', entries: 9, milliseconds: 4 } },
      { progress: { directory: 'ldap.example.com', entries: 18, milliseconds: 1004 } },
    ])
    expect(refreshResult(lines.at(-1)?.['refresh'], 'refresh')).toEqual(REFRESHED)
    expect(lines.at(-1)?.['image']).toEqual(IMAGE)
    expect(asked.pop()).toEqual({ force: false })
  })

  test('that was thrown away says why and ends with 1', async () => {
    await daemon({
      refresh: async () => {
        throw new Error('no users at all')
      },
    })
    expect(await ctl('refresh')).toEqual({
      status: 1,
      stdout: '',
      stderr: 'ypldapctl: no users at all\n',
    })
  })
})
