/** The server process as the supervisor sees it: kept alive, given its sockets and images, asked for records. */
import { statSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import type { Log, LogLevel } from '../log.ts'
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
import { createRequests } from './requests.ts'
import { pairsOf, type Sockets } from './sockets.ts'

/** Its work comes in slices of a few milliseconds, so that long without an answer it is stuck. */
const PATIENCE_MS = 10_000

/** One that has answered for so long is killed by something that comes seldom, and is missed at once. */
const SOUND_MS = 1000

export interface ServerPlan {
  readonly account: Account | undefined
  readonly sockets: Sockets
  readonly settings: ServerSettings
  /** where the image of its domain is committed */
  readonly image: string
}

/** What is served: its maps, and since when they are known to be true. */
export interface ServedImage extends LoadedImage {
  readonly fresh: number
}

export interface ServerSide {
  readonly begin: () => Promise<void>
  /** New settings for the process that runs. */
  readonly configure: (plan: ServerPlan) => void
  /** A second process for what one that runs can't change: its sockets, its account. */
  readonly prepare: (plan: ServerPlan) => Promise<Successor>
  readonly load: (path: string, fresh: number) => void
  /** Resolves when the image that was last told of is served, or is not going to be. */
  readonly settled: () => Promise<void>
  readonly fresh: (at: number) => void
  readonly image: () => ServedImage | undefined
  /** why the last image is not served, or '' */
  readonly refused: () => string
  readonly match: (map: string, key: string) => AsyncGenerator<Records>
  readonly cat: (map: string) => AsyncGenerator<Records>
  readonly setLevel: (level: LogLevel) => void
  readonly process: () => { readonly child: Child<ToServer> | undefined; readonly restarts: number }
  readonly stop: () => Promise<void>
}

type Records = Extract<FromServer, { kind: 'records' }>['records']

export interface ServerSideOptions {
  readonly program: string
  readonly plan: ServerPlan
  readonly level: () => LogLevel
  readonly log: Log
  /** the image that is served, or none, has changed */
  readonly changed: () => void
  /** an image was refused: another is needed */
  readonly needsImage: () => void
}

export function createServerSide(options: ServerSideOptions): ServerSide {
  const { program, level, log, changed, needsImage } = options
  let { plan } = options
  let image: ServedImage | undefined
  let refused = ''
  let fresh = 0
  let settled = Promise.withResolvers<void>()
  settled.resolve()
  const requests = createRequests<Records>()

  const start = ({ ready, sound, ended }: Life): Child<ToServer> => {
    const pairs = pairsOf(plan.sockets)
    const committed = modified(plan.image)
    let open = false
    const child: Child<ToServer> = startChild({
      role: 'server',
      program,
      account: plan.account,
      args: pairs.flatMap(({ address }) => ['tcp', isIPv6(address) ? 'udp6' : 'udp4']),
      handles: pairs.flatMap(({ tcp, udp }) => [tcp, udp]),
      shape: fromServer,
      patience: PATIENCE_MS,
      memory: () => Infinity,
      ended,
      message(message) {
        switch (message.kind) {
          case 'ready':
            open = true
            setTimeout(sound, SOUND_MS).unref()
            if (committed === undefined) ready()
            return
          case 'loaded':
            image = { ...message, fresh }
            refused = ''
            settled.resolve()
            log('info', 'published', described(message))
            changed()
            if (open) ready()
            return
          case 'refused':
            refused = message.reason
            settled.resolve()
            log('error', 'image-refused', `the image ${message.path} is refused: ${message.reason}`)
            changed()
            needsImage()
            if (open) ready()
            return
          case 'records':
            if (!requests.part(message.id, message.records)) child.send({ kind: 'drop', id: message.id })
            return
          case 'end':
            requests.end(message.id, message.error)
            return
          default:
            message satisfies never
        }
      },
    })
    child.send({ kind: 'log-level', level: level() })
    // Before the settings, with which it opens its sockets: calls that wait there are to be answered from the image.
    if (committed !== undefined) {
      fresh = committed
      child.send({ kind: 'load', path: plan.image, fresh })
    }
    child.send(plan.settings)
    return child
  }

  const lost = () => {
    image = undefined
    settled.resolve()
    requests.fail('the server process is gone')
    changed()
  }

  const keeper = createKeeper<ToServer>(
    'server',
    { start, lost, dismiss: (old) => old.send({ kind: 'drain' }) },
    log,
  )

  const ask = (say: (id: number) => ToServer) =>
    requests.parts({
      ask: (id) => {
        const child = keeper.child()
        if (child === undefined) requests.end(id, 'the server process is not running')
        else child.send(say(id))
      },
      more: (id) => keeper.child()?.send({ kind: 'more', id }),
      drop: (id) => keeper.child()?.send({ kind: 'drop', id }),
    })

  return {
    begin: keeper.begin,
    configure(next) {
      plan = next
      keeper.send(plan.settings)
    },
    async prepare(next) {
      const before = plan
      plan = next
      try {
        const successor = await keeper.prepare()
        return {
          takeOver: successor.takeOver,
          async abandon() {
            plan = before
            await successor.abandon()
          },
        }
      } catch (error) {
        plan = before
        throw error
      }
    },
    load(path, since) {
      fresh = since
      if (keeper.child() !== undefined) settled = Promise.withResolvers<void>()
      keeper.send({ kind: 'load', path, fresh })
    },
    settled: () => settled.promise,
    fresh(at) {
      fresh = at
      if (image !== undefined) image = { ...image, fresh }
      keeper.send({ kind: 'fresh', at })
    },
    image: () => image,
    refused: () => refused,
    match: (map, key) => ask((id) => ({ kind: 'match', id, map, key })),
    cat: (map) => ask((id) => ({ kind: 'cat', id, map })),
    setLevel: (to) => keeper.send({ kind: 'log-level', level: to }),
    process: () => ({ child: keeper.child(), restarts: keeper.restarts() }),
    stop: keeper.stop,
  }
}

function described({ domain, users, groups, generation }: LoadedImage): string {
  return `${domain}: ${users} users and ${groups} groups, generation ${generation}`
}

/** When the file was last found true, in seconds since 1970; undefined when there is none. */
function modified(path: string): number | undefined {
  try {
    return Math.floor(statSync(path).mtimeMs / 1000)
  } catch {
    return undefined
  }
}
