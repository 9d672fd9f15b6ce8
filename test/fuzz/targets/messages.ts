/** What processes say to each other, and ypldapctl to the supervisor: it has its shape, or ShapeError says where not. */
import { Duplex } from 'node:stream'
import { openChannel } from '../../../src/messages/channel.ts'
import { answer, request } from '../../../src/messages/control.ts'
import { fromDirectory, toDirectory } from '../../../src/messages/directory.ts'
import { packClients } from '../../../src/messages/packed-clients.ts'
import { fromServer, toServer } from '../../../src/messages/server.ts'
import { type Shape, ShapeError } from '../../../src/messages/shape.ts'
import { fromStatus, toStatus } from '../../../src/messages/status.ts'
import { parseKept } from '../../../src/supervisor/known-clients.ts'
import { domainOf as configured, DOMAIN } from '../../config/check.ts'
import { domainOf, IMAGE, LDAP, NOW, REFRESHED, statusOf } from '../../control/status-sample.ts'
import { Refused, type Target } from '../target.ts'

const { domains: _, ...daemon } = statusOf()
const domain = 'example.com'
const digest = 'ab'.repeat(32)
const { maps, directories } = configured(
  `${DOMAIN}map "x" { filter "(f=1)" key "{k}" value "{v}" }\nprovide map "x"\ndirectory "h" { basedn "b" }\n`,
)

const state = { since: NOW, forgotten: 0 }
const clients = packClients([
  {
    address: '192.0.2.1',
    first: NOW,
    last: NOW,
    calls: 1,
    procedures: ['match'],
    maps: [{ domain, map: 'passwd.byname' }],
  },
])

/** Each kind of message once, of those that have something to say. */
const requests: readonly unknown[] = [
  { kind: 'status' },
  { kind: 'refresh', domain, force: true, directory: 'h' },
  { kind: 'log', level: 'debug' },
  { kind: 'match', map: 'passwd.byname', key: 'alice' },
  { kind: 'cat', domain, map: 'passwd.byname' },
]
const answers: readonly unknown[] = [
  { kind: 'status', status: daemon },
  { kind: 'domain', domain: domainOf() },
  { kind: 'progress', directory: 'h', entries: 5, milliseconds: 10 },
  { kind: 'maps', maps: IMAGE.maps },
  { kind: 'records', records: [{ key: 'k', value: 'v' }] },
  { kind: 'rows', rows: [{ directory: 'h', dn: 'dc=x', reason: 'none' }] },
  { kind: 'problems', lines: ['f:1:1: wrong'] },
  { kind: 'usage', usage: [{ procedure: 'match', domain, map: 'm', outcome: 'true', calls: 1 }] },
  { kind: 'clients', clients },
  { kind: 'end', error: 'no' },
]
const orders: readonly unknown[] = [
  {
    kind: 'configure',
    domain,
    master: 'h',
    interval: 60,
    maps,
    recordLimit: 1024,
    overflow: 'cut',
    guardShrink: 50,
    fingerprint: digest,
    state: '/var/lib/ypldap',
    directories,
  },
  { kind: 'refresh', id: 1, domain, force: false },
  { kind: 'clients', path: '/x', state, clients, last: true },
  { kind: 'log-level', level: 'info' },
]
const states: readonly unknown[] = [
  {
    kind: 'state',
    domain,
    refreshing: false,
    next: NOW,
    last: REFRESHED,
    directories: [LDAP],
    published: {
      path: '/x',
      domain,
      fingerprint: digest,
      created: NOW,
      generation: 1,
      contents: digest,
      fresh: NOW,
    },
  },
  { kind: 'rows', id: 1, rows: [{ directory: 'h', dn: 'dc=x', reason: 'none' }] },
  { kind: 'pong', id: 1 },
]
const served: readonly unknown[] = [
  { kind: 'load', id: 1, path: '/x', domain, fingerprint: digest, fresh: NOW },
  { kind: 'match', id: 1, domain, map: 'passwd.byname', key: 'alice' },
  { kind: 'drain' },
]
const heard: readonly unknown[] = [
  {
    kind: 'loaded',
    id: 1,
    domain,
    generation: 1,
    created: NOW,
    contents: digest,
    fresh: NOW,
    users: 1,
    groups: 1,
    maps: IMAGE.maps,
  },
  { kind: 'ready', transport: 'UDP' },
  { kind: 'refused', id: 1, domain, path: '/x', reason: 'none' },
]

