/** Rounds: in each every server is measured once, one after the other, so that they share what the machine was like. */
import { type OtherLoad, watchCores } from './processes.ts'
import type { Sample, Subject, Trial } from './samples.ts'

/** What others take of a core above this share, while one server is measured, makes a round worth repeating. */
const DISTURBED = 0.05
const REPEATS = 2

/** The servers on the first, who asks them on the second. */
export const CORES = [0, 1] as const

export interface Recorder {
  readonly rounds: number
  readonly samples: Sample[]
  readonly notes: string[]
  /** milliseconds that are left for the repetition of disturbed rounds, of all trials */
  readonly patience: { left: number }
  /** by performance.now(): then each trial has but one round */
  readonly hurry: number
  readonly progress: (line: string) => void
}

export type Measure<Measured> = (one: Measured, round: number) => Promise<Readonly<Record<string, number>>>

interface Named {
  readonly subject: Subject
}

interface Round {
  readonly samples: readonly Sample[]
  readonly load: OtherLoad
  readonly disturbed: boolean
}

/** Measures them in turns, a different one first in each round. */
export async function runRounds<Measured extends Named>(
  recorder: Recorder,
  trial: Trial,
  servers: readonly Measured[],
  measure: Measure<Measured>,
): Promise<void> {
  const { rounds, samples, notes, patience, hurry, progress } = recorder
  const what = `${trial.trial}, ${trial.users.toLocaleString('en-US')} users, ${trial.width} at a time`
  const disturbances: OtherLoad[] = []
  let [done, repeats] = [0, 0]
  while (done < rounds && (done === 0 || performance.now() < hurry)) {
    let one = await runRound(trial, done, servers, measure)
    for (let i = 0; one.disturbed && i < REPEATS && patience.left > 0; i++) {
      const began = performance.now()
      repeats += 1
      one = await runRound(trial, done, servers, measure)
      patience.left -= performance.now() - began
    }
    done += 1
    progress(`${what}: ${done} of ${rounds}`)
    samples.push(...one.samples)
    if (one.disturbed) disturbances.push(one.load)
  }
  if (done < rounds) notes.push(`${what}: ${done} of ${rounds} rounds, for want of time`)
  if (disturbances.length === 0 && repeats === 0) return
  notes.push(
    `${what}: ${disturbances.length} of ${done} rounds were disturbed, after ${repeats} repetitions: ` +
      `others took up to ${most(disturbances, 'others')} of a core, ${most(disturbances, 'stolen')} was stolen`,
  )
}

async function runRound<Measured extends Named>(
  trial: Trial,
  round: number,
  servers: readonly Measured[],
  measure: Measure<Measured>,
): Promise<Round> {
  const taken: { readonly subject: Subject; readonly values: Sample['values'] }[] = []
  const loads: OtherLoad[] = []
  for (const one of rotated(servers, round)) {
    const watched = watchCores(CORES)
    taken.push({ subject: one.subject, values: await measure(one, round) })
    loads.push(watched())
  }
  const load = { others: highest(loads, 'others'), stolen: highest(loads, 'stolen') }
  const disturbed = load.others > DISTURBED || load.stolen > DISTURBED
  return { samples: taken.map((one) => ({ ...trial, ...one, round, disturbed })), load, disturbed }
}

export function rotated<T>(list: readonly T[], by: number): readonly T[] {
  const first = by % Math.max(1, list.length)
  return [...list.slice(first), ...list.slice(0, first)]
}

function most(loads: readonly OtherLoad[], what: keyof OtherLoad): string {
  return `${Math.round(highest(loads, what) * 100)} %`
}

function highest(loads: readonly OtherLoad[], what: keyof OtherLoad): number {
  return Math.max(0, ...loads.map((load) => load[what]))
}
