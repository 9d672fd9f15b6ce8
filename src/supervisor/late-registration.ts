/**
 * A registration with an rpcbind that can't be there yet: we have just given up its port. It is tried again and again,
 * and until it is made clients find us nowhere.
 */
import type { Log } from '../log.ts'
import { type Connect, type Registration, register } from './registration.ts'
import { connectRpcbind } from './rpcbind-client.ts'
import type { Endpoint } from './sockets.ts'

const RETRY_MS = 2000

export function registerLater(
  endpoints: readonly Endpoint[],
  log: Log,
  connect: Connect = connectRpcbind,
  /** milliseconds between two attempts */
  pause = RETRY_MS,
): Registration {
  let wanted = endpoints
  let made: Registration | undefined
  let trying: Promise<void> | undefined
  let told = ''

  const attempt = async () => {
    try {
      const asked = wanted
      made = await register(asked, log, connect)
      clearInterval(timer)
      log('info', 'registered', 'rpcbind is there, and knows us now')
      if (asked !== wanted) await made.replace(wanted)
    } catch (error) {
      const { message } = error as Error
      if (message !== told) log('warning', 'not-registered', `clients can't find us yet: ${message}`)
      told = message
    }
    trying = undefined
  }
  const timer = setInterval(() => {
    if (made === undefined) trying ??= attempt()
  }, pause)
  return {
    bindings: () => made?.bindings() ?? [],
    async replace(next) {
      wanted = next
      await made?.replace(next)
    },
    async withdraw(lasting) {
      clearInterval(timer)
      await trying
      await made?.withdraw(lasting)
    },
  }
}
