/** What a configuration means on this host: accounts, places, and what each child is told. */
import { availableParallelism } from 'node:os'
import type { Config, DomainConfig, MetricsConfig } from '../config/config.ts'
import { fingerprint } from '../config/fingerprint.ts'
import { controlPath } from '../control/path.ts'
import type { Log } from '../log.ts'
import { imagePath } from '../messages/directory.ts'
import { MESSAGE_BYTES } from '../messages/limits.ts'
import { StartError } from '../start-error.ts'
import { findAccounts, findGroup, findStatusAccount } from './accounts.ts'
import { warnOfUnreadable } from './config-files.ts'
import type { DirectoryPlan } from './directory-side.ts'
import { checkProgram } from './readable.ts'
import type { ServedPlan, ServerPlan } from './server-side.ts'
import { directoryLimits, directorySettings, serverLimits, serverSettings } from './settings.ts'
import { prepareStateDirectory, stateDirectoryOf } from './state-directory.ts'
import type { StatusPlan } from './status-side.ts'

/** Plain data, so that two can be compared. */
export interface Plan {
  /** the state directory */
  readonly state: string
  /** UDP sockets for each address */
  readonly workers: number
  readonly control: { readonly path: string; readonly group: number | undefined }
  readonly server: Omit<ServerPlan, 'sockets'>
  readonly directory: DirectoryPlan
  readonly status: Omit<StatusPlan, 'sockets'> & Pick<MetricsConfig, 'listen'>
}

/** Makes the state directory, if it is not there, and changes nothing else. Throws StartError. */
export function makePlan(config: Config, program: string, log: Log): Plan {
  const accounts = findAccounts(config)
  const isMeasured = config.metrics.listen.length > 0
  const status = accounts && isMeasured ? findStatusAccount(config.metrics, accounts) : undefined
  if (accounts !== undefined) {
    checkProgram(program, [accounts.server, accounts.directory, ...(status === undefined ? [] : [status])])
    warnOfUnreadable(config, accounts.directory, log)
  }
  const state = stateDirectoryOf(config.state, accounts !== undefined)
  prepareStateDirectory(state, accounts)
  const { socket, group } = config.control
  return {
    state,
    workers: config.udpWorkers === 'auto' ? availableParallelism() : config.udpWorkers,
    control: { path: socket ?? controlPath(), group: group === undefined ? undefined : findGroup(group) },
    server: {
      account: accounts?.server,
      limits: serverLimits(config),
      portmapper: config.portmapper,
      domains: config.domains.map((domain) => servedPlan(domain, state)),
    },
    directory: {
      account: accounts?.directory,
      settings: config.domains.map((domain) =>
        bounded(directorySettings(domain, directoryLimits(config), state)),
      ),
      memory: config.directoryMemory,
    },
    status: { account: status, listen: config.metrics.listen },
  }
}

function servedPlan(config: DomainConfig, state: string): ServedPlan {
  const { domain } = config
  return {
    domain,
    settings: bounded(serverSettings(config)),
    image: {
      path: imagePath({ state, domain }),
      domain,
      fingerprint: fingerprint(config).toString('hex'),
    },
  }
}

/** What a child is told must fit into one message. */
function bounded<T extends object>(settings: T): T {
  const bytes = Buffer.byteLength(JSON.stringify(settings))
  if (bytes <= MESSAGE_BYTES) return settings
  throw new StartError(
    'config-too-large',
    `the configuration makes ${bytes} bytes, more than the ${MESSAGE_BYTES} that a process can be told: ` +
      'name fewer directories or rules',
  )
}
