import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import type { Config } from '../../src/config/config.ts'
import { fingerprint } from '../../src/config/fingerprint.ts'
import { startDirectorySide } from '../../src/directory/refresh.ts'
import type { Updater } from '../../src/directory/updater.ts'
import { type Image, openImage } from '../../src/maps/image.ts'
import type { DirectoryMessage } from '../../src/messages.ts'
import { configOf } from '../config/check.ts'
import { contents, match } from '../support/map-contents.ts'
import { isQuiet, usePeer } from './peer-scripts.ts'

const EXAMPLE = readFileSync(new URL('../../etc/example.ldif', import.meta.url), 'utf8')

let folder: string
let file: string
let side: Updater | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ypldap-refresh-'))
  file = join(folder, 'directory.ldif')
  writeFileSync(file, EXAMPLE)
})

afterEach(async () => {
  vi.useRealTimers()
  await side?.stop()
  side = undefined
  rmSync(folder, { recursive: true })
})

const DOMAIN = 'domain "example.com"\n'

function fromFile(): Config {
  return configOf(`${DOMAIN}directory file "${file}" { basedn "dc=example,dc=com" }`)
}

/** A directory side, with what it says as it says it. */
function start(config = fromFile()) {
  const messages: DirectoryMessage[] = []
  const lines: string[] = []
  let wake: (() => void) | undefined
  side = startDirectorySide(
    config,
    (message) => {
      messages.push(message)
      wake?.()
    },
    (level, id, text) => lines.push(`${level} ${id}: ${text}`),
  )
  return {
    messages,
    lines,
    refreshNow: side.refreshNow,
    async next(): Promise<DirectoryMessage> {
      while (messages.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      return messages.shift()!
    },
    async image(): Promise<Image> {
      const message = await this.next()
      if (message.kind !== 'image') throw new Error(message.reason)
      return openImage(message.bytes)
    },
    async trashed(): Promise<string> {
      const message = await this.next()
      if (message.kind !== 'trashed') throw new Error('an image, where none should be')
      return message.reason
    },
  }
}

/** The example directory with the first `count` of its twelve users. */
function withUsers(count: number): string {
  let users = 0
  return EXAMPLE.split('\n\n')
    .filter((record) => !record.includes('\nobjectClass: posixAccount') || ++users <= count)
    .join('\n\n')
}

describe('a refresh', () => {
  test('gives the image of all maps of the directory, made for this configuration', async () => {
    const config = fromFile()
    const lab = start(config)
    const image = await lab.image()
    expect(image).toMatchObject({ domain: 'example.com', generation: 1 })
    expect(image.fingerprint.equals(fingerprint(config))).toBe(true)
    expect(image.maps.map(({ name }) => name)).toEqual(config.maps)
    expect(contents(image, 'passwd.byname')).toHaveLength(12)
    expect(contents(image, 'group.byname')).toHaveLength(8)
    expect(Math.abs(image.created - Date.now() / 1000)).toBeLessThan(5)
    expect(lab.lines).toEqual([
      expect.stringMatching(
        /^info published: example\.com: 12 users and 8 groups from .+ \(.+directory\.ldif, \d+ ms\)$/,
      ),
    ])
  })

  test('that is asked for shows what has changed', async () => {
    const lab = start()
    await lab.image()
    writeFileSync(file, EXAMPLE.replace('loginShell: /bin/ksh', 'loginShell: /bin/new'))
    lab.refreshNow()
    const image = await lab.image()
    expect(image.generation).toBe(2)
    expect(match(image, 'passwd.byname', 'erin')).toMatch(/:\/bin\/new$/)
  })

  test('leaves out a bad row alone, and names it once', async () => {
    writeFileSync(file, EXAMPLE.replace('uidNumber: 10005', 'uidNumber: none'))
    const lab = start()
    const image = await lab.image()
    expect(match(image, 'passwd.byname', 'erin')).toBeUndefined()
    expect(contents(image, 'passwd.byname')).toHaveLength(11)
    lab.refreshNow()
    await lab.image()
    const rejected = lab.lines.filter((line) => line.includes('row-rejected'))
    expect(rejected).toEqual([
      expect.stringContaining('uid=erin,ou=people,dc=example,dc=com: uid "none" is not a number'),
    ])
    expect(lab.lines.filter((line) => line.includes(', 1 rows left out or cut'))).toHaveLength(2)
  })
})

describe('a refresh that fails', () => {
  test('is trashed with the reason and when the next comes; nothing is published', async () => {
    rmSync(file)
    const lab = start()
    expect(await lab.trashed()).toMatch(
      /directory "[^"]+": the file .+ can't be used: ENOENT.*; next try in 2 s$/,
    )
    writeFileSync(file, 'dn: dc=x\nwrong\n')
    lab.refreshNow()
    expect(await lab.trashed()).toMatch(/can't be used: line 2: .*; next try in 4 s$/)
    expect(lab.messages).toEqual([])
    expect(lab.lines).toEqual([])
  })

  test('does not end the refreshes: the next good one is published', async () => {
    writeFileSync(file, '')
    const lab = start()
    await lab.trashed()
    writeFileSync(file, EXAMPLE)
    lab.refreshNow()
    expect((await lab.image()).generation).toBe(1)
  })
})

describe('the guard', () => {
  test('refuses a directory that has lost all its entries', async () => {
    const lab = start()
    await lab.image()
    writeFileSync(file, 'dn: dc=example,dc=com\ndc: example\n')
    lab.refreshNow()
    expect(await lab.trashed()).toMatch(/^no users and no groups: /)
  })

  test('refuses an empty directory at the start, too', async () => {
    writeFileSync(file, 'dn: dc=example,dc=com\ndc: example\n')
    expect(await start().trashed()).toMatch(/^no users and no groups: /)
  })

  test('refuses a directory with under half of its users, and takes one with half', async () => {
    const lab = start()
    await lab.image()
    writeFileSync(file, withUsers(5))
    lab.refreshNow()
    expect(await lab.trashed()).toMatch(/^5 users where 12 were before, under 50 %; /)
    // Refused once, it is no measure for the next.
    lab.refreshNow()
    expect(await lab.trashed()).toMatch(/^5 users where 12 were before/)
    writeFileSync(file, withUsers(6))
    lab.refreshNow()
    const image = await lab.image()
    expect(contents(image, 'passwd.byname')).toHaveLength(6)
    expect(image.generation).toBe(2)
  })
})

describe('ORDER', () => {
  test('grows with every publication, also within a second and when the clock is set back', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-03-01T12:00:00Z') })
    const noon = Date.now() / 1000
    const lab = start()
    const orders = [(await lab.image()).created]
    for (const time of ['2026-03-01T12:00:00Z', '2026-03-01T11:00:00Z', '1970-01-01T00:00:00Z']) {
      vi.setSystemTime(new Date(time))
      lab.refreshNow()
      orders.push((await lab.image()).created)
    }
    expect(orders).toEqual([noon, noon + 1, noon + 2, noon + 3])
    vi.setSystemTime(new Date('2026-03-01T13:00:00Z'))
    lab.refreshNow()
    expect((await lab.image()).created).toBe(noon + 3600)
  })
})

