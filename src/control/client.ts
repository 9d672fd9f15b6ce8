/** Asks the daemon through its control socket. */
import { connect } from 'node:net'
import { openChannel } from '../messages/channel.ts'
import { type Answer, answer, type Request } from '../messages/control.ts'

/** The daemon can't be asked: it does not run, does not let us, or does not answer. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
}

export type Part = Exclude<Answer, { kind: 'end' }>

/** Milliseconds without a part after which the daemon is taken to be stuck. */
const PATIENCE_MS = 30_000
/** A reload may have to wait for two processes that are a minute each in starting. */
const LONG_PATIENCE_MS = 180_000

/** Parts that wait for a slow reader before no more are taken from the daemon. */
const MAX_HELD = 16

/**
 * The parts of the answer, as they come. Throws Unreachable, or the reason why the daemon gives no answer, or no
 * more of it.
 */
export async function* ask(
  path: string,
  request: Request,
  patience = patienceFor(request),
): AsyncGenerator<Part> {
  const held: Answer[] = []
  let heard = Promise.withResolvers<void>()
  let fault: Error | undefined
  const stir = () => {
    heard.resolve()
    heard = Promise.withResolvers()
  }
  const fail = (reason: Error) => {
    fault ??= reason
    stir()
  }
  const socket = connect(path)
  socket.on('error', (error: NodeJS.ErrnoException) => fail(new Unreachable(reasonOf(error, path))))
  const channel = openChannel<Answer, Request>(socket, answer, {
    message(message) {
      held.push(message)
      if (held.length >= MAX_HELD) socket.pause()
      stir()
    },
    fault: (reason) =>
      fail(new Unreachable(`what listens at ${path} is no ypldap of this version: ${reason}`)),
    end: () => fail(new Unreachable(ENDED)),
  })
  channel.send(request)
  try {
    for (;;) {
      const part = held.shift()
      if (part === undefined) {
        if (fault !== undefined) throw fault
        await within(heard.promise, patience)
        continue
      }
      if (held.length === 0) socket.resume()
      if (part.kind !== 'end') yield part
      else if (part.error === undefined) return
      else throw new Error(part.error)
    }
  } finally {
    socket.destroy()
  }
}

/** A refresh takes as long as it takes, and tells how far it is. */
function patienceFor({ kind }: Request): number {
  if (kind === 'refresh') return Infinity
  return kind === 'reload' || kind === 'check' || kind === 'explain' ? LONG_PATIENCE_MS : PATIENCE_MS
}

async function within(wait: Promise<void>, milliseconds: number): Promise<void> {
  if (milliseconds === Infinity) return wait
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(new Unreachable(`the daemon has not answered for ${milliseconds / 1000} s`)),
    milliseconds,
  )
  try {
    await Promise.race([wait, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

function reasonOf({ code = '', message }: NodeJS.ErrnoException, path: string): string {
  const reasons = new Map([
    ['ENOENT', `ypldap is not running: there is no socket at ${path}`],
    ['ECONNREFUSED', `ypldap is not running: nobody listens at ${path}`],
    ['EACCES', `no permission to ask at ${path}: be root, or in the group that 'control socket' names`],
    ['EPIPE', ENDED],
    ['ECONNRESET', ENDED],
  ])
  return reasons.get(code) ?? message
}

const ENDED = 'ypldap has closed the connection: it has ended, or answers too many others'
