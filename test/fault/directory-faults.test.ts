/**
 * LDAP servers that stall, drip, lie and never end. Each refresh of one is thrown away with a reason that stays the
 * same; what was published before stays, nothing is left open, and the next refresh of a good server publishes.
 */
import { setTimeout as later } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { DOMAIN, domainOf } from '../config/check.ts'
import { answerSearches, isQuiet, usePeer, userEntry } from '../directory/peer-scripts.ts'
import { type DirectoryLab, startDirectory } from '../support/directory-side.ts'
import {
  ber,
  bindDone,
  entry,
  extendedDone,
  type LdapClient,
  reference,
  type Script,
  searchDone,
} from '../support/ldap-peer.ts'
import { contents } from '../support/map-contents.ts'

const ending: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

const PASSWORD = 'a-bind-secret'
const LIMITS = {
  ldapConnect: 1,
  ldapOperation: 1,
  ldapDeadline: 2,
  ldapMessage: 1,
  ldapEntries: 1000,
  ldapValues: 1000,
}

const names = async (lab: DirectoryLab) => contents(await lab.image(), 'passwd.byname').map(([name]) => name)

/** Says yes to the bind, and leaves the rest to `script`. */
const bound =
  (script: Script): Script =>
  async (client) => {
    client.send(bindDone((await client.next()).id))
    await script(client)
  }

const good = bound(answerSearches)

/** What a refresh of a server that plays this is thrown away for, after one that was published. */
async function reasonOf(script: Script): Promise<string> {
  let now = good
  const peer = await usePeer((client) => now(client))
  const lab = startDirectory()
  ending.push(() => lab.stop())
  const block = `binddn "cn=r" bindcred "${PASSWORD}" basedn "dc=x"`.replaceAll(' b', '\nb')
  const config = domainOf(`${DOMAIN}directory "127.0.0.1" port ${peer.port} {\n${block}\n}\n`)
  lab.configure(config, { limits: LIMITS })
  await lab.ended()
  const before = await lab.image()
  now = script
  const reason = await lab.refresh()
  expect(await isQuiet(peer)).toBe(true)
  expect(lab.latest().last).toMatchObject({ outcome: 'trashed', reason })
  expect((await lab.image()).generation).toBe(before.generation)
  expect(await names(lab)).toEqual(['u1'])
  expect(lab.lines.join('\n')).not.toContain(PASSWORD)
  now = good
  expect(await lab.refresh()).toBeUndefined()
  return reason ?? ''
}

/** Sends a byte, and after a moment the next, as long as anyone listens. */
async function drip(client: LdapClient, bytes: Buffer): Promise<void> {
  for (const byte of bytes) {
    if (client.socket.destroyed) return
    client.send(Buffer.from([byte]))
    await later(50)
  }
}

/** Answers the first search with these messages, and says no more. */
const answers = (...messages: readonly ((id: number) => Buffer)[]): Script =>
  bound(async (client) => {
    const { id } = await client.next()
    client.send(...messages.map((message) => message(id)))
    await client.next()
  })

/** Answers every request with these messages. */
const always = (...messages: readonly ((id: number) => Buffer)[]): Script =>
  bound(async (client) => {
    for (;;) {
      const { id } = await client.next()
      client.send(...messages.map((message) => message(id)))
    }
  })

const SLOW = 'the server did not answer within 1 s (limit ldap operation)'
const LATE = 'the refresh was not complete within 2 s (limit ldap deadline)'
const UNASKED = 'the server sent a response to a request that was not made'
const MALFORMED = 'the server sent a malformed message: '
const LONG = 'the server sent a message of a length LDAP does not allow'
const TOO_LONG = /the server sent a message of \d+ bytes; at most 1048576 are accepted \(limit ldap message\)/

describe('a server that is slow', () => {
  test.each<[string, Script, string]>([
    ['says nothing to a bind', async (client) => void (await client.next()), SLOW],
    ['says nothing to a search', bound(async (client) => void (await client.next())), SLOW],
    ['stops between two entries', answers((id) => userEntry(id, 1)), SLOW],
    ['stops within an entry', answers((id) => userEntry(id, 1).subarray(0, 30)), SLOW],
    [
      'drips the answer to a bind',
      async (client) => drip(client, bindDone((await client.next()).id, 0, 'x'.repeat(100))),
      SLOW,
    ],
    ['drips an entry', bound(async (client) => drip(client, userEntry((await client.next()).id, 1))), SLOW],
    [
      'drips pages, each in time',
      bound(async (client) => {
        for (let number = 1; ; number++) {
          const { id } = await client.next()
          await later(100)
          client.send(userEntry(id, number), searchDone(id, 0, { cookie: 'more' }))
        }
      }),
      LATE,
    ],
    [
      'drips references, each in time',
      bound(async (client) => {
        for (;;) {
          const { id } = await client.next()
          await later(100)
          client.send(reference(id, 'ldap://x/'), searchDone(id, 0, { cookie: 'more' }))
        }
      }),
      LATE,
    ],
  ])('that %s', async (_, script, reason) => {
    expect(await reasonOf(script)).toContain(reason)
  })
})

/** The header of a message that says this of its length. */
const announcing = (hex: string) => () => Buffer.from(`30${hex}`.replaceAll(' ', ''), 'hex')

