/** The benchmark; scripts/bench says how to call it. Runs as root on a private host. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { requireLab, runOrFail, startRpcbind } from '../support/lab.ts'
import { barsFor, judge } from './bars.ts'
import { startClients } from './clients.ts'
import { machineFacts } from './machine.ts'
import { plotsOf } from './plots.ts'
import { CORES, type Recorder, runRounds } from './rounds.ts'
import type { Sample, Subject } from './samples.ts'
import {
  install,
  pin,
  programs,
  type Server,
  startFloor,
  startPeer,
  startYpldap,
  type Ypldap,
} from './servers.ts'
import { report, verdictLines } from './table.ts'
import {
  type Bench,
  measureAll,
  measureMatch,
  measureMixed,
  measurePublish,
  measureStart,
  measureStreams,
  measureWalk,
  WrongReplies,
} from './trials.ts'

const EXIT_FAILED = 1
const EXIT_CANNOT = 77

const SMALL = 10_000
const LARGE = 100_000

/** Clients that stream ALL while MATCH is measured. */
const MIXED_CLIENTS = 16

/** What a run may cost. */
interface Extent {
  readonly rounds: number
  /** of a run of MATCH */
  readonly milliseconds: number
  /** of ALL at once */
  readonly streams: number
  /** calls outstanding with the large maps */
  readonly largeWidths: readonly number[]
  /** kinds of ypldap whose refresh and start are measured */
  readonly lives: number
  /** seconds after which no disturbed round is repeated, and after which each trial has but one */
  readonly patience: number
  readonly hurry: number
}

const QUICK: Extent = {
  rounds: 3,
  milliseconds: 300,
  streams: 50,
  largeWidths: [16, 64],
  lives: 1,
  patience: 40,
  hurry: 90,
}
const FULL: Extent = {
  rounds: 5,
  milliseconds: 1500,
  streams: 500,
  largeWidths: [1, 16, 64],
  lives: 2,
  patience: 500,
  hurry: 750,
}

/** The one that is installed first. */
type Kinds = ReturnType<typeof programs>

/** What was started and must end, last first. */
type Ending = (() => unknown)[]

async function measure(extent: Extent, kinds: Kinds, recorder: Recorder, ending: Ending): Promise<void> {
  const clients = startClients(CORES[1], -10)
  // The callers that are measured come first; those who only make work share what is left of the core.
  const streamers = startClients(CORES[1], 10)
  ending.push(clients.close, streamers.close)
  const bench: Bench = { recorder, clients, streamers, milliseconds: extent.milliseconds }
  const rpcbind = await startRpcbind()
  ending.push(() => rpcbind.stop())
  const peer = await startPeer([SMALL, LARGE])
  ending.push(peer.stop)
  await pin(peer.pids, CORES[0])
  await measureSmall(bench, extent, peer, kinds)
  await measureLarge(bench, extent, peer, kinds)
}

async function measureSmall(bench: Bench, { streams }: Extent, peer: Server, kinds: Kinds): Promise<void> {
  await withServers(kinds, SMALL, async (ours) => {
    await withFloors(['batched', 'dgram'], SMALL, async (floors) => {
      for (const width of [1, 16, 64]) await measureMatch(bench, [...ours, peer, ...floors], SMALL, width)
    })
    await measureWalk(bench, [...ours, peer], SMALL)
    await withFloors(['sender'], SMALL, async (floors) => {
      await measureAll(bench, [...ours, peer, ...floors], SMALL)
      await measureStreams(bench, [...ours, peer, ...floors], SMALL, streams)
    })
    await measureMixed(bench, [...ours, peer], SMALL, MIXED_CLIENTS)
  })
}

