/**
 * The parent of all: holds the sockets, rpcbind's entry, the control socket and the configuration, keeps the two
 * children alive and passes on what the one has made for the other. It looks into no packet, no LDAP message and
 * no image.
 */

import { universalPort } from '../../rpc/rpcbind.ts'
import type { Config } from '../config/config.ts'
import { formatProblem, headOf } from '../config/problem.ts'
import { answerTo } from '../control/answers.ts'
import { type ControlListener, type ControlPlace, listenControl } from '../control/listener.ts'
import type { Operations } from '../control/operations.ts'
import type { Log, Logger, LogLevel } from '../log.ts'
import type { PackedClients } from '../messages/usage.ts'
import { StartError } from '../start-error.ts'
import { differ } from './changes.ts'
import { createDirectorySide, isAnother } from './directory-side.ts'
import { clientsPath, rememberClients } from './known-clients.ts'
import { registerLater } from './late-registration.ts'
import { namedOf, tellOfUnnamed } from './named-endpoints.ts'
import { createNotifier } from './notify.ts'
import { passedSockets } from './passed-sockets.ts'
import { makePlan, type Plan } from './plan.ts'
import { refuseBesideRpcbind, withPortmapper } from './portmap-sockets.ts'
import { type Registration, register } from './registration.ts'
import { createServerSide } from './server-side.ts'
import {
  bindSockets,
  closeSockets,
  type Endpoint,
  endpointsOf,
  placesOf,
  portmapEndpointsOf,
  type Sockets,
} from './sockets.ts'
import { type ConfigSource, checkConfig, stageConfig } from './stage.ts'
import { type Named, statusOf } from './status.ts'
import { createStatusSide } from './status-side.ts'
import { bindStatusSockets, closeStatusSockets } from './status-sockets.ts'
import { summaryOf } from './summary.ts'
import { createTurns } from './turns.ts'

export interface Supervisor {
  /** Reads the configuration again; gives back what is wrong with it, if it stays with the old one. */
  readonly reload: () => Promise<readonly string[]>
  /** Takes the registration back and ends everything. */
  readonly stop: () => Promise<void>
}

export interface SupervisorOptions {
  readonly source: ConfigSource
  readonly config: Config
  readonly logger: Logger
  readonly level: LogLevel
  /** asked to end by the control socket */
  readonly stopRequested: () => void
}

type Control = ControlPlace & ControlListener

