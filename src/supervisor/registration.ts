/**
 * Our entry in rpcbind's table: made when the sockets are bound, taken back at exit. What a crash of ours left
 * there is replaced where it is no longer true; a server that is alive is not pushed aside.
 */
import { type Binding, universalAddress, universalPort } from '../../rpc/rpcbind.ts'
import { YP_PROGRAM, YP_VERSION } from '../../rpc/yp.ts'
import type { Log } from '../log.ts'
import { StartError } from '../start-error.ts'
import { namedOf, tellOfUnnamed } from './named-endpoints.ts'
import { portHolder } from './port-holder.ts'
import { answers } from './probe.ts'
import { connectRpcbind, type RpcbindClient } from './rpcbind-client.ts'
import type { Endpoint } from './sockets.ts'

export type Connect = () => Promise<RpcbindClient>

/** Between two looks whether we are still registered, in milliseconds. */
export const WATCH_MS = 60_000

export interface Registration {
  /** what rpcbind has of ours */
  readonly bindings: () => readonly Binding[]
  /** Other endpoints from now on; entries that stay the same are not touched. Throws StartError. */
  readonly replace: (endpoints: readonly Endpoint[]) => Promise<void>
  /**
   * Takes all back but what names an endpoint that outlives us, or throws why rpcbind could not be told; in any case
   * nothing is looked after any more.
   */
  readonly withdraw: (lasting?: readonly Endpoint[]) => Promise<void>
}

/**
 * Registers the endpoints, and again when rpcbind has forgotten them, as it does when it is restarted.
 * Throws StartError, and has then registered nothing.
 */
export async function register(
  endpoints: readonly Endpoint[],
  log: Log,
  connect: Connect = connectRpcbind,
): Promise<Registration> {
  let ours: readonly Binding[] = []
  /** One thing at a time: a look at rpcbind's table must not see a replacement half done. */
  let busy = Promise.resolve()
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = busy.then(work)
    busy = done.catch(() => {})
    return done
  }
  const replace = (next: readonly Endpoint[]) =>
    inTurn(async () => {
      ours = await exchange(ours, next, log, connect)
    })
  await replace(endpoints)
  const watch = setInterval(() => {
    // Where rpcbind is away there is nothing to do: the next look will tell.
    inTurn(() => restore(ours, log, connect)).catch(() => {})
  }, WATCH_MS)
  return {
    bindings: () => ours,
    replace,
    withdraw(lasting = []) {
      clearInterval(watch)
      return inTurn(async () => {
        const mine = ours.filter((binding) => !names(binding, lasting))
        ours = []
        await unregister(mine, connect)
      })
    },
  }
}

/** Takes back what is no longer wanted and sets what is new; at a failure all is as it was. */
async function exchange(
  before: readonly Binding[],
  endpoints: readonly Endpoint[],
  log: Log,
  connect: Connect,
): Promise<readonly Binding[]> {
  const client = await reach(connect)
  try {
    const wanted = bindings(endpoints, client.netids, log)
    const table = await client.dump()
    const ours = [...before, ...wanted.filter((binding) => stands(binding, table))]
    const gone = before.filter((binding) => !wanted.some((other) => isSame(other, binding)))
    const fresh = wanted.filter((binding) => !ours.some((other) => isSame(other, binding)))
    await clearStale(client, table, endpoints, ours, log)
    for (const binding of gone) await client.unset(binding)
    for (const [index, binding] of fresh.entries()) {
      if (await client.set(binding)) continue
      const error = await refused(client, binding)
      for (const done of fresh.slice(0, index)) await client.unset(done)
      for (const binding of gone) await client.set(binding)
      throw error
    }
    return wanted
  } finally {
    client.close()
  }
}

async function reach(connect: Connect): Promise<RpcbindClient> {
  try {
    return await connect()
  } catch (error) {
    throw new StartError(
      'rpcbind-unreachable',
      `rpcbind can't be reached (${(error as Error).message}): start it, say "portmapper embedded" to do without ` +
        'it, or "bind local" to serve this host only',
    )
  }
}

