import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { DomainConfig } from '../../src/config/config.ts'
import { fingerprint } from '../../src/config/fingerprint.ts'
import { loadImage } from '../../src/maps/image-file.ts'
import { domainOf } from '../config/check.ts'
import { type DirectoryLab, startDirectory } from '../support/directory-side.ts'
import { searchDone } from '../support/ldap-peer.ts'
import { contents, match } from '../support/map-contents.ts'
import { answerAll, answerSearches, groupEntry, isQuiet, usePeer, userEntry } from './peer-scripts.ts'

const EXAMPLE = readFileSync(new URL('../../etc/example.ldif', import.meta.url), 'utf8')
const EMPTY = 'dn: dc=example,dc=com\ndc: example\n'

const FOUND = `
dn: cn=lp,dc=example,dc=com
objectClass: nisObject
cn: lp
nisMapName: printers
nisMapEntry: lp:srv
`

let folder: string
let file: string
let labs: DirectoryLab[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ypldap-side-'))
  file = join(folder, 'directory.ldif')
  writeFileSync(file, EXAMPLE)
  labs = []
})

afterEach(async () => {
  vi.useRealTimers()
  for (const lab of labs) await lab.stop()
  rmSync(folder, { recursive: true })
})

const DOMAIN = 'domain "example.com"\n'

function fromFile(...lines: readonly string[]): DomainConfig {
  return domainOf(`${DOMAIN}${lines.join('\n')}\ndirectory file "${file}" { basedn "dc=example,dc=com" }`)
}

function start(state?: string): DirectoryLab {
  const lab = startDirectory(state)
  labs.push(lab)
  return lab
}

/** One that has ended its first refresh. */
async function started(config = fromFile(), state?: string): Promise<DirectoryLab> {
  const lab = start(state)
  lab.configure(config)
  await lab.ended()
  return lab
}

/** One whose first refresh waits for a server that was asked and does not answer. */
async function refreshing() {
  const { promise: asked, resolve } = Promise.withResolvers<void>()
  const peer = await usePeer(async (client) => {
    await client.next()
    resolve()
    await client.next()
  })
  const lab = start()
  lab.configure(domainOf(`${DOMAIN}directory "127.0.0.1" port ${peer.port} { basedn "dc=x" }`))
  await asked
  return { lab, peer }
}

const stop = async (lab: DirectoryLab) => {
  labs.splice(labs.indexOf(lab), 1)
  await lab.stop()
}

/** The example directory with the first `count` of its twelve users. */
function withUsers(count: number): string {
  let users = 0
  return EXAMPLE.split('\n\n')
    .filter((record) => !record.includes('\nobjectClass: posixAccount') || ++users <= count)
    .join('\n\n')
}

function person(name: string, uid: number): string {
  return [
    `dn: uid=${name},dc=second`,
    'objectClass: posixAccount',
    `uid: ${name}`,
    `uidNumber: ${uid}`,
    'gidNumber: 1',
    'homeDirectory: /',
  ].join('\n')
}

const rowsFiles = (lab: DirectoryLab) => readdirSync(lab.state).filter((name) => name.endsWith('.rows'))
/** How many images it has published. */
const commits = (lab: DirectoryLab) =>
  new Set(
    lab.said.flatMap((one) =>
      one.kind === 'state' && one.published !== null ? [one.published.created] : [],
    ),
  ).size
const fresh = (lab: DirectoryLab) => lab.latest().published?.fresh
const warnings = (lab: DirectoryLab) => lab.lines.filter((line) => /^(warning|error)/.test(line))

