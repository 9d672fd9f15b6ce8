import net from 'node:net'
import tls from 'node:tls'

import type { Location } from '../config/config.ts'
import { DirectoryError, type DirectoryErrorCode } from './error.ts'

/** Where one attempt goes: an address, or the path of a unix socket. */
export type Target = { readonly host: string; readonly port: number } | { readonly path: string }

/** How long a step may take, in milliseconds, and what stops it at once. */
export interface Patience {
  readonly milliseconds: number
  readonly signal: AbortSignal
}

/** A plain connection. */
export function connect(target: Target, patience: Patience): Promise<net.Socket> {
  patience.signal.throwIfAborted()
  return settled(net.connect(target), 'connect', 'connect-failed', patience)
}

/**
 * TLS on a connection, for ldaps and STARTTLS alike: the certificate must be for `host`, the name or address the
 * configuration gives, whatever address was resolved.
 */
export function secure(
  socket: net.Socket,
  host: Extract<Location, { kind: 'ldap' }>['host'],
  secureContext: tls.SecureContext,
  patience: Patience,
): Promise<tls.TLSSocket> {
  const secured = tls.connect({
    socket,
    secureContext,
    // Said although it is the default: a variable of the environment can turn the default off.
    rejectUnauthorized: true,
    // RFC 6066 s.3: an address is no server name.
    ...(net.isIP(host) === 0 ? { servername: host } : {}),
    checkServerIdentity: (_name, certificate) => tls.checkServerIdentity(host, certificate),
  })
  secured.once('close', () => socket.destroy())
  socket.once('error', (error) => secured.destroy(error))
  return settled(secured, 'secureConnect', 'tls-failed', patience)
}

/** Resolves once a destroyed socket has given its descriptor back. */
export function closed(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve()
    else socket.once('close', () => resolve())
    socket.on('error', () => undefined)
    socket.destroy()
  })
}

/** Waits for the event that makes a socket usable; otherwise the socket is closed. */
async function settled<S extends net.Socket>(
  socket: S,
  event: 'connect' | 'secureConnect',
  code: DirectoryErrorCode,
  { milliseconds, signal }: Patience,
): Promise<S> {
  const what = event === 'connect' ? 'the connection' : 'the TLS handshake'
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const late = () =>
    reject(
      new DirectoryError(
        'timeout',
        `${what} was not made within ${milliseconds / 1000} s (limit ldap connect)`,
      ),
    )
  const refuse = (error: Error) => reject(new DirectoryError(code, `${what} failed: ${explain(error)}`))
  const end = () => reject(new DirectoryError(code, `${what} was closed by the server`))
  const abort = () => reject(signal.reason)
  const timer = setTimeout(late, milliseconds)
  socket.once(event, resolve)
  socket.once('error', refuse)
  socket.once('close', end)
  signal.addEventListener('abort', abort, { once: true })
  try {
    await promise
    return socket
  } catch (error) {
    await closed(socket)
    throw error
  } finally {
    clearTimeout(timer)
    socket.off(event, resolve)
    socket.off('error', refuse)
    socket.off('close', end)
    signal.removeEventListener('abort', abort)
  }
}

const UNTRUSTED = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
])

function explain(error: NodeJS.ErrnoException): string {
  if (error.code !== undefined && UNTRUSTED.has(error.code)) {
    // Node goes on with advice for those who start it by hand.
    const [reason] = error.message.split(';')
    return `${reason}; the server's certificate is signed by none of the trusted CAs: check cafile`
  }
  return error.message
}