function bindings(endpoints: readonly Endpoint[], netids: readonly string[], log: Log): readonly Binding[] {
  const known = endpoints.filter(({ netid }) => netids.includes(netid))
  tellOfUnnamed(known, log)
  return namedOf(known).map(({ netid, address, port }) => ({
    program: YP_PROGRAM,
    version: YP_VERSION,
    netid,
    address: universalAddress(address, port),
    owner: '',
  }))
}

/**
 * What a predecessor left and is true of us: clients that ask meanwhile must find it, so it is not set anew. Only root's
 * counts, which nobody else can take away.
 */
function stands(binding: Binding, table: readonly Binding[]): boolean {
  return table.some(
    (other) => isSame(other, binding) && other.address === binding.address && other.owner === 'superuser',
  )
}

async function clearStale(
  client: RpcbindClient,
  table: readonly Binding[],
  endpoints: readonly Endpoint[],
  ours: readonly Binding[],
  log: Log,
): Promise<void> {
  for (const binding of table) {
    if (binding.program !== YP_PROGRAM || binding.version !== YP_VERSION) continue
    if (ours.some((own) => isSame(own, binding))) continue
    const transport = binding.netid.startsWith('udp') ? 'udp' : 'tcp'
    const port = universalPort(binding.address) ?? 0
    // We hold that port ourselves, so whoever registered it is gone.
    const nowOurs = endpoints.some((endpoint) => endpoint.port === port && endpoint.netid === binding.netid)
    if (!nowOurs && (await answers(transport, hostOf(binding), port)))
      throw occupied(binding, transport, port)
    log(
      'info',
      'stale-registration',
      `replacing the registration of a server that is gone: ${shown(binding)}`,
    )
    await client.unset(binding)
  }
}

/** The address to probe: that of the binding, or loopback where it is a wildcard. */
function hostOf(binding: Binding): string {
  const host = binding.address.replace(/\.\d+\.\d+$/, '')
  if (host === '0.0.0.0' || host === '') return '127.0.0.1'
  return host === '::' ? '::1' : host
}

function shown(binding: Binding): string {
  return `program ${binding.program} version ${binding.version} on ${binding.netid} ${binding.address}`
}

function occupied(binding: Binding, transport: 'udp' | 'tcp', port: number): StartError {
  const who = portHolder(transport, port) ?? `a process of ${binding.owner || 'an unknown owner'}`
  return new StartError(
    'already-registered',
    `${who} serves YP here already (${shown(binding)}): stop it first`,
  )
}

async function refused(client: RpcbindClient, binding: Binding): Promise<StartError> {
  const holder = (await client.dump()).find(
    ({ program, version, netid }) =>
      program === binding.program && version === binding.version && netid === binding.netid,
  )
  if (holder !== undefined) {
    return new StartError(
      'already-registered',
      `rpcbind keeps ${shown(holder)}, owned by ${holder.owner || 'unknown'}, for another server: stop that one first`,
    )
  }
  return new StartError(
    'already-registered',
    `rpcbind refused to register ${shown(binding)}: start ypldap as root, or say "bind local"`,
  )
}

/** Sets what is gone. Where another server has come in meanwhile, SET is refused and it keeps its entry. */
async function restore(ours: readonly Binding[], log: Log, connect: Connect): Promise<void> {
  const client = await connect()
  try {
    const now = await client.dump()
    for (const binding of ours) {
      if (now.some((other) => isSame(other, binding)) || !(await client.set(binding))) continue
      log('warning', 'registered-again', `rpcbind had forgotten ${shown(binding)}`)
    }
  } finally {
    client.close()
  }
}

/** Takes back what is still ours: a server that came after us keeps its entry. */
async function unregister(ours: readonly Binding[], connect: Connect): Promise<void> {
  const client = await connect()
  try {
    const now = await client.dump()
    for (const binding of ours) {
      if (now.some((other) => isSame(other, binding))) await client.unset(binding)
    }
  } finally {
    client.close()
  }
}

function names({ netid, address }: Binding, endpoints: readonly Endpoint[]): boolean {
  return endpoints.some((one) => one.netid === netid && one.port === universalPort(address))
}

/** Ports are compared, not addresses: the port mapper knows none, and the port is ours as long as we live. */
function isSame(a: Binding, b: Binding): boolean {
  return (
    a.program === b.program &&
    a.version === b.version &&
    a.netid === b.netid &&
    universalPort(a.address) === universalPort(b.address)
  )
}
