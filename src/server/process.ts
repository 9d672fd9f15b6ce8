/** The server process: answers strangers from the image that it was given, and the supervisor's questions. */
import type { Duplex } from 'node:stream'
import type { AccessRule } from '../config/config.ts'
import { DEFAULT_LIMITS } from '../config/limit-table.ts'
import { collectAll } from '../garbage.ts'
import type { Log, LogLevel } from '../log.ts'
import type { Image } from '../maps/image.ts'
import { openChannel } from '../messages/channel.ts'
import { unpackClients } from '../messages/packed-clients.ts'
import {
  type FromServer,
  type LoadedImage,
  type PortmapSettings,
  type ServerLimits,
  type ServerSettings,
  type ToServer,
  toServer,
} from '../messages/server.ts'
import { type Batched, launchBatched } from './batched-udp.ts'
import { Connections } from './connections.ts'
import { createCounters, sumOf } from './counters.ts'
import { watchExpiry } from './expiry.ts'
import { createLedger } from './ledger.ts'
import { createLoader } from './loader.ts'
import { createLookups } from './lookups.ts'
import type { MapRule, MapRules } from './map-rules.ts'
import type { News } from './news.ts'
import { createNotices, type Notices } from './notices.ts'
import { rarely } from './rarely.ts'
import { Responder } from './responder.ts'
import { Served } from './served.ts'
import type { Service, Stranger } from './service.ts'
import { type Descriptor, openSockets } from './sockets.ts'
import { chooseTransport, type Transport } from './transport.ts'

/** Milliseconds until the threads have taken a new image, and nobody needs the old one. */
const COLLECT_MS = 500

/**
 * Serves until its channel or a drain has ended, or something is wrong that the log tells of; everything is
 * closed then. Its sockets open when it is told so, behind the images that were asked for before: calls that wait
 * in the sockets since the last server process are answered from those.
 */
export async function runServer(
  stream: Duplex,
  descriptors: readonly Descriptor[],
  log: Log,
  setLevel: (level: LogLevel) => void,
): Promise<void> {
  const over = Promise.withResolvers<void>()
  const served = new Served()
  const responder = new Responder(served)
  const transport = chooseTransport()
  const inform = (news: News) => {
    for (const service of services) service.inform(news)
  }
  const expiry = watchExpiry(served, log, (domain, expired) => inform({ kind: 'expired', domain, expired }))
  const stranger = tellOfStrangers(log)
  // At once: they need a moment, and calls wait.
  const notices = createNotices(log)
  const threads = launchThreads(descriptors, transport, stranger, notices, log)
  const counters = createCounters()
  const ledger = createLedger(served.usage, [...threads.values()])
  const connections = new Connections({ limits: () => limits, counters: counters.tcp, log })
  /** the rules of each domain, and which maps it has */
  const told = new Map<string, { readonly rules: readonly AccessRule[]; readonly maps: MapRules }>()
  let limits: ServerLimits = DEFAULT_LIMITS
  let portmap: PortmapSettings = { broadcast: false, entries: [] }
  const opened = Promise.withResolvers<void>()
  let opening: Promise<void> | undefined
  let collecting: NodeJS.Timeout | undefined
  let services: readonly Service[] = []
  let closed = false

  const close = () => {
    if (closed) return
    closed = true
    expiry.stop()
    for (const service of services) service.close()
    for (const thread of threads.values()) thread.close()
    channel.end()
    over.resolve()
  }

  /** All that there is to tell. */
  const current = (): readonly News[] => [
    { kind: 'limits', limits },
    ...[...told].map(([domain, own]) => ({ kind: 'domain' as const, domain, ...own })),
    ...served.domains.flatMap(({ name, expired, image }) => [
      { kind: 'expired' as const, domain: name, expired },
      ...imageNews(image),
    ]),
  ]

  const open = async () => {
    await loader.idle()
    if (closed) return
    try {
      const { services: all, transport: how } = await openSockets(descriptors, {
        served,
        responder,
        portmap: () => portmap,
        limits: () => limits,
        stranger,
        transport,
        threads,
        news: current(),
        counters,
        connections,
        notices,
        log,
      })
      services = all
      // What has changed while they were opened.
      for (const one of current()) inform(one)
      if (closed) for (const service of services) service.close()
      else send({ kind: 'ready', transport: how.text })
    } catch (error) {
      log('error', 'not-listening', (error as Error).message)
      close()
    }
    opened.resolve()
  }

  const drain = async () => {
    await opening
    await Promise.all(services.map((service) => service.drain()))
    close()
  }

  const send = (message: FromServer) => channel.send(message)
  const lookups = createLookups(served, ledger, send)

  /** Says what became of an image, when the sockets are open too. */
  const report = async (message: FromServer) => {
    await opened.promise
    send(message)
  }
  /** What is served no longer, when nobody needs it. */
  const collectSoon = () => {
    if (!transport.batched) return
    clearTimeout(collecting)
    collecting = setTimeout(collectAll, COLLECT_MS).unref()
  }

  const loader = createLoader({
    allocate: transport.allocate,
    loaded(image, { id, domain, fresh }) {
      if (served.named(domain) === undefined) return
      served.serve(image)
      responder.forget()
      for (const news of imageNews(image)) inform(news)
      collectSoon()
      expiry.setFresh(domain, fresh)
      void report(describe(image, id, fresh))
    },
    refused: ({ id, domain, path }, reason) => void report({ kind: 'refused', id, domain, path, reason }),
  })

  const configure = ({ domain, access, expire, maps, found }: ServerSettings) => {
    const own = { rules: access.map(toRule), maps: { maps: maps.map(toMapRule), found } }
    told.set(domain, own)
    served.admit(domain, own.rules)
    served.add(domain).restrict(own.maps)
    inform({ kind: 'domain', domain, ...own })
    expiry.setLimit(domain, expire)
  }

  const remove = (domain: string) => {
    if (served.named(domain) === undefined) return
    served.remove(domain)
    told.delete(domain)
    loader.forget(domain)
    expiry.forget(domain)
    responder.forget()
    inform({ kind: 'gone', domain })
    collectSoon()
  }

  const channel = openChannel<ToServer, FromServer>(stream, toServer, {
    message(message) {
      if (closed) return
      switch (message.kind) {
        case 'ping':
          return send({ kind: 'pong', id: message.id })
        case 'log-level':
          return setLevel(message.level)
        case 'limits':
          limits = message
          return inform({ kind: 'limits', limits })
        case 'portmap':
          portmap = message
          return
        case 'configure':
          return configure(message)
        case 'remove':
          return remove(message.domain)
        case 'open':
          opening ??= open()
          return
        case 'load':
          return loader.load(message)
        case 'fresh':
          if (!loader.setFresh(message.domain, message.at)) expiry.setFresh(message.domain, message.at)
          return
        case 'match':
          return lookups.match(message.id, message.domain, message.map, message.key)
        case 'cat':
          return lookups.cat(message.id, message.domain, message.map)
        case 'usage':
          return lookups.usage(message.id)
        case 'clients':
          return lookups.clients(message.id)
        case 'remember':
          return ledger.remember(unpackClients(message.clients), message.state)
        case 'more':
          return lookups.more(message.id)
        case 'drop':
          return lookups.drop(message.id)
        case 'count': {
          const threaded = [...threads.values()].map((thread) => thread.counters)
          return send({
            kind: 'counts',
            counts: { ...sumOf(counters, threaded), clients: ledger.state() },
          })
        }
        case 'drain':
          return void drain()
        default:
          message satisfies never
      }
    },
    fault(reason) {
      log('error', 'bad-message', `the supervisor said what the server process does not know: ${reason}`)
      close()
    },
    end: close,
  })
  return over.promise
}