/** Starts to serve; throws StartError when it can't. */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const { source, logger, stopRequested } = options
  const { log } = logger
  const started = Math.floor(Date.now() / 1000)
  let { config, level } = options
  let plan = makePlan(config, source.program, log)
  const passed = passedSockets(process.env, process.pid)
  const bind = async (wanted: Config, held?: Sockets) => {
    const isNew = held === undefined || portmapEndpointsOf(held).length === 0
    if (wanted.portmapper !== undefined && isNew) await refuseBesideRpcbind()
    const own = bindSockets(wanted.listen, wanted.bind === 'local', plan.workers, log, held, passed)
    return wanted.portmapper === undefined ? own : withPortmapper(own, held)
  }
  let sockets = await bind(config)
  let statusSockets = boundBeside(sockets, () => bindStatusSockets(config.metrics))
  const notifier = createNotifier(process.env, log)
  const levelNow = () => level

  const tell = () => notifier.status(summary())
  const clients = rememberClients({
    path: () => clientsPath(plan.state),
    async ask() {
      const parts: PackedClients[] = []
      for await (const part of server.clients()) parts.push(part)
      const counts = await server.counts()
      return counts && { state: counts.clients, parts }
    },
    keep: (path, known) => directory.keepClients(path, known),
    log,
  })
  const directory = createDirectorySide({
    program: source.program,
    plan: plan.directory,
    level: levelNow,
    log,
    changed({ published }) {
      if (published !== null) server.publish(published)
      tell()
    },
  })
  const server = createServerSide({
    program: source.program,
    plan: { ...plan.server, sockets },
    level: levelNow,
    log,
    changed: tell,
    known: clients.known,
    needsImage: (domain) => directory.recommit(domain),
  })

  const status = createStatusSide({
    program: source.program,
    level: levelNow,
    log,
    answer: (request) => answerTo(request, operations, () => {}),
  })

  const summary = () => summaryOf(config.domains.map(({ domain }) => [domain, server.image(domain)]))

  let registration: Registration | undefined
  let control: Control | undefined
  const ending = new AbortController()

  const stop = async () => {
    ending.abort()
    notifier.stopping()
    // It is told to give up, and has to undo what it had begun.
    await reload.idle()
    await control?.close()
    // What comes in on sockets that were passed waits for the next start, so clients must go on finding them.
    await withdraw(registration, log, placesOf(passed))
    await clients.stop()
    await Promise.all([directory.stop(), server.stop(), status.stop()])
    closeSockets(sockets)
    closeStatusSockets(statusSockets)
  }

  /** Of those who ask while one is under way, all wait for one more: it reads what they mean. */
  const reload = createTurns(async (): Promise<readonly string[]> => {
    if (ending.signal.aborted) return [ENDING]
    notifier.reloading()
    try {
      const staged = await stageConfig(source, ending.signal)
      const problems = staged.config === undefined ? staged.problems : await apply(staged.config)
      if (problems.length === 0) log('info', 'reloaded', `${source.file} is in force`)
      else
        log('error', 'reload-failed', `${source.file}: nothing changes: ${problems.map(headOf).join('; ')}`)
      return problems
    } finally {
      if (!ending.signal.aborted) notifier.ready(summary())
    }
  })

  /** All that can fail comes first, and is undone; then what differs is put in force. */
  const apply = async (next: Config): Promise<readonly string[]> => {
    const undo: (() => unknown)[] = []
    try {
      // The state directory is for the accounts of one configuration at a time.
      undo.push(() => makePlan(config, source.program, log))
      const nextPlan = makePlan(next, source.program, log)
      if (nextPlan.workers !== plan.workers) throw new StartError('restart-needed', RESTART)
      const nextSockets = await bind(next, sockets)
      undo.push(() => closeSockets(nextSockets, sockets))
      const nextStatusSockets = bindStatusSockets(next.metrics, statusSockets)
      undo.push(() => closeStatusSockets(nextStatusSockets, statusSockets))
      const nextControl = await openControl(nextPlan.control, control, operations, logger)
      undo.push(() => (isThere(nextControl, control) ? control?.regroup(control.group) : nextControl.close()))
      const nextServer = { ...nextPlan.server, sockets: nextSockets }
      const moved = !sameWishes(sockets, nextSockets)
      const isMoving = moved || differ(plan.server.account, nextPlan.server.account)
      // What the successor is to know.
      if (isMoving) await clients.look()
      const successor = isMoving
        ? await useful('the new server process', server.prepare(nextServer, ending.signal))
        : undefined
      if (successor !== undefined) undo.push(successor.abandon)
      const before = registration
      if (moved || next.bind !== config.bind)
        registration = await registerAnew(before, next, config, nextSockets, logger)

      if (ending.signal.aborted) throw new StartError('child-failed', ENDING)
      // From here on nothing fails.
      if (successor === undefined) {
        if (differ(plan.server, nextPlan.server)) server.configure(nextServer)
      } else {
        successor.takeOver()
      }
      if (isAnother(plan.directory, nextPlan.directory)) await directory.renew(nextPlan.directory)
      else if (differ(plan.directory, nextPlan.directory)) directory.configure(nextPlan.directory)
      if (differ(plan.status, nextPlan.status))
        status.renew({ ...nextPlan.status, sockets: nextStatusSockets })
      if (!isThere(nextControl, control)) await control?.close()
      closeSockets(sockets, nextSockets)
      closeStatusSockets(statusSockets, nextStatusSockets)
      control = nextControl
      sockets = nextSockets
      statusSockets = nextStatusSockets
      config = next
      plan = nextPlan
      tellOfClosed(config, log)
      return []
    } catch (error) {
      for (const step of undo.reverse()) await undone(step, log)
      if (!(error instanceof StartError)) throw error
      return [error.message]
    }
  }

  /** The domain of that name, or the only one. */
  const meant = (name: string | undefined): string => {
    const names = config.domains.map(({ domain }) => domain)
    const [only = ''] = names
    if (name === undefined && names.length === 1) return only
    if (name !== undefined && names.includes(name)) return name
    const wrong = name === undefined ? 'there are several domains: say which' : `no such domain: ${name}`
    throw new Error(`${wrong}, of ${names.join(', ')}`)
  }

  const operations: Operations = {
    status: async () =>
      statusOf({
        file: source.file,
        config,
        plan,
        level,
        started,
        endpoints: endpointsOf(sockets),
        named: namedBy(config, sockets, registration),
        portmap: portmapEndpointsOf(sockets),
        server,
        directory,
        statusSide: status,
        counts: await server.counts(),
      }),
    async refresh({ domain: name, force, directory: label }, progress) {
      const domain = meant(name)
      await directory.refresh(domain, force, label, progress)
      await server.settled(domain)
      const refused = server.refused(domain)
      if (refused !== '') throw new Error(`the new image is refused: ${refused}`)
    },
    reload: reload.ask,
    check: () => checkConfig(source),
    setLevel(to) {
      level = to
      logger.setLevel(to)
      server.setLevel(to)
      directory.setLevel(to)
      status.setLevel(to)
    },
    maps: (domain) => server.image(meant(domain))?.maps,
    match: (domain, map, key) => server.match(meant(domain), map, key),
    cat: (domain, map) => server.cat(meant(domain), map),
    rejected: (domain) => directory.rejected(meant(domain)),
    explain: async (domain, name) => directory.explain(meant(domain), name),
    usage: server.usage,
    clients: server.clients,
    stop: stopRequested,
  }

  try {
    control = await openControl(plan.control, undefined, operations, logger)
    await useful('the server process', server.begin())
    registration = await registerAnew(undefined, config, undefined, sockets, logger)
    await useful('the directory process', directory.begin())
    status.renew({ ...plan.status, sockets: statusSockets })
  } catch (error) {
    await stop()
    throw error
  }
  log('info', 'transport', server.transport())
  log('info', 'serving', `${namesOf(config)} on ${places(sockets)}${whom(config)}`)
  tellOfClosed(config, log)
  notifier.ready(summary())
  return { reload: reload.ask, stop }
}

