import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { fetchDirectory } from '../../src/directory/fetch.ts'
import {
  ber,
  bindDone,
  entry,
  extendedDone,
  type LdapRequest,
  reference,
  searchDone,
} from '../support/ldap-peer.ts'
import { ENDLESS_ENTRY } from './endless-entry.ts'
import {
  answerAll,
  answerFirst,
  answerSearches,
  failure,
  groupEntry,
  isQuiet,
  usePeer,
  userEntry,
} from './peer-scripts.ts'
import { directory, FIELDS, fixed, located } from './samples.ts'

const never = new AbortController().signal
const SIMPLE = { kind: 'simple', dn: 'cn=reader,dc=example,dc=com', password: 'sécret' } as const

describe('a refresh', () => {
  test('gives the users and groups of a directory, and where they are from', async () => {
    const peer = await usePeer(answerSearches)
    const fetched = await fetchDirectory(directory(peer.port), never)
    expect(fetched).toMatchObject({
      directory: 'ldap.example.com',
      users: [{ name: 'u1', uid: '10001', gid: '100', home: '/home/u1' }],
      groups: [{ name: 'g1', gid: '101', members: ['u1', 'u2'] }],
      rejected: [],
      source: '127.0.0.1',
      references: 0,
    })
    expect(fetched.milliseconds).toBeGreaterThanOrEqual(0)
  })

  test('asks for the whole subtree, no aliases, no limits, and the attributes it needs', async () => {
    const requests: LdapRequest[] = []
    const peer = await usePeer(async (client) => {
      for (;;) {
        const request = await client.next()
        requests.push(request)
        if (request.operation === 'search') client.send(userEntry(request.id, 1), searchDone(request.id))
      }
    })
    await fetchDirectory(directory(peer.port, { groupBase: located('ou=Gruppen é,dc=x') }), never)
    expect(await isQuiet(peer)).toBe(true)
    expect(requests.map(({ operation }) => operation)).toEqual(['search', 'search', 'unbind'])
    expect(requests[0]).toMatchObject({
      base: 'ou=people,dc=example,dc=com',
      scope: 2,
      derefAliases: 0,
      sizeLimit: 0,
      timeLimit: 0,
      filter: ber(0xa3, ber(0x04, 'objectClass'), ber(0x04, 'posixAccount')),
      page: { size: 500, cookie: '' },
    })
    expect(requests[0]?.attributes).toContain('homeDirectory')
    expect(requests[1]).toMatchObject({
      base: 'ou=Gruppen é,dc=x',
      attributes: ['cn', 'gidNumber', 'memberUid'],
    })
  })

  test('asks for no attributes, not for all, when every field is fixed', async () => {
    const asked: (readonly string[] | undefined)[] = []
    const peer = await usePeer(
      answerFirst((client, request) => {
        asked.push(request.attributes)
        client.send(userEntry(request.id, 1), searchDone(request.id))
      }),
    )
    const fields = Object.fromEntries(
      Object.keys(FIELDS).map((field) => [field, fixed('1')]),
    ) as typeof FIELDS
    await fetchDirectory(directory(peer.port, { fields }), never)
    expect(asked).toEqual([['1.1']])
  })

  test('leaves out an entry that makes no row, and names it', async () => {
    const peer = await usePeer(
      answerFirst((client, { id }) => {
        client.send(entry(id, 'uid=é', { uid: ['é'] }), userEntry(id, 1), searchDone(id))
      }),
    )
    const fetched = await fetchDirectory(directory(peer.port), never)
    expect(fetched.users.map(({ name }) => name)).toEqual(['u1'])
    expect(fetched.rejected).toEqual([
      { dn: 'uid=\xc3\xa9', reason: 'no value of uidNumber, which gives the uid' },
    ])
  })

  test('keeps every byte of a value, and joins an attribute that is sent twice', async () => {
    const peer = await usePeer(
      answerFirst((client, { id }) => {
        client.send(userEntry(id, 1), searchDone(id))
      }),
    )
    const bytes = await usePeer(async (client) => {
      const users = await client.next()
      client.send(userEntry(users.id, 1), searchDone(users.id))
      const groups = await client.next()
      const [cn, gid] = [{ CN: [Buffer.from([0xff, 0, 0xe9])] }, { GIDNUMBER: ['1'] }]
      const values = { ...cn, ...gid, memberUid: ['a'], MEMBERUID: ['b', Buffer.from([0x80])] }
      client.send(entry(groups.id, 'cn=x', values), searchDone(groups.id))
    })
    await fetchDirectory(directory(peer.port), never)
    const fetched = await fetchDirectory(directory(bytes.port), never)
    expect(fetched.groups).toMatchObject([{ name: '\xff\x00\xe9', gid: '1', members: ['a', 'b', '\x80'] }])
  })

  test('reads a message that comes in many pieces', async () => {
    const peer = await usePeer(
      answerFirst(async (client, { id }) => {
        client.socket.setNoDelay(true)
        for (const byte of Buffer.concat([userEntry(id, 1), searchDone(id)])) {
          client.send(Buffer.from([byte]))
          await new Promise((resolve) => setImmediate(resolve))
        }
      }),
    )
    expect((await fetchDirectory(directory(peer.port), never)).users).toHaveLength(1)
  })

  test('reaches a server by its unix socket, with SASL EXTERNAL', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ypldap-ldapi-'))
    try {
      const path = join(folder, 'ldapi')
      const binds: LdapRequest[] = []
      await usePeer(
        async (client) => {
          const bind = await client.next()
          binds.push(bind)
          client.send(bindDone(bind.id))
          await answerSearches(client)
        },
        { path },
      )
      const config = directory(0, {
        location: { kind: 'ldapi', path },
        credentials: { kind: 'external', authzid: 'u:nis' },
      })
      expect(await fetchDirectory(config, never)).toMatchObject({ source: path, users: [{ name: 'u1' }] })
      expect(binds[0]).toMatchObject({ mechanism: 'EXTERNAL', credentials: 'u:nis', dn: '' })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('a bind', () => {
  test('is not sent at all for an anonymous session', async () => {
    const operations: string[] = []
    const peer = await usePeer(
      answerFirst((client, { id, operation }) => {
        operations.push(operation)
        client.send(userEntry(id, 1), searchDone(id))
      }),
    )
    await fetchDirectory(directory(peer.port), never)
    expect(operations).toEqual(['search'])
  })

  test('carries DN and password as UTF-8', async () => {
    const binds: LdapRequest[] = []
    const peer = await usePeer(async (client) => {
      const bind = await client.next()
      binds.push(bind)
      client.send(bindDone(bind.id))
      await answerSearches(client)
    })
    await fetchDirectory(directory(peer.port, { credentials: SIMPLE }), never)
    expect(binds[0]).toMatchObject({ operation: 'bind', dn: SIMPLE.dn, password: SIMPLE.password })
  })

  test('that is refused is an error that names the DN, not the password, even if the server repeats it', async () => {
    const peer = await usePeer(async (client) => {
      const bind = await client.next()
      client.send(bindDone(bind.id, 49, `password ${bind.password} is wrong`))
      await client.next()
    })
    const error = await failure(fetchDirectory(directory(peer.port, { credentials: SIMPLE }), never))
    expect(error.code).toBe('bind-failed')
    expect(error.message).toBe(
      'directory "ldap.example.com": 127.0.0.1: the bind as "cn=reader,dc=example,dc=com" ended in ' +
        'invalidCredentials (49): password *** is wrong; check the bind DN and its password',
    )
  })

  test('that is half done is not a success', async () => {
    const peer = await usePeer(async (client) => {
      const bind = await client.next()
      client.send(bindDone(bind.id, 14))
      await client.next()
    })
    const credentials = { kind: 'external', authzid: '' } as const
    const error = await failure(fetchDirectory(directory(peer.port, { credentials }), never))
    expect(error.code).toBe('bind-failed')
    expect(error.message).toContain('saslBindInProgress (14)')
  })

  test.each([
    { ...SIMPLE, password: '' },
    { ...SIMPLE, dn: '' },
  ])('with an empty DN or password is never sent: servers take it for anonymous', async (credentials) => {
    const sent: string[] = []
    const peer = await usePeer(async (client) => {
      sent.push((await client.next()).operation)
    })
    const error = await failure(fetchDirectory(directory(peer.port, { credentials }), never))
    expect(error.code).toBe('bind-failed')
    expect(await isQuiet(peer)).toBe(true)
    expect(sent).not.toContain('bind')
  })
})

describe('what a server says', () => {
  const PASSWORD = 'a-rather-long-password'
  const credentials = { ...SIMPLE, password: PASSWORD }

  /** The beginnings of the password that a message shows, but for those too short to tell anything. */
  function shownIn(message: string): readonly string[] {
    return Array.from(PASSWORD, (_, at) => PASSWORD.slice(0, at + 1)).filter(
      (part) => part.length > 4 && message.includes(part),
    )
  }

  test.each(Array.from({ length: 24 }, (_, at) => 280 + at))(
    'is cut behind %i bytes without a part of the password at the end',
    async (filling) => {
      const peer = await usePeer(async (client) => {
        const { id, password } = await client.next()
        client.send(bindDone(id, 49, `${'.'.repeat(filling)}${password}`))
        await client.next()
      })
      const { message } = await failure(fetchDirectory(directory(peer.port, { credentials }), never))
      expect(shownIn(message)).toEqual([])
    },
  )

  test.each([
    ['the end of a search', (id: number) => searchDone(id, 1, { text: PASSWORD })],
    ['the notice of disconnection', () => extendedDone(0, 52, PASSWORD, '1.3.6.1.4.1.1466.20036')],
    ['what is no LDAP', () => Buffer.from(`${PASSWORD}\r\n`)],
    ['what is no LDAP, and cut', () => Buffer.from(`--${PASSWORD}\r\n`)],
  ])('in %s holds no password', async (_, bytes) => {
    const peer = await usePeer(async (client) => {
      client.send(bindDone((await client.next()).id))
      const { id } = await client.next()
      client.send(bytes(id))
      await client.next()
    })
    const { message } = await failure(fetchDirectory(directory(peer.port, { credentials }), never))
    expect(shownIn(message)).toEqual([])
  })
})

describe('paging', () => {
  test('goes on with the cookie until there is none', async () => {
    const cookies: (string | undefined)[] = []
    const peer = await usePeer(async (client) => {
      for (const [number, next] of [
        [1, 'one'],
        [2, 'two'],
        [3, ''],
      ] as const) {
        const { id, page } = await client.next()
        cookies.push(page?.cookie)
        client.send(userEntry(id, number), searchDone(id, 0, { cookie: next }))
      }
      const { id, page } = await client.next()
      cookies.push(page?.cookie)
      client.send(searchDone(id, 0, { cookie: '' }))
    })
    const fetched = await fetchDirectory(directory(peer.port), never)
    expect(fetched.users.map(({ name }) => name)).toEqual(['u1', 'u2', 'u3'])
    expect(cookies).toEqual(['', 'one', 'two', ''])
  })

  test('goes on after an empty page that has a cookie', async () => {
    const peer = await usePeer(async (client) => {
      for (const [numbers, next] of [
        [[1], 'one'],
        [[], 'two'],
        [[2], ''],
      ] as const) {
        const { id } = await client.next()
        client.send(...numbers.map((number) => userEntry(id, number)), searchDone(id, 0, { cookie: next }))
      }
      const { id } = await client.next()
      client.send(searchDone(id))
    })
    const fetched = await fetchDirectory(directory(peer.port), never)
    expect(fetched.users.map(({ name }) => name)).toEqual(['u1', 'u2'])
  })

  test('ends in an error when empty pages never end', async () => {
    let pages = 0
    const peer = await usePeer(async (client) => {
      for (;;) {
        const { id } = await client.next()
        pages += 1
        client.send(searchDone(id, 0, { cookie: 'more' }))
      }
    })
    const error = await failure(fetchDirectory(directory(peer.port), never, { limits: { emptyPages: 20 } }))
    expect(error.code).toBe('protocol')
    expect(error.message).toContain('20 empty pages in a row')
    expect(pages).toBe(20)
  })

  test('is not needed: a server without it sends all at once', async () => {
    const peer = await usePeer(
      answerFirst((client, { id }) => {
        client.send(userEntry(id, 1), userEntry(id, 2), userEntry(id, 3), searchDone(id))
      }),
    )
    const config = directory(peer.port, { pageSize: 1 })
    expect((await fetchDirectory(config, never)).users).toHaveLength(3)
  })
})

describe('a search that does not end in success is an error', () => {
  test.each([
    [4, 'sizeLimitExceeded (4)', 'search-failed'],
    [3, 'timeLimitExceeded (3)', 'search-failed'],
    [32, 'noSuchObject (32)', 'search-failed'],
    [50, 'insufficientAccessRights (50)', 'search-failed'],
    [99, 'an unknown result (99)', 'search-failed'],
    [10, 'referral (10)', 'search-failed'],
  ])('code %i: %s', async (status, words, code) => {
    const peer = await usePeer(
      answerFirst((client, { id }) => {
        client.send(userEntry(id, 1), searchDone(id, status, { text: 'says the server', cookie: 'more' }))
      }),
    )
    const error = await failure(fetchDirectory(directory(peer.port), never))
    expect(error.code).toBe(code)
    expect(error.message).toContain(`${words}: says the server`)
    expect(error.message).toContain('below "ou=people,dc=example,dc=com" ended after 1 entries')
    expect(error.message).toContain('127.0.0.1')
  })

  test.each([
    [32, 'no-base'],
    [10, 'referral-only'],
  ])('and code %i without an entry is %s', async (status, code) => {
    const peer = await usePeer(answerFirst((client, { id }) => client.send(searchDone(id, status))))
    expect((await failure(fetchDirectory(directory(peer.port), never))).code).toBe(code)
  })

  test('also when it is the second search', async () => {
    const peer = await usePeer(async (client) => {
      const users = await client.next()
      client.send(userEntry(users.id, 1), searchDone(users.id))
      const groups = await client.next()
      client.send(groupEntry(groups.id, 1), searchDone(groups.id, 4))
    })
    const error = await failure(fetchDirectory(directory(peer.port), never))
    expect(error.message).toContain('below "ou=groups,dc=example,dc=com"')
  })

  test('and the words of the server are cut to a decent length', async () => {
    const peer = await usePeer(
      answerFirst((client, { id }) => client.send(searchDone(id, 1, { text: 'x'.repeat(10_000) }))),
    )
    const error = await failure(fetchDirectory(directory(peer.port), never))
    expect(error.message.length).toBeLessThan(600)
  })

  test('and so is one that finds more entries than the limit', async () => {
    const peer = await usePeer(
      answerFirst((client, { id }) => {
        client.send(userEntry(id, 1), userEntry(id, 2), userEntry(id, 3), searchDone(id))
      }),
    )
    const limited = (entries: number) => fetchDirectory(directory(peer.port), never, { limits: { entries } })
    expect((await limited(3)).users).toHaveLength(3)
    const error = await failure(limited(2))
    expect(error.code).toBe('too-much')
    expect(error.message).toContain('more than 2 entries or references below')
    expect(error.message).toContain('(limit ldap entries); narrow the filter')
  })
})

describe('references to other servers', () => {
  test('beside entries are counted and not followed', async () => {
    const peer = await usePeer(
      answerFirst((client, { id }) => {
        const others = [reference(id, 'ldap://a/dc=a'), reference(id, 'ldap://b/dc=b')]
        client.send(userEntry(id, 1), ...others, searchDone(id))
      }),
    )
    const fetched = await fetchDirectory(directory(peer.port), never)
    expect(fetched.users).toHaveLength(1)
    expect(fetched.references).toBe(2)
  })

  test('without end are one', async () => {
    const peer = await usePeer(
      answerFirst(async (client, { id }) => {
        client.send(userEntry(id, 1))
        const many = Array.from({ length: 11 }, (_, at) => reference(id, `ldap://a/dc=${at}`))
        client.send(...many)
        await client.next()
      }),
    )
    const error = await failure(fetchDirectory(directory(peer.port), never, { limits: { entries: 10 } }))
    expect(error.code).toBe('too-much')
    expect(error.message).toContain('more than 10 entries or references')
  })

  test('to itself are no loop', async () => {
    const peer = await usePeer(async (client) => {
      for (;;) {
        const { id } = await client.next()
        const here = `ldap://127.0.0.1:${peer.port}/ou=people,dc=example,dc=com`
        client.send(reference(id, here), searchDone(id, 10, { text: here }))
      }
    })
    const error = await failure(fetchDirectory(directory(peer.port), never))
    expect(error.code).toBe('referral-only')
    expect(await isQuiet(peer)).toBe(true)
    // And one beside it, for groups.
    expect(peer.accepted).toBeLessThanOrEqual(2)
  })

  test('without any entry are a failure', async () => {
    const peer = await usePeer(
      answerFirst((client, { id }) => client.send(reference(id, 'ldap://a/dc=a'), searchDone(id))),
    )
    const error = await failure(fetchDirectory(directory(peer.port), never))
    expect(error.code).toBe('referral-only')
    expect(error.message).toContain('referral only')
  })
})

describe('a server that is no good', () => {
  test.each([
    ['HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 'does not speak LDAP'],
    ['zeroes', Buffer.alloc(64), 'does not speak LDAP'],
    ['random bytes that begin well', Buffer.from('30060a3f8812ffe0', 'hex'), 'malformed message'],
    ['an entry that would never end', ENDLESS_ENTRY, 'malformed message'],
    ['a message of two gigabytes', Buffer.from('30847fffffff020101', 'hex'), 'at most 67108864 are accepted'],
    ['a response to nothing', searchDone(99), 'a request that was not made'],
    ['a bind that nobody asked for', bindDone(1), 'a response of another kind'],
    [
      'an intermediate response',
      ber(0x30, ber(0x02, 1), ber(0x79, ber(0x0a, 0), ber(0x04), ber(0x04))),
      "can't be decoded",
    ],
    ['the end of a search without a result code', ber(0x30, ber(0x02, 1), ber(0x65)), 'malformed message'],
  ])('sends %s: an error at once', async (_what, bytes, words) => {
    const peer = await usePeer(async (client) => {
      await client.next()
      client.send(bytes)
      await client.next()
    })
    const error = await failure(fetchDirectory(directory(peer.port), never))
    expect(error.message).toContain(words)
    expect(['protocol', 'too-much']).toContain(error.code)
    expect(await isQuiet(peer)).toBe(true)
  })

  test('answers a bind with entries', async () => {
    const peer = await usePeer(async (client) => {
      const { id } = await client.next()
      client.send(userEntry(id, 1))
      await client.next()
    })
    const error = await failure(fetchDirectory(directory(peer.port, { credentials: SIMPLE }), never))
    expect(error.message).toContain('none were searched for')
  })

  test('says that it ends the session', async () => {
    const peer = await usePeer(async (client) => {
      await client.next()
      client.send(extendedDone(0, 52, 'shutting down', '1.3.6.1.4.1.1466.20036'))
      await client.next()
    })
    const error = await failure(fetchDirectory(directory(peer.port), never))
    expect(error.code).toBe('disconnected')
    expect(error.message).toContain('unavailable (52): shutting down')
  })

  test.each([
    ['without a word', (id: number) => Buffer.alloc(0 * id)],
    ['after some entries', (id: number) => userEntry(id, 1)],
    ['in the middle of a message', (id: number) => userEntry(id, 1).subarray(0, 20)],
  ])('closes the connection %s', async (_when, bytes) => {
    const peer = await usePeer(async (client) => {
      const { id } = await client.next()
      client.socket.end(bytes(id))
    })
    const error = await failure(fetchDirectory(directory(peer.port), never))
    expect(error.code).toBe('disconnected')
    expect(error.message).toContain('closed the connection before it had answered')
  })

  test('resets the connection', async () => {
    const peer = await usePeer(async (client) => {
      await client.next()
      client.socket.resetAndDestroy()
    })
    const error = await failure(fetchDirectory(directory(peer.port), never))
    expect(error.code).toBe('disconnected')
  })

  test('is not there', async () => {
    const server = net.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    server.close()
    await once(server, 'close')
    const error = await failure(fetchDirectory(directory(port), never))
    expect(error.code).toBe('connect-failed')
    expect(error.message).toContain('ECONNREFUSED')
  })
})

describe('a silent server does not hold a refresh up for longer than the limit', () => {
  test.each([
    ['of an operation, at the bind', () => undefined],
    [
      'of an operation, at the search',
      async (client: Parameters<typeof answerAll>[0]) => {
        const bind = await client.next()
        client.send(bindDone(bind.id))
      },
    ],
    [
      'of an operation, in the middle of a page',
      async (client: Parameters<typeof answerAll>[0]) => {
        const bind = await client.next()
        client.send(bindDone(bind.id))
        const search = await client.next()
        client.send(userEntry(search.id, 1))
      },
    ],
  ])('%s', async (_when, script) => {
    const peer = await usePeer(script)
    const config = directory(peer.port, { credentials: SIMPLE })
    const error = await failure(fetchDirectory(config, never, { limits: { operation: 50 } }))
    expect(error.code).toBe('timeout')
    expect(error.message).toContain('did not answer within 0.05 s')
    expect(await isQuiet(peer)).toBe(true)
  })

  test('of a handshake', async () => {
    const peer = await usePeer(() => undefined)
    const location = { kind: 'ldap', host: '127.0.0.1', port: peer.port, security: 'ldaps' } as const
    const error = await failure(
      fetchDirectory(directory(peer.port, { location }), never, { limits: { connect: 500 } }),
    )
    expect(error.code).toBe('timeout')
    expect(error.message).toContain('the TLS handshake was not made within 0.5 s')
    expect(await isQuiet(peer)).toBe(true)
  })

  test('of the whole refresh, although every page comes in time', async () => {
    const peer = await usePeer(async (client) => {
      for (let number = 1; ; number += 1) {
        const { id } = await client.next()
        client.send(userEntry(id, number), searchDone(id, 0, { cookie: 'more' }))
      }
    })
    const error = await failure(fetchDirectory(directory(peer.port), never, { limits: { deadline: 100 } }))
    expect(error.code).toBe('deadline')
    expect(error.message).toBe(
      'directory "ldap.example.com": the refresh was not complete within 0.1 s (limit ldap deadline)',
    )
    expect(await isQuiet(peer)).toBe(true)
  })

  test('of the whole refresh, while the name is looked up', async () => {
    const location = { kind: 'ldap', host: 'ldap.example.com', port: 389, security: 'none' } as const
    const error = await failure(
      fetchDirectory(directory(389, { location }), never, {
        limits: { deadline: 50 },
        lookup: () => new Promise(() => undefined),
      }),
    )
    expect(error.code).toBe('deadline')
  })
})

describe('stopping from outside', () => {
  test('ends a refresh at once and closes its connection', async () => {
    const stop = new AbortController()
    const peer = await usePeer(async (client) => {
      const { id } = await client.next()
      client.send(userEntry(id, 1))
      stop.abort()
      await client.next()
    })
    const error = await failure(fetchDirectory(directory(peer.port), stop.signal))
    expect(error.code).toBe('aborted')
    expect(await isQuiet(peer)).toBe(true)
  })

  test('before it began connects to nothing', async () => {
    const peer = await usePeer(answerSearches)
    const error = await failure(fetchDirectory(directory(peer.port), AbortSignal.abort()))
    expect(error.code).toBe('aborted')
    expect(peer.accepted).toBe(0)
  })

  test('tries no further address', async () => {
    const stop = new AbortController()
    const peer = await usePeer(async (client) => {
      await client.next()
      stop.abort()
    })
    const other = await usePeer(answerSearches, { host: '127.0.0.2', port: peer.port })
    const location = { kind: 'ldap', host: 'two.example.com', port: peer.port, security: 'none' } as const
    const addresses = ['127.0.0.1', '127.0.0.2']
    await failure(
      fetchDirectory(directory(0, { location }), stop.signal, { lookup: () => Promise.resolve(addresses) }),
    )
    expect(other.accepted).toBe(0)
  })
})

function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
}

test('nothing is left open after a refresh: no socket, no timer', async () => {
  const peer = await usePeer(answerAll)
  const before = timers()
  await fetchDirectory(directory(peer.port, { credentials: SIMPLE }), never)
  expect(timers()).toBe(before)
  expect(await isQuiet(peer)).toBe(true)
})

const location = (port: number) =>
  ({ kind: 'ldap', host: 'ldap.example.com', port, security: 'none' }) as const

const lookup = () => Promise.resolve(['127.0.0.2', '127.0.0.1'])

describe('a host of several addresses', () => {
  test('is tried at the next when the first does not connect', async () => {
    const peer = await usePeer(answerSearches)
    const config = directory(0, { location: location(peer.port) })
    const fetched = await fetchDirectory(config, never, { lookup })
    expect(fetched.source).toBe('127.0.0.1')
  })

  test('is tried at the next when the first fails in the middle, and the rows of the first are dropped', async () => {
    const good = await usePeer(answerSearches)
    const bad = await usePeer(
      async (client) => {
        const users = await client.next()
        client.send(userEntry(users.id, 7), searchDone(users.id))
        const groups = await client.next()
        client.send(groupEntry(groups.id, 7), searchDone(groups.id, 4))
      },
      { host: '127.0.0.2', port: good.port },
    )
    const config = directory(0, { location: location(good.port) })
    const fetched = await fetchDirectory(config, never, { lookup })
    expect(bad.accepted).toBeGreaterThan(0)
    expect(fetched.users.map(({ name }) => name)).toEqual(['u1'])
    expect(fetched.groups.map(({ name }) => name)).toEqual(['g1'])
  })

  test('fails with the reason of each', async () => {
    const peer = await usePeer(answerFirst((client, { id }) => client.send(searchDone(id, 32))))
    const config = directory(0, { location: location(peer.port) })
    const error = await failure(fetchDirectory(config, never, { lookup }))
    expect(error.code).toBe('no-base')
    expect(error.message).toMatch(/127\.0\.0\.2: .*ECONNREFUSED.*; next address 127\.0\.0\.1: .*noSuchObject/)
  })

  test('is tried at no more than the limit', async () => {
    const peer = await usePeer((client) => client.close())
    const config = directory(0, { location: location(peer.port) })
    const many = Array.from({ length: 20 }, () => '127.0.0.1')
    const error = await failure(fetchDirectory(config, never, { lookup: () => Promise.resolve(many) }))
    expect(error.message.match(/127\.0\.0\.1: /g)).toHaveLength(8)
  })

  test('that has none, or is unknown, is an error', async () => {
    const config = directory(0, { location: location(389) })
    const none = await failure(fetchDirectory(config, never, { lookup: () => Promise.resolve([]) }))
    expect(none.code).toBe('resolve-failed')
    expect(none.message).toContain('has no address')
    const unknown = await failure(
      fetchDirectory(config, never, { lookup: () => Promise.reject(new Error('ENOTFOUND')) }),
    )
    expect(unknown.code).toBe('resolve-failed')
    expect(unknown.message).toContain('ldap.example.com was not found: ENOTFOUND')
  })

  test('is looked up by the system', async () => {
    const peer = await usePeer(answerSearches)
    const config = directory(0, { location: { ...location(peer.port), host: 'localhost' } })
    expect((await fetchDirectory(config, never)).users).toHaveLength(1)
  })
})

test('a filter that is none is an error before anything is connected', async () => {
  const peer = await usePeer(answerSearches)
  const error = await failure(fetchDirectory(directory(peer.port, { userFilter: located('(uid=') }), never))
  expect(error.code).toBe('configuration')
  expect(peer.accepted).toBe(0)
})
