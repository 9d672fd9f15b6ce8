/** What is measured of the servers that run, and how. */
import { setTimeout } from 'node:timers/promises'
import { YpStat } from '../../rpc/yp.ts'
import type { LabProcess } from '../support/lab.ts'
import { openYpClient } from '../support/yp-client.ts'
import type { Clients } from './clients.ts'
import { domainOf, nameOf } from './data.ts'
import { childrenOf, cpuSeconds, memoryOf, peakMemoryOf } from './processes.ts'
import { type Recorder, runRounds } from './rounds.ts'
import { SUBJECTS } from './samples.ts'
import { launch, type Server, writeLdif, type Ypldap } from './servers.ts'
import { median } from './statistics.ts'

/** One server's rounds of a trial. */
export interface Bench {
  readonly recorder: Recorder
  /** who asks */
  readonly clients: Clients
  /** a load beside it */
  readonly streamers: Clients
  /** of a run of MATCH */
  readonly milliseconds: number
}

/** Milliseconds in which V8 and the caches find what they will need. */
const WARM_UP_MS = 100
/** Streams of ALL in a round; their median is its figure. */
const STREAMS_A_ROUND = 3

/** Replies that are wrong or missing make all figures worthless. */
export class WrongReplies extends Error {}

/** The figures of a server that leaves calls unanswered are worth little, and ours are then a fault. */
function sound<T extends { readonly wrong: number; readonly lost: number }>(
  { notes }: Recorder,
  { subject }: Server,
  what: string,
  result: T,
): T {
  const { wrong, lost } = result
  if (wrong === 0 && lost === 0) return result
  const text = `${what} of ${SUBJECTS[subject]}: ${wrong} replies wrong, ${lost} missing`
  if (wrong > 0 || subject.startsWith('ypldap')) throw new WrongReplies(text)
  notes.push(text)
  return result
}

export async function measureMatch(
  { recorder, clients, milliseconds }: Bench,
  servers: readonly Server[],
  users: number,
  width: number,
): Promise<void> {
  await runRounds(recorder, { trial: 'match', users, width }, servers, async (server) => {
    const { port, pid, constant } = server
    const job = { port, users, width, constant, pause: 0 }
    await clients.run('match', { ...job, milliseconds: WARM_UP_MS })
    const others = server.pids.filter((other) => other !== pid)
    const before = cpuSeconds(pid)
    const beside = total(others)
    const result = sound(recorder, server, 'MATCH', await clients.run('match', { ...job, milliseconds }))
    const { replies, rate, p50, p99 } = result
    return {
      rate,
      p50,
      p99,
      cpu: ((cpuSeconds(pid) - before) / replies) * 1e6,
      beside: ((total(others) - beside) / replies) * 1e6,
    }
  })
}

function total(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0)
}

export async function measureWalk(
  { recorder, clients }: Bench,
  servers: readonly Server[],
  users: number,
): Promise<void> {
  await runRounds(recorder, { trial: 'walk', users, width: 1 }, servers, async (server) => {
    const { port } = server
    const { rate } = sound(recorder, server, 'FIRST and NEXT', await clients.run('walk', { port, users }))
    return { rate }
  })
}

export async function measureAll(
  { recorder, clients }: Bench,
  servers: readonly Server[],
  users: number,
): Promise<void> {
  await runRounds(recorder, { trial: 'all', users, width: 1 }, servers, async (server) => {
    const { port } = server
    const times: number[] = []
    let [bytes, checksum] = [0, 0]
    for (let i = 0; i < STREAMS_A_ROUND; i++) {
      const one = sound(recorder, server, 'ALL', await clients.run('all', { port, users, checksum }))
      times.push(one.milliseconds)
      bytes = one.bytes
      checksum = one.checksum
    }
    return { ms: median(times), megabytes: bytes / 1e6 }
  })
}

export async function measureStreams(
  { recorder, clients }: Bench,
  servers: readonly Server[],
  users: number,
  width: number,
): Promise<void> {
  await runRounds(recorder, { trial: 'streams', users, width }, servers, async (server) => {
    const { port, pid } = server
    const { checksum } = sound(
      recorder,
      server,
      'ALL',
      await clients.run('all', { port, users, checksum: 0 }),
    )
    const before = cpuSeconds(pid)
    const job = { port, users, width, checksum, repeat: false }
    const { milliseconds } = sound(recorder, server, `${width} ALL`, await clients.run('streams', job))
    return { ms: milliseconds, cpu: (cpuSeconds(pid) - before) * 1000, peak: peakMemoryOf(pid) }
  })
}

