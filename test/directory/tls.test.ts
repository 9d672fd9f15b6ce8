import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { DirectoryConfig } from '../../src/config/config.ts'
import { fetchDirectory } from '../../src/directory/fetch.ts'
import { bindDone, extendedDone, type LdapClient, type LdapRequest } from '../support/ldap-peer.ts'
import { type Authority, type Certificate, createAuthority } from './certificates.ts'
import { answerAll, answerSearches, failure, isQuiet, usePeer } from './peer-scripts.ts'
import { directory, located } from './samples.ts'

const never = new AbortController().signal
const lookup = () => Promise.resolve(['127.0.0.1'])

let authority: Authority
let stranger: Authority
let byName: Certificate
let byAddress: Certificate
let client: Certificate

beforeAll(() => {
  authority = createAuthority()
  stranger = createAuthority()
  byName = authority.issue('byname', 'DNS:ldap.example.com')
  byAddress = authority.issue('byaddress', 'IP:127.0.0.1')
  client = authority.issue('client', 'DNS:client.example.com')
})

afterAll(() => {
  authority.remove()
  stranger.remove()
})

type Security = 'starttls' | 'ldaps'

function config(port: number, security: Security, host: string, changes: Partial<DirectoryConfig> = {}) {
  const location = { kind: 'ldap', host, port, security } as const
  return directory(port, { location, ca: located(authority.ca), ...changes })
}

/** A peer that speaks TLS from the start, or after STARTTLS. */
function secured(security: Security, options: object, script: (client: LdapClient) => Promise<void>) {
  if (security === 'ldaps') return usePeer(script, { tls: options })
  return usePeer(async (client) => {
    const { id, oid } = await client.next()
    client.send(extendedDone(id, oid === '1.3.6.1.4.1.1466.20037' ? 0 : 2))
    await client.secure(options)
    await script(client)
  })
}

describe.each(['ldaps', 'starttls'] as const)('%s', (security) => {
  test('works when the certificate is for the configured name, whatever the address', async () => {
    const peer = await secured(security, byName.pem, answerSearches)
    const fetched = await fetchDirectory(config(peer.port, security, 'ldap.example.com'), never, { lookup })
    expect(fetched).toMatchObject({ source: '127.0.0.1', users: [{ name: 'u1' }] })
    expect(await isQuiet(peer)).toBe(true)
  })

  test('sends the configured name, so that a server of many names shows the right certificate', async () => {
    const names: unknown[] = []
    const peer = await secured(security, byName.pem, async (client) => {
      names.push((client.socket as { servername?: unknown }).servername)
      await answerSearches(client)
    })
    await fetchDirectory(config(peer.port, security, 'ldap.example.com'), never, { lookup })
    expect(names).toEqual(['ldap.example.com'])
  })

  test('works by address when the certificate is for that address, and sends no name', async () => {
    const names: unknown[] = []
    const peer = await secured(security, byAddress.pem, async (client) => {
      names.push((client.socket as { servername?: unknown }).servername)
      await answerSearches(client)
    })
    const fetched = await fetchDirectory(config(peer.port, security, '127.0.0.1'), never)
    expect(fetched.users).toHaveLength(1)
    expect(names).toEqual([false])
  })

  test.each([
    ['another name', 'ldap2.example.com', 'byName'],
    ['the address of a certificate for a name', '127.0.0.1', 'byName'],
    ['a name that resolves to the address of the certificate', 'ldap.example.com', 'byAddress'],
    ['localhost, which some clients fall back to', 'localhost', 'byName'],
  ])('is refused for %s', async (_what, host, which) => {
    const pem = which === 'byName' ? byName.pem : byAddress.pem
    const requests: string[] = []
    const peer = await secured(security, pem, async (client) => {
      requests.push((await client.next()).operation)
    })
    const credentials = { kind: 'simple', dn: 'cn=x', password: 'secret' } as const
    const error = await failure(
      fetchDirectory(config(peer.port, security, host, { credentials }), never, { lookup }),
    )
    expect(error.code).toBe('tls-failed')
    expect(error.message).toContain("does not match certificate's altnames")
    expect(await isQuiet(peer)).toBe(true)
    // Not even the bind was sent.
    expect(requests).toEqual([])
  })

  test.each([
    ['another CA', () => located(stranger.ca)],
    ['the CAs of the system alone', () => undefined],
  ])('is refused when the certificate is signed by none of those trusted: %s', async (_what, ca) => {
    const peer = await secured(security, byName.pem, answerSearches)
    const { ca: _own, ...rest } = config(peer.port, security, 'ldap.example.com')
    const trusted = ca()
    const error = await failure(
      fetchDirectory({ ...rest, ...(trusted === undefined ? {} : { ca: trusted }) }, never, { lookup }),
    )
    expect(error.code).toBe('tls-failed')
    expect(error.message).toContain('check cafile')
    expect(error.message).not.toContain('Node.js')
    expect(await isQuiet(peer)).toBe(true)
  })

  test('shows the client certificate, which is who SASL EXTERNAL is', async () => {
    const seen: unknown[] = []
    const binds: LdapRequest[] = []
    const options = { ...byName.pem, requestCert: true, rejectUnauthorized: true, ca: [readCa()] }
    const peer = await secured(security, options, async (client) => {
      const bind = await client.next()
      const socket = client.socket as unknown as { getPeerCertificate(): { subject: { CN: string } } }
      seen.push(socket.getPeerCertificate().subject.CN)
      binds.push(bind)
      client.send(bindDone(bind.id))
      await answerSearches(client)
    })
    const changes = {
      credentials: { kind: 'external', authzid: '' } as const,
      certificate: located(client.certificate),
      key: located(client.key),
    }
    const fetched = await fetchDirectory(config(peer.port, security, 'ldap.example.com', changes), never, {
      lookup,
    })
    expect(fetched.users).toHaveLength(1)
    expect(seen).toEqual(['client'])
    expect(binds).toMatchObject([{ mechanism: 'EXTERNAL', credentials: '' }])
  })
})

