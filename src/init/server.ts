/** The directory's server as it is named on the command line of `ypldapctl init`. */

export type Named =
  | {
      readonly kind: 'ldap'
      readonly host: string
      /** undefined: the usual one */
      readonly port: number | undefined
      /** TLS from the start, as an ldaps:// URL says; else what there is */
      readonly ldaps: boolean
    }
  /** `ldapi:///` or `ldapi://%2Fpath`, as ypldap.conf takes it */
  | { readonly kind: 'ldapi'; readonly url: string }

export class ServerError extends Error {
  override readonly name = 'ServerError'
}

const HOST = /^(?:\[(?<literal>[0-9a-f:.]+)\]|(?<host>[^\s/:[\]]+))(?::(?<port>[0-9]{1,5}))?$/i

/** A host name, an address, either with `:port`, or an LDAP URL. Throws ServerError. */
export function parseServer(text: string): Named {
  if (/^ldapi:\/\//i.test(text)) return { kind: 'ldapi', url: text }
  const [, scheme = '', rest = ''] = /^(?:(ldaps?):\/\/)?(.*?)\/?$/i.exec(text) ?? []
  // An IPv6 address without brackets has no port behind it.
  if (rest.split(':').length > 2 && !rest.startsWith('[')) return named(rest, undefined, scheme)
  const { literal, host = literal, port } = HOST.exec(rest)?.groups ?? {}
  if (host === undefined) {
    throw new ServerError(
      `"${text}" is no server, expected a host, an address, or a URL such as ldaps://ldap.example.com`,
    )
  }
  return named(host, port === undefined ? undefined : Number(port), scheme)
}

function named(host: string, port: number | undefined, scheme: string): Named {
  return { kind: 'ldap', host, port, ldaps: scheme.toLowerCase() === 'ldaps' }
}

/** How it is reached, once that is known; without TLS the words are none. */
export interface Way {
  readonly port: number | undefined
  readonly security: 'none' | 'starttls' | 'ldaps'
}

/** For people. */
export function describeWay(server: Named, { port, security }: Way): string {
  if (server.kind === 'ldapi') return server.url
  const word = { none: 'without TLS', starttls: 'STARTTLS', ldaps: 'TLS' }[security]
  return `${server.host} port ${port ?? (security === 'ldaps' ? 636 : 389)}, ${word}`
}
