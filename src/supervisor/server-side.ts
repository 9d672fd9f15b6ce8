/** The server process as the supervisor sees it: kept alive, given its sockets and images, asked for records. */
import { statSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import type { Log, LogLevel } from '../log.ts'
import type { Published } from '../messages/directory.ts'
import {
  type FromServer,
  fromServer,
  type LoadedImage,
  type ServerSettings,
  type ToServer,
} from '../messages/server.ts'
import type { Account } from './accounts.ts'
import { type Child, startChild } from './child.ts'
import { createKeeper, type Life, type Successor } from './keeper.ts'
import { createRequests, type Requests } from './requests.ts'
import { pairsOf, type Sockets } from './sockets.ts'

/** Its work comes in slices of a few milliseconds, so that long without an answer it is stuck. */
const PATIENCE_MS = 10_000

/** One that has answered for so long is killed by something that comes seldom, and is missed at once. */
const SOUND_MS = 1000

export interface ServerPlan {
  readonly account: Account | undefined
  readonly sockets: Sockets
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
  /** What is to be served: as it was told last, or made anew, or found true again. */
  readonly publish: (image: Published) => void
  /** Resolves when what was published last is served, or is not going to be. */
  readonly settled: () => Promise<void>
  readonly image: () => ServedImage | undefined
  /** why what was published last is not served, or '' */
  readonly refused: () => string
  /** how datagrams are answered, for people; '' while nobody does */
  readonly transport: () => string
  readonly match: (map: string, key: string) => AsyncGenerator<Records>
  readonly cat: (map: string) => AsyncGenerator<Records>
  readonly setLevel: (level: LogLevel) => void
  readonly process: () => { readonly child: Child<ToServer> | undefined; readonly restarts: number }
  readonly stop: () => Promise<void>
}

type Records = Extract<FromServer, { kind: 'records' }>['records']

/** An image to be served; that which was found on disk at the start is known only when it is loaded. */
type Wanted = ServerPlan['image'] & { readonly fresh: number } & Partial<Published>

/** One server process, and what is known of it alone. */
interface Server {
  readonly child: Child<ToServer>
  readonly stop: () => Promise<void>
  readonly requests: Requests<Records>
  /** it has a successor, and may go */
  draining: boolean
  /** what it was told to load last, and by which id */
  told: Wanted | undefined
  load: number
  /** of what it was told last: why it is not served */
  refused: string
  /** resolves when what it was told last is served or refused */
  settled: PromiseWithResolvers<void> | undefined
  image: ServedImage | undefined
  /** how it answers datagrams, for people; '' until it does */
  transport: string
}

export interface ServerSideOptions {
  readonly program: string
  readonly plan: ServerPlan
  readonly level: () => LogLevel
  readonly log: Log
  /** the image that is served, or none, has changed */
  readonly changed: () => void
  /** what was committed can't be served: it is needed anew */
  readonly needsImage: () => void
}

export function createServerSide(options: ServerSideOptions): ServerSide {
  const { program, plan, level, log, changed, needsImage } = options
  /** those that serve, or are about to */
  const servers = new Set<Server>()
  let wanted: Wanted | undefined = onDisk(plan.image)
  /** asked for anew since one was served: asking again would not help */
  let asked = false
  let loads = 0
  /** how those that serve answer datagrams, as the log knows it */
  let known = ''

  const tell = (server: Server) => {
    if (wanted === undefined || server.draining) return
    const { told } = server
    server.told = wanted
    if (told !== undefined && isSame(told, wanted)) {
      if (server.refused !== '' || told.fresh === wanted.fresh) return
      server.child.send({ kind: 'fresh', at: wanted.fresh })
      if (server.image !== undefined && server.settled === undefined) {
        server.image = { ...server.image, fresh: wanted.fresh }
      }
      return
    }
    loads += 1
    server.load = loads
    server.refused = ''
    server.settled ??= Promise.withResolvers()
    const { path, domain, fingerprint, fresh } = wanted
    server.child.send({ kind: 'load', id: loads, path, domain, fingerprint, fresh })
  }

  const loaded = (server: Server, image: LoadedImage) => {
    const before = keeper.current()?.image
    server.image = image
    if (image.id === server.load && server.told !== undefined) {
      const { domain, generation, created, contents } = image
      server.told = { ...server.told, domain, generation, created, contents }
      server.image = { ...image, fresh: server.told.fresh }
      settle(server)
      asked = false
    }
    // A successor has it from the one before it.
    if (before?.contents !== image.contents || before.created !== image.created) {
      log('info', 'published', described(image))
    }
    changed()
  }

  const refuse = (server: Server, id: number, path: string, reason: string) => {
    log('error', 'image-refused', `the image ${path} is refused: ${reason}`)
    if (id !== server.load) return
    server.refused = reason
    settle(server)
    changed()
    if (!asked) needsImage()
    asked = true
  }

  const start = (from: ServerPlan, { ready, sound, ended }: Life): Server => {
    const pairs = pairsOf(from.sockets)
    let open = false
    const child: Child<ToServer> = startChild({
      role: 'server',
      program,
      account: from.account,
      args: pairs.flatMap(({ address, udp }) => [
        'tcp',
        ...udp.map(() => (isIPv6(address) ? 'udp6' : 'udp4')),
      ]),
      handles: pairs.flatMap(({ tcp, udp }) => [tcp, ...udp]),
      shape: fromServer,
      patience: PATIENCE_MS,
      memory: () => Infinity,
      ended(reason) {
        servers.delete(server)
        settle(server)
        server.requests.fail('the server process is gone')
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
            if (!server.draining) refuse(server, message.id, message.path, message.reason)
            break
          case 'records':
            if (!server.requests.part(message.id, message.records))
              child.send({ kind: 'drop', id: message.id })
            return
          case 'end':
            server.requests.end(message.id, message.error)
            return
          default:
            message satisfies never
        }
        if (open && server.settled === undefined) ready()
      },
    })
    const server: Server = {
      child,
      stop: child.stop,
      requests: createRequests(),
      draining: false,
      told: undefined,
      load: 0,
      refused: '',
      settled: undefined,
      image: undefined,
      transport: '',
    }
    servers.add(server)
    child.send({ kind: 'log-level', level: level() })
    // Before the settings, with which it opens its sockets: calls that wait there are to be answered from the image.
    tell(server)
    child.send(from.settings)
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

  async function* ask(say: (id: number) => ToServer): AsyncGenerator<Records> {
    const server = keeper.current()
    if (server === undefined) throw new Error('the server process is not running')
    const { child, requests } = server
    yield* requests.parts({
      ask: (id) => child.send(say(id)),
      more: (id) => child.send({ kind: 'more', id }),
      drop: (id) => child.send({ kind: 'drop', id }),
    })
  }

  return {
    begin: keeper.begin,
    configure(next) {
      keeper.replan(next)
      keeper.current()?.child.send(next.settings)
    },
    async prepare(next, unwanted) {
      const successor = await keeper.prepare(next, unwanted)
      const { one } = successor
      if (keeper.current()?.image !== undefined && one.image === undefined) {
        await successor.abandon()
        throw new Error(`it can't serve what is served now: ${one.refused}`)
      }
      return successor
    },
    publish(image) {
      wanted = image
      for (const server of servers) tell(server)
    },
    settled: () => keeper.current()?.settled?.promise ?? Promise.resolve(),
    image: () => keeper.current()?.image,
    refused: () => keeper.current()?.refused ?? '',
    transport: () => keeper.current()?.transport ?? '',
    match: (map, key) => ask((id) => ({ kind: 'match', id, map, key })),
    cat: (map) => ask((id) => ({ kind: 'cat', id, map })),
    setLevel(to) {
      for (const { child } of servers) child.send({ kind: 'log-level', level: to })
    },
    process: () => ({ child: keeper.current()?.child, restarts: keeper.restarts() }),
    stop: keeper.stop,
  }
}

function settle(server: Server): void {
  server.settled?.resolve()
  server.settled = undefined
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

/** The image that lies there, and when it was last found true; undefined when there is none. */
function onDisk(image: ServerPlan['image']): Wanted | undefined {
  try {
    return { ...image, fresh: Math.floor(statSync(image.path).mtimeMs / 1000) }
  } catch {
    return undefined
  }
}
