/**
 * An LDAP server that says what a test tells it to, right or wrong. It shares no code with the client under
 * test: requests are read and responses written by hand, byte for byte.
 */
import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'

/** One request, read just far enough. */
export interface LdapRequest {
  readonly id: number
  readonly operation: 'bind' | 'unbind' | 'search' | 'extended' | 'other'
  /** bind: DN, and either a password or a SASL mechanism with its credentials */
  readonly dn?: string
  readonly password?: string
  readonly mechanism?: string
  readonly credentials?: string
  /** search */
  readonly base?: string
  readonly scope?: number
  readonly derefAliases?: number
  readonly sizeLimit?: number
  readonly timeLimit?: number
  readonly filter?: Buffer
  readonly attributes?: readonly string[]
  /** the page asked for */
  readonly page?: { readonly size: number; readonly cookie: string }
  /** extended */
  readonly oid?: string
}

/** The server's end of one connection. */
export interface LdapClient {
  /** the next request; rejects when the client has gone */
  next(): Promise<LdapRequest>
  send(...messages: readonly Buffer[]): void
  /** closes at once */
  close(): void
  /** answers STARTTLS with TLS */
  secure(options: tls.TlsOptions): Promise<void>
  readonly socket: net.Socket
}

export interface LdapPeer {
  readonly port: number
  /** connections still open */
  readonly open: number
  /** connections ever made */
  readonly accepted: number
  /** that the script was told of */
  readonly searches: number
  /** resolves when no connection is open */
  quiet(): Promise<void>
  stop(): Promise<void>
}

export type Script = (client: LdapClient) => Promise<void> | void

export interface PeerOptions {
  readonly tls?: tls.TlsOptions
  readonly host?: string
  readonly port?: number
  readonly path?: string
  /**
   * Plays the script to a connection that begins with the search of groups, too. Without it such a one, which stands
   * beside that of users, is closed, as by a server that allows but one.
   */
  readonly sideBySide?: boolean
}

/** Starts a peer that plays `script` to every connection, over TLS when given its options. */
export async function startPeer(script: Script, options: PeerOptions = {}): Promise<LdapPeer> {
  const sockets = new Set<net.Socket>()
  let accepted = 0
  let searches = 0
  const searched = () => {
    searches += 1
  }
  let settle: (() => void)[] = []
  const serve = (socket: net.Socket) => {
    void Promise.resolve(script(createClient(socket, searched, options.sideBySide ?? false))).catch(
      (error: unknown) => {
        if (!(error instanceof ClientGone)) throw error
      },
    )
  }
  const server = options.tls === undefined ? net.createServer(serve) : tls.createServer(options.tls, serve)
  server.on('tlsClientError', () => undefined)
  server.on('connection', (socket: net.Socket) => {
    accepted += 1
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => {
      sockets.delete(socket)
      if (sockets.size === 0) {
        for (const resolve of settle) resolve()
        settle = []
      }
    })
  })
  if (options.path === undefined) server.listen(options.port ?? 0, options.host ?? '127.0.0.1')
  else server.listen(options.path)
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    get open() {
      return sockets.size
    },
    get searches() {
      return searches
    },
    get accepted() {
      return accepted
    },
    quiet() {
      return sockets.size === 0 ? Promise.resolve() : new Promise((resolve) => settle.push(resolve))
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

class ClientGone extends Error {}

const GROUPS = 'posixGroup'

function createClient(first: net.Socket, searched: () => void, sideBySide: boolean): LdapClient {
  let begun = false
  let socket = first
  let bytes = Buffer.alloc(0)
  let gone = false
  let wake: (() => void) | undefined
  const attach = () => {
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      wake?.()
    })
    socket.on('error', () => undefined)
    socket.once('close', () => {
      gone = true
      wake?.()
    })
  }
  attach()
  return {
    async next() {
      for (;;) {
        const message = takeMessage(bytes)
        if (message !== undefined) {
          bytes = bytes.subarray(message.length)
          const request = readRequest(message)
          if (request.operation !== 'search') return request
          if (sideBySide || begun || !request.filter!.includes(GROUPS)) {
            begun = true
            searched()
            return request
          }
          socket.destroy()
          throw new ClientGone()
        }
        if (gone) throw new ClientGone()
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    send(...messages) {
      socket.write(Buffer.concat(messages))
    },
    close() {
      socket.destroy()
    },
    async secure(options) {
      socket.removeAllListeners('data')
      const plain = socket
      socket = new tls.TLSSocket(plain, { ...options, isServer: true })
      socket.once('close', () => plain.destroy())
      const ready = once(socket, 'secure')
      attach()
      await ready.catch(() => {
        throw new ClientGone()
      })
    },
    get socket() {
      return socket
    },
  }
}

// --- Responses ---

/** One BER element. */
export function ber(tag: number, ...parts: readonly (Buffer | string | number)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => (Buffer.isBuffer(part) ? part : octets(part))))
  const { length } = content
  const size =
    length < 0x80 ? [length] : length < 0x1_00_00 ? [0x82, length >> 8, length & 0xff] : longLength(length)
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

function longLength(length: number): number[] {
  return [0x84, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff]
}

function octets(part: string | number): Buffer {
  return typeof part === 'string' ? Buffer.from(part, 'utf8') : Buffer.from([part])
}

