import { describe, expect, test } from 'vitest'
import type { Entry } from '../../src/directory/entry.ts'
import { systemLookup, withSession } from '../../src/directory/ldap.ts'
import { LIMITS, type Limits } from '../../src/directory/limits.ts'
import { completeEntry, isPartial } from '../../src/directory/ranges.ts'
import { entry, type LdapRequest, type Script, searchDone } from '../support/ldap-peer.ts'
import { failure, isQuiet, usePeer } from './peer-scripts.ts'
import { directory, makeEntry } from './samples.ts'

const never = new AbortController().signal
const DN = 'CN=Everyone,DC=x'
const BEGIN = makeEntry(DN, { cn: ['everyone'], member: [], 'member;range=0-1': ['a', 'b'] })

/** Completes an entry in a session with a peer that plays the script. */
async function complete(script: Script, partial = BEGIN, changes: Partial<Limits> = {}): Promise<Entry> {
  const peer = await usePeer(script)
  const config = directory(peer.port)
  const limits = { ...LIMITS, ...changes }
  const location = { kind: 'ldap', host: '127.0.0.1', port: peer.port, security: 'none' } as const
  const context = { limits, lookup: systemLookup, signal: never }
  const work = () =>
    withSession(config, location, context, ({ session }) => completeEntry(session, partial, limits))
  try {
    return (await work()).value
  } finally {
    expect(await isQuiet(peer)).toBe(true)
  }
}

type Answer = Readonly<Record<string, readonly string[]>>

/** Answers each request with the next of the answers, then the last again. */
function answers(...list: readonly Answer[]): Script {
  return async (client) => {
    for (let at = 0; ; at++) {
      const { id, operation } = await client.next()
      if (operation === 'unbind') return
      client.send(entry(id, DN, list[Math.min(at, list.length - 1)]!), searchDone(id))
    }
  }
}

describe('an entry of which the server gave a part', () => {
  test('is known by the name of the attribute', () => {
    expect(isPartial(BEGIN)).toBe(true)
    expect(isPartial(makeEntry(DN, { 'member;range=0-*': ['a'] }))).toBe(true)
    expect(isPartial(makeEntry(DN, { member: ['a'], 'cn;lang-de': ['b'], 'x;range=a-b': [] }))).toBe(false)
  })

  test('is asked for by its DN alone, from where the part ended, until the server says that this was all', async () => {
    const requests: LdapRequest[] = []
    const parts: readonly Answer[] = [
      { 'member;range=2-3': ['c', 'd'] },
      { member: [], 'Member;Range=4-*': ['e'] },
    ]
    const partial = { ...BEGIN, dn: 'CN=\xc3\x89,DC=x' }
    const whole = await complete(async (client) => {
      for (const part of parts) {
        const request = await client.next()
        requests.push(request)
        client.send(entry(request.id, DN, part), searchDone(request.id))
      }
    }, partial)
    expect(whole).toEqual(makeEntry(partial.dn, { cn: ['everyone'], member: ['a', 'b', 'c', 'd', 'e'] }))
    expect(requests).toMatchObject([
      { base: 'CN=É,DC=x', scope: 0, derefAliases: 0, attributes: ['member;range=2-*'] },
      { base: 'CN=É,DC=x', scope: 0, attributes: ['member;range=4-*'] },
    ])
  })

  test('may be all there was: then nothing is asked', async () => {
    const partial = makeEntry(DN, { 'member;range=0-*': ['a'] })
    expect(await complete(answers({}), partial)).toEqual(makeEntry(DN, { member: ['a'] }))
  })

  test('is completed in each attribute', async () => {
    const partial = makeEntry(DN, { 'member;range=0-0': ['a'], 'other;binary;range=0-0': ['x'] })
    const script = answers({ 'member;range=1-*': ['b'] }, { 'other;binary;range=1-*': ['y'] })
    expect(await complete(script, partial)).toEqual(
      makeEntry(DN, { member: ['a', 'b'], 'other;binary': ['x', 'y'] }),
    )
  })

  test.each([
    ['at the end', answers({ 'member;range=2-*': ['c', 'd'] }), 4],
    ['before the end', answers({ 'member;range=2-3': ['c', 'd'] }), 4],
    ['in one part', answers({ 'member;range=2-6': ['c', 'd', 'e', 'f', 'g'] }), 4],
    ['from the beginning', answers({}), 1],
  ])('is emptied when it has more values than the limit in all, %s', async (_, script, values) => {
    const emptied = { dn: DN, attributes: new Map(), tooMany: true }
    expect(await complete(script, BEGIN, { values })).toEqual(emptied)
  })

  test('may have as many values as the limit', async () => {
    const whole = await complete(answers({ 'member;range=2-*': ['c', 'd'] }), BEGIN, { values: 5 })
    expect(whole.attributes.get('member')).toHaveLength(4)
  })

  test('is given back as it is when nothing is missing', async () => {
    const whole = makeEntry(DN, { cn: ['x'], member: ['a'] })
    expect(await complete(answers({}), whole)).toEqual(whole)
  })
})