/** An entry of these bytes behind its DN, each length of the elements around it right. */
const holding =
  (hex: string) =>
  (id: number): Buffer =>
    ber(0x30, ber(0x02, id), ber(0x64, ber(0x04, 'cn=x'), Buffer.from(hex.replaceAll(' ', ''), 'hex')))

/** A message of less than 127 bytes that says more, or less. */
function off(message: Buffer, by: number): Buffer {
  message[1]! += by
  return message
}

describe('a server that lies about the length of', () => {
  test.each<[string, Script, string | RegExp]>([
    ['a message, with none', answers(announcing('80 020102')), LONG],
    ['a message, in five bytes', answers(announcing('85 0000000005')), LONG],
    ['a message, in 127 bytes', answers(announcing('ff')), LONG],
    ['a message, which is 2^31', answers(announcing('84 80000000')), TOO_LONG],
    ['a message, which is 2^32 - 1', answers(announcing('84 ffffffff')), TOO_LONG],
    ['a message, which is 0', answers(announcing('00')), MALFORMED],
    ['a message, which is one byte too long', answers((id) => off(entry(id, 'cn=x', {}), 1)), SLOW],
    ['a message, which is one byte too short', answers((id) => off(bindDone(id), -1)), MALFORMED],
    ['a number, which is nothing', answers(() => ber(0x30, ber(0x02), ber(0x65))), MALFORMED],
    [
      'a number, which is five bytes',
      answers(() => ber(0x30, ber(0x02, '\0\0\0\0\x02'), ber(0x65))),
      MALFORMED,
    ],
    ['an entry, without end', answers(holding('30 80 00 00')), MALFORMED],
    ['its attributes, of 2^31 bytes', answers(holding('30 84 80000000')), MALFORMED],
    ['its attributes, in five bytes', answers(holding('30 85 0000000000')), MALFORMED],
    ['an attribute, beyond the list', answers(holding('30 04 30 05 04 00')), MALFORMED],
    ['a value, beyond the attribute', answers(holding('30 0a 30 08 04 01 61 31 03 04 7f 62')), MALFORMED],
    ['a value, short of the attribute', answers(holding('30 0a 30 08 04 01 61 31 03 04 00 62')), MALFORMED],
    ['10,000 lists in each other', answers(holding('30 80'.repeat(10_000))), MALFORMED],
  ])('%s', async (_, script, reason) => {
    expect(await reasonOf(script)).toMatch(reason)
  })
})

describe('a server that never ends', () => {
  test.each<[string, Script, string]>([
    ['pages without entries', always((id) => searchDone(id, 0, { cookie: 'more' })), 'empty pages in a row'],
    [
      'pages with the same entry',
      always(
        (id) => userEntry(id, 1),
        (id) => searchDone(id, 0, { cookie: 'more' }),
      ),
      'more than 1000 entries or references below "dc=x" (limit ldap entries)',
    ],
    [
      'references',
      answers(...Array.from({ length: 1001 }, () => (id: number) => reference(id, 'ldap://x/'))),
      'more than 1000 entries or references below "dc=x" (limit ldap entries)',
    ],
    [
      'a referral to itself',
      always((id) => searchDone(id, 10, { text: 'ldap://127.0.0.1/dc=x' })),
      'referral only',
    ],
    [
      'a cookie that grows',
      bound(async (client) => {
        for (let size = 1; ; size *= 2) {
          const { id } = await client.next()
          client.send(userEntry(id, 1), searchDone(id, 0, { cookie: 'x'.repeat(size) }))
        }
      }),
      '(limit ldap message)',
    ],
  ])('%s', async (_, script, reason) => {
    expect(await reasonOf(script)).toContain(reason)
  })
})

describe('a server that answers what nobody asked:', () => {
  test.each<[string, Script, string]>([
    ['another number', answers((id) => userEntry(id + 1, 1)), UNASKED],
    ['the number before', answers((id) => searchDone(id - 1)), UNASKED],
    [
      'a negative number',
      answers(() => ber(0x30, ber(0x02, '\x7f'), ber(0x65, ber(0x0a, 0), ber(0x04), ber(0x04)))),
      UNASKED,
    ],
    ['the end of a search twice', answers(searchDone, searchDone), UNASKED],
    ['an entry as number 0', answers(() => userEntry(0, 1)), UNASKED],
    [
      'the notice that it ends the session',
      answers(() => extendedDone(0, 52, 'going down', '1.3.6.1.4.1.1466.20036')),
      'the server ended the session: unavailable (52): going down',
    ],
    [
      'a notice of its own',
      answers(() => extendedDone(0, 0, 'hello', '1.2.3')),
      'the server ended the session: an unknown result (0): hello',
    ],
    [
      'a notice before the bind is answered',
      async (client) => {
        client.send(extendedDone(0, 51, `no ${PASSWORD}`, '1.3.6.1.4.1.1466.20036'))
        await client.next()
      },
      'the server ended the session: busy (51): no ***',
    ],
    ['a bind to a search', answers((id) => bindDone(id)), 'a response of another kind'],
    [
      'an entry to a bind',
      async (client) => client.send(userEntry((await client.next()).id, 1)),
      'none were',
    ],
  ])('%s', async (_, script, reason) => {
    expect(await reasonOf(script)).toContain(reason)
  })
})

test('an entry that says nothing, to every search, is trashed by the guard', async () => {
  expect(await reasonOf(always((id) => entry(id, '', {}), searchDone))).toContain('no users and no groups')
})