describe('a refresh', () => {
  test('commits the image of all maps of the directory, made for this configuration', async () => {
    const config = fromFile()
    const lab = await started(config)
    const image = await lab.image()
    expect(image).toMatchObject({ domain: 'example.com', generation: 1, users: 12, groups: 8 })
    expect(image.fingerprint.equals(fingerprint(config))).toBe(true)
    expect(image.maps.map(({ name }) => name)).toEqual(config.maps.map(({ name }) => name))
    expect(contents(image, 'passwd.byname')).toHaveLength(12)
    expect(contents(image, 'group.byname')).toHaveLength(8)
    expect(Math.abs(image.created - Date.now() / 1000)).toBeLessThan(5)
    expect(lab.lines).toEqual([
      expect.stringMatching(
        /^info refreshed: example\.com: 12 users and 8 groups from .+ \(.+directory\.ldif, \d+ ms\)$/,
      ),
    ])
  })

  test('says where the image is and since when it is true, then that it is over', async () => {
    const lab = await started()
    const committed = lab.latest().published!
    expect(committed.path).toBe(join(lab.state, 'example.com.image'))
    expect(Math.floor(statSync(committed.path).mtimeMs / 1000)).toBe(committed.fresh)
    const { last, directories, next } = lab.latest()
    const { created, generation, contents, fingerprint, domain } = await lab.image()
    expect(committed).toMatchObject({ domain, created, generation })
    expect(committed.contents).toBe(contents.toString('hex'))
    expect(committed.fingerprint).toBe(fingerprint.toString('hex'))
    expect(last).toMatchObject({ outcome: 'published', users: 12, groups: 8, rejected: 0, reason: '' })
    expect(last?.entries).toBe(20)
    expect(directories).toEqual([
      expect.objectContaining({ label: file, state: 'fresh', source: file, entries: 20, error: '', next }),
    ])
    expect(Math.abs(next - Date.now() / 1000 - fromFile().interval)).toBeLessThan(fromFile().interval / 5)
  })

  test('that is asked for shows what has changed', async () => {
    const lab = await started()
    writeFileSync(file, EXAMPLE.replace('loginShell: /bin/ksh', 'loginShell: /bin/new'))
    expect(await lab.refresh()).toBeUndefined()
    const image = await lab.image()
    expect(image.generation).toBe(2)
    expect(match(image, 'passwd.byname', 'erin')).toMatch(/:\/bin\/new$/)
  })

  test('that finds what it found before commits nothing, and the maps are as fresh as it is', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-03-01T12:00:00Z') })
    const lab = await started()
    const before = await lab.image()
    vi.setSystemTime(new Date('2026-03-01T12:30:00Z'))
    expect(await lab.refresh()).toBeUndefined()
    const after = await lab.image()
    expect(after.bytes.equals(before.bytes)).toBe(true)
    expect(commits(lab)).toBe(1)
    expect(lab.latest().last?.outcome).toBe('unchanged')
    expect(fresh(lab)).toBe(Date.now() / 1000)
    expect(statSync(join(lab.state, 'example.com.image')).mtimeMs).toBe(Date.now())
    expect(lab.lines.at(-1)).toMatch(/^debug unchanged: /)
  })

  test('replaces an image that was damaged on disk, although nothing has changed', async () => {
    const lab = await started()
    const path = join(lab.state, 'example.com.image')
    const bytes = readFileSync(path)
    bytes[bytes.length - 1]! ^= 1
    writeFileSync(path, bytes)
    expect(await lab.refresh()).toBeUndefined()
    expect((await lab.image()).generation).toBe(2)
    expect(commits(lab)).toBe(2)
  })

  test('leaves out a bad row alone, names it once, and tells it to who asks', async () => {
    writeFileSync(file, EXAMPLE.replace('uidNumber: 10005', 'uidNumber: none'))
    const lab = await started()
    const image = await lab.image()
    expect(match(image, 'passwd.byname', 'erin')).toBeUndefined()
    expect(contents(image, 'passwd.byname')).toHaveLength(11)
    await lab.refresh()
    const rejected = lab.lines.filter((line) => line.includes('row-rejected'))
    expect(rejected).toEqual([
      expect.stringContaining('uid=erin,ou=people,dc=example,dc=com: uid "none" is not a number'),
    ])
    expect(lab.lines.filter((line) => line.includes(', 1 rows left out or cut'))).toHaveLength(2)
    expect(lab.latest().last?.rejected).toBe(1)
    lab.send({ kind: 'rejected', domain: 'example.com', id: 900 })
    const { rows } = await lab.next('rows')
    expect(rows).toEqual([
      {
        directory: file,
        dn: 'uid=erin,ou=people,dc=example,dc=com',
        reason: expect.stringContaining('"none"') as string,
      },
    ])
    lab.send({ kind: 'more', id: 900 })
    expect(await lab.next('end')).toEqual({ kind: 'end', id: expect.any(Number) as number })
  })

  test('of a directory that is named and not there says so', async () => {
    const lab = await started()
    expect(await lab.refresh({ directory: 'elsewhere' })).toBe('no such directory: elsewhere')
  })

  test('tells how far it is, and no oftener than a few times a second', async () => {
    const lab = start()
    const told = () => lab.said.filter((message) => message.kind === 'progress')
    const peer = await usePeer(async (client) => {
      const { id } = await client.next()
      let sent = 0
      while (told().length < 2) {
        client.send(userEntry(id, ++sent))
        await setImmediate()
      }
      client.send(searchDone(id, 0))
      const groups = await client.next()
      client.send(groupEntry(groups.id, 1), searchDone(groups.id, 0))
      await client.next()
    })
    lab.configure(domainOf(`${DOMAIN}directory "127.0.0.1" port ${peer.port} { basedn "dc=x" }`))
    const { outcome, entries } = await lab.ended()
    expect(outcome).toBe('published')
    const [first, second] = told()
    expect(first?.entries).toBeGreaterThan(0)
    expect(second?.entries).toBeLessThan(entries)
    expect(second!.milliseconds - first!.milliseconds).toBeGreaterThanOrEqual(200)
  })
})

