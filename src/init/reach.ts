/** How a directory's server is reached: with TLS if it has any, and never in secret without it. */
import type { DirectoryConfig } from '../config/config.ts'
import { DirectoryError } from '../directory/error.ts'
import { type LdapContext, STARTTLS_REFUSED, systemLookup, withSession } from '../directory/ldap.ts'
import { LIMITS } from '../directory/limits.ts'
import { type RootDse, readRootDse } from '../directory/look.ts'
import type { Session } from '../directory/session.ts'
import type { Named, Way } from './server.ts'

export interface Reached {
  readonly way: Way
  /** what it says to strangers */
  readonly rootDse: RootDse
}

/** It can be reached, but has no TLS. */
export class NoTls extends Error {
  override readonly name = 'NoTls'
}

/** What is done where TLS can't be had. */
export type Bare = 'refuse' | 'take' | 'want'

/**
 * Nothing secret is said: nobody binds. With `want` TLS is not even tried.
 * @throws NoTls, or DirectoryError
 */
export async function reach(
  server: Named,
  directoryBy: (way: Way) => DirectoryConfig,
  bare: Bare,
): Promise<Reached> {
  if (server.kind === 'ldapi') return look(directoryBy, { port: undefined, security: 'none' })
  const { port, ldaps } = server
  if (bare === 'want') return look(directoryBy, { port, security: 'none' })
  if (ldaps) return look(directoryBy, { port, security: 'ldaps' })
  const refused: DirectoryError[] = []
  const ways: readonly Way[] = [
    { port, security: 'starttls' },
    // A port that was named is that of plain LDAP.
    ...(port === undefined ? [{ port, security: 'ldaps' } as const] : []),
  ]
  for (const way of ways) {
    try {
      return await look(directoryBy, way)
    } catch (error) {
      if (!(error instanceof DirectoryError) || !isNoTls(error)) throw error
      refused.push(error)
    }
  }
  const plain = await look(directoryBy, { port, security: 'none' })
  if (bare === 'take') return plain
  throw new NoTls(refused.map(({ message }) => message).join('; '))
}

/** Nobody speaks TLS there. A certificate that is not right is no reason to go without. */
function isNoTls({ code, message }: DirectoryError): boolean {
  return (
    code === 'connect-failed' ||
    code === 'timeout' ||
    message.includes(STARTTLS_REFUSED) ||
    SILENT.test(message)
  )
}

/** How a handshake ends before there is a certificate. */
const SILENT =
  /the TLS handshake (?:was closed by the server|failed: .*(?:disconnected before|wrong version number|ECONNRESET))/i

async function look(directoryBy: (way: Way) => DirectoryConfig, way: Way): Promise<Reached> {
  return { way, rootDse: await converse(directoryBy(way), readRootDse) }
}

/** @throws DirectoryError */
export async function converse<T>(
  directory: DirectoryConfig,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { location } = directory
  if (location.kind === 'file') throw new TypeError('a file is no server')
  const context: LdapContext = { limits: LIMITS, lookup: systemLookup, signal: AbortSignal.timeout(LOOK_MS) }
  try {
    const { value } = await withSession(directory, location, context, ({ session }) => work(session))
    return value
  } catch (error) {
    if (!context.signal.aborted) throw error
    throw new DirectoryError('deadline', `the server did not answer within ${LOOK_MS / 1000} s`)
  }
}

/** Of one look at a few entries. */
const LOOK_MS = 60_000
