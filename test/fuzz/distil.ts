import { addReach, type Coverage, newReach } from './coverage.ts'
import { minimised } from './minimise.ts'
import { isRefusal, type Target } from './target.ts'

/** Inputs of a corpus, and their bytes: what is looked through in a review, and read in every run. */
const MOST_INPUTS = 64
const MOST_BYTES = 1024

/** Looks at the coverage of an input's variants, each some 10 ms. */
const ATTEMPTS = 60

/** A few small inputs that reach, beside the seeds, what all of them reach; or nearly. */
export async function distilled(
  target: Target,
  inputs: readonly Buffer[],
  coverage: Coverage,
  progress: () => void,
): Promise<Buffer[]> {
  const run = async (input: Buffer) => {
    progress()
    try {
      await target.run(input)
    } catch (error) {
      if (!isRefusal(target, error)) throw error
    }
  }
  coverage.take()
  for (const seed of target.seeds) await run(seed)
  const known = coverage.take()
  const kept: Buffer[] = []
  const rest = inputs.filter((input) => !target.seeds.includes(input))
  for (const input of rest.sort((a, b) => a.length - b.length)) {
    if (kept.length === MOST_INPUTS) break
    await run(input)
    const fresh = newReach(coverage.take(), known)
    if (fresh === undefined) continue
    const reaches = async (candidate: Buffer) => {
      await run(candidate)
      return newReach(fresh, coverage.take()) === undefined
    }
    const least = await minimised(input, reaches, ATTEMPTS)
    addReach(known, fresh)
    if (least.length <= MOST_BYTES) kept.push(least)
  }
  return kept
}
