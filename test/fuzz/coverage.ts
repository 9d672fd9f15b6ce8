import type { Profiler } from 'node:inspector'
import { Session } from 'node:inspector'

/** Of each file of ours, which of its characters ran: 1, or 0. */
export type Reach = Map<string, Uint8Array>

/** Which of our own code has run. What is to be looked at must be imported after the start. */
export interface Coverage {
  /** what ran since the last time it was asked: some milliseconds of work, however much it is */
  readonly take: () => Reach
  readonly end: () => void
}

/** And that in which faults are planted, to see that they are found. */
const OURS = /\/(?:rpc|src)\/.*\.ts$|\/planted\.ts$/

export function startCoverage(): Coverage {
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  return {
    take() {
      const reach: Reach = new Map()
      // A session in the same thread answers before it returns.
      session.post('Profiler.takePreciseCoverage', (error, { result }) => {
        if (error !== null) throw error
        for (const { url, functions } of result) if (OURS.test(url)) reach.set(url, charactersOf(functions))
      })
      return reach
    },
    end: () => session.disconnect(),
  }
}

/** Ranges lie within each other, the outer first. */
function charactersOf(functions: readonly Profiler.FunctionCoverage[]): Uint8Array {
  const ranges = functions.flatMap(({ ranges }) => ranges)
  const characters = new Uint8Array(Math.max(0, ...ranges.map(({ endOffset }) => endOffset)))
  for (const { startOffset, endOffset, count } of ranges) {
    characters.fill(count > 0 ? 1 : 0, startOffset, endOffset)
  }
  return characters
}

/** What of `reach` is not in `known`; undefined when there is nothing. */
export function newReach(reach: Reach, known: Reach): Reach | undefined {
  const fresh: Reach = new Map()
  for (const [file, characters] of reach) {
    const before = known.get(file)
    const more = characters.map((ran, at) => (ran > (before?.[at] ?? 0) ? 1 : 0))
    if (more.includes(1)) fresh.set(file, more)
  }
  return fresh.size === 0 ? undefined : fresh
}

export function addReach(known: Reach, more: Reach): void {
  for (const [file, characters] of more) {
    const before = known.get(file) ?? new Uint8Array()
    const [long, short] = before.length > characters.length ? [before, characters] : [characters, before]
    known.set(
      file,
      long.map((ran, at) => ran | (short[at] ?? 0)),
    )
  }
}

/** How many characters ran. */
export function sizeOf(reach: Reach): number {
  let size = 0
  for (const characters of reach.values()) for (const ran of characters) size += ran
  return size
}
