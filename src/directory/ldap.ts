import dns from 'node:dns'
import { isIP } from 'node:net'
import type { SecureContext } from 'node:tls'

import { BindRequest, BindResponse, ExtendedRequest, ExtendedResponse } from 'ldapts'

import type { Credentials, DirectoryConfig, Location } from '../config/config.ts'
import { conceal } from './conceal.ts'
import { DirectoryError } from './error.ts'
import type { Limits } from './limits.ts'
import { Session } from './session.ts'
import { describeResult, SUCCESS } from './status.ts'
import { connect, type Patience, secure, type Target } from './transport.ts'
import { loadTrust } from './trust.ts'

/** The addresses of a host name, in the order to try them. */
export type Lookup = (host: string) => Promise<readonly string[]>

export interface LdapContext {
  readonly limits: Limits
  readonly lookup: Lookup
  readonly signal: AbortSignal
}

type Server = Exclude<Location, { kind: 'file' }>

export const systemLookup: Lookup = async (host) => {
  const found = await dns.promises.lookup(host, { all: true, order: 'verbatim' })
  return found.map(({ address }) => address)
}

/** Conversations with one server at one address. */
export interface Sessions {
  readonly session: Session
  /** Runs `work` in a further session, which `stop` ends. */
  readonly beside: <T>(stop: AbortSignal, work: (session: Session) => Promise<T>) => Promise<T>
}

/**
 * Runs `work` in a session of the directory: connected, secured and bound. Every address of the host is tried in
 * turn with the whole of it, so what a failed attempt had gathered is dropped with it.
 * @throws DirectoryError that names every address tried
 */
export async function withSession<T>(
  config: DirectoryConfig,
  server: Server,
  context: LdapContext,
  work: (sessions: Sessions) => Promise<T>,
): Promise<{ readonly value: T; readonly address: string }> {
  const trust = server.kind === 'ldap' && server.security !== 'none' ? loadTrust(config) : undefined
  const failures: DirectoryError[] = []
  for (const target of await resolve(server, context)) {
    const address = 'path' in target ? target.path : target.host
    const attempt = async <R>(signal: AbortSignal, use: (session: Session) => Promise<R>): Promise<R> => {
      try {
        return await inSession(config, server, target, trust, { ...context, signal }, use)
      } catch (error) {
        if (!(error instanceof DirectoryError)) throw error
        throw new DirectoryError(error.code, conceal(error.message, secretOf(config)))
      }
    }
    const beside: Sessions['beside'] = (stop, use) => attempt(AbortSignal.any([context.signal, stop]), use)
    try {
      const value = await attempt(context.signal, (session) => work({ session, beside }))
      return { value, address }
    } catch (error) {
      context.signal.throwIfAborted()
      if (!(error instanceof DirectoryError)) throw error
      failures.push(new DirectoryError(error.code, `${address}: ${error.message}`))
    }
  }
  const text = failures.map(({ message }) => message).join('; next address ')
  throw new DirectoryError(failures.at(-1)?.code ?? 'resolve-failed', text || 'the host has no address')
}

async function inSession<T>(
  config: DirectoryConfig,
  server: Server,
  target: Target,
  trust: SecureContext | undefined,
  { limits, signal }: LdapContext,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const patience: Patience = { milliseconds: limits.connect, signal }
  const plain = await connect(target, patience)
  const [host, security] = server.kind === 'ldap' ? [server.host, server.security] : ['', 'none']
  const direct = trust !== undefined && security === 'ldaps'
  const session = new Session(
    direct ? await secure(plain, host, trust, patience) : plain,
    limits,
    signal,
    secretOf(config),
  )
  try {
    if (trust !== undefined && security === 'starttls') {
      await startTls(session)
      await session.secure((socket) => secure(socket, host, trust, patience))
    }
    await bind(session, config.credentials)
    return await work(session)
  } finally {
    await session.close()
  }
}

async function resolve(server: Server, { limits, lookup, signal }: LdapContext): Promise<Target[]> {
  if (server.kind === 'ldapi') return [{ path: server.path }]
  const { host, port } = server
  if (isIP(host) !== 0) return [{ host, port }]
  try {
    const addresses = await unlessAborted(lookup(host), signal)
    return addresses.slice(0, limits.addresses).map((address) => ({ host: address, port }))
  } catch (error) {
    signal.throwIfAborted()
    throw new DirectoryError('resolve-failed', `the host ${host} was not found: ${(error as Error).message}`)
  }
}

/** A look-up can't be stopped; when the caller is stopped its result is of no interest. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const stopped = Promise.withResolvers<never>()
  const stop = () => stopped.reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([promise, stopped.promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** RFC 4511 s.4.14 */
const START_TLS = '1.3.6.1.4.1.1466.20037'

/** Begins the text of the error, whose code is that of every fault of TLS. */
export const STARTTLS_REFUSED = 'the server refused STARTTLS'

async function startTls(session: Session): Promise<void> {
  const answer = await session.request(
    ExtendedResponse,
    (messageId) => new ExtendedRequest({ messageId, oid: START_TLS }),
  )
  if (answer.status !== SUCCESS) {
    throw new DirectoryError('tls-failed', `${STARTTLS_REFUSED}: ${describeResult(answer)}`)
  }
}

async function bind(session: Session, credentials: Credentials): Promise<void> {
  if (credentials.kind === 'anonymous') return
  if (credentials.kind === 'simple' && (credentials.dn === '' || credentials.password === '')) {
    // RFC 4513 s.5.1.2: many servers take it for an anonymous bind and say success.
    throw new DirectoryError('bind-failed', 'a bind needs both a DN and a password; neither may be empty')
  }
  const answer = await session.request(BindResponse, (messageId) =>
    credentials.kind === 'simple'
      ? new BindRequest({ messageId, dn: credentials.dn, password: credentials.password })
      : new BindRequest({ messageId, mechanism: 'EXTERNAL', password: credentials.authzid }),
  )
  if (answer.status !== SUCCESS) {
    const who = credentials.kind === 'simple' ? `as "${credentials.dn}"` : 'with SASL EXTERNAL'
    throw new DirectoryError('bind-failed', `the bind ${who} ended in ${describeResult(answer)}`)
  }
}

function secretOf({ credentials }: DirectoryConfig): string {
  return credentials.kind === 'simple' ? credentials.password : ''
}
