import { expect } from 'vitest'
import { runSeed } from '../support/random.ts'
import { type FencedOutcome, runFenced } from './fenced.ts'

const EXECUTIONS = 100_000

/** Milliseconds for a test of one target, on a machine that does other things too. */
export const SHORT_MS = 240_000

/** The run of every test run: the corpus and what was found once, and then changes to it, without coverage. */
export async function shortRun(target: string): Promise<FencedOutcome> {
  const seed = runSeed()
  console.log(`${target}: YPLDAP_FUZZ_SEED=${seed}`)
  return runFenced({
    target,
    seed,
    executions: EXECUTIONS,
    seconds: SHORT_MS / 1000,
    guided: false,
    keep: false,
  })
}

/** What must come of it: no finding. What breaks nothing, or everything, does not reach the parser. */
export const NOTHING_FOUND: unknown = expect.toSatisfy(
  ({ finding, accepted, refused }: FencedOutcome) => finding === undefined && accepted > 0 && refused > 0,
  'nothing found, some inputs taken and some refused',
)
