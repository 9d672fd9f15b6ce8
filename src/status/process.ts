/** The status process: answers HTTP from what the supervisor tells it, and can ask for nothing that changes anything. */
import type { Duplex } from 'node:stream'
import type { Log, LogLevel } from '../log.ts'
import { openChannel } from '../messages/channel.ts'
import type { Answer } from '../messages/control.ts'
import { createRequests } from '../messages/requests.ts'
import { type FromStatus, type Question, type ToStatus, toStatus } from '../messages/status.ts'
import { createHistorian } from './historian.ts'
import { serveHttp } from './http.ts'
import { createReader, readStatus } from './reader.ts'
import { SAMPLE_SECONDS } from './view.ts'

/** Works until its channel ends, or something is wrong that the log tells of. */
export async function runStatus(
  stream: Duplex,
  descriptors: readonly number[],
  log: Log,
  setLevel: (level: LogLevel) => void,
): Promise<void> {
  const over = Promise.withResolvers<void>()
  const requests = createRequests<Answer>()

  const channel = openChannel<ToStatus, FromStatus>(stream, toStatus, {
    message(message) {
      switch (message.kind) {
        case 'ping':
          return channel.send({ kind: 'pong', id: message.id })
        case 'log-level':
          return setLevel(message.level)
        case 'part':
          if (!requests.part(message.id, message.part)) channel.send({ kind: 'drop', id: message.id })
          return
        case 'end':
          return void requests.end(message.id, message.error)
        default:
          message satisfies never
      }
    },
    fault(reason) {
      log('error', 'bad-message', `the supervisor said what the status process does not know: ${reason}`)
      over.resolve()
    },
    end: over.resolve,
  })

  const ask = (question: Question) =>
    requests.parts({
      ask: (id) => channel.send({ kind: 'ask', id, question }),
      more: (id) => channel.send({ kind: 'more', id }),
      drop: (id) => channel.send({ kind: 'drop', id }),
    })
  const reader = createReader(ask)
  const historian = createHistorian()
  const sample = async () => {
    try {
      historian.add(await readStatus(ask))
    } catch {
      // The supervisor is ending, or has too much to do: a gap.
    }
  }
  const sampling = setInterval(() => void sample(), SAMPLE_SECONDS * 1000)
  void sample()
  const stop = await serveHttp(descriptors, { reader, history: historian.history, log })
  channel.send({ kind: 'ready' })
  await over.promise
  clearInterval(sampling)
  requests.fail('ypldap is ending')
  stop()
  channel.end()
}
