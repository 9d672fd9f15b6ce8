/**
 * What ypldap.conf says, after every default is filled in and every rule of the language is checked.
 * Plain data: it can be sent to another process.
 */
import type { LimitValues } from './limit-table.ts'
import type { TableConfig } from './table.ts'

/** Where a word of the configuration stands; lines and columns count from 1. */
export interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** A value that is checked again later, by those who can (an LDAP filter, a file), with its place. */
export interface Located<T> {
  readonly value: T
  readonly at: Position
}

/** One finding of a check of the configuration: what is wrong, and what was expected. */
export interface Problem {
  readonly at: Position
  readonly message: string
}

/** The fields of a user and of a group that a directory fills; the names are those of ypldap.conf. */
export type Field =
  | 'name'
  | 'passwd'
  | 'uid'
  | 'gid'
  | 'class'
  | 'change'
  | 'expire'
  | 'gecos'
  | 'home'
  | 'shell'
  | 'groupname'
  | 'grouppasswd'
  | 'groupgid'
  | 'groupmembers'

/** Where a field's value comes from. */
export type Source =
  /** the same text for every entry (`fixed attribute`) */
  | { readonly kind: 'fixed'; readonly value: string }
  /** the first value of the first of these LDAP attributes that has one (`attribute … maps to`) */
  | { readonly kind: 'first'; readonly attributes: readonly string[] }
  /** all values of this LDAP attribute (`list … maps to`) */
  | { readonly kind: 'list'; readonly attribute: string }
  /** users' names, and DNs of users and of groups, whose members count (`schema`) */
  | { readonly kind: 'members'; readonly names: readonly string[]; readonly dns: readonly string[] }
  /** the one text that this template gives (`template FIELD "…"`) */
  | { readonly kind: 'template'; readonly text: Located<string> }

/** Whose habits a directory has: what the fields, filters and tables are when nothing else is said of them. */
export const SCHEMAS = ['rfc2307', 'rfc2307bis', 'ipa', 'ad'] as const

export type Schema = (typeof SCHEMAS)[number]

/** Where uid and gid come from when an entry has none: from nowhere, or from its objectSid, as SSSD does it. */
export type IdMap = 'none' | 'sid'

export type Credentials =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'simple'; readonly dn: string; readonly password: string }
  /** SASL EXTERNAL; an empty authzid lets the server derive it */
  | { readonly kind: 'external'; readonly authzid: string }

/** How a directory is reached. */
export type Location =
  | {
      readonly kind: 'ldap'
      /** host name or address, as in the file; also the name its certificate must carry */
      readonly host: string
      readonly port: number
      readonly security: 'none' | 'starttls' | 'ldaps'
    }
  /** the path of the server's unix socket (`directory "ldapi://%2Frun%2Fslapd%2Fldapi"`) */
  | { readonly kind: 'ldapi'; readonly path: string }
  /** an LDIF file */
  | { readonly kind: 'file'; readonly path: string }

export interface DirectoryConfig {
  /** the `directory` word */
  readonly at: Position
  /** how logs call it: the string after `directory` */
  readonly label: string
  /** without it there is no update, rather than one with its last rows (`required`) */
  readonly required: boolean
  readonly location: Location
  readonly credentials: Credentials
  /** PEM files; without `ca` the system's certificates are trusted */
  readonly ca?: Located<string>
  readonly certificate?: Located<string>
  readonly key?: Located<string>
  /** entries asked for at a time */
  readonly pageSize: number
  readonly userBase: Located<string>
  readonly groupBase: Located<string>
  readonly userFilter: Located<string>
  readonly groupFilter: Located<string>
  readonly schema: Schema
  readonly idmap: IdMap
  /** the fields of shadow(5) are wanted of its users */
  readonly shadow: boolean
  readonly fields: Readonly<Record<Field, Source>>
  readonly tables: readonly TableConfig[]
}

