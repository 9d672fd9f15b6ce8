/** What the supervisor and the server process say to each other. */
import { FROM_CHILD, TO_CHILD } from './child.ts'
import {
  count,
  digest,
  domain,
  end,
  id,
  MAX_MAPS,
  mapName,
  mapState,
  octets,
  records,
  words,
} from './common.ts'
import { counts } from './counts.ts'
import { flag, integer, list, nullable, type Of, oneOf, optional, record, union } from './shape.ts'
import { clientsState, packedClients, requestCounts } from './usage.ts'

const rule = record({
  verdict: oneOf('allow', 'deny'),
  prefix: list(integer(0, 255), 16),
  bits: integer(0, 128),
  /** covers only callers on a reserved port */
  reserved: flag,
})

const rules = list(rule, 10_000)

export const toServer = union('kind', {
  ...TO_CHILD,
  /** What callers may cost, each in the unit of the configuration: before `open`, and again when it has changed. */
  limits: {
    tcpRequest: count,
    tcpFragments: count,
    tcpIdle: count,
    tcpUnfinished: count,
    tcpStalled: count,
    tcpConnections: count,
    tcpConnectionsPerAddress: count,
    tcpInFlight: count,
    tcpOutbound: count,
    udpReply: count,
    udpRate: count,
    udpRateDryRun: count,
  },
  /**
   * Where we are, one place a transport, for those who ask the port mapper that we are ourselves; and whether it passes
   * on what is sent to all hosts. Before `open`, and again when it has changed.
   */
  portmap: {
    broadcast: flag,
    entries: list(
      record({ netid: oneOf('udp', 'tcp', 'udp6', 'tcp6'), address: words, port: integer(1, 65_535) }),
      4,
    ),
  },
  /** A domain to be served, and by which rules; again when they have changed. */
  configure: {
    domain,
    access: rules,
    /** seconds after which an image is too old for DOMAIN to say yes, or null */
    expire: nullable(count),
    /**
     * Those that are provided, with rules of their own, and whether those that the directory names are: no others of an
     * image are served.
     */
    maps: list(record({ name: mapName, secure: flag, access: optional(rules) }), MAX_MAPS),
    found: flag,
  },
  /** No more of this domain. */
  remove: { domain },
  /** Open the sockets, behind each `load` that came before: calls that wait in them are answered from those images. */
  open: {},
  /**
   * Serve the image in this file from now on, if it was made for this domain and configuration. `fresh`: since when
   * its contents are known to be true. Answered by `loaded` or `refused`, but for one that the next overtakes.
   */
  load: { id, path: words, domain, fingerprint: digest, fresh: count },
  /** The image that is served has been found true again. */
  fresh: { domain, at: count },
  /** One record, or all of a map: `records`, then after each part `more` or `drop`; `end` in the end. */
  match: { id, domain, map: mapName, key: octets },
  cat: { id, domain, map: mapName },
  /** Calls by what became of them, in parts named `usage`; and clients, the one last seen first, in parts named `clients`. */
  usage: { id },
  clients: { id },
  more: { id },
  drop: { id },
  /** What was known of clients before it was started, in one part or several: it goes on from there. */
  remember: { clients: packedClients, state: clientsState },
  /** What it has counted: answered by `counts`. */
  count: {},
  /** Let others have the sockets; end when those who are connected have had their answers. */
  drain: {},
})

export const fromServer = union('kind', {
  ...FROM_CHILD,
  /** Its sockets are open and it answers; how, is for people. */
  ready: { transport: words },
  loaded: {
    id,
    domain,
    generation: count,
    created: count,
    /** equal in two images that say the same */
    contents: digest,
    fresh: count,
    users: count,
    groups: count,
    maps: list(mapState, MAX_MAPS),
  },
  refused: { id, domain, path: words, reason: words },
  records: { id, records },
  usage: { id, usage: requestCounts },
  clients: { id, clients: packedClients },
  end,
  counts: { counts },
})

export type ToServer = Of<typeof toServer>
export type FromServer = Of<typeof fromServer>
export type ServerLimits = Omit<Extract<ToServer, { kind: 'limits' }>, 'kind'>
export type PortmapSettings = Omit<Extract<ToServer, { kind: 'portmap' }>, 'kind'>
export type ServerSettings = Extract<ToServer, { kind: 'configure' }>
export type LoadedImage = Extract<FromServer, { kind: 'loaded' }>
