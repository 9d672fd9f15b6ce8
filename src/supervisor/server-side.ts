/** The server process as the supervisor sees it: kept alive, given its sockets and images, asked for records. */
import { statSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import type { Config } from '../config/config.ts'
import type { Log, LogLevel } from '../log.ts'
import type { Counts } from '../messages/counts.ts'
import type { Published } from '../messages/directory.ts'
import { createRequests, type Requests } from '../messages/requests.ts'
import {
  type FromServer,
  fromServer,
  type LoadedImage,
  type ServerLimits,
  type ServerSettings,
  type ToServer,
} from '../messages/server.ts'
import type { PackedClients, RequestCount } from '../messages/usage.ts'
import { within } from '../within.ts'
import type { Account } from './accounts.ts'
import { changesOf, differ } from './changes.ts'
import { type Child, startChild } from './child.ts'
import { createKeeper, type Life, type Successor } from './keeper.ts'
import type { Known } from './known-clients.ts'
import { namedOf } from './named-endpoints.ts'
import { endpointsOf, pairsOf, type Sockets } from './sockets.ts'

/** Its work comes in slices of a few milliseconds, so that long without an answer it is stuck. */
const PATIENCE_MS = 10_000

/** One that has answered for so long is killed by something that comes seldom, and is missed at once. */
const SOUND_MS = 1000

/** Who asks how the daemon fares waits no longer for what was counted. */
const COUNTS_MS = 1000

export interface ServerPlan {
  readonly account: Account | undefined
  readonly sockets: Sockets
  readonly limits: ServerLimits
  /** we are the port mapper ourselves */
  readonly portmapper: Config['portmapper']
  readonly domains: readonly ServedPlan[]
}

/** Of one domain. */
export interface ServedPlan {
  readonly domain: string
  readonly settings: ServerSettings
  /** where images for this configuration are committed, and what they must be made for */
  readonly image: Pick<Published, 'path' | 'domain' | 'fingerprint'>
}

/** What is served: its maps, and since when they are known to be true. */
export type ServedImage = Omit<LoadedImage, 'kind' | 'id'>

export interface ServerSide {
  readonly begin: () => Promise<void>
  /** New settings for the process that runs. */
  readonly configure: (plan: ServerPlan) => void
  /** A second process for what one that runs can't change: its sockets, its account. */
  readonly prepare: (
    plan: ServerPlan,
    unwanted: AbortSignal,
  ) => Promise<Pick<Successor<Server>, 'takeOver' | 'abandon'>>
  /** What is to be served of its domain: as it was told last, or made anew, or found true again. */
  readonly publish: (image: Published) => void
  /** Resolves when what was published last is served, or is not going to be. */
  readonly settled: (domain: string) => Promise<void>
  readonly image: (domain: string) => ServedImage | undefined
  /** why what was published last is not served, or '' */
  readonly refused: (domain: string) => string
  /** how datagrams are answered, for people; '' while nobody does */
  readonly transport: () => string
  /** what it has counted; undefined when it does not run or does not say soon */
  readonly counts: () => Promise<Counts | undefined>
  readonly match: (domain: string, map: string, key: string) => AsyncGenerator<Records>
  readonly cat: (domain: string, map: string) => AsyncGenerator<Records>
  /** what it was asked, since it was started */
  readonly usage: () => AsyncGenerator<readonly RequestCount[]>
  /** and by whom; the one last seen first */
  readonly clients: () => AsyncGenerator<PackedClients>
  readonly setLevel: (level: LogLevel) => void
  readonly process: () => { readonly child: Child<ToServer> | undefined; readonly restarts: number }
  readonly stop: () => Promise<void>
}

type Records = Extract<FromServer, { kind: 'records' }>['records']
/** of an answer that comes in several */
type Part = Extract<FromServer, { kind: 'records' | 'usage' | 'clients' }>
type RefusedImage = Extract<FromServer, { kind: 'refused' }>

/** An image to be served; that which was found on disk at the start is known only when it is loaded. */
type Wanted = ServedPlan['image'] & { readonly fresh: number } & Partial<Published>

/** One server process, and what is known of it alone. */
interface Server {
  readonly child: Child<ToServer>
  readonly stop: () => Promise<void>
  readonly requests: Requests<Part>
  /** it has a successor, and may go */
  draining: boolean
  /** by domain */
  readonly serving: Map<string, Serving>
  /** how it answers datagrams, for people; '' until it does */
  transport: string
  /** resolves with what it has counted, when it was asked */
  counting: PromiseWithResolvers<Counts | undefined> | undefined
}

/** What one server process makes of one domain. */
interface Serving {
  /** what it was told to load last, and by which id */
  told: Wanted | undefined
  load: number
  /** of what it was told last: why it is not served */
  refused: string
  /** resolves when what it was told last is served or refused */
  settled: PromiseWithResolvers<void> | undefined
  image: ServedImage | undefined
}

export interface ServerSideOptions {
  readonly program: string
  readonly plan: ServerPlan
  readonly level: () => LogLevel
  readonly log: Log
  /** the image that is served, or none, has changed */
  readonly changed: () => void
  /** who has asked before */
  readonly known: () => Known | undefined
  /** what was committed of a domain can't be served: it is needed anew */
  readonly needsImage: (domain: string) => void
}

export function createServerSide(options: ServerSideOptions): ServerSide {
  const { program, level, log, changed, known: knownClients, needsImage } = options
  let { plan } = options
  /** those that serve, or are about to */
  const servers = new Set<Server>()
  /** by domain */
  const wanted = new Map(plan.domains.flatMap(({ domain, image }) => onDisk(domain, image)))
  /** domains whose image was asked for anew since one was served: asking again would not help */
  const asked = new Set<string>()
  let loads = 0
  /** how those that serve answer datagrams, as the log knows it */
  let known = ''

  const tell = (server: Server, domain: string) => {
    const image = wanted.get(domain)
    if (image === undefined || server.draining) return
    const serving = servingOf(server, domain)
    const { told } = serving
    serving.told = image
    if (told !== undefined && isSame(told, image)) {
      if (serving.refused !== '' || told.fresh === image.fresh) return
      server.child.send({ kind: 'fresh', domain, at: image.fresh })
      if (serving.image !== undefined && serving.settled === undefined) {
        serving.image = { ...serving.image, fresh: image.fresh }
      }
      return
    }
    loads += 1
    serving.load = loads
    serving.refused = ''
    serving.settled ??= Promise.withResolvers()
    const { path, fingerprint, fresh } = image
    server.child.send({ kind: 'load', id: loads, path, domain, fingerprint, fresh })
  }

  const loaded = (server: Server, image: LoadedImage) => {
    const { domain, generation, created, contents } = image
    const serving = server.serving.get(domain)
    // Of a domain that was removed meanwhile.
    if (serving === undefined) return
    const before = currentOf(domain)?.image
    serving.image = image
    if (image.id === serving.load && serving.told !== undefined) {
      serving.told = { ...serving.told, domain, generation, created, contents }
      serving.image = { ...image, fresh: serving.told.fresh }
      settle(serving)
      asked.delete(domain)
    }
    // A successor has it from the one before it.
    if (before?.contents !== contents || before.created !== created) {
      log('info', 'published', described(image))
    }
    changed()
  }

  const refuse = (server: Server, { id, domain, path, reason }: RefusedImage) => {
    log('error', 'image-refused', `the image ${path} is refused: ${reason}`)
    const serving = server.serving.get(domain)
    if (id !== serving?.load) return
    serving.refused = reason
    settle(serving)
    changed()
    if (!asked.has(domain)) needsImage(domain)
    asked.add(domain)
  }

  const start = (from: ServerPlan, { ready, sound, ended }: Life): Server => {
    const pairs = pairsOf(from.sockets)
    let open = false
    const child: Child<ToServer> = startChild({
      role: 'server',
      program,
      account: from.account,
      args: pairs.flatMap(({ address, udp, portmap }) =>
        ['tcp', ...udp.map(() => (isIPv6(address) ? 'udp6' : 'udp4'))].map((kind) =>
          portmap === true ? `portmap-${kind}` : kind,
        ),
      ),
      handles: pairs.flatMap(({ tcp, udp }) => [tcp, ...udp]),
      shape: fromServer,
      patience: PATIENCE_MS,
      memory: () => Infinity,
      ended(reason) {
        servers.delete(server)
        for (const serving of server.serving.values()) settle(serving)
        server.requests.fail('the server process is gone')
        counted(server, undefined)
        ended(reason)
      },
      message(message) {
        switch (message.kind) {
          case 'ready':
            open = true
            server.transport = message.transport
            if (known !== '' && known !== message.transport) log('info', 'transport', message.transport)
            known = message.transport
            setTimeout(sound, SOUND_MS).unref()
            break
          case 'loaded':
            if (!server.draining) loaded(server, message)
            break
          case 'refused':
            if (!server.draining) refuse(server, message)
            break
          case 'records':
          case 'usage':
          case 'clients':
            if (!server.requests.part(message.id, message)) child.send({ kind: 'drop', id: message.id })
            return
          case 'end':
            server.requests.end(message.id, message.error)
            return
          case 'counts':
            counted(server, message.counts)
            return
          default:
            message satisfies never
        }
        if (open && [...server.serving.values()].every(({ settled }) => settled === undefined)) ready()
      },
    })
    const server: Server = {
      child,
      stop: child.stop,
      requests: createRequests(),
      draining: false,
      serving: new Map(),
      transport: '',
      counting: undefined,
    }
    servers.add(server)
    child.send({ kind: 'log-level', level: level() })
    child.send({ kind: 'limits', ...from.limits })
    const before = knownClients()
    for (const clients of before?.parts ?? []) child.send({ kind: 'remember', clients, state: before!.state })
    sendPortmap(server, from)
    for (const { settings } of from.domains) child.send(settings)
    // Before the sockets are opened: calls that wait there are to be answered from these images.
    for (const { domain } of from.domains) tell(server, domain)
    child.send({ kind: 'open' })
    return server
  }

  const keeper = createKeeper<ServerPlan, Server>(
    'server',
    plan,
    {
      start,
      lost: changed,
      dismiss(server) {
        server.draining = true
        server.child.send({ kind: 'drain' })
      },
    },
    log,
  )

  async function* ask<T>(
    say: (id: number) => ToServer,
    take: (part: Part) => T | undefined,
  ): AsyncGenerator<T> {
    const server = keeper.current()
    if (server === undefined) throw new Error('the server process is not running')
    const { child, requests } = server
    const parts = requests.parts({
      ask: (id) => child.send(say(id)),
      more: (id) => child.send({ kind: 'more', id }),
      drop: (id) => child.send({ kind: 'drop', id }),
    })
    for await (const part of parts) {
      const taken = take(part)
      if (taken === undefined) throw new Error(`the server process answered with ${part.kind}`)
      yield taken
    }
  }

  const currentOf = (domain: string) => keeper.current()?.serving.get(domain)

  const put = (next: ServerPlan) => {
    plan = next
    const names = new Set(next.domains.map(({ domain }) => domain))
    for (const domain of wanted.keys()) if (!names.has(domain)) wanted.delete(domain)
    for (const domain of asked) if (!names.has(domain)) asked.delete(domain)
  }

  return {
    begin: keeper.begin,
    configure(next) {
      const { changed: others, removed } = changesOf(plan.domains, next.domains)
      const limited = differ(plan.limits, next.limits)
      const mapped = differ(plan.portmapper, next.portmapper)
      put(next)
      keeper.replan(next)
      const server = keeper.current()
      if (limited) server?.child.send({ kind: 'limits', ...next.limits })
      if (mapped && server !== undefined) sendPortmap(server, next)
      for (const domain of removed) {
        server?.child.send({ kind: 'remove', domain })
        forget(server, domain)
      }
      for (const { settings } of others) server?.child.send(settings)
    },
    async prepare(next, unwanted) {
      const successor = await keeper.prepare(next, unwanted)
      const { one, takeOver, abandon } = successor
      const lacks = next.domains.find(
        ({ domain }) =>
          currentOf(domain)?.image !== undefined && one.serving.get(domain)?.image === undefined,
      )
      if (lacks !== undefined) {
        await abandon()
        const reason = one.serving.get(lacks.domain)?.refused ?? 'it was not told of it'
        throw new Error(`it can't serve what is served now of ${lacks.domain}: ${reason}`)
      }
      return {
        abandon,
        takeOver() {
          put(next)
          takeOver()
        },
      }
    },
    publish(image) {
      const { domain } = image
      if (!plan.domains.some((one) => one.domain === domain)) return
      wanted.set(domain, image)
      for (const server of servers) tell(server, domain)
    },
    settled: (domain) => currentOf(domain)?.settled?.promise ?? Promise.resolve(),
    image: (domain) => currentOf(domain)?.image,
    refused: (domain) => currentOf(domain)?.refused ?? '',
    transport: () => keeper.current()?.transport ?? '',
    async counts() {
      const server = keeper.current()
      return server === undefined ? undefined : countsOf(server)
    },
    match: (domain, map, key) => ask((id) => ({ kind: 'match', id, domain, map, key }), recordsOf),
    cat: (domain, map) => ask((id) => ({ kind: 'cat', id, domain, map }), recordsOf),
    usage: () =>
      ask(
        (id) => ({ kind: 'usage', id }),
        (part) => (part.kind === 'usage' ? part.usage : undefined),
      ),
    clients: () =>
      ask(
        (id) => ({ kind: 'clients', id }),
        (part) => (part.kind === 'clients' ? part.clients : undefined),
      ),
    setLevel(to) {
      for (const { child } of servers) child.send({ kind: 'log-level', level: to })
    },
    process: () => ({ child: keeper.current()?.child, restarts: keeper.restarts() }),
    stop: keeper.stop,
  }
}

function recordsOf(part: Part): Records | undefined {
  return part.kind === 'records' ? part.records : undefined
}

/** What the port mapper tells those who look for us. */
function sendPortmap({ child }: Server, { portmapper, sockets }: ServerPlan): void {
  if (portmapper === undefined) return
  child.send({ kind: 'portmap', ...portmapper, entries: [...namedOf(endpointsOf(sockets))] })
}

function servingOf({ serving }: Server, domain: string): Serving {
  const known = serving.get(domain)
  if (known !== undefined) return known
  const fresh = { told: undefined, load: 0, refused: '', settled: undefined, image: undefined }
  serving.set(domain, fresh)
  return fresh
}

function forget(server: Server | undefined, domain: string): void {
  const serving = server?.serving.get(domain)
  if (serving !== undefined) settle(serving)
  server?.serving.delete(domain)
}

/** All who ask at one time share an answer. */
async function countsOf(server: Server): Promise<Counts | undefined> {
  if (server.counting === undefined) {
    server.counting = Promise.withResolvers()
    server.child.send({ kind: 'count' })
  }
  return within(server.counting.promise, COUNTS_MS)
}

function counted(server: Server, counts: Counts | undefined): void {
  server.counting?.resolve(counts)
  server.counting = undefined
}

function settle(serving: Serving): void {
  serving.settled?.resolve()
  serving.settled = undefined
}

/** Whether it is one and the same image, however true it has been found since. */
function isSame(a: Wanted, b: Wanted): boolean {
  return (
    a.path === b.path &&
    a.domain === b.domain &&
    a.fingerprint === b.fingerprint &&
    a.created === b.created &&
    a.generation === b.generation &&
    a.contents === b.contents
  )
}

function described({ domain, users, groups, generation }: ServedImage): string {
  return `${domain}: ${users} users and ${groups} groups, generation ${generation}`
}

/** The image that lies there, if there is one, and when it was last found true. */
function onDisk(domain: string, image: ServedPlan['image']): readonly (readonly [string, Wanted])[] {
  try {
    return [[domain, { ...image, fresh: Math.floor(statSync(image.path).mtimeMs / 1000) }]]
  } catch {
    return []
  }
}
