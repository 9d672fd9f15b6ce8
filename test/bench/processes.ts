/** What the kernel tells of processes and cores. */
import { readdirSync, readFileSync } from 'node:fs'

/** USER_HZ, on all machines that Node runs on. */
const TICKS = 100

/**
 * Seconds of CPU that a process and the children it has outlived have taken; 0 of one that is gone. Its threads are
 * counted by the nanosecond where the kernel does so, those children by hundredths.
 */
export function cpuSeconds(pid: number): number {
  const own = threadSeconds(pid)
  return own === undefined ? ticksOf(pid, 11, 15) : own + ticksOf(pid, 13, 15)
}

/** Of all its threads that live: undefined where the kernel does not tell. */
function threadSeconds(pid: number): number | undefined {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    return threads.reduce((sum, thread) => {
      const [ran = ''] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')
      return sum + Number(ran) / 1e9
    }, 0)
  } catch {
    return undefined
  }
}

/** Seconds in these fields of its stat, counted behind its name: utime, stime, cutime and cstime are 11 to 14. */
function ticksOf(pid: number, from: number, to: number): number {
  try {
    // The name may hold anything, but what follows its last bracket are numbers.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields.slice(from, to).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS
  } catch {
    return 0
  }
}

/** The same of everything on this private host, which is the benchmark's own. */
function ourCpuSeconds(): number {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .reduce((sum, pid) => sum + ticksOf(Number(pid), 11, 15), 0)
}

interface Look {
  readonly at: number
  readonly ours: number
  /** of the cores given, interrupts left out: nobody's */
  readonly all: number
  readonly stolen: number
}

function look(cores: readonly number[]): Look {
  let [all, stolen] = [0, 0]
  for (const line of readFileSync('/proc/stat', 'latin1').split('\n')) {
    const [name, ...ticks] = line.split(/\s+/)
    if (!cores.some((core) => name === `cpu${core}`)) continue
    const [user = 0, nice = 0, system = 0, , , , , steal = 0] = ticks.map(Number)
    all += (user + nice + system) / TICKS
    stolen += steal / TICKS
  }
  return { at: performance.now(), ours: ourCpuSeconds(), all, stolen }
}

export interface OtherLoad {
  /** what others took of the cores since, as a share of one core */
  readonly others: number
  /** what the hypervisor kept, likewise */
  readonly stolen: number
}

/** Call what it returns to learn what happened in between. */
export function watchCores(cores: readonly number[]): () => OtherLoad {
  const before = look(cores)
  return () => {
    const after = look(cores)
    // The kernel counts hundredths: of a shorter time nothing could be told.
    const seconds = Math.max(1, (after.at - before.at) / 1000)
    const others = after.all - before.all - (after.ours - before.ours)
    return { others: Math.max(0, others) / seconds, stolen: (after.stolen - before.stolen) / seconds }
  }
}

/** Megabytes of 10^6 bytes. */
export interface Memory {
  readonly rss: number
  /** pages that several share counted in parts */
  readonly pss: number
}

export function memoryOf(pids: readonly number[]): Memory {
  let [rss, pss] = [0, 0]
  for (const pid of pids) {
    rss += kilobytes(`/proc/${pid}/status`, 'VmRSS')
    pss += kilobytes(`/proc/${pid}/smaps_rollup`, 'Pss')
  }
  return { rss: (rss * 1024) / 1e6, pss: (pss * 1024) / 1e6 }
}

/** The most that a process has had resident. */
export function peakMemoryOf(pid: number): number {
  return (kilobytes(`/proc/${pid}/status`, 'VmHWM') * 1024) / 1e6
}

function kilobytes(file: string, name: string): number {
  const line = new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(readFileSync(file, 'latin1'))
  return Number(line?.[1] ?? 0)
}

export function childrenOf(pid: number): readonly number[] {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
  return list.split(' ').filter(Boolean).map(Number)
}