export async function measureMixed(
  { recorder, clients, streamers, milliseconds }: Bench,
  servers: readonly Server[],
  users: number,
  width: number,
): Promise<void> {
  await runRounds(recorder, { trial: 'mixed', users, width }, servers, async (server) => {
    const { port } = server
    const { checksum } = sound(
      recorder,
      server,
      'ALL',
      await clients.run('all', { port, users, checksum: 0 }),
    )
    const load = streamers.run('streams', { port, users, width, checksum, repeat: true })
    await setTimeout(WARM_UP_MS)
    const match = await clients.run('match', {
      port,
      users,
      width: 1,
      milliseconds,
      constant: false,
      pause: 0,
    })
    streamers.stop()
    const beside = sound(recorder, server, 'ALL beside MATCH', await load)
    const { p50, p99, longest } = sound(recorder, server, 'MATCH beside ALL', match)
    return { p50, p99, longest, streams: (beside.streams * 1000) / beside.milliseconds }
  })
}

/** Milliseconds before and after a refresh in which the caller asks already and still. */
const AROUND_MS = 300
/** Above any refresh. */
const LONG_MS = 120_000

export async function measurePublish(bench: Bench, server: Ypldap): Promise<void> {
  const { installation, pids } = server
  const { users } = installation
  await runRounds(bench.recorder, { trial: 'publish', users, width: 1 }, [server], async (_, round) => {
    const idle = await asking(bench, server, users, () => setTimeout(AROUND_MS))
    const shell = `/bin/shell${round}-${Date.now()}`
    writeLdif(installation, shell)
    let refresh = 0
    const { longest } = await asking(bench, server, users, async () => {
      const started = performance.now()
      await server.refresh()
      refresh = performance.now() - started
    })
    await expectShell(server, users, shell)
    return { longest, idle: idle.longest, refresh, ...memoryOf(pids) }
  })
}

/** What a caller saw while this was done. */
async function asking(
  { clients, recorder }: Bench,
  server: Server,
  users: number,
  work: () => Promise<unknown>,
) {
  // Often enough to see a gap, and little enough to leave the refresh its time.
  const job = { port: server.port, users, width: 1, constant: false, pause: 1 }
  await clients.run('match', { ...job, milliseconds: WARM_UP_MS })
  const match = clients.run('match', { ...job, milliseconds: LONG_MS })
  await setTimeout(AROUND_MS)
  try {
    await work()
    await setTimeout(AROUND_MS)
  } finally {
    clients.stop()
  }
  return sound(recorder, server, 'MATCH beside a refresh', await match)
}

/** That the refresh was one: its change is served. */
async function expectShell({ port }: Ypldap, users: number, shell: string): Promise<void> {
  const client = await openYpClient({ transport: 'udp', port })
  try {
    const { status, value } = await client.match(domainOf(users), 'passwd.byname', nameOf(users - 1))
    if (status !== YpStat.TRUE || !value.endsWith(shell)) {
      throw new WrongReplies(`after a refresh that gave ${nameOf(users - 1)} the shell ${shell}: ${value}`)
    }
  } finally {
    client.close()
  }
}

/** Of a daemon that has run and left an image behind. */
export async function measureStart(bench: Bench, stopped: Ypldap): Promise<void> {
  const { recorder, clients } = bench
  const { users, port } = stopped.installation
  await runRounds(recorder, { trial: 'start', users, width: 1 }, [stopped], async () => {
    const answer = clients.run('await', { port, users })
    // A process that has to make its messages first would be late.
    await setTimeout(WARM_UP_MS)
    const started = process.hrtime.bigint()
    const daemon = await launch(stopped.installation, 'serving')
    try {
      const { at } = await answer
      return { ms: Number(BigInt(at) - started) / 1e6 }
    } finally {
      await killAll(daemon)
    }
  })
}

/** At once: its directory process is in the midst of a refresh, and would finish what it does first. */
async function killAll(daemon: LabProcess): Promise<void> {
  const children = childrenOf(daemon.pid)
  await daemon.stop('SIGKILL')
  for (const pid of children) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended by itself: its channel was closed.
    }
  }
}
