/** What the supervisor and the directory process say to each other. */
import { join } from 'node:path'
import { FROM_CHILD, TO_CHILD } from './child.ts'
import {
  count,
  digest,
  domain,
  end,
  finding,
  id,
  MAX_DIRECTORIES,
  MAX_FINDINGS,
  MAX_MAPS,
  mapName,
  progress,
  rejectedRows,
  words,
} from './common.ts'
import { flag, integer, list, nullable, type Of, oneOf, optional, record, text, union } from './shape.ts'
import { clientsState, packedClients } from './usage.ts'

/** A text of the file, a base with cn=accounts before it. */
const long = text(65_600)
const located = record({ value: long, at: record({ file: words, line: count, column: count }) })
const source = union('kind', {
  fixed: { value: long },
  first: { attributes: list(words, 16) },
  list: { attribute: words },
  members: { names: list(words, 16), dns: list(words, 16) },
  template: { text: located },
})

/** The longest value of a map, and what becomes of one that is longer. */
const recordLimit = integer(1, 65_536)
const overflow = oneOf('cut', 'split', 'keep', 'drop')

/** A uid or gid. */
const userId = integer(0, 4_294_967_294)

const table = record({
  of: union('kind', {
    named: { map: mapName },
    found: { map: located, only: list(mapName, MAX_MAPS), any: flag },
    followed: {},
  }),
  base: located,
  filter: located,
  each: optional(located),
  key: optional(located),
  aliases: optional(located),
  value: optional(located),
})

const directory = record({
  at: record({ file: words, line: count, column: count }),
  label: words,
  /** without it there is no update, rather than one with its last rows */
  required: flag,
  location: union('kind', {
    ldap: { host: words, port: integer(1, 65_535), security: oneOf('none', 'starttls', 'ldaps') },
    ldapi: { path: words },
    file: { path: words },
  }),
  credentials: union('kind', {
    anonymous: {},
    simple: { dn: long, password: long },
    external: { authzid: long },
  }),
  ca: optional(located),
  certificate: optional(located),
  key: optional(located),
  pageSize: integer(1, 1_000_000),
  userBase: located,
  groupBase: located,
  userFilter: located,
  groupFilter: located,
  schema: oneOf('rfc2307', 'rfc2307bis', 'ipa', 'ad'),
  idmap: oneOf('none', 'sid'),
  shadow: flag,
  tables: list(table, MAX_MAPS),
  fields: record({
    name: source,
    passwd: source,
    uid: source,
    gid: source,
    class: source,
    change: source,
    expire: source,
    gecos: source,
    home: source,
    shell: source,
    groupname: source,
    grouppasswd: source,
    groupgid: source,
    groupmembers: source,
  }),
})

export const toDirectory = union('kind', {
  ...TO_CHILD,
  /**
   * A domain to make images of; again when its configuration has changed: then only directories that differ are
   * read anew, at once.
   */
  configure: {
    domain,
    /** the host name that MASTER answers */
    master: text(256),
    /** seconds */
    interval: integer(1, 2 ** 31 - 1),
    maps: list(
      record({ name: mapName, secure: flag, made: oneOf('rows', 'table'), recordLimit, overflow }),
      MAX_MAPS,
    ),
    /** of maps that the directories name */
    recordLimit,
    overflow,
    /** whom the maps don't show */
    admission: record({ minimumUid: userId, minimumGid: userId, refusedNames: list(words, 1024) }),
    /** percent */
    guardShrink: integer(0, 100),
    /** of what decides the image's contents, in hex */
    fingerprint: digest,
    /** the state directory, where images are committed */
    state: words,
    /** What a directory may cost, each in the unit of the configuration. */
    limits: record({
      ldapConnect: count,
      ldapOperation: count,
      ldapDeadline: count,
      ldapMessage: count,
      ldapEntries: count,
      ldapValues: count,
    }),
    directories: list(directory, MAX_DIRECTORIES),
  },
  /** No more of this domain; what is under way is given up. */
  remove: { domain },
  /** Now, all directories or the one named; `force` passes the guard. Answered by `end` when it is over. */
  refresh: { id, domain, force: flag, directory: optional(words) },
  /** What it published last can't be served from its file, though it may look whole: make it anew. */
  recommit: { domain },
  /** The rows left out of the last image: `rows`, then after each part `more` or `drop`. */
  rejected: { id, domain },
  more: { id },
  drop: { id },
  /**
   * Who has asked, for this file in the state directory, in one part or several: this process alone may write there. The
   * file is replaced with the last of them.
   */
  clients: { path: words, state: clientsState, clients: packedClients, last: flag },
  /** What the directories have of a user now, and what becomes of it. Answered by `explained`. */
  explain: { id, domain, name: words },
})

export const directoryState = record({
  label: words,
  /** waiting: never read yet; kept: failed, and its last rows are in the image; failed: it has none */
  state: oneOf('waiting', 'reading', 'fresh', 'kept', 'failed'),
  /** the address, socket or file that was read last, or '' */
  source: words,
  /** when it was last read whole; 0: never */
  fetched: count,
  /** entries then, and how many milliseconds it took */
  entries: count,
  took: count,
  /** when it is read next; 0: not yet decided */
  next: count,
  /** why the last attempt failed, or '' */
  error: words,
})

/** An image that is complete, judged and on disk. */
export const published = record({
  path: words,
  domain,
  /** of the configuration that it was made for */
  fingerprint: digest,
  created: count,
  generation: count,
  /** equal in two images that say the same */
  contents: digest,
  /** since when that is known to be true, which is the oldest reading of its directories */
  fresh: count,
})

export const refreshResult = record({
  outcome: oneOf('published', 'unchanged', 'trashed'),
  /** when it ended, and how many milliseconds it took */
  at: count,
  took: count,
  entries: count,
  users: count,
  groups: count,
  rejected: count,
  /** the same by kind of reason, the most frequent first; 32 at most, and what is left as `other` */
  reasons: list(record({ reason: words, rows: count }), 33),
  /** why it was trashed, or '' */
  reason: words,
})

export const fromDirectory = union('kind', {
  ...FROM_CHILD,
  /** Sent whenever something of a domain has changed. */
  state: {
    domain,
    refreshing: flag,
    /** when the next refresh is due; 0: not yet decided */
    next: count,
    /** the last refresh that ended */
    last: nullable(refreshResult),
    /** what is to be served */
    published: nullable(published),
    directories: list(directoryState, MAX_DIRECTORIES),
  },
  /** A few times a second while directories are read. */
  progress: { domain, ...progress },
  rows: { id, rows: rejectedRows },
  end,
  /** With `error` there are no findings. */
  explained: { id, findings: list(finding, MAX_FINDINGS), error: optional(words) },
})

/** Where the directory process commits the image of a domain, and the supervisor finds it at the start. */
export function imagePath({ state, domain }: { readonly state: string; readonly domain: string }): string {
  return join(state, `${domain}.image`)
}

export type ToDirectory = Of<typeof toDirectory>
export type FromDirectory = Of<typeof fromDirectory>
export type DirectorySettings = Extract<ToDirectory, { kind: 'configure' }>
export type DirectoryLimits = DirectorySettings['limits']
export type DirectoryState = Of<typeof directoryState>
export type Published = Of<typeof published>
export type RefreshResult = Of<typeof refreshResult>
export type DirectorySideState = Extract<FromDirectory, { kind: 'state' }>
