/** The directory process: holds what the directories are asked with, and makes images of what they give. */
import type { Duplex } from 'node:stream'
import type { Log, LogLevel } from '../log.ts'
import type { Rejected } from '../maps/merge.ts'
import { createAnswers } from '../messages/answers.ts'
import { openChannel } from '../messages/channel.ts'
import { clip } from '../messages/common.ts'
import { type FromDirectory, type ToDirectory, toDirectory } from '../messages/directory.ts'
import { readable } from './octets.ts'
import { createDirectorySide } from './side.ts'

/** Answers that may be under way at once. */
const OPEN_ANSWERS = 32

/** Works until its channel ends, or something is wrong that the log tells of. */
export async function runDirectory(
  stream: Duplex,
  log: Log,
  setLevel: (level: LogLevel) => void,
): Promise<void> {
  const over = Promise.withResolvers<void>()
  const send = (message: FromDirectory) => channel.send(message)
  const side = createDirectorySide(send, log)
  const end = (id: number, error?: string) => {
    send({ kind: 'end', id, ...(error !== undefined && { error: clip(error) }) })
  }
  const rejected = createAnswers<Rejected>({
    part: (id, items) => send({ kind: 'rows', id, rows: items.map(shown) }),
    end,
    size: ({ directory, dn, reason }) => directory.length + dn.length + reason.length,
    most: OPEN_ANSWERS,
  })

  const channel = openChannel<ToDirectory, FromDirectory>(stream, toDirectory, {
    message(message) {
      switch (message.kind) {
        case 'ping':
          return send({ kind: 'pong', id: message.id })
        case 'log-level':
          return setLevel(message.level)
        case 'configure':
          return side.configure(message)
        case 'refresh': {
          const { id, force, directory } = message
          return void side.refresh(force, directory).then(
            () => end(id),
            (error: Error) => end(id, error.message),
          )
        }
        case 'recommit':
          return side.recommit()
        case 'rejected':
          return rejected.begin(message.id, side.rejected().values())
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
  await side.stop()
  channel.end()
}

function shown({ directory, dn, reason }: Rejected) {
  return { directory: clip(directory), dn: clip(readable(dn)), reason: clip(readable(reason)) }
}
