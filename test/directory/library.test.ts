/**
 * What the LDAP library does that the directory side guards itself against. When one of these fails after an
 * update of the library, the guard named beside it may go.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'

import { Client, FilterParser, MessageParser, SearchResponse } from 'ldapts'
import { expect, test } from 'vitest'

import { ber, searchDone } from '../support/ldap-peer.ts'
import { usePeer, userEntry } from './peer-scripts.ts'

test('it never ends with an entry that is cut short, so it is shown none (entry-message.ts), and the directory side is a process of its own', async () => {
  const script = new URL('decode-endless-entry.ts', import.meta.url).pathname
  const child = spawn(process.execPath, ['--max-old-space-size=32', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 20_000,
    killSignal: 'SIGKILL',
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  expect(output).toBe('decoding\n')
  expect(code).not.toBe(0)
  expect(code ?? signal).not.toBeNull()
})

test('it takes a result without a code for success (wellformed.ts)', () => {
  const messages: unknown[] = []
  const parser = new MessageParser()
  parser.on('message', (message) => messages.push(message))
  parser.read(ber(0x30, ber(0x02, 1), ber(0x65)), new Map())
  expect(messages).toEqual([expect.objectContaining({ status: 0 })])
  expect(messages[0]).toBeInstanceOf(SearchResponse)
})

test('its Client ends a paged search at an empty page, cookie or not (search.ts)', async () => {
  const peer = await usePeer(async (client) => {
    const first = await client.next()
    client.send(userEntry(first.id, 1), searchDone(first.id, 0, { cookie: 'one' }))
    const second = await client.next()
    client.send(searchDone(second.id, 0, { cookie: 'two' }))
    await client.next()
  })
  const client = new Client({ url: `ldap://127.0.0.1:${peer.port}`, timeout: 5000 })
  const { searchEntries } = await client.search('dc=x', { paged: { pageSize: 1 } })
  expect(searchEntries).toHaveLength(1)
  await client.unbind()
})

test('its Client takes a partial result for success when given a size limit (search.ts never gives one)', async () => {
  const peer = await usePeer(async (client) => {
    const { id } = await client.next()
    client.send(userEntry(id, 1), searchDone(id, 4))
    await client.next()
  })
  const client = new Client({ url: `ldap://127.0.0.1:${peer.port}`, timeout: 5000 })
  const { searchEntries } = await client.search('dc=x', { sizeLimit: 1 })
  expect(searchEntries).toHaveLength(1)
  await client.unbind()
})

test('its Client lets garbage pass and waits (framing.ts, session.ts)', async () => {
  const peer = await usePeer(async (client) => {
    await client.next()
    client.send(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'))
    await client.next()
  })
  const client = new Client({ url: `ldap://127.0.0.1:${peer.port}`, timeout: 100 })
  await expect(client.search('dc=x', {})).rejects.toThrow('timed out')
  await client.unbind()
})

test('its Client makes TLS of an ldap URL when given options for it (transport.ts)', async () => {
  const bytes: number[] = []
  const peer = await usePeer((client) => {
    client.socket.once('data', (chunk: Buffer) => {
      bytes.push(chunk[0] ?? 0)
      client.close()
    })
  })
  const client = new Client({ url: `ldap://127.0.0.1:${peer.port}`, tlsOptions: { minVersion: 'TLSv1.2' } })
  await expect(client.bind('cn=x', 'y')).rejects.toThrow('socket disconnected')
  // a TLS handshake record
  expect(bytes).toEqual([0x16])
})

test.each(['(&(a=b)', '(!(a=b)', '(&(!(a=b)x(c=d))'])('its filter parser accepts %s (filter.ts)', (text) => {
  expect(() => FilterParser.parseString(text)).not.toThrow()
})

test('its filter parser takes each escaped byte of UTF-8 for a character (filter.ts)', () => {
  expect(FilterParser.parseString('(cn=\\c3\\a9)')).toMatchObject({ value: 'Ã©' })
})
