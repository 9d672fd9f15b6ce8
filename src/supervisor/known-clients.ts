/**
 * Who has asked, beyond the life of a server process and of the daemon: asked for now and then, told to the server process
 * that is started next, and kept in the state directory.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../log.ts'
import { type Client, type ClientsState, clients, clientsHead } from '../messages/usage.ts'

/** Milliseconds between two looks: so much is lost when a server process dies. */
const LOOK_MS = 300_000

/** Milliseconds that an end or a reload waits for who does not tell. */
const PATIENCE_MS = 2000

/** 8,192 clients of which each uses 30 maps take half of it. */
const MAX_FILE_BYTES = 32 * 2 ** 20

export interface Known {
  readonly state: ClientsState
  /** each fits into a message */
  readonly parts: readonly (readonly Client[])[]
}

export interface KnownClients {
  /** what the next server process is to begin with */
  readonly known: () => Known | undefined
  /** Asks who has asked since, and keeps it. */
  readonly look: () => Promise<void>
  /** A last look. */
  readonly stop: () => Promise<void>
}

export interface KnownClientsOptions {
  /** of the state directory, as it is now */
  readonly path: () => string
  /** throws, or gives nothing, while no server process can tell */
  readonly ask: () => Promise<Known | undefined>
  readonly keep: (path: string, known: Known) => void
  readonly log: Log
}

export function clientsPath(state: string): string {
  return join(state, 'clients')
}

export function rememberClients({ path, ask, keep, log }: KnownClientsOptions): KnownClients {
  let known = readKept(path(), log)

  const look = async () => {
    const late = Promise.withResolvers<undefined>()
    const timer = setTimeout(() => late.resolve(undefined), PATIENCE_MS)
    const now = await Promise.race([ask().catch(() => undefined), late.promise])
    clearTimeout(timer)
    if (now === undefined || now.parts.length === 0 || JSON.stringify(now) === JSON.stringify(known)) return
    known = now
    keep(path(), now)
  }

  const timer = setInterval(() => void look(), LOOK_MS).unref()
  return {
    known: () => known,
    look,
    stop() {
      clearInterval(timer)
      return look()
    },
  }
}

/** Undefined where none are, or what lies there is of no use, which is no reason not to serve. */
function readKept(path: string, log: Log): Known | undefined {
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
  } catch {
    return undefined
  }
  try {
    const stats = fstatSync(file)
    if (!stats.isFile() || stats.size > MAX_FILE_BYTES) throw new Error('it is no file of ours')
    return parseKept(readFileSync(file, 'utf8'))
  } catch (error) {
    const reason = (error as Error).message
    log('warning', 'clients-forgotten', `${path} is of no use, so the list of clients begins anew: ${reason}`)
    return undefined
  } finally {
    closeSync(file)
  }
}

/** Throws ShapeError, and SyntaxError of JSON. */
export function parseKept(text: string): Known {
  const [head = '', ...lines] = text.trimEnd().split('\n')
  const { state } = clientsHead(JSON.parse(head), 'its first line')
  return { state, parts: lines.map((line) => clients(JSON.parse(line), 'a line')) }
}
