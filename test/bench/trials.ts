/** What is measured of the servers that run, and how. */
import { setTimeout } from 'node:timers/promises'
import { waitUntil } from '../support/lab.ts'
import type { Clients } from './clients.ts'
import { childrenOf, cpuSeconds, memoryOf, peakMemoryOf } from './processes.ts'
import { type Recorder, runRounds } from './rounds.ts'
import { SUBJECTS } from './samples.ts'
import type { Server } from './servers.ts'
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
export const WARM_UP_MS = 100
/** Streams of ALL in a round; their median is its figure. */
const STREAMS_A_ROUND = 5

/** Replies that are wrong or missing make all figures worthless. */
export class WrongReplies extends Error {}

/** The figures of a server that leaves calls unanswered are worth little, and ours are then a fault. */
export function sound<T extends { readonly wrong: number; readonly lost: number }>(
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
  bench: Bench,
  servers: readonly Server[],
  users: number,
  width: number,
): Promise<void> {
  await runRounds(bench.recorder, { trial: 'match', users, width }, servers, (server) =>
    match(bench, server, users, width),
  )
}

/** The same server with many users and with few, one after the other: `few` counts as another subject. */
export async function measureScale(
  bench: Bench,
  many: { readonly server: Server; readonly users: number },
  few: { readonly server: Server; readonly users: number },
  width: number,
): Promise<void> {
  const both = [
    { subject: many.server.subject, ...many },
    { subject: 'small', ...few },
  ] as const
  const trial = { trial: 'scale', users: many.users, width }
  await runRounds(bench.recorder, trial, both, ({ server, users }) => match(bench, server, users, width))
}

async function match(
  { recorder, clients, milliseconds }: Bench,
  server: Server,
  users: number,
  width: number,
) {
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
    const { port, pid } = server
    const times: number[] = []
    // One beforehand, as with MATCH: neither a compiler's work nor a cold file is what is to be measured.
    let { bytes, checksum } = sound(
      recorder,
      server,
      'ALL',
      await clients.run('all', { port, users, checksum: 0 }),
    )
    await childless(pid)
    const before = cpuSeconds(pid)
    for (let i = 0; i < STREAMS_A_ROUND; i++) {
      const one = sound(recorder, server, 'ALL', await clients.run('all', { port, users, checksum }))
      times.push(one.milliseconds)
      bytes = one.bytes
      checksum = one.checksum
    }
    await childless(pid)
    const cpu = ((cpuSeconds(pid) - before) * 1000) / STREAMS_A_ROUND
    return { ms: median(times), cpu, megabytes: bytes / 1e6 }
  })
}

/** ypserv answers ALL in a child, whose time counts when it has ended. */
async function childless(pid: number): Promise<void> {
  await waitUntil('its children have ended', () => childrenOf(pid).length === 0)
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
    await childless(pid)
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

/** What all processes of each have in memory. */
export async function measureMemory(
  { recorder }: Bench,
  servers: readonly Server[],
  users: number,
): Promise<void> {
  // It is the same each time.
  const once = { ...recorder, rounds: 1 }
  await runRounds(once, { trial: 'memory', users, width: 1 }, servers, ({ pids }) =>
    Promise.resolve({ ...memoryOf(pids) }),
  )
}
