import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { ask, type Part, Unreachable } from '../../src/control/client.ts'
import type { Answer, Request } from '../../src/messages/control.ts'
import { waitUntil } from '../support/lab-wait.ts'
import { connected, daemon, nowhere } from './daemon.ts'

const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** Something else that listens, and does with a connection what the test says. */
async function listening(connection: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    closing.push(() => socket.destroy())
    socket.on('error', () => {})
    connection(socket)
  })
  server.listen(nowhere())
  await once(server, 'listening')
  closing.push(() => new Promise((resolve) => server.close(resolve)))
  return nowhere()
}

function framed(message: Answer): Buffer {
  const body = Buffer.from(JSON.stringify(message))
  const head = Buffer.alloc(4)
  head.writeUInt32BE(body.length)
  return Buffer.concat([head, body])
}

async function collect(parts: AsyncIterable<Part>): Promise<readonly Part[]> {
  const collected: Part[] = []
  for await (const part of parts) collected.push(part)
  return collected
}

function all(path: string, request: Request, patience?: number): Promise<readonly Part[]> {
  return collect(ask(path, request, patience))
}

async function unreachable(path: string, request: Request = { kind: 'reload' }): Promise<string> {
  const error: unknown = await all(path, request, 100).catch((error: unknown) => error)
  if (!(error instanceof Unreachable)) throw error
  return error.message
}

describe('the answer', () => {
  test('comes in its parts, in their order', async () => {
    const { path } = await daemon({
      async *cat() {
        for (let number = 0; number < 300; number++) yield [{ key: String(number), value: '' }]
      },
    })
    const parts = await all(path, { kind: 'cat', map: 'm' })
    const keys = parts.flatMap((part) => (part.kind === 'records' ? part.records : [])).map(({ key }) => key)
    expect(keys).toEqual(Array.from({ length: 300 }, (_, number) => String(number)))
  })

  test('that ends badly is an error in the words of the daemon, after the parts that came', async () => {
    const { path } = await daemon({
      async *cat() {
        yield [{ key: 'a', value: '' }]
        throw new Error('the server process is gone')
      },
    })
    const parts = ask(path, { kind: 'cat', map: 'm' })
    expect((await parts.next()).value).toEqual({ kind: 'records', records: [{ key: 'a', value: '' }] })
    const error: unknown = await parts.next().catch((error: unknown) => error)
    expect(error).not.toBeInstanceOf(Unreachable)
    expect(error).toMatchObject({ message: 'the server process is gone' })
  })

  test('is taken no faster than it is used', async () => {
    let made = 0
    const { path } = await daemon({
      async *cat() {
        for (; made < 1000; made++) yield [{ key: 'a', value: 'x'.repeat(60_000) }]
      },
    })
    const parts = ask(path, { kind: 'cat', map: 'm' })
    await parts.next()
    await waitUntil('the daemon is held up', async () => {
      const before = made
      await all(path, { kind: 'reload' })
      return made === before
    })
    expect(made).toBeLessThan(100)
    expect(await collect(parts)).toHaveLength(999)
  })

  test('that is used no longer lets the daemon go', async () => {
    const ended = Promise.withResolvers<string>()
    const { path } = await daemon({
      async *cat() {
        try {
          for (;;) yield [{ key: 'a', value: 'x'.repeat(60_000) }]
        } finally {
          ended.resolve('ended')
        }
      },
    })
    const parts = ask(path, { kind: 'cat', map: 'm' })
    await parts.next()
    await parts.return(undefined)
    expect(await ended.promise).toBe('ended')
  })
})

describe('where no daemon can be asked, it is said', () => {
  test('that there is no socket', async () => {
    expect(await unreachable(nowhere())).toBe(`ypldap is not running: there is no socket at ${nowhere()}`)
  })

  test('that nobody listens', async () => {
    writeFileSync(nowhere(), '')
    expect(await unreachable(nowhere())).toBe(`ypldap is not running: nobody listens at ${nowhere()}`)
  })

  test.skipIf(process.getuid?.() === 0)('that there is no permission', async () => {
    const { path } = await daemon()
    chmodSync(path, 0)
    expect(await unreachable(path)).toBe(
      `no permission to ask at ${path}: be root, or in the group that 'control socket' names`,
    )
  })

  test('that too many others ask, or that it has ended', async () => {
    const { path } = await daemon()
    const held = Array.from({ length: 16 }, () => connected(path))
    await Promise.all(held.map(({ socket }) => once(socket, 'connect')))
    expect(await unreachable(path)).toBe(
      'ypldap has closed the connection: it has ended, or answers too many others',
    )
  })

  test('that it ended in the midst of its answer', async () => {
    const path = await listening((socket) => {
      socket.end(framed({ kind: 'records', records: [] }))
    })
    const parts = ask(path, { kind: 'cat', map: 'm' })
    expect((await parts.next()).value).toEqual({ kind: 'records', records: [] })
    await expect(parts.next()).rejects.toThrow('ypldap has closed the connection')
  })

  test('that something else listens, or another version', async () => {
    const path = await listening((socket) => void socket.write('220 mail.example.com ESMTP\r\n'))
    expect(await unreachable(path)).toMatch(`what listens at ${path} is no ypldap of this version: `)
  })

  test('that it does not answer', async () => {
    const path = await listening(() => {})
    expect(await unreachable(path)).toBe('the daemon has not answered for 0.1 s')
  })
})

test('patience is with the daemon, not with who uses the answer slowly', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  closing.push(() => vi.useRealTimers())
  const { path } = await daemon({
    async *cat() {
      yield [{ key: 'a', value: '' }]
      yield [{ key: 'b', value: '' }]
    },
  })
  const parts = ask(path, { kind: 'cat', map: 'm' })
  await parts.next()
  vi.advanceTimersByTime(3_600_000)
  expect(await collect(parts)).toHaveLength(1)
})