/** An address and port to answer on; port 0 means: choose one. Both families when the address is absent. */
export interface Listen {
  readonly at: Position
  readonly address?: string
  readonly port: number
}

/** Where the metrics and the status page are read by HTTP, nowhere by default, and whom their process runs as. */
export interface MetricsConfig {
  readonly listen: readonly { readonly address: string; readonly port: number }[]
  readonly user: string
}

/** `allow from` and `deny from`: the first that covers the caller decides. */
export interface AccessRule {
  readonly verdict: 'allow' | 'deny'
  /** 4 or 16 bytes, host bits zero */
  readonly prefix: Uint8Array
  /** leading bits that count */
  readonly bits: number
  /** covers only callers on a reserved port */
  readonly reserved: boolean
}

/** A map that is provided. */
export interface MapConfig {
  readonly name: string
  /** only for callers on a reserved port */
  readonly secure: boolean
  /** `rows`: of users, groups or another map's table, by rules of ours; `table`: of the table of its name */
  readonly made: 'rows' | 'table'
  /** the longest value it may hold, in bytes */
  readonly recordLimit: number
  readonly overflow: Overflow
  /** its own rules, beside those of the domain; whom they don't allow sees it as empty */
  readonly access?: readonly AccessRule[]
}

/** What becomes of a value that is over the record limit. */
export const OVERFLOWS = ['cut', 'split', 'keep', 'drop'] as const

export type Overflow = (typeof OVERFLOWS)[number]

/** Which users and groups no map shows, whatever a directory says of them. */
export interface AdmissionConfig {
  /** smaller ids are refused */
  readonly minimumUid: number
  readonly minimumGid: number
  /** in order, each once */
  readonly refusedNames: readonly string[]
}

/** One NIS domain: its maps, where they come from and who may ask for them. */
export interface DomainConfig {
  readonly domain: string
  /** seconds from the end of one refresh to the start of the next */
  readonly interval: number
  /** those that are named; what the directories name besides depends on their tables */
  readonly maps: readonly MapConfig[]
  /** in the order of the file; whom none of them matches is answered on loopback only */
  readonly access: readonly AccessRule[]
  /** the longest value a map may hold, in bytes */
  readonly recordLimit: number
  readonly overflow: Overflow
  readonly admission: AdmissionConfig
  /** percent of the users, and of the groups, that a refresh must still have; 0: it may lose any */
  readonly guardShrink: number
  /** seconds after which maps that were not found true again are no longer served */
  readonly expire?: number
  /** in the order of the file: the first that knows a name wins */
  readonly directories: readonly DirectoryConfig[]
}

/** What holds for the whole process, and its domains. */
export interface Config {
  readonly file: string
  /** `portmap`: register with rpcbind; `local`: loopback only, no registration */
  readonly bind: 'portmap' | 'local'
  /** empty: every address, and a port of our choice */
  readonly listen: readonly Listen[]
  /** whom the two processes that always run do so as when root starts them: names, or numbers in digits */
  readonly accounts: { readonly server: string; readonly directory: string }
  /** where images are kept, an absolute path; without it that depends on who starts us */
  readonly state?: string
  /** MiB that the directory process may take */
  readonly directoryMemory: number
  /** threads that answer on each UDP socket's address; `auto`: as many as there are processors */
  readonly udpWorkers: number | 'auto'
  readonly limits: LimitValues
  /** we are the port mapper of this host ourselves, and register nowhere; with `broadcast` one that finds us by CALLIT */
  readonly portmapper?: { readonly broadcast: boolean }
  readonly metrics: MetricsConfig
  /** an absolute path, and who besides root and its owner may use the socket there */
  readonly control: { readonly socket?: string; readonly group?: string }
  /** in the order of the file; at least one */
  readonly domains: readonly DomainConfig[]
  /** securenets files that let no other host in: missing, not to be read, or without a line */
  readonly closed: readonly Problem[]
}