function message(id: number, ...parts: readonly Buffer[]): Buffer {
  // Message ids stay below 2^15 in every test.
  return ber(0x30, id < 0x80 ? ber(0x02, id) : ber(0x02, id >> 8, id & 0xff), ...parts)
}

/** A search result entry; values may be bytes. */
export function entry(
  id: number,
  dn: string,
  attributes: Readonly<Record<string, readonly (string | Buffer)[]>>,
): Buffer {
  const list = Object.entries(attributes).map(([name, values]) =>
    ber(0x30, ber(0x04, name), ber(0x31, ...values.map((value) => ber(0x04, value)))),
  )
  return message(id, ber(0x64, ber(0x04, dn), ber(0x30, ...list)))
}

export function reference(id: number, url: string): Buffer {
  return message(id, ber(0x73, ber(0x04, url)))
}

function result(code: number, text: string): Buffer[] {
  return [ber(0x0a, code), ber(0x04, ''), ber(0x04, text)]
}

/** The end of a search; a cookie, even an empty one, brings the control of paged results. */
export function searchDone(
  id: number,
  code = 0,
  { text = '', cookie }: { text?: string; cookie?: string } = {},
) {
  const done = ber(0x65, ...result(code, text))
  if (cookie === undefined) return message(id, done)
  const value = ber(0x30, ber(0x02, 0), ber(0x04, cookie))
  return message(id, done, ber(0xa0, ber(0x30, ber(0x04, PAGED_RESULTS), ber(0x04, value))))
}

export function bindDone(id: number, code = 0, text = ''): Buffer {
  return message(id, ber(0x61, ...result(code, text)))
}

export function extendedDone(id: number, code = 0, text = '', oid = ''): Buffer {
  return message(id, ber(0x78, ...result(code, text), ...(oid === '' ? [] : [ber(0x8a, oid)])))
}

const PAGED_RESULTS = '1.2.840.113556.1.4.319'

// --- Requests ---

export interface Element {
  readonly tag: number
  readonly content: Buffer
  /** of the whole element */
  readonly length: number
}

function readElement(bytes: Buffer): Element | undefined {
  const first = bytes[1]
  if (first === undefined) return undefined
  const size = first < 0x80 ? 0 : first & 0x7f
  if (bytes.length < 2 + size) return undefined
  const length = size === 0 ? first : bytes.readUIntBE(2, size)
  if (bytes.length < 2 + size + length) return undefined
  const start = 2 + size
  return { tag: bytes[0] ?? 0, content: bytes.subarray(start, start + length), length: start + length }
}

/** The first whole message of these bytes, if there is one. */
export function takeMessage(bytes: Buffer): Buffer | undefined {
  const element = readElement(bytes)
  return element === undefined ? undefined : bytes.subarray(0, element.length)
}

/** The elements that lie one after another in these bytes. */
export function children(content: Buffer): Element[] {
  const list: Element[] = []
  for (let at = 0; at < content.length; ) {
    const element = readElement(content.subarray(at))
    if (element === undefined) throw new Error('malformed BER')
    list.push(element)
    at += element.length
  }
  return list
}

function readRequest(bytes: Buffer): LdapRequest {
  const [id, operation, controls] = children(readElement(bytes)?.content ?? Buffer.alloc(0))
  if (id === undefined || operation === undefined) throw new Error('the client sent no request')
  const head = { id: number(id) }
  switch (operation.tag) {
    case 0x60:
      return { ...head, operation: 'bind', ...readBind(children(operation.content)) }
    case 0x42:
      return { ...head, operation: 'unbind' }
    case 0x63:
      return {
        ...head,
        operation: 'search',
        ...readSearch(children(operation.content)),
        ...readPage(controls),
      }
    case 0x77:
      return { ...head, operation: 'extended', oid: text(children(operation.content)[0]) }
    default:
      return { ...head, operation: 'other' }
  }
}

function readBind([, dn, authentication]: readonly Element[]): Partial<LdapRequest> {
  if (authentication?.tag === 0x80) return { dn: text(dn), password: text(authentication) }
  const [mechanism, credentials] = children(authentication?.content ?? Buffer.alloc(0))
  return { dn: text(dn), mechanism: text(mechanism), credentials: text(credentials) }
}

function readSearch(parts: readonly Element[]): Partial<LdapRequest> {
  const [base, scope, deref, size, time, , filter, attributes] = parts
  return {
    base: text(base),
    scope: number(scope),
    derefAliases: number(deref),
    sizeLimit: number(size),
    timeLimit: number(time),
    filter: filter === undefined ? Buffer.alloc(0) : ber(filter.tag, filter.content),
    attributes: children(attributes?.content ?? Buffer.alloc(0)).map(text),
  }
}

function readPage(controls: Element | undefined): Partial<LdapRequest> {
  for (const control of children(controls?.content ?? Buffer.alloc(0))) {
    const parts = children(control.content)
    const value = parts.at(-1)
    if (text(parts[0]) === PAGED_RESULTS && value !== undefined) {
      const [size, cookie] = children(readElement(value.content)?.content ?? Buffer.alloc(0))
      return { page: { size: number(size), cookie: text(cookie) } }
    }
  }
  return {}
}

function text(element: Element | undefined): string {
  return element?.content.toString('utf8') ?? ''
}

function number(element: Element | undefined): number {
  return element === undefined ? -1 : element.content.readIntBE(0, element.content.length)
}
