import { describe, expect, test } from 'vitest'
import type { DirectoryConfig } from '../../src/config/config.ts'
import { type FetchOptions, fetchDirectory } from '../../src/directory/fetch.ts'
import { bindDone, type LdapClient, type LdapRequest, type Script, searchDone } from '../support/ldap-peer.ts'
import { answerSearches, failure, groupEntry, isQuiet, usePeer, userEntry } from './peer-scripts.ts'
import { directory } from './samples.ts'

// Users and groups are searched at once, on two connections to one server.

const never = new AbortController().signal
const SIMPLE = { kind: 'simple', dn: 'cn=reader', password: 'sesame' } as const

const asksForGroups = ({ filter }: LdapRequest) => filter!.includes('posixGroup')

type Play = (client: LdapClient, request: LdapRequest) => Promise<void> | void

/** Answers each search by what it asks for, on whichever connection, and each bind. */
function parted(users: Play, groups: Play): Script {
  return async (client) => {
    for (;;) {
      const request = await client.next()
      if (request.operation === 'bind') client.send(bindDone(request.id))
      else if (request.operation === 'search') {
        await (asksForGroups(request) ? groups : users)(client, request)
      }
    }
  }
}

const giveUser = (client: LdapClient, { id }: LdapRequest) => client.send(userEntry(id, 1), searchDone(id))
const giveGroup = (client: LdapClient, { id }: LdapRequest) => client.send(groupEntry(id, 1), searchDone(id))

/** An event that one connection waits for and another tells. */
const event = () => Promise.withResolvers<void>()

/** What fetching gives, and what it says of its connections. */
async function fetched(port: number, changes: Partial<DirectoryConfig> = {}, options: FetchOptions = {}) {
  const lines: string[] = []
  const log: FetchOptions['log'] = (level, id, text) => lines.push(`${level} ${id}: ${text}`)
  const rows = await fetchDirectory(directory(port, changes), never, { ...options, log })
  return { users: rows.users.map(({ name }) => name), groups: rows.groups.map(({ name }) => name), lines }
}

const twoAddresses = () => Promise.resolve(['127.0.0.1', '127.0.0.2'])

const many: Play = (client, { id }) => {
  const entries = Array.from({ length: 50 }, (_, n) => userEntry(id, n))
  client.send(...entries, searchDone(id))
}

const neverDone: Play = (client, { id }) => client.send(userEntry(id, 1))

/** Neither search comes to its end. */
const halves = () => {
  const [users, groups] = [event(), event()]
  const script = parted(
    (client, { id }) => {
      client.send(userEntry(id, 1))
      users.resolve()
    },
    (client, { id }) => {
      client.send(groupEntry(id, 1))
      groups.resolve()
    },
  )
  return { script, begun: Promise.all([users.promise, groups.promise]) }
}

const BOTH = { users: ['u1'], groups: ['g1'] }

describe('users and groups', () => {
  test('are searched at once', async () => {
    const groupsAsked = event()
    const usersBegun = event()
    const peer = await usePeer(
      parted(
        async (client, { id }) => {
          client.send(userEntry(id, 1))
          usersBegun.resolve()
          await groupsAsked.promise
          client.send(searchDone(id))
        },
        async (client, request) => {
          await usersBegun.promise
          client.send(groupEntry(request.id, 1), searchDone(request.id))
          groupsAsked.resolve()
        },
      ),
      { sideBySide: true },
    )
    expect(await fetched(peer.port, { credentials: SIMPLE })).toEqual({ ...BOTH, lines: [] })
    expect(peer.accepted).toBe(2)
    expect(await isQuiet(peer)).toBe(true)
  })

  test('are asked of one address of a host, not of two', async () => {
    const peer = await usePeer(parted(giveUser, giveGroup), { sideBySide: true })
    const other = await usePeer(answerSearches, { host: '127.0.0.2', port: peer.port, sideBySide: true })
    const location = { kind: 'ldap', host: 'two.example.com', port: peer.port, security: 'none' } as const
    expect(await fetched(0, { location }, { lookup: twoAddresses })).toMatchObject(BOTH)
    expect(other.accepted).toBe(0)
  })

  test('are counted together, one at a time', async () => {
    const counts: number[] = []
    const peer = await usePeer(parted(many, many), { sideBySide: true })
    await fetched(peer.port, {}, { entry: (count) => counts.push(count) })
    expect(counts).toEqual(Array.from({ length: 100 }, (_, n) => n + 1))
  })
})