describe('a refresh that fails', () => {
  test('is trashed with the reason and when the next comes; nothing is committed', async () => {
    rmSync(file)
    const lab = start()
    lab.configure(fromFile())
    expect(await lab.ended()).toMatchObject({
      outcome: 'trashed',
      reason: expect.stringMatching(/directory "[^"]+": the file .+ can't be used: ENOENT/) as string,
    })
    expect(lab.lines).toEqual([expect.stringMatching(/^warning update-trashed: .*; next try in 2 s$/)])
    writeFileSync(file, 'dn: dc=x\nwrong\n')
    expect(await lab.refresh()).toMatch(/can't be used: line 2: /)
    expect(lab.lines.at(-1)).toMatch(/; next try in 4 s$/)
    expect(commits(lab)).toBe(0)
    expect(readdirSync(lab.state)).toEqual([])
    expect(lab.directory(file)).toMatchObject({ state: 'failed', fetched: 0 })
  })

  test('does not end the refreshes: the next good one is published', async () => {
    writeFileSync(file, '')
    const lab = await started()
    expect(commits(lab)).toBe(0)
    writeFileSync(file, EXAMPLE)
    expect(await lab.refresh()).toBeUndefined()
    expect((await lab.image()).generation).toBe(1)
  })

  test('leaves what was published, whose age then shows', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-03-01T12:00:00Z') })
    const lab = await started()
    const before = fresh(lab)
    vi.setSystemTime(new Date('2026-03-01T13:00:00Z'))
    rmSync(file)
    expect(await lab.refresh()).toContain('ENOENT')
    expect(fresh(lab)).toBe(before)
    expect(lab.directory(file)).toMatchObject({ state: 'kept', fetched: before })
    expect((await lab.image()).generation).toBe(1)
  })

  test('for the disk is trashed like any other, and made good when the disk is', async () => {
    const lab = await started()
    writeFileSync(file, withUsers(11))
    // A folder in the place of the file: root, too, is told no.
    const path = join(lab.state, 'example.com.image')
    rmSync(path)
    const blocker = join(path, 'x')
    mkdirSync(blocker, { recursive: true })
    expect(await lab.refresh()).toMatch(/EISDIR|ENOTEMPTY|EEXIST/)
    expect(lab.latest().last?.outcome).toBe('trashed')
    rmSync(path, { recursive: true })
    expect(await lab.refresh()).toBeUndefined()
    expect((await lab.image()).users).toBe(11)
  })
})

describe('the guard', () => {
  test('refuses a directory that has lost all its entries', async () => {
    const lab = await started()
    writeFileSync(file, EMPTY)
    expect(await lab.refresh()).toMatch(/^no users and no groups: /)
    expect((await lab.image()).users).toBe(12)
  })

  test('refuses an empty directory at the start, too', async () => {
    writeFileSync(file, EMPTY)
    const lab = await started()
    expect(lab.latest().last?.reason).toMatch(/^no users and no groups: /)
  })

  test('refuses a directory with under half of its users, and takes one with half', async () => {
    const lab = await started()
    writeFileSync(file, withUsers(5))
    expect(await lab.refresh()).toMatch(/^5 users where 12 were before, under 50 %; /)
    // Refused once, it is no measure for the next.
    expect(await lab.refresh()).toMatch(/^5 users where 12 were before/)
    writeFileSync(file, withUsers(6))
    expect(await lab.refresh()).toBeUndefined()
    const image = await lab.image()
    expect(contents(image, 'passwd.byname')).toHaveLength(6)
    expect(image.generation).toBe(2)
  })

  test('lets pass what it refuses when that is asked for by force', async () => {
    const lab = await started()
    writeFileSync(file, withUsers(1))
    expect(await lab.refresh()).toContain('ypldapctl refresh --force')
    expect(await lab.refresh({ force: true })).toBeUndefined()
    expect((await lab.image()).users).toBe(1)
  })

  test('remembers over a restart what was published', async () => {
    const state = mkdtempSync(join(folder, 'state-'))
    await stop(await started(fromFile(), state))
    writeFileSync(file, withUsers(5))
    const lab = await started(fromFile(), state)
    expect(lab.latest().last?.reason).toMatch(/^5 users where 12 were before/)
  })

  test('does not hold an image of another configuration against a new one, for it is not served', async () => {
    const state = mkdtempSync(join(folder, 'state-'))
    await stop(await started(fromFile(), state))
    writeFileSync(file, withUsers(5))
    const lab = await started(fromFile('record limit 1000'), state)
    expect(lab.latest().last?.outcome).toBe('published')
    expect((await lab.image()).generation).toBe(2)
  })
})