describe('two directories', () => {
  test('give one image; of users with one name the first directory wins', async () => {
    const second = join(folder, 'second.ldif')
    writeFileSync(
      second,
      [
        'dn: uid=alice,dc=second\nobjectClass: posixAccount\nuid: alice\nuidNumber: 1\ngidNumber: 1\nhomeDirectory: /',
        'dn: uid=zoe,dc=second\nobjectClass: posixAccount\nuid: zoe\nuidNumber: 2\ngidNumber: 1\nhomeDirectory: /',
      ].join('\n\n'),
    )
    const lab = start(
      configOf(
        `${DOMAIN}directory file "${file}" { basedn "dc=example,dc=com" }\ndirectory file "${second}" { basedn "dc=second" }`,
      ),
    )
    const image = await lab.image()
    expect(contents(image, 'passwd.byname')).toHaveLength(13)
    expect(match(image, 'passwd.byname', 'alice')).toContain(':10001:')
    expect(match(image, 'passwd.byname', 'zoe')).toContain(':2:')
  })

  test('of which one fails are trashed at once, and the session with the other is ended', async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>()
    const silent = await usePeer(async (client) => {
      await client.next()
      resolve()
      await client.next()
    })
    const failing = await usePeer(async (client) => {
      await client.next()
      // Only when the other waits for its answer, as it would for a minute.
      await asked
      client.close()
    })
    const block = '{ basedn "dc=x" }'
    const lab = start(
      configOf(
        `${DOMAIN}directory "127.0.0.1" port ${silent.port} ${block}\ndirectory "127.0.0.1" port ${failing.port} ${block}`,
      ),
    )
    expect(await lab.trashed()).toMatch(/directory "127\.0\.0\.1": .*; next try in 2 s$/)
    expect(await isQuiet(silent)).toBe(true)
    expect(silent.accepted).toBe(1)
    expect(lab.messages).toEqual([])
  })
})

describe('stop', () => {
  test('ends a refresh under way, and nothing more is said', async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>()
    const peer = await usePeer(async (client) => {
      await client.next()
      resolve()
      await client.next()
    })
    const lab = start(configOf(`${DOMAIN}directory "127.0.0.1" port ${peer.port} { basedn "dc=x" }`))
    await asked
    await side?.stop()
    expect(await isQuiet(peer)).toBe(true)
    expect(lab.messages).toEqual([])
    expect(lab.lines).toEqual([])
  })
})
