/** The benchmark; scripts/bench says how to call it. Runs as root on a private host. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { requireLab, startRpcbind, startSlapd } from '../support/lab.ts'
import { type Absent, barsFor, judge } from './bars.ts'
import { startClients } from './clients.ts'
import { ldifOf, SUFFIX, treeLdif } from './data.ts'
import { compiled, type Floor, startFloor } from './floors.ts'
import { measureBuild, measureNested, measurePublish, measureRefresh, measureStart } from './lives.ts'
import { machineFacts } from './machine.ts'
import { loadNative } from './native.ts'
import { plotsOf } from './plots.ts'
import { CORES, type Recorder } from './rounds.ts'
import { type Sample, SUBJECTS, type Subject } from './samples.ts'
import {
  install,
  type Program,
  pin,
  programs,
  type Server,
  startPeer,
  startSlapi,
  startYpldap,
  type Ypldap,
} from './servers.ts'
import { slapiNisMissing } from './slapi-nis.ts'
import { report, verdictLines } from './table.ts'
import {
  type Bench,
  measureAll,
  measureMatch,
  measureMemory,
  measureMixed,
  measureScale,
  measureStreams,
  measureWalk,
  WrongReplies,
} from './trials.ts'

const EXIT_FAILED = 1
const EXIT_CANNOT = 77

const SMALL = 10_000
const LARGE = 100_000
const HUGE = 1_000_000

/** Calls outstanding. */
const BUSY = [16, 64] as const
/** Clients that stream ALL while MATCH is measured. */
const MIXED_CLIENTS = 16

/** What a run may cost. */
interface Extent {
  readonly full: boolean
  readonly rounds: number
  /** of what takes long each time */
  readonly longRounds: number
  /** of a run of MATCH */
  readonly milliseconds: number
  /** of ALL at once */
  readonly streams: number
  /** seconds that repetitions of disturbed rounds may take, and after which each trial has but one round */
  readonly patience: number
  readonly hurry: number
}

const QUICK: Extent = {
  full: false,
  rounds: 3,
  longRounds: 2,
  milliseconds: 300,
  streams: 50,
  patience: 12,
  hurry: 75,
}
const FULL: Extent = {
  full: true,
  rounds: 5,
  longRounds: 2,
  milliseconds: 1000,
  streams: 500,
  patience: 90,
  hurry: 680,
}

/** The one that is installed first. */
type Kinds = Awaited<ReturnType<typeof programs>>

/** What the parts of a run share. */
interface Run {
  readonly bench: Bench
  readonly extent: Extent
  readonly kinds: Kinds
  readonly peer: Server
  readonly absent: Absent
}

async function measure(extent: Extent, kinds: Kinds, recorder: Recorder, absent: Absent): Promise<void> {
  const clients = startClients(CORES[1], -10)
  // The callers that are measured come first; those who only make work share what is left of the core.
  const streamers = startClients(CORES[1], 10)
  const rpcbind = await startRpcbind()
  try {
    const bench: Bench = { recorder, clients, streamers, milliseconds: extent.milliseconds }
    await withServers([() => startPeer([SMALL, LARGE])], async ([peer]) => {
      const run: Run = { bench, extent, kinds, peer: peer!, absent }
      await measureSmall(run)
      await measureLarge(run)
    })
    await measureLdap(withRounds(bench, extent.full ? extent.rounds : extent.longRounds), kinds[0])
    if (extent.full) await measureHuge(bench, extent, kinds[0])
  } finally {
    await rpcbind.stop()
    await streamers.close()
    await clients.close()
  }
}

async function measureSmall({ bench, extent, kinds, peer, absent }: Run): Promise<void> {
  const { full, streams } = extent
  await withServers(ypldaps(kinds, SMALL), async (ours) => {
    await withServers(slapi(full, absent, SMALL), async (others) => {
      const servers = [...ours, peer, ...others]
      await withFloors(full ? ['c-match', 'batched', 'dgram'] : [], SMALL, async (floors) => {
        for (const width of [1, ...BUSY]) await measureMatch(bench, [...servers, ...floors], SMALL, width)
      })
      await measureWalk(bench, servers, SMALL)
      await withFloors(['c-all', 'sender'], SMALL, (floors) =>
        measureAll(bench, [...servers, ...floors], SMALL),
      )
      await withFloors(['sender'], SMALL, (floors) =>
        measureStreams(bench, [...ours, peer, ...floors], SMALL, streams),
      )
      await measureMemory(bench, servers, SMALL)
    })
  })
}