function describe(image: Image, id: number, fresh: number): LoadedImage {
  const { domain, generation, created, contents, users, groups, maps } = image
  return {
    kind: 'loaded',
    id,
    domain,
    generation,
    created,
    contents: contents.toString('hex'),
    fresh,
    users,
    groups,
    maps: maps.map(({ name, count, secure }) => ({ name, records: count, secure })),
  }
}

function tellOfStrangers(log: Log): Stranger {
  let count = 0
  const tell = (what: string) => {
    log('warning', 'stranger', `no answer to ${what}; ${count} calls by strangers so far`)
  }
  const toAll = rarely((address: string) => tell(`${address}, which no "allow from" covers`))
  const toOne = rarely(([address, domain]: readonly [string, string]) => {
    tell(`${address} about ${domain}, where no "allow from" covers it`)
  })
  return (address, domain, calls = 1) => {
    count += calls
    if (domain === undefined) toAll(address)
    else toOne([address, domain])
  }
}

function launchThreads(
  descriptors: readonly Descriptor[],
  transport: Transport,
  stranger: Stranger,
  notices: Notices,
  log: Log,
): ReadonlyMap<number, Batched> {
  const udp = transport.batched ? descriptors.filter(({ kind }) => kind === 'udp4' || kind === 'udp6') : []
  return new Map(udp.map(({ kind, fd }) => [fd, launchBatched(fd, kind === 'udp6', stranger, notices, log)]))
}

/** For those who share its memory. */
function imageNews(image: Image | undefined): readonly News[] {
  const bytes = image?.bytes.buffer
  return bytes instanceof SharedArrayBuffer ? [{ kind: 'image', bytes }] : []
}

function toRule({ prefix, ...rule }: ServerSettings['access'][number]): AccessRule {
  return { ...rule, prefix: Uint8Array.from(prefix) }
}

function toMapRule({ access, ...map }: ServerSettings['maps'][number]): MapRule {
  return { ...map, access: access?.map(toRule) }
}