function readCa(): string {
  // The authority signs itself, so its certificate is in the file it names.
  return process.getBuiltinModule('node:fs').readFileSync(authority.ca, 'latin1')
}

describe('STARTTLS', () => {
  test('that is refused is an error: nothing is sent in the clear', async () => {
    const operations: string[] = []
    const peer = await usePeer(async (client) => {
      const { id, operation } = await client.next()
      operations.push(operation)
      client.send(extendedDone(id, 52, 'no TLS today'))
      operations.push((await client.next()).operation)
    })
    const credentials = { kind: 'simple', dn: 'cn=x', password: 'secret' } as const
    const error = await failure(
      fetchDirectory(config(peer.port, 'starttls', '127.0.0.1', { credentials }), never),
    )
    expect(error.code).toBe('tls-failed')
    expect(error.message).toContain('refused STARTTLS: unavailable (52): no TLS today')
    expect(await isQuiet(peer)).toBe(true)
    expect(operations).toEqual(['extended', 'unbind'])
  })

  test('with data slipped in before the handshake is an error', async () => {
    const peer = await usePeer(async (client) => {
      const { id } = await client.next()
      client.send(extendedDone(id), bindDone(2).subarray(0, 5))
      await client.next()
    })
    const error = await failure(fetchDirectory(config(peer.port, 'starttls', '127.0.0.1'), never))
    expect(error.code).toBe('tls-failed')
    expect(error.message).toContain('before the TLS handshake')
  })

  test('with a whole response slipped in is an error', async () => {
    const peer = await usePeer(async (client) => {
      const { id } = await client.next()
      client.send(extendedDone(id), bindDone(2))
      await client.next()
    })
    const error = await failure(fetchDirectory(config(peer.port, 'starttls', '127.0.0.1'), never))
    expect(error.code).toBe('protocol')
  })

  test('whose server goes away in the handshake is an error', async () => {
    const peer = await usePeer(async (client) => {
      const { id } = await client.next()
      client.send(extendedDone(id))
      client.socket.once('data', () => client.close())
    })
    const error = await failure(fetchDirectory(config(peer.port, 'starttls', '127.0.0.1'), never))
    expect(error.code).toBe('tls-failed')
    expect(await isQuiet(peer)).toBe(true)
  })
})

test.each(['ldaps', 'starttls'] as const)('%s is stopped in its handshake at once', async (security) => {
  const stop = new AbortController()
  const peer = await usePeer(async (client) => {
    if (security === 'starttls') {
      const { id } = await client.next()
      client.send(extendedDone(id))
    }
    client.socket.once('data', () => stop.abort())
  })
  const error = await failure(fetchDirectory(config(peer.port, security, '127.0.0.1'), stop.signal))
  expect(error.code).toBe('aborted')
  expect(await isQuiet(peer)).toBe(true)
})

test('ldaps against a server that speaks no TLS is an error', async () => {
  const peer = await usePeer((client) => {
    client.send(Buffer.from('220 mail.example.com ESMTP\r\n'))
  })
  const error = await failure(fetchDirectory(config(peer.port, 'ldaps', '127.0.0.1'), never))
  expect(error.code).toBe('tls-failed')
  expect(await isQuiet(peer)).toBe(true)
})

test('a CA file given for a plain connection does not turn it into TLS', async () => {
  const peer = await usePeer(answerAll)
  const config = directory(peer.port, {
    ca: located(authority.ca),
    credentials: { kind: 'simple', dn: 'cn=x', password: 'secret' },
  })
  expect((await fetchDirectory(config, never)).users).toHaveLength(1)
})

describe('a file that is no good is named before anything is connected', () => {
  test.each([
    ['CA', 'ca', 'nothing.pem', 'ENOENT'],
    ['CA', 'ca', 'garbage.pem', 'holds no certificate'],
    ['CA', 'ca', 'broken.pem', 'can not be decoded'],
    ['certificate', 'certificate', 'client.key', 'holds no certificate'],
    ['key', 'key', 'client.pem', 'holds no private key'],
    ['key', 'key', 'byname.key', 'is not the key of the certificate'],
    ['CA', 'ca', '.', 'not a regular file'],
  ])('%s: %s %s', async (what, option, file, words) => {
    writeFileSync(join(authority.folder, 'garbage.pem'), 'garbage\n')
    writeFileSync(
      join(authority.folder, 'broken.pem'),
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    )
    const peer = await usePeer(answerSearches)
    const path = join(authority.folder, file)
    const own = { certificate: located(client.certificate), key: located(client.key) }
    const changes = { ...own, [option]: located(path) }
    const error = await failure(fetchDirectory(config(peer.port, 'ldaps', '127.0.0.1', changes), never))
    expect(error.code).toBe('tls-failed')
    expect(error.message).toContain(`the ${what} file ${path} can't be used: `)
    expect(error.message).toContain(words)
    expect(peer.accepted).toBe(0)
  })
})