const wished: readonly unknown[] = [
  { kind: 'ask', id: 1, question: { kind: 'status' } },
  { kind: 'ask', id: 2, question: { kind: 'rejected', domain } },
  { kind: 'more', id: 1 },
  { kind: 'drop', id: 2 },
  { kind: 'ready' },
]
const parts: readonly unknown[] = answers.map((part) => ({ kind: 'part', id: 1, part }))

const inText = (messages: readonly unknown[]) =>
  messages.map((message) => Buffer.from(JSON.stringify(message)))

/** The fields of the messages, which make tokens. */
function fieldsOf(messages: readonly unknown[]): string[] {
  return [...new Set(JSON.stringify(messages).match(/"[a-z]\w*":/gi))]
}

const JSON_TOKENS = [
  'null',
  'true',
  '[]',
  '{}',
  '[[[[',
  '"kind":',
  '1e308',
  '-0',
  '1.5',
  '"\\ud800"',
  '"__proto__":{}',
  ',',
]

/** A message that was taken is plain data, and the same when it is held against its table again. */
function shaped(shape: Shape<unknown>): (bytes: Buffer) => void {
  return (bytes) => {
    const taken = shape(parsed(bytes), 'message')
    const text = JSON.stringify(taken)
    if (JSON.stringify(shape(JSON.parse(text), 'message')) !== text)
      throw new Error('another message the second time')
    if (Object.getPrototypeOf(taken) !== Object.prototype) throw new Error('no plain data')
  }
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    throw new Refused()
  }
}

function table(name: string, shape: Shape<unknown>, messages: readonly unknown[]): Target {
  const tokens = [...fieldsOf(messages), ...JSON_TOKENS]
  return {
    name: `messages/${name}`,
    seeds: inText(messages),
    tokens,
    refusals: [ShapeError, Refused],
    run: shaped(shape),
  }
}

function framed(messages: readonly unknown[]): Buffer {
  return Buffer.concat(
    inText(messages).flatMap((body) => {
      const head = Buffer.alloc(4)
      head.writeUInt32BE(body.length)
      return [head, body]
    }),
  )
}

/** What a channel makes of a stream that comes in chunks: its messages, and whether it was ended with a fault. */
function heardOf(bytes: Buffer, size: number): string {
  const heard: unknown[] = []
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  openChannel(stream, request, {
    message: (message) => heard.push(message),
    fault: (reason) => heard.push(reason),
    end() {},
  })
  for (let at = 0; at < bytes.length && !stream.destroyed; at += size) {
    stream.emit('data', Buffer.from(bytes.subarray(at, at + size)))
  }
  if (stream.destroyed) heard.push('fault')
  return JSON.stringify(heard)
}

/** The control socket: the same messages and the same fault, however the stream is cut. */
function channel(bytes: Buffer): void {
  const size = 1 + ((bytes[3] ?? 0) % 50)
  const whole = heardOf(bytes, bytes.length || 1)
  if (heardOf(bytes, size) !== whole) throw new Error(`other messages in chunks of ${size} bytes`)
  if (whole.endsWith('"fault"]')) throw new Refused()
}

export const targets: readonly Target[] = [
  table('request', request, requests),
  table('answer', answer, answers),
  table('to-directory', toDirectory, orders),
  table('from-directory', fromDirectory, states),
  table('to-server', toServer, served),
  table('from-server', fromServer, heard),
  table('to-status', toStatus, parts),
  table('from-status', fromStatus, wished),
  {
    name: 'messages/clients-file',
    seeds: [
      Buffer.from(
        [{ format: 'ypldap clients 1', state }, clients].map((line) => JSON.stringify(line)).join('\n'),
      ),
    ],
    tokens: [...fieldsOf([state, clients]), ...JSON_TOKENS, '\n'],
    refusals: [ShapeError, SyntaxError],
    run: (bytes) => void parseKept(bytes.toString('latin1')),
  },
  {
    name: 'messages/channel',
    seeds: [
      ...requests.map((message) => framed([message])),
      framed(requests),
      Buffer.from('\0\0\0\x02{}\xff'),
    ],
    tokens: [
      '\0\0\0\x02{}',
      '\0\0\0\0',
      '\0\x40\0\0',
      '\0\x40\0\x01',
      '{"kind":"stop"}',
      '\0\0\0\x0f{"kind":"stop"}',
    ],
    longest: 1024,
    refusals: [Refused],
    run: channel,
  },
]
