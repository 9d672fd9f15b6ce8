/**
 * What is known to go wrong in the original ypldap, each turned into the promise that it can't go wrong here. Most
 * of these promises have closer tests elsewhere; this file is the whole list of them.
 */

import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Duplex, duplexPair } from 'node:stream'
import { afterEach, describe, expect, test } from 'vitest'
import type { Binding } from '../../rpc/rpcbind.ts'
import { YpProcedure, YpStat } from '../../rpc/yp.ts'
import { encodeKey, encodeNoKey } from '../../rpc/yp-arguments.ts'
import type { DirectoryConfig, DomainConfig } from '../../src/config/config.ts'
import { DEFAULT_LIMITS } from '../../src/config/limit-table.ts'
import { fetchDirectory } from '../../src/directory/fetch.ts'
import { type Image, openImage } from '../../src/maps/image.ts'
import type { Group, User } from '../../src/maps/rows.ts'
import { openChannel } from '../../src/messages/channel.ts'
import { type ToDirectory, toDirectory } from '../../src/messages/directory.ts'
import { MESSAGE_BYTES } from '../../src/messages/limits.ts'
import type { ServerSettings } from '../../src/messages/server.ts'
import { AccessList } from '../../src/server/access-list.ts'
import { addressOf } from '../../src/server/address-of.ts'
import { runServer } from '../../src/server/process.ts'
import { register } from '../../src/supervisor/registration.ts'
import type { RpcbindClient } from '../../src/supervisor/rpcbind-client.ts'
import { directoryLimits, directorySettings } from '../../src/supervisor/settings.ts'
import { DIRECTORY, DOMAIN, directoryOf, domainOf, problemsOf } from '../config/check.ts'
import {
  answerSearches,
  failure,
  groupEntry,
  isQuiet,
  usePeer,
  userEntry,
} from '../directory/peer-scripts.ts'
import { exampleLdif, nowhere, places, portOf, serve, serving, write, ypldap } from '../main/command.ts'
import { type DirectoryLab, startDirectory } from '../support/directory-side.ts'
import { ask, startDaemon } from '../support/fault-daemon.ts'
import { untilLogged } from '../support/lab-log.ts'
import { freePort } from '../support/lab-port.ts'
import { waitUntil } from '../support/lab-wait.ts'
import {
  bindDone,
  entry,
  extendedDone,
  type LdapPeer,
  type LdapRequest,
  reference,
  type Script,
  searchDone,
} from '../support/ldap-peer.ts'
import { contents, match } from '../support/map-contents.ts'
import { build, group, imageOf, rows, user } from '../support/rows.ts'
import { bindBoth, imageFolder, loading, openServerChannel, settings } from '../support/server-side.ts'
import {
  encodeYpCall,
  openYpClient,
  type YpCall,
  type YpClient,
  type YpTarget,
} from '../support/yp-client.ts'

const domain = 'example.com'
const isRoot = process.getuid?.() === 0
const never = new AbortController().signal

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end()
})

const people = ['alice', 'bob', 'carol'].map((name, n) => user({ name, uid: `${10_001 + n}` }))
const ALICE = 'alice:*:10001:20001:Alice Adams:/home/alice:/bin/sh'

interface Server {
  readonly load: (users: readonly User[]) => Promise<void>
  readonly client: (transport?: 'udp' | 'tcp', target?: Partial<YpTarget>) => Promise<YpClient>
}

/** The work of a server process on sockets of its own; it has no image yet. */
async function startServer(changes: Partial<ServerSettings> = {}): Promise<Server> {
  const { kinds, tcp, udp, port } = bindBoth('127.0.0.1')
  const folder = await imageFolder()
  const [here, there] = duplexPair()
  const over = runServer(
    there,
    kinds.map((kind, index) => ({ kind, fd: [tcp, udp][index]!.fd })),
    () => {},
    () => {},
  )
  const supervisor = openServerChannel(here)
  ending.push(async () => {
    supervisor.end()
    await over
    await folder[Symbol.asyncDispose]()
  })
  supervisor.send(settings(changes))
  supervisor.send({ kind: 'open' })
  await supervisor.next('ready')
  let generation = 0
  return {
    async load(users) {
      generation += 1
      const { bytes } = build([rows(users, [group()])], { generation })
      const path = await folder.commit(`${generation}`, bytes)
      supervisor.send(loading(path, Math.floor(Date.now() / 1000)))
      await supervisor.next('loaded')
    },
    client: (transport = 'udp', target = {}) => client({ transport, port, ...target }),
  }
}

/** One that serves these users. */
async function serverOf(users: readonly User[], changes?: Partial<ServerSettings>): Promise<Server> {
  const server = await startServer(changes)
  await server.load(users)
  return server
}

async function client(target: YpTarget): Promise<YpClient> {
  const opened = await openYpClient(target)
  ending.push(() => opened.close())
  return opened
}

/** The work of a directory process that has ended its first refresh. */
async function startSide(config: DomainConfig, state?: string): Promise<DirectoryLab> {
  const lab = startDirectory(state)
  ending.push(() => lab.stop())
  lab.configure(config)
  await lab.ended()
  return lab
}

/** Of directories that are asked here, at these peers, for all that they have. */
function configFor(...peers: readonly LdapPeer[]): DomainConfig {
  const blocks = peers.map((peer, n) => `directory ${at(peer)} { basedn "dc=d${n}" }\n`)
  return domainOf(DOMAIN + blocks.join(''))
}

const at = ({ port }: LdapPeer) => `"127.0.0.1" port ${port}`

