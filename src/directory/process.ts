/** The directory process: holds what the directories are asked with, and makes images of what they give. */
import type { Duplex } from 'node:stream'
import type { Log, LogLevel } from '../log.ts'
import type { Rejected } from '../maps/merge.ts'
import { createAnswers } from '../messages/answers.ts'
import { openChannel } from '../messages/channel.ts'
import { clip } from '../messages/common.ts'
import {
  type DirectorySettings,
  type FromDirectory,
  type ToDirectory,
  toDirectory,
} from '../messages/directory.ts'
import { readable } from './octets.ts'
import { createDirectorySide, type DirectorySide } from './side.ts'
import { createSlots } from './slots.ts'

/** Answers that may be under way at once. */
const OPEN_ANSWERS = 32

/** Refreshes of several domains: each holds its rows and its image at its end. */
const MOST_REFRESHES = 2

/** Works until its channel ends, or something is wrong that the log tells of. */
export async function runDirectory(
  stream: Duplex,
  log: Log,
  setLevel: (level: LogLevel) => void,
): Promise<void> {
  const over = Promise.withResolvers<void>()
  const send = (message: FromDirectory) => channel.send(message)
  const slots = createSlots(MOST_REFRESHES)
  const sides = new Map<string, DirectorySide>()
  /** the ends of those that were removed */
  const leaving = new Map<string, Promise<void>>()
  const end = (id: number, error?: string) => {
    send({ kind: 'end', id, ...(error !== undefined && { error: clip(error) }) })
  }
  const rejected = createAnswers<Rejected>({
    part: (id, items) => send({ kind: 'rows', id, rows: items.map(shown) }),
    end,
    size: ({ directory, dn, reason }) => directory.length + dn.length + reason.length,
    most: OPEN_ANSWERS,
  })

  /** Where there are several domains each line says of which it speaks. */
  const logOf =
    (domain: string): Log =>
    (level, event, text) => {
      const isSaid = sides.size < 2 || text.startsWith(`${domain}: `)
      log(level, event, isSaid ? text : `${domain}: ${text}`)
    }

  const configure = (settings: DirectorySettings) => {
    const { domain } = settings
    const after = leaving.get(domain) ?? Promise.resolve()
    const side = sides.get(domain) ?? createDirectorySide({ domain, send, log: logOf(domain), slots, after })
    sides.set(domain, side)
    side.configure(settings)
  }

  const remove = (domain: string) => {
    const side = sides.get(domain)
    if (side === undefined) return
    sides.delete(domain)
    const gone = side.stop().finally(() => {
      if (leaving.get(domain) === gone) leaving.delete(domain)
    })
    leaving.set(domain, gone)
  }

  const refresh = async (domain: string, force: boolean, directory: string | undefined) => {
    const side = sides.get(domain)
    if (side === undefined) throw new Error(`no such domain: ${domain}`)
    await side.refresh(force, directory)
  }

  const channel = openChannel<ToDirectory, FromDirectory>(stream, toDirectory, {
    message(message) {
      switch (message.kind) {
        case 'ping':
          return send({ kind: 'pong', id: message.id })
        case 'log-level':
          return setLevel(message.level)
        case 'configure':
          return configure(message)
        case 'remove':
          return remove(message.domain)
        case 'refresh': {
          const { id, domain, force, directory } = message
          return void refresh(domain, force, directory).then(
            () => end(id),
            (error: Error) => end(id, error.message),
          )
        }
        case 'recommit':
          return sides.get(message.domain)?.recommit()
        case 'rejected':
          return rejected.begin(message.id, (sides.get(message.domain)?.rejected() ?? []).values())
        case 'more':
          return rejected.more(message.id)
        case 'drop':
          return rejected.drop(message.id)
        default:
          message satisfies never
      }
    },
    fault(reason) {
      log('error', 'bad-message', `the supervisor said what the directory process does not know: ${reason}`)
      over.resolve()
    },
    end: over.resolve,
  })
  await over.promise
  await Promise.all([...[...sides.values()].map((side) => side.stop()), ...leaving.values()])
  channel.end()
}

function shown({ directory, dn, reason }: Rejected) {
  return { directory: clip(directory), dn: clip(readable(dn)), reason: clip(readable(reason)) }
}