async function measureLarge(
  bench: Bench,
  { largeWidths, lives }: Extent,
  peer: Server,
  kinds: Kinds,
): Promise<void> {
  const stopped = await withServers(kinds, LARGE, async (ours) => {
    for (const width of largeWidths) await measureMatch(bench, [...ours, peer], LARGE, width)
    await withFloors(['sender'], LARGE, (floors) => measureAll(bench, [...ours, peer, ...floors], LARGE))
    for (const server of ours.slice(0, lives)) {
      await pin(server.pids, ...CORES)
      await measurePublish(bench, server)
    }
  })
  for (const server of stopped.slice(0, lives)) await measureStart(bench, server)
  await measureBuild(bench.recorder, kinds[0].subject)
}

async function measureBuild(recorder: Recorder, subject: Subject): Promise<void> {
  const program = join(import.meta.dirname, 'build-image.ts')
  await runRounds(recorder, { trial: 'build', users: LARGE, width: 1 }, [{ subject }], async () => {
    const words = ['-c', String(CORES[0]), process.execPath, program, String(LARGE)]
    const { milliseconds, megabytes } = JSON.parse(await runOrFail('taskset', words)) as Record<
      string,
      number
    >
    return { ms: milliseconds ?? Number.NaN, megabytes: megabytes ?? Number.NaN }
  })
}

/** The servers, as they were while they ran. */
async function withServers(
  kinds: Kinds,
  users: number,
  work: (servers: readonly Ypldap[]) => Promise<void>,
): Promise<readonly Ypldap[]> {
  const servers: Ypldap[] = []
  try {
    for (const kind of kinds) {
      const server = await startYpldap(await install(kind, users))
      servers.push(server)
      await pin(server.pids, CORES[0])
    }
    await work(servers)
  } finally {
    for (const server of servers) await server.stop()
  }
  return servers
}

async function withFloors(
  kinds: readonly ('batched' | 'dgram' | 'sender')[],
  users: number,
  work: (floors: readonly Server[]) => Promise<void>,
): Promise<void> {
  const floors: Server[] = []
  try {
    for (const kind of kinds) {
      const floor = await startFloor(kind, users)
      if (floor === undefined) continue
      floors.push(floor)
      await pin(floor.pids, CORES[0])
    }
    await work(floors)
  } finally {
    for (const floor of floors) await floor.stop()
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      json: { type: 'string' },
      plots: { type: 'string' },
    },
  })
  requireLab()
  if (cpus().length < CORES.length) {
    console.error('bench: cannot run: it needs a core for the servers and another for their clients')
    return EXIT_CANNOT
  }
  const kinds = programs()
  const extent = values.quick ? QUICK : FULL
  const samples: Sample[] = []
  const notes: string[] = []
  const started = performance.now()
  const recorder: Recorder = {
    rounds: extent.rounds,
    samples,
    notes,
    patience: started + extent.patience * 1000,
    hurry: started + extent.hurry * 1000,
    progress: (line) => console.error(`${((performance.now() - started) / 1000).toFixed(0)} s: ${line}`),
  }
  const facts = await machineFacts()
  const ending: Ending = []
  let failed = false
  try {
    await measure(extent, kinds, recorder, ending)
  } catch (error) {
    if (!(error instanceof WrongReplies)) throw error
    notes.push(error.message)
    console.error(`bench: ${error.message}`)
    failed = true
  } finally {
    for (const end of ending.reverse()) await end()
  }
  facts['extent'] = `${values.quick ? 'quick' : 'full'}, ${extent.rounds} rounds, ${seconds(started)} s`
  const verdicts = judge(barsFor(kinds[0].subject), samples, values.quick)
  console.log(report(samples, { facts, notes }))
  console.log(verdictLines(verdicts).join('\n'))
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify({ facts, notes, samples, verdicts }, undefined, 1)}\n`)
  }
  if (values.plots !== undefined) {
    mkdirSync(values.plots, { recursive: true })
    for (const { name, svg } of plotsOf(samples)) writeFileSync(join(values.plots, `${name}.svg`), svg)
  }
  if (values.check && verdicts.some(({ passed }) => !passed)) failed = true
  return failed ? EXIT_FAILED : 0
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(0)
}

process.exitCode = await main()