/** A peer that plays this, and from a word on something else. */
async function scripted(
  script: Script,
): Promise<{ readonly peer: LdapPeer; readonly play: (next: Script) => void }> {
  let now = script
  const peer = await usePeer((client) => now(client))
  return {
    peer,
    play(next) {
      now = next
    },
  }
}

/** Answers with these users and no group. */
function users(...numbers: readonly number[]): Script {
  return async (client) => {
    const { id } = await client.next()
    client.send(...numbers.map((number) => userEntry(id, number)), searchDone(id))
    client.send(searchDone((await client.next()).id))
  }
}

const names = async (lab: DirectoryLab) => contents(await lab.image(), 'passwd.byname').map(([name]) => name)

const withKey = (procedure: number, asked: string, map: string, key: string): YpCall => ({
  procedure,
  encode: (writer) => encodeKey(writer, asked, map, key),
})
const noKey = (procedure: number, asked: string, map: string): YpCall => ({
  procedure,
  encode: (writer) => encodeNoKey(writer, asked, map),
})

/** A directory of u1 and g1 that is published, and then asked again with another script. */
async function published() {
  const { peer, play } = await scripted(answerSearches)
  const lab = await startSide(configFor(peer))
  expect(await names(lab)).toEqual(['u1'])
  return { lab, peer, play }
}

/** u1 and u2, and an end of this code; then g1, and an end of that one. */
const ends =
  (users: number, groups: number): Script =>
  async (client) => {
    const first = await client.next()
    client.send(userEntry(first.id, 1), userEntry(first.id, 2), searchDone(first.id, users))
    const second = await client.next()
    client.send(groupEntry(second.id, 1), searchDone(second.id, groups))
    await client.next()
  }

const reader = (password: string): DirectoryConfig['credentials'] => ({
  kind: 'simple',
  dn: 'cn=reader,dc=x',
  password,
})

const twoAddresses = () => Promise.resolve(['127.0.0.2', '127.0.0.1'])

const keys = (image: Image, name: string) => contents(image, name).map(([key]) => key)

function framed(message: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(message))
  const head = Buffer.alloc(4)
  head.writeUInt32BE(body.length)
  return Buffer.concat([head, body])
}

/** One end of a channel of the directory process: what it hears, and how it ends. */
function listener(stream: Duplex) {
  const heard: ToDirectory[] = []
  const over = Promise.withResolvers<string>()
  const first = Promise.withResolvers<ToDirectory>()
  const channel = openChannel<ToDirectory, unknown>(stream, toDirectory, {
    message(message) {
      heard.push(message)
      first.resolve(message)
    },
    fault: over.resolve,
    end: () => over.resolve(''),
  })
  return { heard, channel, fault: over.promise, first: first.promise }
}

/** An entry with all that RFC 2307 demands of a user, and nothing else. */
const account = (name: string, uid: string) =>
  `dn: uid=${name},dc=x\nobjectClass: posixAccount\nuid: ${name}\nuidNumber: ${uid}\ngidNumber: 2\nhomeDirectory: /\n`

const logOf = (lab: DirectoryLab) => lab.lines.filter((line) => /^(warning|error)/.test(line))

/** rpcbind has one entry of a program and a transport. */
const isAs = (one: Binding) => (other: Binding) => other.netid === one.netid && other.program === one.program

