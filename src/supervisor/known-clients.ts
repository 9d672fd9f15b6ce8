/**
 * Who has asked, beyond the life of a server process and of the daemon: asked for now and then, told to the server process
 * that is started next, and kept in the state directory.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../log.ts'
import { type ClientsState, clientsHead, type PackedClients, packedClients } from '../messages/usage.ts'

/** Milliseconds between two looks: so much is lost when a server process dies. */
const LOOK_MS = 300_000

/** Milliseconds that an end or a reload waits for who does not tell, and that a look does which nobody waits for. */
const PATIENCE_MS = 2000
const IDLE_PATIENCE_MS = 60_000

/** Twice what 8,192 clients take of which each uses all the maps that are remembered of it. */
const MAX_FILE_BYTES = 32 * 2 ** 20

export interface Known {
  readonly state: ClientsState
  /** each fits into a message */
  readonly parts: readonly PackedClients[]
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

  const look = async (patience: number) => {
    const late = new Error(`the server process did not tell within ${patience / 1000} s`)
    const timeout = Promise.withResolvers<never>()
    const timer = setTimeout(() => timeout.reject(late), patience)
    try {
      const now = await Promise.race([ask(), timeout.promise])
      if (now === undefined || now.parts.length === 0) return
      known = now
      keep(path(), now)
    } catch (error) {
      // Where there is no server process, its end was told.
      if (error === late) log('warning', 'clients-not-kept', `who uses NIS is not kept: ${late.message}`)
    } finally {
      clearTimeout(timer)
    }
  }

  const timer = setInterval(() => void look(IDLE_PATIENCE_MS), LOOK_MS).unref()
  return {
    known: () => known,
    look: () => look(PATIENCE_MS),
    stop() {
      clearInterval(timer)
      return look(PATIENCE_MS)
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
  return { state, parts: lines.map((line) => packedClients(JSON.parse(line), 'a line')) }
}