describe('ORDER', () => {
  test('grows with every publication, also within a second and when the clock is set back', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-03-01T12:00:00Z') })
    const noon = Date.now() / 1000
    const lab = await started()
    const orders = [(await lab.image()).created]
    let shell = 0
    const publish = async (time: string) => {
      vi.setSystemTime(new Date(time))
      writeFileSync(file, EXAMPLE.replace('loginShell: /bin/ksh', `loginShell: /bin/${++shell}`))
      await lab.refresh()
      orders.push((await lab.image()).created)
    }
    for (const time of ['2026-03-01T12:00:00Z', '2026-03-01T11:00:00Z', '1970-01-01T00:00:00Z']) {
      await publish(time)
    }
    await publish('2026-03-01T13:00:00Z')
    expect(orders).toEqual([noon, noon + 1, noon + 2, noon + 3, noon + 3600])
  })

  test('grows no further than the protocol can say, whatever the clock shows', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 2 ** 34 * 1000 })
    const lab = await started()
    expect((await lab.image()).created).toBe(2 ** 32 - 1)
    writeFileSync(file, withUsers(11))
    expect(await lab.refresh()).toBeUndefined()
    expect(await lab.image()).toMatchObject({ created: 2 ** 32 - 1, generation: 2 })
  })

  test('goes on from the image that a restart finds', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-03-01T12:00:00Z') })
    const noon = Date.now() / 1000
    const state = mkdtempSync(join(folder, 'state-'))
    await stop(await started(fromFile(), state))
    vi.setSystemTime(new Date('2026-03-01T09:00:00Z'))
    writeFileSync(file, withUsers(11))
    const lab = await started(fromFile(), state)
    expect(await lab.image()).toMatchObject({ created: noon + 1, generation: 2 })
  })

  test('stays when a restart finds the same in the directory', async () => {
    const state = mkdtempSync(join(folder, 'state-'))
    const first = await started(fromFile(), state)
    const { created } = await first.image()
    await stop(first)
    const lab = await started(fromFile(), state)
    expect(lab.latest().last?.outcome).toBe('unchanged')
    expect(await lab.image()).toMatchObject({ created, generation: 1 })
  })
})