describe('answers', () => {
  test.each(['udp', 'tcp'] as const)(
    'over %s: a netid key without @ is a missing key, and the server goes on',
    async (transport) => {
      const yp = await (await serverOf(people)).client(transport)
      for (const key of [
        'unix.10001',
        'unix.',
        'unix',
        'unix.@',
        '@',
        '10001',
        'unix.10001@',
        'unix.10001@other.example',
        'unix.-1@example.com',
        'unix.none@example.com',
      ]) {
        expect([key, await yp.match(domain, 'netid.byname', key)]).toEqual([
          key,
          { status: YpStat.NOKEY, value: '' },
        ])
      }
      expect(await yp.match(domain, 'netid.byname', `unix.10001@${domain}`)).toEqual({
        status: YpStat.TRUE,
        value: '10001:20001',
      })
    },
  )

  test('before there are maps every call is answered at once, NEXT too, and no domain is promised', async () => {
    const server = await startServer()
    const yp = await server.client('tcp')
    expect(await yp.domain(domain)).toBe(false)
    expect(await yp.domainNonack(domain)).toBeUndefined()
    const map = 'passwd.byname'
    const statuses = [
      await yp.match(domain, map, 'alice'),
      await yp.first(domain, map),
      await yp.next(domain, map, 'alice'),
      (await yp.all(domain, map))[0]!,
      await yp.master(domain, map),
      await yp.order(domain, map),
      await yp.mapList(domain),
    ].map(({ status }) => status)
    expect(statuses).toEqual(Array(7).fill(YpStat.NODOM))

    await server.load(people)
    expect(await yp.domain(domain)).toBe(true)
    expect(await yp.next(domain, map, 'alice')).toMatchObject({ status: YpStat.TRUE, key: 'bob' })
  })

  test('MASTER of a domain that is not served has a name, the empty one, and the server goes on', async () => {
    const yp = await (await serverOf(people)).client()
    for (const other of ['other.example', 'e', `${domain}.`]) {
      expect(await yp.master(other, 'passwd.byname')).toEqual({ status: YpStat.NODOM, peer: '' })
    }
    expect(await yp.master(domain, 'passwd.byname')).toEqual({ status: YpStat.TRUE, peer: 'nis.example.com' })
  })

  test('an error holds nothing of the answer before it, whoever got that', async () => {
    const server = await serverOf(people)
    const [one, other] = [await server.client(), await server.client()]
    const { MATCH, FIRST, NEXT, MASTER, ORDER } = YpProcedure
    const wrong = [
      withKey(MATCH, 'other.example', 'passwd.byname', 'alice'),
      withKey(MATCH, domain, 'hosts.byname', 'alice'),
      withKey(MATCH, domain, 'passwd.byname', 'nobody'),
      withKey(MATCH, domain, 'passwd.byname', ''),
      withKey(NEXT, domain, 'passwd.byname', 'carol'),
      withKey(NEXT, 'other.example', 'passwd.byname', 'alice'),
      noKey(FIRST, domain, 'hosts.byname'),
      noKey(MASTER, 'other.example', 'passwd.byname'),
      noKey(ORDER, domain, 'hosts.byname'),
    ]
    /** Its bytes but the xid, which is its call's. */
    const answer = async (call: YpCall) => {
      const reply = await other.send(encodeYpCall(call))
      if (!Buffer.isBuffer(reply)) throw new Error(reply)
      return reply.subarray(4).toString('hex')
    }
    const before: string[] = []
    for (const call of wrong) before.push(await answer(call))
    for (const [index, call] of wrong.entries()) {
      expect(await one.match(domain, 'passwd.byname', 'alice')).toEqual({ status: YpStat.TRUE, value: ALICE })
      expect(await other.first(domain, 'passwd.byname')).toMatchObject({ value: ALICE })
      expect(await answer(call)).toBe(before[index])
    }
    // 20 bytes of an accepted reply, the status, and at most two empty texts
    for (const bytes of before) expect(bytes.length / 2).toBeLessThanOrEqual(20 + 12)
  })

  test('NEXT of a key that has vanished meanwhile skips nobody, and behind the last key there is no more', async () => {
    const server = await serverOf(people)
    const yp = await server.client()
    expect(await yp.next(domain, 'passwd.byname', 'alice')).toMatchObject({ key: 'bob' })
    await server.load(people.filter(({ name }) => name !== 'bob'))
    expect(await yp.next(domain, 'passwd.byname', 'bob')).toMatchObject({ status: YpStat.TRUE, key: 'carol' })
    expect(await yp.next(domain, 'passwd.byname', 'carol')).toMatchObject({ status: YpStat.NOMORE })
    expect(await yp.next(domain, 'passwd.byname', 'zoe')).toMatchObject({ status: YpStat.NOMORE })
  })

  test('are for this host alone without a rule, and with one for nobody whom it denies', async () => {
    const list = new AccessList([])
    const allows = (address: string) => {
      const bytes = addressOf(address)!
      return list.allows({ reserved: true, bytes, start: 0, length: bytes.length })
    }
    expect(allows('127.0.0.1')).toBe(true)
    for (const address of ['192.0.2.1', '10.0.0.1', '2001:db8::1']) expect(allows(address)).toBe(false)

    const server = await serverOf(people, {
      access: [{ verdict: 'deny', prefix: [127, 0, 0, 1], bits: 32, reserved: false }],
    })
    await expect((await server.client('udp', { patience: 100 })).domain(domain)).rejects.toThrow('silence')
    await expect((await server.client('tcp')).domain(domain)).rejects.toThrow('closed')
  })

  test.each(['udp', 'tcp'] as const)(
    'over %s: a hash is in no answer to a port that any user can have',
    async (transport) => {
      const yp = await (await serverOf(people)).client(transport)
      for (const [by, key] of [
        ['byname', 'alice'],
        ['byuid', '10001'],
      ] as const) {
        expect(await yp.match(domain, `passwd.${by}`, key)).toEqual({ status: YpStat.TRUE, value: ALICE })
        const secret = `master.passwd.${by}`
        expect(await yp.match(domain, secret, key)).toEqual({ status: YpStat.NOKEY, value: '' })
        expect((await yp.first(domain, secret)).status).toBe(YpStat.NOMORE)
        expect((await yp.next(domain, secret, 'a')).status).toBe(YpStat.NOMORE)
        expect((await yp.all(domain, secret)).map(({ status }) => status)).toEqual([YpStat.NOMORE])
      }
    },
  )

  test.runIf(isRoot)('a hash is answered to a reserved port, in master.passwd alone', async () => {
    const yp = await (await serverOf(people)).client('udp', { reserved: true })
    expect((await yp.match(domain, 'master.passwd.byname', 'alice')).value).toContain(':$6$salt$hash:')
    expect((await yp.match(domain, 'passwd.byname', 'alice')).value).toBe(ALICE)
  })
})