async function measureLarge({ bench, extent, kinds: [kind], peer, absent }: Run): Promise<void> {
  const { full, rounds, longRounds } = extent
  const [stopped] = await withServers(ypldaps([kind], LARGE), async (ours) => {
    const asked = full ? [...ours, peer] : ours
    await withFloors(absent.has('c-match') ? ['batched'] : ['c-match'], LARGE, async (floors) => {
      for (const width of full ? [1, ...BUSY] : BUSY) {
        await measureMatch(bench, [...asked, ...floors], LARGE, width)
      }
    })
    await withServers(slapi(full, absent, LARGE), async (others) => {
      const servers = [...ours, peer, ...others]
      await withFloors(['c-all', 'sender'], LARGE, (floors) =>
        measureAll(bench, [...servers, ...floors], LARGE),
      )
      await measureMemory(bench, servers, LARGE)
    })
    await measureMixed(bench, [...ours, peer], LARGE, MIXED_CLIENTS)
    for (const server of ours) {
      await pin(server.pids, ...CORES)
      await measurePublish(withRounds(bench, full ? rounds : longRounds), server)
    }
  })
  if (stopped !== undefined) await measureStart(bench, stopped)
  await measureBuild(bench, kind.subject, LARGE)
  await measureNested(bench, kind.subject, LARGE)
}

/** A real directory server; neither it nor who asks it is bound to a core. */
async function measureLdap(bench: Bench, kind: Program): Promise<void> {
  const slapd = await startSlapd({ suffix: SUFFIX, ldif: treeLdif() + [...ldifOf(LARGE)].join('') })
  try {
    const daemon = await startYpldap(await install(kind, LARGE, `"127.0.0.1" port ${slapd.port}`))
    try {
      await measureRefresh(bench, daemon, slapd)
    } finally {
      await daemon.stop()
    }
  } finally {
    await slapd.stop()
  }
}

async function measureHuge(bench: Bench, { longRounds }: Extent, kind: Program): Promise<void> {
  const long = withRounds(bench, longRounds)
  const [stopped] = await withServers(ypldaps([kind], HUGE), async ([many]) => {
    await withServers(ypldaps([kind], SMALL), async ([few]) => {
      for (const width of BUSY) {
        await measureScale(bench, { server: many!, users: HUGE }, { server: few!, users: SMALL }, width)
      }
    })
    await withFloors(['c-all'], HUGE, (floors) => measureAll(long, [many!, ...floors], HUGE))
    await pin(many!.pids, ...CORES)
    await measurePublish(long, many!)
  })
  if (stopped !== undefined) await measureStart(long, stopped)
}

function withRounds(bench: Bench, rounds: number): Bench {
  return { ...bench, recorder: { ...bench.recorder, rounds } }
}

type Start<Started> = () => Promise<Started | undefined>

/** The servers on their core, as they were while they ran. */
async function withServers<Started extends Server>(
  starts: readonly Start<Started>[],
  work: (servers: readonly Started[]) => Promise<void>,
): Promise<readonly Started[]> {
  const servers: Started[] = []
  try {
    for (const start of starts) {
      const server = await start()
      if (server === undefined) continue
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
  floors: readonly Floor[],
  users: number,
  work: (floors: readonly Server[]) => Promise<void>,
): Promise<void> {
  await withServers(
    floors.map((floor) => () => startFloor(floor, users)),
    work,
  )
}

function ypldaps(kinds: readonly Program[], users: number): readonly Start<Ypldap>[] {
  return kinds.map((kind) => async () => startYpldap(await install(kind, users)))
}

/** In a full run, where it is installed. */
function slapi(full: boolean, absent: Absent, users: number): readonly Start<Server>[] {
  return full && !absent.has('slapi-nis') ? [() => startSlapi(users)] : []
}

/** What this machine has not, and why. */
async function absentHere(full: boolean): Promise<Absent> {
  const absent = new Map<Subject, string>()
  const slapiNis = slapiNisMissing()
  if (full && slapiNis !== undefined) absent.set('slapi-nis', slapiNis)
  if ((await compiled()) === undefined) {
    for (const floor of ['c-match', 'c-all'] as const) absent.set(floor, 'there is no C compiler')
  }
  if (loadNative() === undefined) absent.set('batched', 'koffi is not installed')
  return absent
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
  const kinds = await programs()
  const extent = values.quick ? QUICK : FULL
  const samples: Sample[] = []
  const notes: string[] = []
  const started = performance.now()
  const recorder: Recorder = {
    rounds: extent.rounds,
    samples,
    notes,
    patience: { left: extent.patience * 1000 },
    hurry: started + extent.hurry * 1000,
    progress: (line) => console.error(`${((performance.now() - started) / 1000).toFixed(0)} s: ${line}`),
  }
  const absent = await absentHere(extent.full)
  for (const [subject, reason] of absent) notes.push(`${SUBJECTS[subject]}: left out, ${reason}`)
  const facts = await machineFacts()
  let failed = false
  try {
    await measure(extent, kinds, recorder, absent)
  } catch (error) {
    if (!(error instanceof WrongReplies)) throw error
    notes.push(error.message)
    console.error(`bench: ${error.message}`)
    failed = true
  }
  facts['extent'] = `${values.quick ? 'quick' : 'full'}, ${extent.rounds} rounds, ${seconds(started)} s`
  const verdicts = judge(barsFor(kinds[0].subject, absent), samples, { quick: values.quick, absent })
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