describe('several directories', () => {
  let second: string
  const both = (...words: readonly string[]) =>
    domainOf(
      `${DOMAIN}directory file "${file}" { basedn "dc=example,dc=com" }\n` +
        `directory file "${second}" ${words.join(' ')} { basedn "dc=second" }`,
    )

  beforeEach(() => {
    second = join(folder, 'second.ldif')
    writeFileSync(second, [person('alice', 1), person('zoe', 2)].join('\n\n'))
  })

  test('give one image; of users with one name the first directory wins', async () => {
    const lab = await started(both())
    const image = await lab.image()
    expect(contents(image, 'passwd.byname')).toHaveLength(13)
    expect(match(image, 'passwd.byname', 'alice')).toContain(':10001:')
    expect(match(image, 'passwd.byname', 'zoe')).toContain(':2:')
  })

  test('of which one fails keep its last rows, say so, and take what is new from the others', async () => {
    const lab = await started(both())
    const before = fresh(lab)
    rmSync(second)
    writeFileSync(file, EXAMPLE.replace('loginShell: /bin/ksh', 'loginShell: /bin/new'))
    expect(await lab.refresh()).toContain('ENOENT')
    const image = await lab.image()
    expect(match(image, 'passwd.byname', 'erin')).toMatch(/:\/bin\/new$/)
    expect(match(image, 'passwd.byname', 'zoe')).toContain(':2:')
    expect(lab.latest().last?.outcome).toBe('published')
    expect(fresh(lab)).toBe(before)
    expect(lab.directory(second)).toMatchObject({
      state: 'kept',
      error: expect.stringContaining('ENOENT') as string,
    })
    expect(lab.directory(file)).toMatchObject({ state: 'fresh', error: '' })
    expect(warnings(lab)).toEqual([
      expect.stringMatching(
        /^warning directory-kept: directory ".*second.*ENOENT.*; its last rows stay in the maps; next try in 2 s$/,
      ),
    ])
  })

  test('of which one failed say when it is read again, once', async () => {
    const lab = await started(both())
    const contents = readFileSync(second)
    rmSync(second)
    await lab.refresh()
    await lab.refresh()
    writeFileSync(second, contents)
    expect(await lab.refresh()).toBeUndefined()
    await lab.refresh()
    expect(lab.lines.filter((line) => line.includes('directory-back'))).toEqual([
      `info directory-back: example.com: directory "${second}" is read again; it had failed 2 times`,
    ])
  })

  test('of which one fails try that one soon, and the others when they are due', async () => {
    const lab = await started(both())
    rmSync(second)
    await lab.refresh()
    const now = Date.now() / 1000
    expect(lab.directory(second).next - now).toBeLessThan(5)
    expect(lab.directory(file).next - now).toBeGreaterThan(both().interval * 0.8)
  })

  test('keep the rows of one that fails over a restart', async () => {
    const state = mkdtempSync(join(folder, 'state-'))
    await stop(await started(both(), state))
    rmSync(second)
    writeFileSync(file, withUsers(11))
    const lab = await started(both(), state)
    expect(lab.latest().last?.outcome).toBe('published')
    expect(match(await lab.image(), 'passwd.byname', 'zoe')).toContain(':2:')
    expect((await lab.image()).users).toBe(12)
  })

  test('of which one is required and fails publish nothing', async () => {
    const lab = await started(both('required'))
    rmSync(second)
    writeFileSync(file, EXAMPLE.replace('loginShell: /bin/ksh', 'loginShell: /bin/new'))
    expect(await lab.refresh()).toContain('ENOENT')
    expect((await lab.image()).generation).toBe(1)
    expect(lab.latest().last?.outcome).toBe('trashed')
    expect(warnings(lab)).toEqual([expect.stringMatching(/^warning update-trashed: /)])
    writeFileSync(second, person('zoe', 2))
    expect(await lab.refresh()).toBeUndefined()
    expect(match(await lab.image(), 'passwd.byname', 'erin')).toMatch(/:\/bin\/new$/)
  })

  test('of which one was never read publish nothing without it, unless by force', async () => {
    rmSync(second)
    const lab = await started(both())
    expect(lab.latest().last).toMatchObject({
      outcome: 'trashed',
      reason: expect.stringMatching(
        /ENOENT.*nothing is published before it has been read once.*--force/,
      ) as string,
    })
    expect(lab.directory(second).state).toBe('failed')
    expect(await lab.refresh({ force: true })).toContain('ENOENT')
    expect((await lab.image()).users).toBe(12)
  })

  test('of which one has lost most of its users keep those it had', async () => {
    writeFileSync(second, Array.from({ length: 8 }, (_, n) => person(`u${n}`, n + 1)).join('\n\n'))
    const lab = await started(both())
    writeFileSync(second, person('u0', 1))
    expect(await lab.refresh()).toMatch(/second.*1 users where 8 were before/)
    expect((await lab.image()).users).toBe(20)
    expect(lab.directory(second).state).toBe('kept')
    expect(await lab.refresh({ force: true })).toBeUndefined()
    expect((await lab.image()).users).toBe(13)
  })

  test('are read alone when one is named', async () => {
    const lab = await started(both())
    writeFileSync(file, withUsers(11))
    writeFileSync(second, [person('zoe', 3), person('yan', 4)].join('\n\n'))
    expect(await lab.refresh({ directory: second })).toBeUndefined()
    const image = await lab.image()
    expect(image.users).toBe(14)
    expect(match(image, 'passwd.byname', 'zoe')).toContain(':3:')
  })

  test('have their rows in files that only their owner reads, without what they are asked with', async () => {
    const peer = await usePeer((client) => answerAll(client))
    const config = domainOf(
      `${DOMAIN}directory file "${file}" { basedn "dc=example,dc=com" }\n` +
        `directory "127.0.0.1" port ${peer.port} { basedn "dc=x"\nbinddn "cn=a"\nbindcred "s3cret-of-the-bind" }`,
    )
    const lab = await started(config)
    const names = rowsFiles(lab)
    expect(names).toHaveLength(2)
    for (const name of names) {
      expect(statSync(join(lab.state, name)).mode & 0o777).toBe(0o600)
      expect(readFileSync(join(lab.state, name), 'utf8')).not.toContain('s3cret')
    }
  })

  test('of which the rows of one can not be kept lose no newer rows of it when another fails', async () => {
    const lab = await started(both())
    const name = rowsFiles(lab).find((one) => readFileSync(join(lab.state, one), 'utf8').includes('zoe'))!
    // A folder in their place: they can't be replaced.
    rmSync(join(lab.state, name))
    mkdirSync(join(lab.state, name, 'x'), { recursive: true })
    writeFileSync(second, [person('zoe', 2), person('yan', 4)].join('\n\n'))
    expect(await lab.refresh()).toBeUndefined()
    expect(lab.lines.filter((line) => line.includes('rows-not-kept'))).toHaveLength(1)
    rmSync(second)
    expect(await lab.refresh()).toMatch(/ENOENT.*nothing is published before it has been read once/)
    expect(match(await lab.image(), 'passwd.byname', 'yan')).toContain(':4:')
  })

  test('that are read anew because their rows on disk are damaged', async () => {
    const lab = await started(both())
    for (const name of rowsFiles(lab)) {
      const path = join(lab.state, name)
      writeFileSync(path, readFileSync(path, 'utf8').replace('"/"', '"!"'))
    }
    expect(await lab.refresh({ directory: file })).toContain('its rows are not those that were written')
    expect(lab.lines.filter((line) => line.includes('internal'))).toEqual([])
    expect(await lab.refresh({ directory: file })).toBeUndefined()
    expect(match(await lab.image(), 'passwd.byname', 'zoe')).toContain(':/:')
  })

  test('that are no longer named leave no rows behind', async () => {
    const lab = await started(both())
    expect(rowsFiles(lab)).toHaveLength(2)
    lab.configure(fromFile())
    await lab.next(
      'state',
      ({ refreshing, directories }) =>
        !refreshing && directories.length === 1 && directories[0]!.state === 'fresh',
    )
    expect(rowsFiles(lab)).toEqual([])
  })
})