describe('a refresh', () => {
  test.each([1, 2, 3, 4, 10, 11, 32, 50, 51, 52, 53, 80])(
    'of which a search ends in result code %i publishes nothing, whichever search it is',
    async (code) => {
      const { lab, play } = await published()
      for (const script of [ends(code, 0), ends(0, code)]) {
        play(script)
        expect(await lab.refresh()).toMatch(/ended after [12] entries in /)
        expect(await names(lab)).toEqual(['u1'])
      }
      play(ends(0, 0))
      expect(await lab.refresh()).toBeUndefined()
      expect(await names(lab)).toEqual(['u1', 'u2'])
    },
  )

  test.each([
    ['noise', () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['a message that is malformed', (id: number) => Buffer.from([0x30, 5, 2, 1, id, 0x64, 9])],
    ['an answer to another question', (id: number) => userEntry(id + 1, 3)],
  ])('in which %s follows good entries publishes nothing', async (_, bytes) => {
    const { lab, peer, play } = await published()
    play(async (client) => {
      const { id } = await client.next()
      client.send(userEntry(id, 1), userEntry(id, 2), bytes(id))
      await client.next()
    })
    expect(await lab.refresh()).toMatch(/^directory "127\.0\.0\.1": /)
    expect(await isQuiet(peer)).toBe(true)
    expect(await names(lab)).toEqual(['u1'])
  })

  test.each([
    ['between two entries', (id: number) => userEntry(id, 2)],
    ['within an entry', (id: number) => userEntry(id, 2).subarray(0, 20)],
  ])('whose connection is closed %s is over at once, and the next one publishes', async (_, last) => {
    const { lab, peer, play } = await published()
    play(async (client) => {
      const { id } = await client.next()
      client.send(userEntry(id, 1))
      client.socket.end(last(id))
    })
    expect(await lab.refresh()).toContain('the server closed the connection before it had answered')
    expect(lab.latest().last).toMatchObject({ outcome: 'trashed' })
    // Far below the limits of time, which are what would end it otherwise.
    expect(lab.latest().last!.took).toBeLessThan(5000)
    expect(await isQuiet(peer)).toBe(true)
    play(ends(0, 0))
    expect(await lab.refresh()).toBeUndefined()
    expect(await names(lab)).toEqual(['u1', 'u2'])
  })

  test('takes the entries that stand beside references to other servers', async () => {
    const peer = await usePeer(async (client) => {
      const { id } = await client.next()
      const others = ['ForestDnsZones', 'Configuration'].map((name) =>
        reference(id, `ldap://x/CN=${name},DC=x`),
      )
      client.send(others[0]!, userEntry(id, 1), others[1]!, userEntry(id, 2), searchDone(id))
      const groups = await client.next()
      client.send(groupEntry(groups.id, 1), reference(groups.id, 'ldap://x/DC=x'), searchDone(groups.id))
      await client.next()
    })
    const lab = await startSide(configFor(peer))
    expect(lab.latest().last?.outcome).toBe('published')
    expect(await names(lab)).toEqual(['u1', 'u2'])
  })

  test.each([7, 8, 48, 49, 53])(
    'whose bind ends in result code %i asks for nothing more, least of all anonymously',
    async (code) => {
      const asked: string[] = []
      const peer = await usePeer(async (client) => {
        for (;;) {
          const { id, operation } = await client.next()
          asked.push(operation)
          client.send(operation === 'bind' ? bindDone(id, code) : searchDone(id))
        }
      })
      const config = { ...directoryOf(at(peer)), credentials: reader('secret') }
      expect((await failure(fetchDirectory(config, never))).code).toBe('bind-failed')
      expect(await isQuiet(peer)).toBe(true)
      expect(asked.filter((operation) => operation !== 'unbind')).toEqual(['bind'])
    },
  )

  test('never binds with an empty password', async () => {
    const asked: string[] = []
    const peer = await usePeer(async (client) => {
      for (;;) asked.push((await client.next()).operation)
    })
    const config = { ...directoryOf(at(peer)), credentials: reader('') }
    expect((await failure(fetchDirectory(config, never))).message).toContain('neither may be empty')
    expect(await isQuiet(peer)).toBe(true)
    expect(asked.filter((operation) => operation !== 'unbind')).toEqual([])
  })

  test.each<[string, Script]>([
    ['at the bind', async () => {}],
    [
      'at the search',
      async (client) => {
        client.send(bindDone((await client.next()).id))
      },
    ],
    [
      'in the middle of an answer',
      async (client) => {
        client.send(bindDone((await client.next()).id))
        client.send(userEntry((await client.next()).id, 1))
      },
    ],
  ])('that waits for a server that is silent %s has an end', async (_, script) => {
    const peer = await usePeer(script)
    const config = { ...directoryOf(at(peer)), credentials: reader('secret') }
    const error = await failure(fetchDirectory(config, never, { limits: { operation: 50 } }))
    expect(error.code).toBe('timeout')
    expect(await isQuiet(peer)).toBe(true)
  })

  test('that waits for the TLS handshake of a silent server has an end', async () => {
    const peer = await usePeer(() => {})
    const config = directoryOf(`${at(peer)} ldaps`)
    const error = await failure(fetchDirectory(config, never, { limits: { connect: 200 } }))
    expect(error.code).toBe('timeout')
    expect(await isQuiet(peer)).toBe(true)
  })

  test('that waits for a silent server keeps the directory process from nothing else', async () => {
    const { lab, peer, play } = await published()
    const { promise: asked, resolve } = Promise.withResolvers<void>()
    play(async (client) => {
      await client.next()
      resolve()
      await client.next()
    })
    lab.send({ kind: 'refresh', domain: 'example.com', id: 1000, force: false })
    await asked
    lab.send({ kind: 'ping', id: 1 })
    expect(await lab.next('pong')).toEqual({ kind: 'pong', id: 1 })
    const other = await usePeer(ends(0, 0))
    lab.configure(configFor(other))
    await lab.next('end', ({ id }) => id === 1000)
    expect(await names(lab)).toEqual(['u1', 'u2'])
    expect(await isQuiet(peer)).toBe(true)
  })

  test('takes what is new from one directory though another fails, whose last rows stay', async () => {
    const [first, second] = [await scripted(users(1)), await scripted(users(9))]
    const lab = await startSide(configFor(first.peer, second.peer))
    expect(await names(lab)).toEqual(['u1', 'u9'])
    first.play(users(1, 2))
    second.play((client) => client.close())
    expect(await lab.refresh()).toContain('the server closed the connection')
    expect(lab.latest().last?.outcome).toBe('published')
    expect(await names(lab)).toEqual(['u1', 'u2', 'u9'])
  })

  test('takes what is new from one directory though another fails, also after a restart', async () => {
    const state = mkdtempSync(join(tmpdir(), 'ypldap-original-'))
    ending.push(() => rmSync(state, { recursive: true }))
    const [first, second] = [await scripted(users(1)), await scripted(users(9))]
    const config = configFor(first.peer, second.peer)
    const before = startDirectory(state)
    before.configure(config)
    await before.ended()
    await before.stop()
    first.play(users(1, 2))
    second.play((client) => client.close())
    const lab = await startSide(config, state)
    expect(lab.latest().last?.outcome).toBe('published')
    expect(await names(lab)).toEqual(['u1', 'u2', 'u9'])
  })

  test('reads each of several directories once, however long the others take', async () => {
    const { promise: isFirstDone, resolve } = Promise.withResolvers<void>()
    const first = await scripted(async (client) => {
      await users(1)(client)
      resolve()
    })
    const second = await scripted(async (client) => {
      await isFirstDone
      await users(9)(client)
    })
    const lab = await startSide(configFor(first.peer, second.peer))
    expect(await names(lab)).toEqual(['u1', 'u9'])
    expect([first.peer.searches, second.peer.searches]).toEqual([2, 2])
  })

  test('asks for pages of the size that is configured', async () => {
    const pages: LdapRequest['page'][] = []
    const { peer } = await scripted(async (client) => {
      for (const cookie of ['more', '', '']) {
        const { id, page } = await client.next()
        pages.push(page)
        client.send(entry(id, 'uid=x', {}), searchDone(id, 0, { cookie }))
      }
      await client.next()
    })
    await fetchDirectory(directoryOf(at(peer), 'basedn "dc=x"\npage size 7'), never)
    expect(pages).toEqual([
      { size: 7, cookie: '' },
      { size: 7, cookie: 'more' },
      { size: 7, cookie: '' },
    ])
  })

  test('with tls says nothing to a server that refuses it', async () => {
    const asked: string[] = []
    const { peer } = await scripted(async (client) => {
      for (;;) {
        const { id, operation } = await client.next()
        asked.push(operation)
        client.send(operation === 'extended' ? extendedDone(id, 52) : bindDone(id))
      }
    })
    const config = directoryOf(`${at(peer)} tls`, 'basedn "b"\nbinddn "cn=a"\nbindcred "secret"')
    expect((await failure(fetchDirectory(config, never))).code).toBe('tls-failed')
    expect(await isQuiet(peer)).toBe(true)
    expect(asked.filter((operation) => operation !== 'unbind')).toEqual(['extended'])
  })

  test('of a host none of whose addresses can be reached is an error that names each', async () => {
    const config = directoryOf(`"ldap.example.com" port ${await freePort()}`)
    const error = await failure(fetchDirectory(config, never, { lookup: twoAddresses }))
    expect(error.code).toBe('connect-failed')
    expect(error.message).toMatch(/127\.0\.0\.2: .*ECONNREFUSED.*; next address 127\.0\.0\.1: .*ECONNREFUSED/)
  })

  test('holds nothing of an address that failed half way when the next one succeeds', async () => {
    const good = await usePeer(users(1))
    const bad = await usePeer(ends(0, 52), { host: '127.0.0.2', port: good.port })
    const config = directoryOf(`"ldap.example.com" port ${good.port}`)
    const fetched = await fetchDirectory(config, never, { lookup: twoAddresses })
    expect(bad.accepted).toBeGreaterThan(0)
    expect(fetched.users.map(({ name }) => name)).toEqual(['u1'])
  })

  test.each(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_MEMORY', 'EAI_SYSTEM'])(
    'whose name service says %s fails like any other, and the next is tried',
    async (code) => {
      const peer = await usePeer(users(1))
      const config = directoryOf(`"ldap.example.com" port ${peer.port}`)
      const lookup = () => Promise.reject(Object.assign(new Error(`getaddrinfo ${code}`), { code }))
      const error = await failure(fetchDirectory(config, never, { lookup }))
      expect(error.code).toBe('resolve-failed')
      expect(error.message).toContain(`ldap.example.com was not found: getaddrinfo ${code}`)
      expect((await fetchDirectory(config, never, { lookup: twoAddresses })).users).toHaveLength(1)
    },
  )
})

describe('rows', () => {
  const bob = user({ name: 'bob', uid: '10002', gecos: 'Bob' })
  const wheel = group({ name: 'wheel', gid: '20002', members: ['bob'] })

  /** What becomes of these rows beside Bob and wheel, which must be there whatever they are. */
  function mapsWith(added: { readonly users?: readonly User[]; readonly groups?: readonly Group[] }) {
    const built = build([rows([...(added.users ?? []), bob], [...(added.groups ?? []), wheel])])
    const image = openImage(built.bytes)
    expect(match(image, 'passwd.byname', 'bob')).toBe('bob:*:10002:20001:Bob:/home/alice:/bin/sh')
    expect(match(image, 'group.byname', 'wheel')).toBe('wheel:*:20002:bob')
    expect(match(image, 'netid.byname', `unix.10002@${domain}`)).toBe('10002:20001,20002')
    return { image, reasons: built.rejected.map(({ reason }) => reason) }
  }

  const NO_IDS = ['', 'none', '-1', '1e3', '0x0', ' 0', '0 ', '+0', '1.0', '4294967295', '99999999999']

  test.each(NO_IDS)('of a uid that is no number ("%s") are under no id, least of all 0', (uid) => {
    const { image, reasons } = mapsWith({ users: [user({ uid })] })
    expect(keys(image, 'passwd.byname')).toEqual(['bob'])
    expect(keys(image, 'passwd.byuid')).toEqual(['10002'])
    expect(keys(image, 'master.passwd.byuid')).toEqual(['10002'])
    expect(keys(image, 'netid.byname')).toEqual([`unix.10002@${domain}`])
    expect(reasons).toEqual([expect.stringContaining('is not a number from 0 to')])
  })

  test.each(NO_IDS)(
    'of a gid that is no number ("%s") are left out alone, and all others are there',
    (gid) => {
      const { image, reasons } = mapsWith({ users: [user({ gid })], groups: [group({ gid })] })
      expect(keys(image, 'passwd.byname')).toEqual(['bob'])
      expect(keys(image, 'group.byname')).toEqual(['wheel'])
      expect(keys(image, 'group.bygid')).toEqual(['20002'])
      expect(reasons).toHaveLength(2)
    },
  )

  test('of a user in more groups than a record holds are cut there alone, and all others are there', () => {
    const many = Array.from({ length: 500 }, (_, n) => group({ name: `g${n}`, gid: `${30_000 + n}` }))
    const { image, reasons } = mapsWith({ users: [user()], groups: many })
    expect(keys(image, 'passwd.byname')).toEqual(['alice', 'bob'])
    expect(keys(image, 'group.byname')).toHaveLength(501)
    expect(match(image, 'netid.byname', `unix.10001@${domain}`)).toMatch(/^10001:20001,30000,/)
    expect(reasons).toEqual([expect.stringMatching(/^netid of user "alice" is over the record limit/)])
  })

  test('of a user in many groups keep whole gids only, wherever the limit falls', () => {
    const gids = ['1', '23', '456', '7890', '12345', '678901', '4294967294', '2', '34']
    const own = gids.map((gid, n) => group({ name: `g${n}`, gid, members: ['al'] }))
    const whole = `5:20001,${gids.join(',')}`
    for (let recordLimit = 22; recordLimit <= whole.length; recordLimit++) {
      const image = imageOf(
        [rows([user({ name: 'al', uid: '5', gecos: '', home: '/', shell: '', hash: '*' })], own)],
        { recordLimit },
      )
      const line = match(image, 'netid.byname', `unix.5@${domain}`)!
      const rest = whole.slice(line.length)
      expect(whole.startsWith(line)).toBe(true)
      // Cut before a comma, and no sooner than it must be.
      expect(rest).toMatch(/^(,|$)/)
      expect(line.length).toBeLessThanOrEqual(recordLimit)
      if (rest !== '')
        expect(line.length + rest.slice(1).split(',')[0]!.length + 1).toBeGreaterThan(recordLimit)
    }
  })

  test('of a group are cut between two members, wherever the limit falls, and that is told', () => {
    // Each name is the beginning of others: one that was cut would be somebody else.
    const members = Array.from({ length: 200 }, (_, n) => 'x'.repeat(1 + (n % 13)) + n)
    const known = new Set(members)
    for (let recordLimit = 300; recordLimit < 330; recordLimit++) {
      const built = build([rows([bob], [group({ members })])], { recordLimit })
      const line = match(openImage(built.bytes), 'group.byname', 'staff')!
      const kept = line.split(':')[3]!.split(',')
      expect(kept.filter((name) => !known.has(name))).toEqual([])
      expect(kept).toEqual(members.slice(0, kept.length))
      expect(line.length).toBeLessThanOrEqual(recordLimit)
      expect(line.length + 1 + members[kept.length]!.length).toBeGreaterThan(recordLimit)
      expect(built.rejected.map(({ reason }) => reason)).toEqual([
        expect.stringContaining(`${200 - kept.length} of 200 members left out`),
      ])
    }
  })

  const USER_FIELDS = [
    'name',
    'password',
    'hash',
    'uid',
    'gid',
    'class',
    'change',
    'expire',
    'gecos',
    'home',
    'shell',
  ]

  test.each(USER_FIELDS)('of users make no line of another shape, whatever is in their %s', (field) => {
    for (const text of ['x:0:0::/:/bin/sh', 'x\neve::0:0::/:/bin/sh', 'x\0', 'x\r', ':', '\n']) {
      const { image, reasons } = mapsWith({ users: [user({ [field]: text })] })
      for (const name of ['passwd.byname', 'passwd.byuid', 'master.passwd.byname', 'netid.byname']) {
        expect(contents(image, name)).toHaveLength(1)
      }
      expect(reasons).toHaveLength(1)
    }
  })

  test.each(['name', 'password', 'gid'])(
    'of groups make no line of another shape, whatever is in their %s',
    (field) => {
      for (const text of ['x:*:0:eve', 'x\neve:*:0:eve', 'x\0', ':']) {
        const { image, reasons } = mapsWith({ groups: [group({ [field]: text })] })
        expect(keys(image, 'group.byname')).toEqual(['wheel'])
        expect(reasons).toHaveLength(1)
      }
    },
  )

  test('of groups have no members but those that are one name each', () => {
    const members = ['alice', 'eve,root', 'a:b', 'c\nwheel:*:0:eve', '', '+', 'carol']
    const { image, reasons } = mapsWith({ groups: [group({ members })] })
    expect(match(image, 'group.byname', 'staff')).toBe('staff:*:20001:alice,carol')
    expect(reasons).toHaveLength(5)
  })

  test('without a name are left out, and FIRST is who comes next', async () => {
    const { image } = mapsWith({ users: [user({ name: '' })], groups: [group({ name: '' })] })
    expect(keys(image, 'group.byname')).toEqual(['wheel'])
    const yp = await (await serverOf([user({ name: '' }), ...people])).client()
    expect(await yp.first(domain, 'passwd.byname')).toMatchObject({ status: YpStat.TRUE, key: 'alice' })
  })

  test('of ids up to 4294967294 are found by them, and shown as they are', async () => {
    const ids = ['0', '1000', '2147483647', '2147483648', '3000000000', '4294967294']
    const { image, reasons } = mapsWith({
      users: ids.map((uid) => user({ name: `u${uid}`, uid, gid: uid })),
      groups: ids.map((gid) => group({ name: `g${gid}`, gid, members: ids.map((uid) => `u${uid}`) })),
    })
    expect(reasons).toEqual([])
    for (const id of ids) {
      expect(match(image, 'passwd.byuid', id)).toMatch(new RegExp(`^u${id}:\\*:${id}:${id}:`))
      expect(match(image, 'group.bygid', id)).toMatch(new RegExp(`^g${id}:\\*:${id}:`))
      const others = ids.filter((other) => other !== id).sort((a, b) => (`g${a}` < `g${b}` ? -1 : 1))
      expect(match(image, 'netid.byname', `unix.${id}@${domain}`)).toBe(`${id}:${[id, ...others].join(',')}`)
    }
  })

  test('that are left out are named in the log, each once while it stays so, and told to who asks', async () => {
    const ldif = write(
      'directory.ldif',
      ['u1', 'u2', 'u3'].map((name) => account(name, name.slice(1))).join('\n'),
    )
    const lab = await startSide(domainOf(`${DOMAIN}directory file "${ldif}" { basedn "dc=x" }`))
    expect(logOf(lab)).toEqual([])
    writeFileSync(ldif, [account('u1', 'none'), account('u2', '2'), account('u3', '3')].join('\n'))
    for (let time = 1; time <= 2; time++) expect(await lab.refresh()).toBeUndefined()
    expect(await names(lab)).toEqual(['u2', 'u3'])
    expect(logOf(lab)).toEqual([
      `warning row-rejected: ${ldif}: uid=u1,dc=x: uid "none" is not a number from 0 to 4294967294`,
    ])
    lab.send({ kind: 'rejected', domain: 'example.com', id: 1000 })
    expect((await lab.next('rows')).rows.map(({ dn }) => dn)).toEqual(['uid=u1,dc=x'])
  })
})

describe('configuration', () => {
  test.each([
    ['binddn "cn=a"', 'binddn without bindcred'],
    ['binddn "cn=a"\nbindcred ""', 'empty bindcred'],
    ['bindcred "secret"', 'bindcred without binddn'],
    ['binddn ""\nbindcred "secret"', 'empty binddn'],
  ])('a bind that is half there is refused: %j', (bind, reason) => {
    expect(problemsOf(`${DOMAIN}directory "h" {\nbasedn "b"\n${bind}\n}\n`)).toEqual([
      expect.stringMatching(new RegExp(`^t:\\d+:\\d+: ${reason}`)),
    ])
  })

  test.each([
    ['"h"', 389, 'none'],
    ['"h" port 1389', 1389, 'none'],
    ['"h" port "1389"', 1389, 'none'],
    ['"h" port "ldap-alt"', 3890, 'none'],
    ['"h" ldaps', 636, 'ldaps'],
    ['"h" port 1636 ldaps', 1636, 'ldaps'],
    ['"h" port ldap-alt tls', 3890, 'starttls'],
  ])('port and TLS of directory %s count', (header, port, security) => {
    expect(directoryOf(header).location).toEqual({ kind: 'ldap', host: 'h', port, security })
  })

  test('a port is where the directory is asked', async () => {
    const peer = await usePeer(users(1))
    expect((await fetchDirectory(directoryOf(at(peer)), never)).users).toHaveLength(1)
    expect(peer.searches).toBe(2)
  })

  test.each([
    ['nothing', ''],
    [
      'attributes that no entry has',
      '\nattribute gecos maps to "x-gecos"\nattribute expire maps to "x-expire"',
    ],
  ])('that maps %s needs of an entry only what RFC 2307 demands', async (_, mapped) => {
    const staff = 'dn: cn=g1,dc=x\nobjectClass: posixGroup\ncn: g1\ngidNumber: 2\n'
    const ldif = write('directory.ldif', `${account('u1', '1')}\n${staff}`)
    const lab = await startSide(domainOf(`${DOMAIN}directory file "${ldif}" {\nbasedn "dc=x"${mapped}\n}`))
    const image = await lab.image()
    expect(match(image, 'passwd.byname', 'u1')).toBe('u1:*:1:2::/:')
    expect(match(image, 'master.passwd.byname', 'u1')).toBe('u1:*:1:2::0:0::/:')
    expect(match(image, 'group.byname', 'g1')).toBe('g1:*:2:')
  })
})

describe('processes', () => {
  test('take settings of another shape or size for no settings', async () => {
    const good = directorySettings(
      domainOf(DOMAIN + DIRECTORY),
      directoryLimits({ limits: DEFAULT_LIMITS }),
      '/state',
    )
    const wrong: readonly unknown[] = [
      { ...good, interval: 0 },
      { ...good, recordLimit: 2 ** 32 },
      { ...good, domain: 'd'.repeat(65) },
      { ...good, directories: good.directories.map((one) => ({ ...one, pageSize: '7' })) },
      { ...good, directories: good.directories.map((one) => ({ ...one, fields: {} })) },
      { ...good, more: 1 },
      { kind: 'configure' },
      [],
    ]
    for (const message of wrong) {
      const [left, right] = duplexPair()
      const { heard, fault } = listener(left)
      right.write(framed(message))
      expect(await fault).not.toBe('')
      expect(heard).toEqual([])
    }
    const [left, right] = duplexPair()
    const { first } = listener(left)
    right.write(framed(good))
    expect(await first).toEqual(good)
  })

  test('hold nothing of a message that is too long', async () => {
    const [left, right] = duplexPair()
    const { heard, fault } = listener(left)
    const head = Buffer.alloc(4)
    head.writeUInt32BE(MESSAGE_BYTES + 1)
    right.write(head)
    expect(await fault).toBe(`a message of ${MESSAGE_BYTES + 1} bytes`)
    expect(heard).toEqual([])
  })

  test('hear what they are told while what they say is not taken', async () => {
    const [left, right] = duplexPair()
    const { channel, first } = listener(left)
    for (let n = 0; n < 100; n++) channel.send({ kind: 'words', text: 'x'.repeat(10_000) })
    expect(channel.waiting).toBeGreaterThan(500_000)
    right.write(framed({ kind: 'ping', id: 7 }))
    expect(await first).toEqual({ kind: 'ping', id: 7 })
    expect(channel.waiting).toBeGreaterThan(500_000)
  })

  test("have no part in each other's end: answers and refreshes go on", async () => {
    const daemon = await startDaemon()
    const yp = await client({ transport: 'udp', port: daemon.port, patience: 10_000 })
    const gecos = async () => (await yp.match(domain, 'passwd.byname', 'user7')).value.split(':')[4]
    for (const [index, role] of (['directory', 'server'] as const).entries()) {
      const pid = await daemon.pidOf(role)
      process.kill(pid, 'SIGKILL')
      // A call that it had taken would be lost with it, and clients ask again; this one does not.
      await waitUntil('it is gone', () => !existsSync(`/proc/${pid}`))
      expect(await gecos()).toBe(`generation ${index + 1}`)
      await waitUntil(`another ${role} process is there`, async () => {
        const { processes } = await daemon.status()
        const child = processes.find((one) => one.role === role)!
        return child.restarts === 1 && child.pid > 0
      })
      await daemon.publish(index + 2)
      expect(await gecos()).toBe(`generation ${index + 2}`)
    }
  })

  test('serve after a restart what they served before, though no directory answers', async () => {
    const { peer, play } = await scripted(users(1))
    const file = write(
      'ypldap.conf',
      [`domain "${domain}"`, 'bind local', ...places(), `directory ${at(peer)} { basedn "dc=x" }`, ''].join(
        '\n',
      ),
    )
    const before = await serve(file)
    await untilLogged(before, 'published')
    expect(await before.stop()).toEqual({ code: 0, signal: null })
    play((client) => client.close())
    const after = await serve(file)
    await untilLogged(after, 'update-trashed')
    const yp = await client({ transport: 'udp', port: portOf(after.output()) })
    expect(await yp.domain(domain)).toBe(true)
    expect((await yp.match(domain, 'passwd.byname', 'u1')).value).toBe('u1:*:10001:100::/home/u1:')
  })

  test('take the configuration anew on SIGHUP, or go on with the old one when it is wrong', async () => {
    const daemon = await startDaemon()
    const { pid } = daemon
    const yp = await client({ transport: 'udp', port: daemon.port })
    expect((await yp.mapList(domain)).maps).toHaveLength(7)
    daemon.configure('interval none')
    process.kill(pid, 'SIGHUP')
    await waitUntil('the file is refused', () => daemon.logged('reload-failed').length === 1)
    expect((await yp.mapList(domain)).maps).toHaveLength(7)
    daemon.configure('provide map "passwd.byname"')
    process.kill(pid, 'SIGHUP')
    await waitUntil('it is in force', async () => (await yp.mapList(domain)).maps.length === 1)
    expect((await yp.match(domain, 'passwd.byname', 'user7')).status).toBe(YpStat.TRUE)
    expect(daemon.pid).toBe(pid)
    expect(daemon.isAlive(pid)).toBe(true)
    expect((await daemon.status()).processes.map(({ restarts }) => restarts)).toEqual([0, 0, 0])
    // Without -v nothing is told of a refresh that changes nothing.
    await daemon.refresh()
    expect(daemon.logged('unchanged')).toEqual([])
  })

  test('tell more with -v', async () => {
    const daemon = await serve(serving(exampleLdif()), '-v')
    await untilLogged(daemon, 'published')
    await ask(nowhere('control.sock'), { kind: 'refresh', force: false })
    expect(await untilLogged(daemon, 'unchanged')).toMatch(/^debug: /)
  })

  test('that can not be started are told, with another status than an orderly end', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    ending.push(() => new Promise((closed) => holder.close(closed)))
    await once(holder, 'listening')
    const { port } = holder.address() as AddressInfo
    const { status, stderr } = await ypldap('-d', '-f', serving(exampleLdif(), `listen port ${port}`))
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining(`127.0.0.1 port ${port} is taken`) as string,
    })
  })

  test('leave nothing of theirs with rpcbind when they end', async () => {
    let table: readonly Binding[] = []
    const rpcbind: RpcbindClient = {
      netids: ['udp', 'tcp'],
      dump: async () => table,
      async set(binding) {
        if (table.some(isAs(binding))) return false
        table = [...table, binding]
        return true
      },
      async unset(binding) {
        table = table.filter((other) => !isAs(binding)(other))
        return true
      },
      close() {},
    }
    const nfs = { program: 100003, version: 3, netid: 'tcp', address: '0.0.0.0.8.1', owner: '' }
    table = [nfs]
    const endpoints = (['udp', 'tcp'] as const).map((netid) => ({ netid, address: '0.0.0.0', port: 834 }))
    const registration = await register(
      endpoints,
      () => {},
      async () => rpcbind,
    )
    expect(table).toHaveLength(3)
    await registration.withdraw()
    expect(table).toEqual([nfs])
  })
})
