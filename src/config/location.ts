import { isIPv6 } from 'node:net'
import { BadValue } from './bad-value.ts'
import { MAX_SOCKET_PATH } from './limits.ts'

/** OpenLDAP's own default */
const DEFAULT_SOCKET = '/var/run/slapd/ldapi'

const MAX_HOST = 255

/** What the string after `directory` names. */
export type Target =
  | { readonly kind: 'host'; readonly host: string }
  | { readonly kind: 'ldapi'; readonly path: string }

/** A host name, an address, or `ldapi://%2Fpath` for a unix socket. Throws BadValue. */
export function parseTarget(text: string): Target {
  if (/^ldapi:\/\//i.test(text)) return { kind: 'ldapi', path: socketPath(text.slice('ldapi://'.length)) }
  return { kind: 'host', host: parseHost(text) }
}

function socketPath(encoded: string): string {
  const path = encoded.endsWith('/') ? encoded.slice(0, -1) : encoded
  if (path === '') return DEFAULT_SOCKET
  const expected =
    'expected ldapi:/// or a path with %2F for each slash, such as ldapi://%2Frun%2Fslapd%2Fldapi'
  if (path.includes('/')) throw new BadValue(`slash in the name of the socket, ${expected}`)
  const decoded = decode(path)
  if (decoded === undefined || !decoded.startsWith('/') || decoded.includes('\0')) {
    throw new BadValue(`not the path of a socket, ${expected}`)
  }
  if (Buffer.byteLength(decoded) > MAX_SOCKET_PATH) {
    throw new BadValue(`path of the socket is too long, expected at most ${MAX_SOCKET_PATH} bytes`)
  }
  return decoded
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function parseHost(text: string): string {
  if (text === '') throw new BadValue('empty host, expected a host name or an address')
  if (text.length > MAX_HOST) throw new BadValue(`host is too long, expected at most ${MAX_HOST} characters`)
  if (text.includes('://')) {
    throw new BadValue(
      'URL instead of a host, expected a host name or an address, then ldaps or tls if wanted',
    )
  }
  if (/[\s/[\]\p{Cc}]/u.test(text) || (text.includes(':') && !isIPv6(text))) {
    throw new BadValue('not a host, expected a host name or an address, and its port after the word port')
  }
  return text
}