describe('another configuration', () => {
  test('with another filter is in force at once, and reads that directory alone', async () => {
    const asked: string[] = []
    const peers = [
      await usePeer((client) => answerSearches(client, () => asked.push('first'))),
      await usePeer((client) => answerSearches(client, () => asked.push('second'))),
    ]
    const config = (filter: string) =>
      domainOf(
        DOMAIN +
          peers
            .map(
              ({ port }, index) =>
                `directory "127.0.0.1" port ${port} { basedn "dc=x${index}" ${index === 1 ? filter : ''}\n}`,
            )
            .join('\n'),
      )
    const lab = await started(config(''))
    expect(asked.toSorted()).toEqual(['first', 'second'])
    lab.configure(config('\npasswd filter "(uid=*)"'))
    await lab.next(
      'state',
      ({ refreshing, last }) => !refreshing && last?.outcome === 'published' && asked.length > 2,
    )
    expect(asked.slice(2)).toEqual(['second'])
  })

  test('with another interval only reads later or sooner', async () => {
    const lab = await started()
    const { generation } = await lab.image()
    lab.configure(fromFile('interval 10'))
    const { next } = await lab.next('state', ({ next }) => next > 0 && next < Date.now() / 1000 + 20)
    expect(next).toBeGreaterThan(Date.now() / 1000 + 5)
    expect(
      lab.said.filter((message) => message.kind === 'state' && message.refreshing).length,
    ).toBeGreaterThan(0)
    expect((await lab.image()).generation).toBe(generation)
    expect(commits(lab)).toBe(1)
  })

  test('with fewer maps makes them anew', async () => {
    const lab = await started()
    lab.configure(fromFile('provide map "passwd.byname"'))
    await lab.next('state', ({ published }) => published?.generation === 2)
    expect((await lab.image()).maps.map(({ name }) => name)).toEqual(['passwd.byname'])
  })

  test('that refuses users of the old maps makes them without these', async () => {
    const lab = await started(fromFile('guard shrink 0'))
    const first = contents(await lab.image(), 'passwd.byname')[0]![0]
    lab.configure(fromFile('guard shrink 0', `refuse names "${first}"`, 'minimum gid 1'))
    await lab.next('state', ({ published }) => published?.generation === 2)
    expect(match(await lab.image(), 'passwd.byname', first)).toBeUndefined()
    expect(lab.lines).toContainEqual(
      expect.stringMatching(`^warning row-rejected: .*user name "${first}" is refused by the configuration$`),
    )
    const { rejected, reasons } = lab.latest().last!
    expect(reasons).toContainEqual({ reason: 'user name "..." is refused by the configuration', rows: 1 })
    expect(reasons.reduce((sum, { rows }) => sum + rows, 0)).toBe(rejected)
  })

  test('that looks for no maps in the directory is not held to those that were found', async () => {
    writeFileSync(file, EXAMPLE + FOUND)
    const lab = await started(fromFile('provide maps accounts\nprovide maps nisobject'))
    expect((await lab.image()).maps.map(({ name }) => name)).toContain('printers')
    lab.configure(fromFile('provide maps accounts'))
    expect(await lab.refresh()).toBeUndefined()
    expect((await lab.image()).maps.map(({ name }) => name)).not.toContain('printers')
  })

  test('during a refresh ends it, and what was asked for is done with the new one', async () => {
    const { lab, peer } = await refreshing()
    lab.configure(fromFile())
    expect(await lab.refresh()).toBeUndefined()
    expect(await isQuiet(peer)).toBe(true)
    expect((await lab.image()).users).toBe(12)
  })
})

