/** Who asks for what: in the server process, in messages, and in what ypldapctl and the status page show. */
import { count, domain, mapName } from './common.ts'
import { PART_ITEMS } from './limits.ts'
import { integer, list, type Of, oneOf, record, text } from './shape.ts'

/** The procedures of YP by their numbers, as yp.x calls them. */
export const PROCEDURES = [
  'null',
  'domain',
  'domain_nonack',
  'match',
  'first',
  'next',
  'xfr',
  'clear',
  'all',
  'master',
  'order',
  'maplist',
  'newxfr',
] as const

/**
 * What became of a call: a status of yp_prot.h, or one of RFC 5531. `success` has an answer without a status, as that to
 * DOMAIN; `silence` has none at all, as DOMAIN_NONACK about a domain of another server.
 */
export const OUTCOMES = [
  'true',
  'nomore',
  'nomap',
  'nodom',
  'nokey',
  'baddb',
  'yperr',
  'badargs',
  'success',
  'silence',
  'garbage_args',
  'proc_unavail',
  'prog_mismatch',
  'prog_unavail',
  'denied',
] as const

/** `other`: calls for another program or version, that were denied, or whose number names no procedure. */
export const procedure = oneOf(...PROCEDURES, 'other')
export const outcome = oneOf(...OUTCOMES)

/** Calls of one kind since the server process was started; at least one. */
export const requestCount = record({
  procedure,
  /** '' where none that is served was named, as also for the map: a stranger's words are no names */
  domain: text(64),
  map: text(64),
  outcome,
  calls: count,
})

/** As an octet of an address takes three digits: the longest of IPv6. */
const MAX_ADDRESS = 45

/** Maps that are remembered of one client. */
export const CLIENT_MAPS = 64

export const requestCounts = list(requestCount, PART_ITEMS)

const namedMap = record({ domain, map: mapName })

const client = {
  address: text(MAX_ADDRESS),
  first: count,
  last: count,
  calls: count,
  procedures: list(procedure, PROCEDURES.length + 1),
}

/**
 * The clients of a part of an answer, or of what is to be remembered, as packed-clients.ts makes them. Their maps are places
 * in a list of the part's own: all clients use the same few, and 8,192 with a list of names each were 33 MB.
 */
export const packedClients = record({
  maps: list(namedMap, PART_ITEMS * CLIENT_MAPS),
  clients: list(record({ ...client, maps: list(count, CLIENT_MAPS) }), PART_ITEMS),
})

/** How complete the list of clients is. */
export const clientsState = record({
  /** seconds since 1970: who has not asked since is not in it */
  since: count,
  /** clients that were forgotten, as there was no room for all: those that had been silent for longest */
  forgotten: count,
})

/** The first line of the file that keeps them; each that follows is one part of the list. */
export const clientsHead = record({ format: oneOf('ypldap clients 1'), state: clientsState })

/** Of the histogram, 2^n microseconds: from 4 µs to 2 s, and what took longer. */
export const LATENCY_BOUNDS = Array.from({ length: 20 }, (_, n) => 2 ** (n + 2))

/**
 * How long calls took that were answered: of UDP from when they were taken from the socket until the kernel had their
 * replies, of TCP from a whole record until its reply was written, which for a long one is its first part.
 */
export const latency = record({
  /** calls by LATENCY_BOUNDS: as many as took no longer than that and longer than the bound before; one more than there are bounds */
  buckets: list(count, LATENCY_BOUNDS.length + 1),
  /** of all, in microseconds */
  sum: integer(0, Number.MAX_SAFE_INTEGER),
})

export type Procedure = Of<typeof procedure>
export type Outcome = Of<typeof outcome>
export type RequestCount = Of<typeof requestCount>
export type NamedMap = Of<typeof namedMap>
export type PackedClients = Of<typeof packedClients>

/** A client, by its address, and what it has used; times are seconds since 1970. */
export interface Client extends Omit<PackedClients['clients'][number], 'maps'> {
  /** in no order; of one with more than CLIENT_MAPS some are missing */
  readonly maps: readonly NamedMap[]
}

export type ClientsState = Of<typeof clientsState>
export type Latency = Of<typeof latency>
