import type { Socket } from 'node:net'

import {
  type BindRequest,
  type BindResponse,
  type ExtendedRequest,
  ExtendedResponse,
  SearchReference,
  type SearchRequest,
  type SearchResponse,
  UnbindRequest,
} from 'ldapts'

import { conceal } from './conceal.ts'
import { createDecoder, type Decoded } from './decoder.ts'
import { EntryMessage } from './entry-message.ts'
import { DirectoryError } from './error.ts'
import { createFraming, type Framing } from './framing.ts'
import type { Limits } from './limits.ts'
import { describeResult } from './status.ts'
import { closed } from './transport.ts'

type Request = BindRequest | ExtendedRequest | SearchRequest
type Response = BindResponse | ExtendedResponse | SearchResponse
export type Part = EntryMessage | SearchReference

interface Pending {
  readonly id: number
  readonly expected: abstract new (...options: never[]) => Response
  readonly onPart: ((part: Part) => void) | undefined
  readonly timer: NodeJS.Timeout
  readonly resolve: (response: Response) => void
  readonly reject: (error: unknown) => void
}

/**
 * An LDAP conversation on one connection, one request at a time. The first thing that goes wrong ends it, closes
 * the connection and is what every request then fails with.
 *
 * The library's messages and decoder are used, its Client is not: that one ignores garbage until a timer ends
 * it, buffers without bound, ends a paged search at an empty page and leaves a time-out as the only way to stop.
 */
export class Session {
  #socket: Socket
  readonly #limits: Limits
  readonly #signal: AbortSignal
  readonly #decode: (bytes: Buffer, start: number, end: number) => Decoded
  readonly #secret: string
  #framing: Framing
  #lastId = 0
  #pending: Pending | undefined
  #failure: { readonly error: unknown } | undefined

  /** `secret` is taken out of what the server says for people, before that is cut. */
  constructor(socket: Socket, limits: Limits, signal: AbortSignal, secret = '') {
    this.#socket = socket
    this.#limits = limits
    this.#signal = signal
    this.#secret = secret
    this.#decode = createDecoder(limits.values)
    this.#framing = this.#createFraming()
    this.#attach()
    signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  /**
   * Sends a request and waits for its final response, whatever its result code; parts of a search that come
   * before go to `onPart`.
   * @throws DirectoryError when there is no such response within the time of one operation
   */
  request<R extends Response>(
    expected: abstract new (...options: never[]) => R,
    build: (messageId: number) => Request,
    onPart?: (part: Part) => void,
  ): Promise<R> {
    return new Promise<Response>((resolve, reject) => {
      if (this.#failure !== undefined) throw this.#failure.error
      this.#signal.throwIfAborted()
      this.#lastId += 1
      const bytes = build(this.#lastId).write()
      const timer = setTimeout(() => {
        const seconds = this.#limits.operation / 1000
        this.#fail(
          new DirectoryError(
            'timeout',
            `the server did not answer within ${seconds} s (limit ldap operation)`,
          ),
        )
      }, this.#limits.operation)
      this.#pending = { id: this.#lastId, expected, onPart, timer, resolve, reject }
      this.#socket.write(bytes)
    }) as Promise<R>
  }

  /** Puts TLS under the conversation; `upgrade` makes the secured socket of the plain one. */
  async secure(upgrade: (socket: Socket) => Promise<Socket>): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error
    // What came before the handshake could have been put there by anyone on the way.
    if (this.#framing.held > 0) {
      throw new DirectoryError('tls-failed', 'the server sent data before the TLS handshake')
    }
    this.#detach()
    this.#socket = await upgrade(this.#socket)
    this.#framing = this.#createFraming()
    this.#attach()
  }

  /** Whatever is under way fails with this. */
  end(reason: unknown): void {
    this.#fail(reason)
  }

  /** Says goodbye if there is someone to say it to, and resolves when the connection is closed. */
  async close(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#onAbort)
    if (this.#failure === undefined && !this.#socket.destroyed) {
      // A few bytes reach the kernel at once; nobody waits for a server that takes none.
      this.#socket.write(new UnbindRequest({ messageId: this.#lastId + 1 }).write())
      this.#failure = { error: new DirectoryError('aborted', 'the session is closed') }
    }
    await closed(this.#socket)
    this.#detach()
  }

  #createFraming(): Framing {
    return createFraming(this.#limits.message, (bytes, start, end) => {
      if (this.#failure === undefined) this.#receive(this.#decode(bytes, start, end))
    })
  }

  #attach(): void {
    this.#socket.on('data', this.#onData)
    this.#socket.on('error', this.#onError)
    this.#socket.on('close', this.#onClose)
  }

  #detach(): void {
    this.#socket.off('data', this.#onData)
    this.#socket.off('error', this.#onError)
    this.#socket.off('close', this.#onClose)
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#failure !== undefined) return
    try {
      this.#framing.push(chunk)
    } catch (error) {
      this.#fail(error)
    }
  }

  readonly #onError = (error: Error): void => {
    this.#fail(new DirectoryError('disconnected', `the connection broke: ${error.message}`))
  }

  readonly #onClose = (): void => {
    this.#fail(new DirectoryError('disconnected', 'the server closed the connection before it had answered'))
  }

  readonly #onAbort = (): void => {
    this.#fail(this.#signal.reason)
  }

  #receive(message: Decoded): void {
    const pending = this.#pending
    if ('errorMessage' in message) message.errorMessage = conceal(String(message.errorMessage), this.#secret)
    if (message.messageId === 0 && message instanceof ExtendedResponse) {
      // RFC 4511 s.4.4.1, the notice of disconnection
      throw new DirectoryError('disconnected', `the server ended the session: ${describeResult(message)}`)
    }
    if (pending === undefined || message.messageId !== pending.id) {
      throw new DirectoryError('protocol', 'the server sent a response to a request that was not made')
    }
    if (message instanceof EntryMessage || message instanceof SearchReference) {
      if (pending.onPart === undefined) {
        throw new DirectoryError('protocol', 'the server sent entries though none were searched for')
      }
      pending.onPart(message)
      return
    }
    if (!(message instanceof pending.expected)) {
      throw new DirectoryError('protocol', 'the server answered with a response of another kind')
    }
    clearTimeout(pending.timer)
    this.#pending = undefined
    pending.resolve(message)
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = { error }
    this.#socket.destroy()
    if (this.#pending === undefined) return
    clearTimeout(this.#pending.timer)
    this.#pending.reject(error)
    this.#pending = undefined
  }
}