describe('after a reload', () => {
  test('that can not be carried out at once it is tried again less and less soon, not all the time', async () => {
    const lab = await started()
    rmSync(file)
    lab.configure(fromFile('record limit 2000'))
    await lab.next('state', ({ refreshing, last }) => !refreshing && last?.outcome === 'trashed')
    const tries = lab.lines.filter(
      (line) => line.includes('[update-trashed]') || line.includes('update-trashed'),
    )
    expect(tries).toEqual([expect.stringMatching(/next try in 2 s$/)])
    expect(lab.directory(file).next).toBeGreaterThan(Date.now() / 1000)
    // A turn or two later nothing has begun.
    for (let turn = 0; turn < 10; turn++) await setImmediate()
    expect(lab.latest().refreshing).toBe(false)
    writeFileSync(file, EXAMPLE)
    expect(await lab.refresh()).toBeUndefined()
    expect((await lab.image()).generation).toBe(2)
  })

  test('and back again the image that lies there for it is published', async () => {
    const [one, two] = [mkdtempSync(join(folder, 'one-')), mkdtempSync(join(folder, 'two-'))]
    const lab = await started()
    lab.configure(fromFile(), { state: one })
    await lab.next(
      'state',
      ({ published, refreshing }) => !refreshing && published?.path.startsWith(one) === true,
    )
    lab.configure(fromFile(), { state: two })
    await lab.next(
      'state',
      ({ published, refreshing }) => !refreshing && published?.path.startsWith(two) === true,
    )
    lab.configure(fromFile(), { state: one })
    const { published } = await lab.next(
      'state',
      ({ published, refreshing }) => !refreshing && published?.path.startsWith(one) === true,
    )
    expect(published?.generation).toBe(1)
  })

  test('of the interval during a refresh the new one counts', async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>()
    const { promise: goOn, resolve: answer } = Promise.withResolvers<void>()
    const peer = await usePeer(async (client) => {
      const users = await client.next()
      resolve()
      await goOn
      client.send(userEntry(users.id, 1), searchDone(users.id, 0))
      const groups = await client.next()
      client.send(groupEntry(groups.id, 1), searchDone(groups.id, 0))
      await client.next()
    })
    const config = (interval: number) =>
      domainOf(`${DOMAIN}interval ${interval}\ndirectory "127.0.0.1" port ${peer.port} { basedn "dc=x" }`)
    const lab = start()
    lab.configure(config(86_400))
    await asked
    lab.configure(config(60))
    // Heard before the answer.
    lab.send({ kind: 'ping', id: 1 })
    await lab.next('pong')
    answer()
    await lab.ended()
    expect(lab.latest().next - Date.now() / 1000).toBeLessThan(70)
  })
})

