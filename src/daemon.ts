/**
 * The parts put together. The directory side and the server side meet in the messages of the one to the other,
 * and in nothing else.
 */
import type { Config } from './config/config.ts'
import { startDirectorySide } from './directory/refresh.ts'
import type { Log } from './log.ts'
import { startServer } from './server/server.ts'
import { register } from './supervisor/registration.ts'
import { bindSockets, type Sockets } from './supervisor/sockets.ts'

export interface Daemon {
  /** Refreshes from the directories now. */
  refresh(): void
  /** Takes the registration back and closes everything. */
  stop(): Promise<void>
}

/** Starts to serve; throws StartError when it can't. */
export async function startDaemon(config: Config, log: Log): Promise<Daemon> {
  const local = config.bind === 'local'
  const sockets = await bindSockets(config.listen, local, log)
  const server = startServer({ ...sockets, access: config.access, log })
  let unregister: () => Promise<void>
  try {
    unregister = local ? async () => {} : await register(sockets.endpoints, log)
  } catch (error) {
    sockets.close()
    throw error
  }
  const directory = startDirectorySide(config, server.receive, log)
  log('info', 'serving', `${config.domain} on ${places(sockets)}${whom(config)}`)
  return {
    refresh: directory.refreshNow,
    async stop() {
      await unregister().catch((error: Error) => {
        log('warning', 'not-unregistered', `rpcbind keeps our registration: ${error.message}`)
      })
      await directory.stop()
      server.close()
      sockets.close()
    },
  }
}

function places({ endpoints }: Sockets): string {
  return endpoints.map(({ netid, address, port }) => `${netid} ${address} port ${port}`).join(', ')
}

function whom({ access, bind }: Config): string {
  return access.length === 0 && bind === 'portmap' ? '; loopback only, for there is no "allow from"' : ''
}
