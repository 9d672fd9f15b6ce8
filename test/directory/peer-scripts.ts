import { setTimeout as later } from 'node:timers/promises'

import { afterEach } from 'vitest'

import { DirectoryError } from '../../src/directory/error.ts'
import {
  bindDone,
  entry,
  type LdapClient,
  type LdapPeer,
  type LdapRequest,
  type Script,
  searchDone,
  startPeer,
} from '../support/ldap-peer.ts'

type StartOptions = Parameters<typeof startPeer>[1]

const peers: LdapPeer[] = []

/** A peer that is stopped when the test ends. */
export async function usePeer(script: Script, options?: StartOptions): Promise<LdapPeer> {
  const peer = await startPeer(script, options)
  peers.push(peer)
  return peer
}

afterEach(async () => {
  await Promise.all(peers.splice(0).map((peer) => peer.stop()))
})

/** The search result entry of a user whose name, ids and home follow from a number. */
export function userEntry(id: number, number: number): Buffer {
  return entry(id, `uid=u${number},ou=people,dc=example,dc=com`, {
    uid: [`u${number}`],
    uidNumber: [`${10_000 + number}`],
    gidNumber: ['100'],
    homeDirectory: [`/home/u${number}`],
  })
}

export function groupEntry(id: number, number: number): Buffer {
  return entry(id, `cn=g${number},ou=groups,dc=example,dc=com`, {
    cn: [`g${number}`],
    gidNumber: [`${100 + number}`],
    memberUid: ['u1', 'u2'],
  })
}

/** One search of users, of which `asked` is told, and one of groups, each answered with one entry on one page. */
export async function answerSearches(client: LdapClient, asked: () => void = () => {}): Promise<void> {
  const users = await client.next()
  asked()
  client.send(userEntry(users.id, 1), searchDone(users.id, 0, { cookie: '' }))
  const groups = await client.next()
  client.send(groupEntry(groups.id, 1), searchDone(groups.id, 0, { cookie: '' }))
  await client.next()
}

/** Says yes to a bind, then answers the searches. */
export async function answerAll(client: LdapClient): Promise<void> {
  const bind = await client.next()
  client.send(bindDone(bind.id))
  await answerSearches(client)
}

/** Answers the first search as told and all others with one entry. */
export function answerFirst(
  first: (client: LdapClient, request: LdapRequest) => Promise<void> | void,
): Script {
  return async (client) => {
    await first(client, await client.next())
    const groups = await client.next()
    client.send(groupEntry(groups.id, 1), searchDone(groups.id, 0))
    await client.next()
  }
}

/** What a refresh fails with. */
export async function failure(fetch: Promise<unknown>): Promise<DirectoryError> {
  const result: unknown = await fetch.catch((error: unknown) => error)
  if (result instanceof DirectoryError) return result
  throw new Error(`not a DirectoryError: ${String(result)}`)
}

/** Resolves when no timer and no connection of this process is left over. */
export async function isQuiet(peer: LdapPeer): Promise<boolean> {
  const gone = await Promise.race([peer.quiet().then(() => true), later(5000, false, { ref: false })])
  return gone && peer.open === 0
}