describe('an image that can not be served', () => {
  test('is made anew when that is asked for, although nothing has changed', async () => {
    const lab = await started()
    lab.send({ kind: 'recommit', domain: 'example.com' })
    await lab.next('state', ({ published }) => published?.generation === 2)
    expect(await lab.refresh()).toBeUndefined()
    expect((await lab.image()).generation).toBe(2)
  })

  test('is made anew when another whole one lies in its place', async () => {
    const lab = await started()
    const path = join(lab.state, 'example.com.image')
    const old = readFileSync(path)
    writeFileSync(file, withUsers(11))
    await lab.refresh()
    writeFileSync(path, old)
    expect(await lab.refresh()).toBeUndefined()
    expect(await lab.image()).toMatchObject({ users: 11, generation: 3 })
  })
})

describe('stop', () => {
  test('ends a refresh under way, and nothing more is said of it', async () => {
    const { lab, peer } = await refreshing()
    await stop(lab)
    expect(await isQuiet(peer)).toBe(true)
    expect(commits(lab)).toBe(0)
    expect(lab.lines).toEqual([])
  })

  test('by a message that is none of the table is logged', async () => {
    const lab = start()
    lab.send({ kind: 'state' } as never)
    await stop(lab)
    expect(lab.lines).toEqual([expect.stringMatching(/^error bad-message: /)])
  })
})

describe('256 directories that fail with long words', () => {
  test('are told of in one message', async () => {
    const lab = start()
    lab.configure(
      domainOf(
        DOMAIN +
          Array.from(
            { length: 256 },
            (_, n) => `directory file "${folder}/${n}/${'é'.repeat(100)}" { basedn "dc=x" }`,
          ).join('\n'),
      ),
    )
    expect(await lab.ended()).toMatchObject({ outcome: 'trashed' })
    expect(lab.latest().directories.every(({ state, error }) => state === 'failed' && error !== '')).toBe(
      true,
    )
  })
})

function namedDomain(domain: string, ...lines: readonly string[]): DomainConfig {
  return { ...fromFile(...lines), domain }
}

async function outcomeOf(lab: DirectoryLab, domain: string): Promise<string> {
  const { last } = await lab.next(
    'state',
    (state) => state.domain === domain && !state.refreshing && state.last !== null,
  )
  return last!.outcome
}

describe('several domains', () => {
  test('are refreshed each for itself, and one that fails is nothing to the other', async () => {
    const lab = start()
    lab.configure(domainOf(`${DOMAIN}directory file "${folder}/none" { basedn "dc=x" }`))
    lab.configure(namedDomain('other.example'))
    expect(await outcomeOf(lab, 'example.com')).toBe('trashed')
    expect(await outcomeOf(lab, 'other.example')).toBe('published')
    expect((await loadImage(join(lab.state, 'other.example.image'))).domain).toBe('other.example')
    expect(existsSync(join(lab.state, 'example.com.image'))).toBe(false)
  })

  test('wait while two others are refreshed', async () => {
    const asked: string[] = []
    const end = Promise.withResolvers<void>()
    const lab = start()
    for (const name of ['a', 'b', 'c']) {
      const peer = await usePeer(async (client) => {
        await client.next()
        asked.push(name)
        await end.promise
        client.socket.destroy()
      })
      lab.configure({
        ...domainOf(`${DOMAIN}directory "127.0.0.1" port ${peer.port} { basedn "dc=x" }`),
        domain: name,
      })
    }
    await vi.waitUntil(() => asked.length === 2)
    await lab.next('state', ({ domain }) => domain === 'c')
    expect(asked).toEqual(['a', 'b'])
    end.resolve()
    await vi.waitUntil(() => asked.includes('c'))
    expect(asked.slice(0, 2)).toEqual(['a', 'b'])
  })

  test('that are removed are given up, and may come back', async () => {
    const lab = start()
    lab.configure(namedDomain('other.example'))
    expect(await outcomeOf(lab, 'other.example')).toBe('published')
    lab.send({ kind: 'remove', domain: 'other.example' })
    lab.send({ kind: 'refresh', id: 77, domain: 'other.example', force: false })
    const { error } = await lab.next('end', ({ id }) => id === 77)
    expect(error).toBe('no such domain: other.example')
    lab.configure(namedDomain('other.example', 'interval 5'))
    lab.send({ kind: 'refresh', id: 78, domain: 'other.example', force: false })
    expect((await lab.next('end', ({ id }) => id === 78)).error).toBeUndefined()
  })
})
