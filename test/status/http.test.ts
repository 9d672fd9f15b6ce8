import { once } from 'node:events'
import { connect } from 'node:net'
import { hostname } from 'node:os'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Client } from '../../src/messages/usage.ts'
import { serveHttp } from '../../src/status/http.ts'
import { MOST_CONNECTIONS } from '../../src/status/limits.ts'
import type { Reader } from '../../src/status/reader.ts'
import { bindTcp } from '../../src/supervisor/handles.ts'
import { statusOf } from '../control/status-sample.ts'
import { countsOf } from './status-counts.ts'

const CLIENT: Client = {
  address: '192.0.2.7',
  first: 1_700_000_000,
  last: 1_700_000_100,
  calls: 3,
  procedures: ['match'],
  maps: [{ domain: 'example.com', map: 'passwd.byname' }],
}

const READER: Reader = {
  status: async () => statusOf({}, { requests: countsOf(10) }),
  usage: async () => [],
  clients: async () => [CLIENT],
  clientCount: async () => 1,
  rejected: async () => [],
}

const untold = async () => undefined

/** Where it is answered. */
async function serve(
  changes: Partial<Reader> = {},
): Promise<{ readonly port: number; readonly url: string }> {
  const { handle, port } = bindTcp('127.0.0.1', 0)
  const stop = await serveHttp([handle.fd], {
    reader: { ...READER, ...changes },
    history: () => ({ samples: [], refreshes: [] }),
    log: () => {},
  })
  onTestFinished(() => {
    stop()
    handle.close()
  })
  return { port, url: `http://127.0.0.1:${port}` }
}

/** What comes until the other side closes. */
async function talk(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const heard: Buffer[] = []
  socket.on('data', (chunk: Buffer) => heard.push(chunk))
  socket.on('error', () => {})
  socket.write(text)
  await once(socket, 'close')
  return Buffer.concat(heard).toString('latin1')
}

describe('HTTP', () => {
  test.each([
    ['/', 'text/html; charset=utf-8', '<!doctype html>'],
    ['/?any=words', 'text/html; charset=utf-8', '<!doctype html>'],
    ['/metrics', 'text/plain; version=0.0.4; charset=utf-8', '# HELP ypldap_build_info'],
    ['/clients.csv', 'text/csv; charset=utf-8; header=present', 'address,'],
  ])('%s is answered as %s', async (path, type, start) => {
    const { url } = await serve()
    const response = await fetch(url + path)
    const body = await response.text()
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type])
    expect(body.toLowerCase().startsWith(start.toLowerCase())).toBe(true)
    const head = await fetch(url + path, { method: 'HEAD' })
    expect([head.headers.get('content-length'), await head.text()]).toEqual([
      String(Buffer.byteLength(body)),
      '',
    ])
  })

  test('lets a browser keep nothing, guess nothing, tell nobody and load nothing', async () => {
    const { url } = await serve()
    const { headers } = await fetch(url)
    const told = ['cache-control', 'x-content-type-options', 'referrer-policy'].map((name) =>
      headers.get(name),
    )
    expect(told).toEqual(['no-store', 'nosniff', 'no-referrer'])
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'/)
  })

  test.each(['/x', '/metrics/', '//', '/clients.csv/../', '/%2e%2e/etc/passwd'])(
    '%s is not there',
    async (path) => {
      const { port } = await serve()
      const answer = await talk(port, `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
      expect(answer).toMatch(/^HTTP\/1\.1 404 [^]*There is \/, \/metrics, \/clients\.csv\.\n$/)
    },
  )

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('%s is refused', async (method) => {
    const { url } = await serve()
    const response = await fetch(`${url}/metrics`, { method })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  test('tells what there is to tell where there is no server process', async () => {
    const { url } = await serve({
      status: async () => statusOf({ image: null }),
      usage: untold,
      clients: untold,
      clientCount: untold,
      rejected: untold,
    })
    expect(await (await fetch(`${url}/metrics`)).text()).toContain(
      'ypldap_domain_served{domain="example.com"} 0\n',
    )
    const page = await fetch(url)
    expect([page.status, await page.text()]).toEqual([
      200,
      expect.stringContaining('Nobody can tell now: there is no server process that could be asked.'),
    ])
    expect((await fetch(`${url}/clients.csv`)).status).toBe(503)
  })

  test('on loopback is for no name that a page elsewhere could give a browser', async () => {
    const { port } = await serve()
    const status = async (host: string) =>
      (await talk(port, `GET /clients.csv HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`)).slice(
        9,
        12,
      )
    for (const host of [
      'localhost',
      `LOCALHOST:${port}`,
      '127.0.0.1',
      `[::1]:${port}`,
      `${hostname()}:${port}`,
    ])
      expect([host, await status(host)]).toEqual([host, '200'])
    for (const host of ['evil.example', `localhost.evil.example:${port}`, '127.0.0.1.evil.example', ''])
      expect([host, await status(host)]).toEqual([host, '421'])
  })

  test('says so when the daemon says nothing, and is asked again by the next', async () => {
    let asked = 0
    const { url } = await serve({
      async status() {
        asked += 1
        if (asked === 1) throw new Error('ypldap is ending')
        return statusOf()
      },
    })
    const first = await fetch(`${url}/metrics`)
    expect([first.status, await first.text()]).toEqual([
      503,
      'The daemon does not say how it fares: ypldap is ending\n',
    ])
    expect((await fetch(`${url}/metrics`)).status).toBe(200)
  })

  test('of too long a head is refused before it is kept', async () => {
    const { port } = await serve()
    expect(await talk(port, `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /)
  })

  test('that is none is refused', async () => {
    const { port } = await serve()
    expect(await talk(port, '\x80\x00\x00\x28hello, are you a YP server?\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 400 /,
    )
  })

  test('of more connections than there may be waits for nobody: the others are answered', async () => {
    const { port, url } = await serve()
    const idle = Array.from({ length: MOST_CONNECTIONS }, () => connect(port, '127.0.0.1'))
    onTestFinished(() => {
      for (const socket of idle) socket.destroy()
    })
    for (const socket of idle) socket.on('error', () => {})
    await Promise.all(idle.map((socket) => once(socket, 'connect')))
    await expect(fetch(url)).rejects.toThrow('fetch failed')
    const [first, ...others] = idle
    first!.write('GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
    const [chunk] = (await once(first!, 'data')) as [Buffer]
    expect(chunk.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /)
    expect(others.every(({ destroyed }) => !destroyed)).toBe(true)
  })
})
