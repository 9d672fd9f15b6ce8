import { unlinkSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { YpStat } from '../../rpc/yp.ts'
import type { DomainStatus, Status } from '../../src/messages/control.ts'
import { ask, status } from '../support/fault-daemon.ts'
import { logged } from '../support/lab-log.ts'
import type { LabProcess } from '../support/lab-process.ts'
import { type Result, run } from '../support/lab-run.ts'
import { waitUntil } from '../support/lab-wait.ts'
import { openYpClient, type YpClient } from '../support/yp-client.ts'
import { exampleLdif, MAIN, nowhere, places, portOf, serve, write } from './command.ts'

// Several domains in one daemon: what befalls one is nothing to the others.

const CTL = MAIN.replace(/main\.ts$/, 'ypldapctl.ts')

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

/** A domain's block over the LDIF file, with further lines in it and in its directory. */
function block(name: string, ldif: string, lines: readonly string[] = [], inside = ''): string {
  return [
    `domain "${name}" {`,
    ...lines,
    `directory file "${ldif}" {\nbasedn "dc=example,dc=com"${inside}\n}`,
    '}',
    '',
  ].join('\n')
}

interface Running {
  readonly ypldap: LabProcess
  readonly client: YpClient
  readonly now: () => Promise<Status>
  readonly of: (name: string) => Promise<DomainStatus>
  readonly reload: (...blocks: readonly string[]) => Promise<unknown>
  readonly ctl: (...words: readonly string[]) => Promise<Result>
}

function text(blocks: readonly string[]): string {
  return ['bind local', ...places(), ...blocks, ''].join('\n')
}

async function running(...blocks: readonly string[]): Promise<Running> {
  const file = write('ypldap.conf', text(blocks))
  const ypldap = await serve(file)
  const control = nowhere('control.sock')
  const client = await openYpClient({ transport: 'udp', port: portOf(ypldap.output()), patience: 500 })
  ending.push(() => client.close())
  const now = () => status(control)
  return {
    ypldap,
    client,
    now,
    of: async (name) => (await now()).domains.find((domain) => domain.name === name)!,
    async reload(...others) {
      writeFileSync(file, text(others))
      return ask(control, { kind: 'reload' })
    },
    ctl: (...words) => run(process.execPath, [CTL, '-s', control, ...words]),
  }
}

async function untilServed(daemon: Running, ...names: readonly string[]): Promise<void> {
  await waitUntil(`${names.join(', ')} are served`, async () => {
    const { domains } = await daemon.now()
    return names.every((name) => domains.some((domain) => domain.name === name && domain.image !== null))
  })
}

const statusOf = async (client: YpClient, domain: string, key = 'alice') =>
  (await client.match(domain, 'passwd.byname', key)).status

const pids = ({ processes }: Status) => Object.fromEntries(processes.map(({ role, pid }) => [role, pid]))

describe('several domains', () => {
  test('are answered each from its own directories and maps', async () => {
    const ldif = exampleLdif()
    const daemon = await running(
      block('a.example', ldif),
      block('b.example', ldif, ['provide map passwd.byname'], '\npasswd filter "(uid=bob)"'),
    )
    await untilServed(daemon, 'a.example', 'b.example')
    const { client } = daemon
    expect(await statusOf(client, 'a.example')).toBe(YpStat.TRUE)
    expect(await statusOf(client, 'b.example')).toBe(YpStat.NOKEY)
    expect(await statusOf(client, 'b.example', 'bob')).toBe(YpStat.TRUE)
    expect(await statusOf(client, 'c.example')).toBe(YpStat.NODOM)
    expect((await client.mapList('b.example')).maps).toEqual(['passwd.byname'])
    expect((await client.mapList('a.example')).maps.length).toBeGreaterThan(5)
    expect(await client.domain('b.example')).toBe(true)
    expect(await client.domainNonack('c.example')).toBeUndefined()
  })

  test('one that the rules keep from this caller is silent, and the others are not', async () => {
    const ldif = exampleLdif()
    const daemon = await running(
      block('open.example', ldif),
      block('shut.example', ldif, ['deny from 127.0.0.0/8 ::1']),
    )
    await untilServed(daemon, 'open.example', 'shut.example')
    const { client } = daemon
    expect(await statusOf(client, 'open.example')).toBe(YpStat.TRUE)
    await expect(statusOf(client, 'shut.example')).rejects.toThrow('silence')
    await expect(client.domain('shut.example')).rejects.toThrow('silence')
    const tcp = await openYpClient({ transport: 'tcp', port: portOf(daemon.ypldap.output()) })
    ending.push(() => tcp.close())
    expect(await statusOf(tcp, 'open.example')).toBe(YpStat.TRUE)
    await expect(statusOf(tcp, 'shut.example')).rejects.toThrow('closed')
    const [line] = logged(daemon.ypldap.output(), 'stranger')
    expect(line).toMatch(/no answer to 127\.0\.0\.1 about shut\.example, where no "allow from" covers it/)
  })

  test('are served from their last images at the start, whatever has become of a directory', async () => {
    const ldif = exampleLdif()
    const entry = ['dn: uid=x,dc=example,dc=com', 'objectClass: posixAccount', 'uid: x', 'uidNumber: 5']
    const gone = write('gone.ldif', [...entry, 'gidNumber: 5', 'homeDirectory: /', ''].join('\n'), 0o644)
    const blocks = [block('a.example', ldif), block('b.example', gone)]
    const first = await running(...blocks)
    await untilServed(first, 'a.example', 'b.example')
    await first.ypldap.stop()
    unlinkSync(gone)
    const daemon = await running(...blocks)
    expect(await statusOf(daemon.client, 'a.example')).toBe(YpStat.TRUE)
    expect(await statusOf(daemon.client, 'b.example', 'x')).toBe(YpStat.TRUE)
    await waitUntil('the refresh of the one has failed', async () => {
      const { last } = await daemon.of('b.example')
      return last?.outcome === 'trashed'
    })
    expect((await daemon.of('a.example')).directories).toMatchObject([{ state: 'fresh' }])
    const { status: verdict, stdout } = await daemon.ctl()
    expect(stdout.split('\n', 1)[0]).toMatch(
      /^stale: 1 of 2 domains fresh; b\.example, 1 users .*thrown away/,
    )
    expect(verdict).toBe(1)
    expect((await daemon.ctl('-d', 'a.example', 'status')).status).toBe(0)
  })
})

describe('a reload', () => {
  test('that adds, changes and removes a domain touches no other', async () => {
    const ldif = exampleLdif()
    const kept = block('kept.example', ldif)
    const daemon = await running(kept, block('gone.example', ldif), block('changed.example', ldif))
    await untilServed(daemon, 'kept.example', 'gone.example', 'changed.example')
    const [before, { image, last }] = [await daemon.now(), await daemon.of('kept.example')]
    const changed = block('changed.example', ldif, [], '\npasswd filter "(!(uid=judy))"')
    await daemon.reload(block('new.example', ldif), changed, kept)
    const outcome = () => statusOf(daemon.client, 'gone.example')
    await waitUntil('the one has gone', async () => (await outcome()) === YpStat.NODOM)
    await waitUntil('the new one is served, and the changed one anew', async () => {
      const { domains } = await daemon.now()
      const users = domains.map((domain) => domain.image?.users)
      return JSON.stringify(users) === JSON.stringify([12, 11, 12])
    })
    const after = await daemon.now()
    expect(after.domains.map(({ name }) => name)).toEqual(['new.example', 'changed.example', 'kept.example'])
    expect(pids(after)).toEqual(pids(before))
    expect(await daemon.of('kept.example')).toMatchObject({ image, last })
    expect(logged(daemon.ypldap.output(), 'published')).toHaveLength(5)
    // Its image has stayed: should it come back it is served at once, and refreshed.
    await daemon.reload(kept, block('gone.example', ldif))
    await untilServed(daemon, 'gone.example')
    expect(await statusOf(daemon.client, 'gone.example')).toBe(YpStat.TRUE)
    await waitUntil(
      'the new one has gone',
      async () => (await statusOf(daemon.client, 'new.example')) === YpStat.NODOM,
    )
  })

  test('of the rules or the expiry of a domain is for that domain', async () => {
    const ldif = exampleLdif()
    const daemon = await running(block('a.example', ldif), block('b.example', ldif))
    await untilServed(daemon, 'a.example', 'b.example')
    const { last } = await daemon.of('b.example')
    await daemon.reload(block('a.example', ldif), block('b.example', ldif, ['deny from any']))
    const outcome = () => statusOf(daemon.client, 'b.example').catch(({ message }: Error) => message)
    await waitUntil('b is silent', async () => (await outcome()) === 'procedure 3: silence')
    expect(await statusOf(daemon.client, 'a.example')).toBe(YpStat.TRUE)
    await daemon.reload(block('a.example', ldif), block('b.example', ldif))
    await waitUntil('b answers again', async () => (await outcome()) === YpStat.TRUE)
    expect((await daemon.of('b.example')).last).toEqual(last)
  })
})

describe('ypldapctl', () => {
  test('asks of one of several domains with -d, and says which there are without', async () => {
    const ldif = exampleLdif()
    const daemon = await running(
      block('a.example', ldif),
      block('b.example', ldif, [], '\npasswd filter "(uid=bob)"'),
    )
    await untilServed(daemon, 'a.example', 'b.example')
    const { ctl } = daemon
    for (const words of [
      ['refresh', 'x'],
      ['maps'],
      ['rejected'],
      ['cat', 'passwd.byname'],
      ['match', 'passwd.byname', 'bob'],
    ]) {
      expect(await ctl(...words)).toMatchObject({
        status: 1,
        stderr: 'ypldapctl: there are several domains: say which, of a.example, b.example\n',
      })
      expect(await ctl('-d', 'c.example', ...words)).toMatchObject({
        status: 1,
        stderr: 'ypldapctl: no such domain: c.example, of a.example, b.example\n',
      })
      expect(await ctl('-d', 'b.example', ...words)).toMatchObject({ status: words.includes('x') ? 1 : 0 })
    }
    expect((await ctl('-d', 'b.example', 'cat', 'passwd.byname')).stdout.split('\n')).toHaveLength(2)
    expect((await ctl('-d', 'a.example', 'cat', 'passwd.byname')).stdout.split('\n')).toHaveLength(13)
    const before = (await daemon.of('a.example')).last!
    await ctl('-d', 'b.example', 'refresh', '--force')
    expect((await daemon.of('a.example')).last).toEqual(before)
    const { stdout } = await ctl('--json')
    expect((JSON.parse(stdout) as Status).domains.map(({ name }) => name)).toEqual(['a.example', 'b.example'])
    expect((await ctl()).stdout).toMatch(
      /^fresh: 2 of 2 domains fresh\n[^]*^domain a\.example\n[^]*^domain b\.example\n/m,
    )
    expect((await ctl('-d', 'c.example')).stderr).toContain('no such domain: c.example')
  })
})

test('ypldapctl refresh reads all domains, and tells of those that failed when it is through', async () => {
  const ldif = exampleLdif()
  const daemon = await running(block('a.example', ldif), block('b.example', ldif))
  await untilServed(daemon, 'a.example', 'b.example')
  expect(await daemon.ctl('refresh')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(
      /^a\.example: unchanged: [^\n]*\nb\.example: unchanged: [^\n]*\n$/,
    ) as string,
  })
  unlinkSync(ldif)
  const { status, stdout, stderr } = await daemon.ctl('refresh', '--json')
  expect([status, stdout.split('\n').filter((line) => line.includes('"refresh"')), stderr]).toEqual([
    1,
    [],
    '',
  ])
  expect(stdout).toMatch(/^\{"error":"a\.example: .*ENOENT.*; b\.example: .*ENOENT.*"\}\n$/)
})

test('a row that is left out is told with its domain', async () => {
  const ldif = exampleLdif()
  const narrow = '\nattribute home maps to roomNumber'
  const daemon = await running(block('one.example', ldif), block('two.example', ldif, [], narrow))
  await untilServed(daemon, 'one.example', 'two.example')
  const lines = logged(daemon.ypldap.output(), 'row-rejected')
  expect(lines.length).toBeGreaterThan(0)
  for (const line of lines)
    expect(line).toMatch(/two\.example: .*: no value of roomNumber, which gives the home/)
})