/** Who was to be let in by a file has no answer: that must not go unseen. */
function tellOfClosed({ closed }: Config, log: Log): void {
  for (const file of closed) log('error', 'securenets-closed', formatProblem(file))
}

const ENDING = 'ypldap is ending'

const RESTART = "'udp workers' can't change while the sockets are open: restart ypldap"

/** Waits for a child; throws StartError when nothing comes of it. */
async function useful<T>(what: string, child: Promise<T>): Promise<T> {
  try {
    return await child
  } catch (error) {
    throw new StartError('child-failed', `${what} is of no use: ${(error as Error).message}`)
  }
}

/** What can't be undone must not keep the rest from being. */
async function undone(step: () => unknown, log: Log): Promise<void> {
  try {
    await step()
  } catch (error) {
    log('error', 'internal', (error as Error).stack ?? (error as Error).message)
  }
}

async function withdraw(
  registration: Registration | undefined,
  log: Log,
  lasting: readonly Endpoint[] = [],
): Promise<void> {
  try {
    await registration?.withdraw(lasting)
  } catch (error) {
    log('warning', 'not-unregistered', `rpcbind keeps our registration: ${(error as Error).message}`)
  }
}

/** What is bound already is closed, if this throws. */
function boundBeside<T>(sockets: Sockets, bind: () => T): T {
  try {
    return bind()
  } catch (error) {
    closeSockets(sockets)
    throw error
  }
}

function places(sockets: Sockets): string {
  return endpointsOf(sockets)
    .map(({ netid, address, port }) => `${netid} ${address} port ${port}`)
    .join(', ')
}

function namesOf({ domains }: Config): string {
  return domains.map(({ domain }) => domain).join(', ')
}

function whom({ domains, bind }: Config): string {
  const shy = domains.filter(({ access }) => access.length === 0).map(({ domain }) => domain)
  if (shy.length === 0 || bind === 'local') return ''
  const which = shy.length === domains.length ? '' : `${shy.join(', ')} on `
  return `; ${which}loopback only, for there is no "allow from"`
}

/** A socket that is to stay where it is stays open. */
async function openControl(
  wanted: Plan['control'],
  held: Control | undefined,
  operations: Operations,
  { log }: Logger,
): Promise<Control> {
  if (held?.path !== wanted.path) return { ...wanted, ...(await listenControl(wanted, operations, log)) }
  if (held.group === wanted.group) return held
  held.regroup(wanted.group)
  return { ...held, group: wanted.group }
}

/** Whether the one is the other, perhaps with another group. */
function isThere(one: Control, other: Control | undefined): boolean {
  return one.path === other?.path
}

async function registerAnew(
  before: Registration | undefined,
  next: Config,
  last: Config | undefined,
  sockets: Sockets,
  { log }: Logger,
): Promise<Registration | undefined> {
  if (next.portmapper !== undefined) tellOfUnnamed(endpointsOf(sockets), log)
  if (next.bind === 'local' || next.portmapper !== undefined) {
    await withdraw(before, log)
    return undefined
  }
  // rpcbind can be there only when we have left its port to it.
  if (last?.portmapper !== undefined) return registerLater(endpointsOf(sockets), log)
  if (before === undefined) return register(endpointsOf(sockets), log)
  await before.replace(endpointsOf(sockets))
  return before
}

/** What clients can find us at, by rpcbind or by ourselves. */
function namedBy(
  { portmapper }: Config,
  sockets: Sockets,
  registration: Registration | undefined,
): readonly Named[] {
  if (portmapper !== undefined) return namedOf(endpointsOf(sockets))
  const bindings = registration?.bindings() ?? []
  return bindings.map(({ netid, address }) => ({ netid, port: universalPort(address) ?? 0 }))
}

function sameWishes(a: Sockets, b: Sockets): boolean {
  return a.size === b.size && [...a.keys()].every((wish) => b.has(wish))
}
