/** A minimal ypldap.conf, with a reason beside each line. */
import type { IdMap, Schema } from '../config/config.ts'
import { quoted } from '../config/quoted.ts'
import type { Named, Way } from './server.ts'

export type Bind =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'password'; readonly dn: string; readonly password: string }
  /** the absolute path of a file that holds it */
  | { readonly kind: 'file'; readonly dn: string; readonly path: string }

export interface Draft {
  readonly server: Named
  readonly way: Way
  /** the absolute path of a PEM file; undefined: the certificates of the system */
  readonly ca: string | undefined
  readonly bind: Bind
  readonly base: string
  readonly domain: string
  /** prefixes, as the file takes them */
  readonly allow: readonly string[]
  readonly schema: Schema
  readonly idmap: IdMap
  /** of `provide maps` */
  readonly groups: readonly string[]
}

export function configText(draft: Draft): string {
  const { ca, domain, way } = draft
  return [
    '# What ypldap(8) serves, to whom, and where it comes from; ypldapctl init wrote it.',
    '# ypldap.conf(5) has all that may stand here. After a change: ypldap -n',
    '',
    '# The NIS domain: what domainname(1) says on the clients.',
    `domain ${quoted(domain)}`,
    '',
    ...allowed(draft.allow),
    '',
    '# What the directory has maps for.',
    ...draft.groups.map((group) => `provide maps ${group}`),
    '',
    ...(ca !== undefined && way.security !== 'none'
      ? ["# Who signs the directory's certificate.", `cafile ${quoted(ca)}`, '']
      : []),
    ...directory(draft),
    '',
  ].join('\n')
}

function allowed(prefixes: readonly string[]): readonly string[] {
  if (prefixes.length > 0)
    return [
      '# Who may ask. NIS knows no passwords: who is here sees all.',
      `allow from ${prefixes.join(' ')}`,
    ]
  return [
    '# Who may ask: nobody but this host, until a line such as this names the networks of the clients.',
    '#allow from 192.0.2.0/24',
  ]
}

function directory({ server, way, base, bind, schema, idmap }: Draft): readonly string[] {
  return [
    ...(server.kind === 'ldap' && way.security === 'none'
      ? ['# Without TLS: all that it says can be read and changed on the way.']
      : []),
    `directory ${header(server, way)} {`,
    `\t# ${MEMBERS[schema]}`,
    `\tschema ${schema}`,
    ...(idmap === 'sid'
      ? ['\t# Its users have no uidNumber: ids are made as SSSD makes them.', '\tidmap sid']
      : []),
    `\tbasedn ${quoted(base)}`,
    ...credentials(bind).map((line) => `\t${line}`),
    '}',
  ]
}

/** What the schema decides most of all. */
const MEMBERS: Readonly<Record<Schema, string>> = {
  rfc2307: 'RFC 2307: members of groups are login names.',
  rfc2307bis: 'RFC 2307bis: members of groups are DNs, and groups may hold groups.',
  ipa: 'FreeIPA: its users, groups and netgroups, without its tree cn=compat.',
  ad: 'Active Directory: names are sAMAccountName, members of groups are DNs.',
}

function header(server: Named, { port, security }: Way): string {
  if (server.kind === 'ldapi') return quoted(server.url)
  const words = { none: '', starttls: ' tls', ldaps: ' ldaps' }[security]
  return `${quoted(server.host)}${port === undefined ? '' : ` port ${port}`}${words}`
}

function credentials(bind: Bind): readonly string[] {
  if (bind.kind === 'anonymous') return ['# Without binddn and bindcred it is asked as nobody in particular.']
  const secret = bind.kind === 'file' ? `file ${quoted(bind.path)}` : quoted(bind.password)
  return [`binddn ${quoted(bind.dn)}`, `bindcred ${secret}`]
}