describe('groups are searched after users, on their connection,', () => {
  /** Of a connection that begins with the search of groups. */
  const refusing = (refuse: Play): Script => {
    return async (client) => {
      const first = await client.next()
      if (asksForGroups(first)) {
        await refuse(client, first)
        await client.next()
      } else {
        giveUser(client, first)
        giveGroup(client, await client.next())
        await client.next()
      }
    }
  }

  test.each<[string, Play, string]>([
    ['closes a second connection', (client) => client.close(), 'closed the connection'],
    ['says on a second that it is busy', (client, { id }) => client.send(searchDone(id, 51)), 'busy .51'],
  ])('when the server %s', async (_what, refuse, words) => {
    const peer = await usePeer(refusing(refuse), { sideBySide: true })
    const { lines, ...rows } = await fetched(peer.port)
    expect(rows).toEqual(BOTH)
    expect(lines).toEqual([
      expect.stringMatching(/^debug one-connection: directory "ldap.example.com": groups after users, as /),
    ])
    // If the users were there sooner than the answer, it was not waited for.
    expect(lines[0]).toMatch(new RegExp(`${words}|gave nothing`))
    expect(await isQuiet(peer)).toBe(true)
  })

  test('when a second bind is refused, and no log shows the password', async () => {
    let binds = 0
    const refused = event()
    const peer = await usePeer(
      async (client) => {
        const bind = await client.next()
        binds += 1
        if (binds > 1) {
          client.send(bindDone(bind.id, 51, `too many for ${bind.password}`))
          refused.resolve()
          await client.next()
          return
        }
        client.send(bindDone(bind.id))
        const users = await client.next()
        await refused.promise
        client.send(userEntry(users.id, 1))
        // Answered when the second has surely gone.
        while (peer.open > 1) await new Promise((resolve) => setImmediate(resolve))
        client.send(searchDone(users.id))
        giveGroup(client, await client.next())
        await client.next()
      },
      { sideBySide: true },
    )
    const { lines, ...rows } = await fetched(peer.port, { credentials: SIMPLE })
    expect(rows).toEqual(BOTH)
    expect(lines).toEqual([expect.stringContaining('ended in busy (51): too many for ***')])
  })

  test('when a second connection waits for the end of the first', async () => {
    const peer = await usePeer(
      refusing(() => {}),
      { sideBySide: true },
    )
    const { lines, ...rows } = await fetched(peer.port)
    expect(rows).toEqual(BOTH)
    expect(lines).toEqual([expect.stringContaining('as it gave nothing while the other search took place')])
    expect(await isQuiet(peer)).toBe(true)
  })
})

describe('one that fails ends the other:', () => {
  test('groups, when they had begun', async () => {
    const peer = await usePeer(
      parted(neverDone, (client, { id }) => client.send(groupEntry(id, 1), searchDone(id, 4))),
      { sideBySide: true },
    )
    const error = await failure(fetchDirectory(directory(peer.port), never))
    expect(error.code).toBe('search-failed')
    expect(error.message).toContain('127.0.0.1: the search below "ou=groups,dc=example,dc=com" ended after 1')
    expect(await isQuiet(peer)).toBe(true)
  })

  test('groups, over the limit of entries', async () => {
    const peer = await usePeer(
      parted(neverDone, (client, { id }) => client.send(groupEntry(id, 1), groupEntry(id, 2))),
      { sideBySide: true },
    )
    const limits = { entries: 1 }
    const error = await failure(fetchDirectory(directory(peer.port), never, { limits }))
    expect(error.code).toBe('too-much')
    expect(error.message).toContain('below "ou=groups,dc=example,dc=com"')
    expect(await isQuiet(peer)).toBe(true)
  })

  test('users, while groups come', async () => {
    const begun = event()
    const peer = await usePeer(
      parted(
        async (client, { id }) => {
          await begun.promise
          client.send(searchDone(id, 32))
        },
        (client, { id }) => {
          client.send(groupEntry(id, 1))
          begun.resolve()
        },
      ),
      { sideBySide: true },
    )
    const error = await failure(fetchDirectory(directory(peer.port), never))
    expect(error.message).toContain('the search below "ou=people,dc=example,dc=com" ended in noSuchObject')
    expect(await isQuiet(peer)).toBe(true)
  })
})

describe('both are ended', () => {
  test('from outside', async () => {
    const { script, begun } = halves()
    const peer = await usePeer(script, { sideBySide: true })
    const stop = new AbortController()
    const error = failure(fetchDirectory(directory(peer.port), stop.signal))
    await begun
    stop.abort()
    expect((await error).code).toBe('aborted')
    expect(await isQuiet(peer)).toBe(true)
  })

  test('by the deadline', async () => {
    const peer = await usePeer(halves().script, { sideBySide: true })
    const limits = { deadline: 300 }
    const error = await failure(fetchDirectory(directory(peer.port), never, { limits }))
    expect(error.code).toBe('deadline')
    expect(await isQuiet(peer)).toBe(true)
  })
})