describe('a list that can not be had whole is an error, when the server', () => {
  test.each([
    [
      'repeats a part',
      answers({ 'member;range=0-1': ['a', 'b'] }),
      'the server gave 2 values as 0-1 where 2 came before',
    ],
    ['leaves some out', answers({ 'member;range=4-*': ['e'] }), 'gave 1 values as 4-* where 2 came before'],
    ['gives fewer than it says', answers({ 'member;range=2-9': ['c'] }), 'the server gave 1 values as 2-9'],
    ['gives a part of nothing', answers({ 'member;range=2-1': [] }), 'the server gave 0 values as 2-1'],
    [
      'gives none',
      answers({ member: [], cn: ['everyone'] }),
      'after 2 of them the server gave no more, and promised some',
    ],
    ['gives all without a range', answers({ member: ['a', 'b', 'c'] }), 'the server gave no more'],
  ])('%s', async (_what, script, words) => {
    const error = await failure(complete(script))
    expect(error.code).toBe('protocol')
    expect(error.message).toContain(
      `127.0.0.1: the values of member of "CN=Everyone,DC=x" can't be had whole: `,
    )
    expect(error.message).toContain(words)
  })

  test('begins in the middle', async () => {
    const error = await failure(complete(answers({}), makeEntry(DN, { 'member;range=5-9': ['f'] })))
    expect(error.message).toContain('the server gave 1 values as 5-9 where 0 came before')
  })

  test('gives them in more parts than the limit', async () => {
    let last = 1
    const error = await failure(
      complete(
        async (client) => {
          for (;;) {
            const { id, operation } = await client.next()
            if (operation === 'unbind') return
            last += 1
            client.send(entry(id, DN, { [`member;range=${last}-${last}`]: ['x'] }), searchDone(id))
          }
        },
        BEGIN,
        { ranges: 5 },
      ),
    )
    expect(error).toMatchObject({ code: 'too-much' })
    expect(error.message).toContain('they come in more than 5 parts')
    expect(last).toBe(6)
  })

  test('no longer has the entry', async () => {
    const error = await failure(
      complete(async (client) => {
        const { id } = await client.next()
        client.send(searchDone(id))
        await client.next()
      }),
    )
    expect(error).toMatchObject({ code: 'search-failed' })
    expect(error.message).toContain('the entry "CN=Everyone,DC=x" is no longer to be seen')
  })

  test('refuses', async () => {
    const error = await failure(
      complete(async (client) => {
        const { id } = await client.next()
        client.send(searchDone(id, 53, { text: 'not for you' }))
        await client.next()
      }),
    )
    expect(error).toMatchObject({ code: 'search-failed' })
    expect(error.message).toContain(
      'reading "CN=Everyone,DC=x" ended in unwillingToPerform (53): not for you',
    )
  })

  test('gave a DN in which it can not be asked', async () => {
    const error = await failure(complete(answers({}), { ...BEGIN, dn: 'CN=\xff,DC=x' }))
    expect(error).toMatchObject({ code: 'protocol' })
    expect(error.message).toContain('a DN that is not UTF-8')
  })
})
