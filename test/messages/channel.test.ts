import { duplexPair } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { type Channel, openChannel } from '../../src/messages/channel.ts'
import { MESSAGE_BYTES } from '../../src/messages/limits.ts'
import { integer, type Of, record, text, union } from '../../src/messages/shape.ts'

const shape = union('kind', {
  number: { value: integer(0, 1000) },
  words: { value: text(MESSAGE_BYTES * 2) },
  nested: { value: record({ inner: integer(0, 1) }) },
})
type Message = Of<typeof shape>

interface Side {
  readonly received: Message[]
  /** `fault: reason` or `end` */
  readonly over: Promise<string>
  readonly channel: Channel<Message>
  /** resolves when so many messages have come */
  readonly count: (wanted: number) => Promise<void>
}

function side(stream: ReturnType<typeof duplexPair>[0]): Side {
  const received: Message[] = []
  const over = Promise.withResolvers<string>()
  // Replaced when somebody waits.
  let check: () => void = Boolean
  const channel = openChannel<Message, Message>(stream, shape, {
    message(message) {
      received.push(message)
      check()
    },
    fault: (reason) => over.resolve(`fault: ${reason}`),
    end: () => over.resolve('end'),
  })
  return {
    received,
    over: over.promise,
    channel,
    count: (wanted) =>
      new Promise((resolve) => {
        check = () => {
          if (received.length >= wanted) resolve()
        }
        check()
      }),
  }
}

function pair() {
  const [left, right] = duplexPair()
  return { left, here: side(left), right }
}

function framed(body: Buffer | string, length?: number): Buffer {
  const bytes = Buffer.from(body as string)
  const head = Buffer.alloc(4)
  head.writeUInt32BE(length ?? bytes.length)
  return Buffer.concat([head, bytes])
}

describe('a channel', () => {
  test('brings messages whole and in their order, both ways', async () => {
    const [left, right] = duplexPair()
    const [a, b] = [side(left), side(right)]
    const sent: Message[] = Array.from({ length: 50 }, (_, value) => ({ kind: 'number', value }))
    for (const message of sent) {
      a.channel.send(message)
      b.channel.send(message)
    }
    await Promise.all([a.count(50), b.count(50)])
    expect(a.received).toEqual(sent)
    expect(b.received).toEqual(sent)
  })

  test('puts messages together however they are cut', async () => {
    const { right, here } = pair()
    const bytes = Buffer.concat([
      framed('{"kind":"number","value":1}'),
      framed('{"kind":"words","value":"Žofie"}'),
      framed('{"kind":"nested","value":{"inner":1}}'),
    ])
    for (const byte of bytes) right.write(Buffer.from([byte]))
    await here.count(3)
    expect(here.received).toEqual([
      { kind: 'number', value: 1 },
      { kind: 'words', value: 'Žofie' },
      { kind: 'nested', value: { inner: 1 } },
    ])
  })

  test('takes a message of the greatest size, and ends at the head of one that is longer', async () => {
    const { right, here } = pair()
    const longest = 'x'.repeat(MESSAGE_BYTES - '{"kind":"words","value":""}'.length)
    right.write(framed(`{"kind":"words","value":"${longest}"}`))
    await here.count(1)
    right.write(framed('', MESSAGE_BYTES + 1))
    expect(await here.over).toBe(`fault: a message of ${MESSAGE_BYTES + 1} bytes`)
  })

  test.each([
    ['no JSON', 'nonsense', /JSON/],
    ['no object', '"text"', /message\.kind: number or words or nested expected/],
    ['null', 'null', /message\.kind/],
    ['an unknown kind', '{"kind":"stop"}', /message\.kind/],
    ['the name of a method as its kind', '{"kind":"toString"}', /message\.kind/],
    ['a field too many', '{"kind":"number","value":1,"more":1}', /message\.more: no such field expected/],
    ['a field too few', '{"kind":"number"}', /message\.value: a whole number from 0 to 1000 expected/],
    ['a field of another type', '{"kind":"number","value":"1"}', /message\.value/],
    ['a value out of its range', '{"kind":"number","value":1001}', /message\.value/],
    ['a fault deep inside', '{"kind":"nested","value":{"inner":2}}', /message\.value\.inner/],
    ['a prototype', '{"kind":"number","value":1,"__proto__":{}}', /__proto__/],
  ])('ends when there comes %s, and says where', async (_what, body, reason) => {
    const { right, left, here } = pair()
    right.write(framed('{"kind":"number","value":1}'))
    right.write(framed(body))
    right.write(framed('{"kind":"number","value":2}'))
    expect(await here.over).toMatch(/^fault: /)
    expect(await here.over).toMatch(reason)
    expect(here.received).toEqual([{ kind: 'number', value: 1 }])
    expect(left.destroyed).toBe(true)
  })

  test('ends when the other side does, after the last message', async () => {
    const [left, right] = duplexPair()
    const [a, b] = [side(left), side(right)]
    a.channel.send({ kind: 'number', value: 7 })
    a.channel.end()
    expect(await b.over).toBe('end')
    expect(b.received).toEqual([{ kind: 'number', value: 7 }])
    expect(await a.over).toBe('end')
    b.channel.send({ kind: 'number', value: 8 })
    expect(a.received).toEqual([])
  })

  test('says how much the other side has not taken', async () => {
    const [left] = duplexPair()
    const { channel } = side(left)
    for (let i = 0; i < 20; i++) channel.send({ kind: 'words', value: 'x'.repeat(100_000) })
    expect(channel.waiting).toBeGreaterThan(1_000_000)
  })
})
