/** Runs one target, in this process: what it is shown first, what it is shown by chance, and what is held against it. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { seededRandom } from '../support/random.ts'
import { readInputs } from './corpus.ts'
import { addReach, type Coverage, newReach, type Reach, sizeOf } from './coverage.ts'
import { minimised } from './minimise.ts'
import { Mutator } from './mutate.ts'
import { isRefusal, LONGEST, type Target } from './target.ts'

export interface Plan {
  readonly executions: number
  readonly seed: number
  /** to end after, though there were fewer executions */
  readonly seconds: number
  /** a file for the input at hand, for whoever survives this process: that takes longer than most inputs */
  readonly current: string | undefined
  /** called a few times a second */
  readonly progress: (executions: number) => void
}

export interface Finding {
  /** undefined when no one input is to blame */
  readonly input?: Buffer
  readonly reason: string
}

export interface Outcome {
  readonly executions: number
  /** of processor time */
  readonly seconds: number
  readonly accepted: number
  readonly refused: number
  /** all inputs that were changed, those at the end */
  readonly inputs: readonly Buffer[]
  /** characters of our code that ran; 0 without coverage */
  readonly reach: number
  /** milliseconds of the slowest input, at the best of four times */
  readonly slowest: number
  /** bytes */
  readonly growth: number
  readonly finding?: Finding
}

/** Milliseconds that no input may take. */
export const SLOW_MS = 100

/** Bytes that the heap may grow by from a quarter of a run to its end: V8 itself needs some. */
export const GROWTH_BYTES = 8 * 1024 * 1024

/** Milliseconds up to which nobody looks again how long an input takes. */
const UNREMARKABLE_MS = 1

const MOST_BATCH = 2048
const LEAST_BATCH = 16
const PROGRESS_MS = 250

/** A finding, on its way out of a run. */
class Found extends Error {
  readonly finding: Finding

  constructor(finding: Finding) {
    super(finding.reason)
    this.finding = finding
  }
}

/** Ends at the first finding. With `coverage`, inputs that reach new code are among those that are changed next. */
export async function fuzz(target: Target, plan: Plan, coverage?: Coverage): Promise<Outcome> {
  const runner = new Runner(target, plan)
  const inputs = [...target.seeds, ...readInputs('corpus', target.name)]
  const known: Reach = new Map()
  const started = performance.now()
  const worked = process.cpuUsage()
  let finding: Finding | undefined
  let growth = 0
  try {
    for (const input of [...readInputs('regressions', target.name), ...inputs]) await runner.execute(input)
    if (coverage !== undefined) addReach(known, coverage.take())
    const mutator = new Mutator(
      seededRandom(plan.seed),
      target.tokens ?? [],
      Buffer.alloc(target.longest ?? LONGEST),
    )
    const deadline = started + plan.seconds * 1000
    let batchSize = LEAST_BATCH
    let base: number | undefined
    while (runner.executions < plan.executions && performance.now() < deadline) {
      // What a target has left for later is done, or it would pile up.
      await setImmediate()
      const batch: Buffer[] = []
      for (let i = Math.min(batchSize, plan.executions - runner.executions); i > 0; i--) {
        const input = mutator.next(inputs)
        if (coverage !== undefined) batch.push(Buffer.from(input))
        const pending = runner.execute(input)
        if (pending !== undefined) await pending
      }
      const more = coverage === undefined ? [] : await runner.reachNew(batch, coverage, known)
      inputs.push(...more)
      batchSize =
        more.length > 0 ? Math.max(LEAST_BATCH, batchSize >> 2) : Math.min(MOST_BATCH, batchSize * 2)
      if (base === undefined && runner.executions >= plan.executions / 4) base = await heapBytes()
    }
    growth = base === undefined ? 0 : (await heapBytes()) - base
    if (growth > GROWTH_BYTES) finding = { reason: `the heap grew by ${growth} bytes` }
  } catch (error) {
    if (!(error instanceof Found)) throw error
    finding = error.finding
  } finally {
    runner.close()
  }
  const { executions, accepted, refused, slowest } = runner
  const { user, system } = process.cpuUsage(worked)
  const seconds = (user + system) / 1e6
  const outcome = { executions, seconds, accepted, refused, inputs, reach: sizeOf(known), slowest, growth }
  return finding === undefined ? outcome : { ...outcome, finding }
}

class Runner {
  executions = 0
  accepted = 0
  refused = 0
  slowest = 0
  readonly #target: Target
  readonly #plan: Plan
  readonly #current: number | undefined
  readonly #head = Buffer.alloc(4)
  #told = 0

  constructor(target: Target, plan: Plan) {
    this.#target = target
    this.#plan = plan
    if (plan.current !== undefined) this.#current = openSync(plan.current, 'w')
  }

  close(): void {
    if (this.#current !== undefined) closeSync(this.#current)
  }

  /** Throws Found. Of a target that is not done at once, when it is. */
  execute(input: Buffer): void | Promise<void> {
    if (this.#current !== undefined) this.#note(this.#current, input)
    this.executions += 1
    const started = performance.now()
    let pending: void | Promise<void>
    try {
      pending = this.#target.run(input)
    } catch (error) {
      return this.#threw(error, input, started)
    }
    if (pending === undefined) return this.#took(input, started)
    return pending.then(
      () => this.#took(input, started),
      (error: unknown) => this.#threw(error, input, started),
    )
  }

  /** Those of a batch that, after all before them, ran what had not run before. */
  async reachNew(batch: readonly Buffer[], coverage: Coverage, known: Reach): Promise<Buffer[]> {
    const fresh = newReach(coverage.take(), known)
    if (fresh === undefined) return []
    const found = batch.length === 1 ? [...batch] : await this.#halves(batch, coverage, known)
    // What ran by chance, as on a first call, is not run again by any of them.
    addReach(known, fresh)
    return found
  }

  async #halves(batch: readonly Buffer[], coverage: Coverage, known: Reach): Promise<Buffer[]> {
    const middle = batch.length >> 1
    const found: Buffer[] = []
    for (const half of [batch.slice(0, middle), batch.slice(middle)]) {
      for (const input of half) await this.execute(input)
      found.push(...(await this.reachNew(half, coverage, known)))
    }
    return found
  }

  #note(file: number, input: Buffer): void {
    this.#head.writeUInt32BE(input.length)
    writeSync(file, this.#head, 0, 4, 0)
    writeSync(file, input, 0, input.length, 4)
  }

  #took(input: Buffer, started: number): void | Promise<void> {
    this.accepted += 1
    return this.#timed(input, performance.now() - started)
  }

  #threw(error: unknown, input: Buffer, started: number): void | Promise<void> {
    if (!isRefusal(this.#target, error)) return this.#found(input)
    this.refused += 1
    return this.#timed(input, performance.now() - started)
  }

  #timed(input: Buffer, milliseconds: number): void | Promise<void> {
    const now = performance.now()
    if (now - this.#told > PROGRESS_MS) {
      this.#told = now
      this.#plan.progress(this.executions)
    }
    if (milliseconds > Math.max(this.slowest, UNREMARKABLE_MS)) return this.#slow(input, milliseconds)
  }

  /** The machine may have been busy, so the best of some times counts. */
  async #slow(input: Buffer, milliseconds: number): Promise<void> {
    const best = Math.min(milliseconds, await timeOf(this.#target, input))
    this.slowest = Math.max(this.slowest, best)
    if (best <= SLOW_MS) return
    const slow = async (candidate: Buffer) => (await timeOf(this.#target, candidate)) > SLOW_MS
    throw new Found({ input: await minimised(input, slow, 25), reason: `took ${Math.round(best)} ms` })
  }

  async #found(input: Buffer): Promise<never> {
    const kind = await errorOf(this.#target, input)
    const same = async (candidate: Buffer) => (await errorOf(this.#target, candidate))?.name === kind?.name
    const least = kind === undefined ? Buffer.from(input) : await minimised(input, same, 5000)
    Error.stackTraceLimit = 20
    const error = await errorOf(this.#target, least)
    Error.stackTraceLimit = 0
    throw new Found({ input: least, reason: error?.stack ?? 'threw once, and not again' })
  }
}

/** Milliseconds of processor time, the best of three. */
async function timeOf(target: Target, input: Buffer): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < 3; i++) {
    const before = process.threadCpuUsage()
    await errorOf(target, input)
    const { user, system } = process.threadCpuUsage(before)
    times.push((user + system) / 1000)
  }
  return Math.min(...times)
}

/** What it throws that is no refusal. */
async function errorOf(target: Target, input: Buffer): Promise<Error | undefined> {
  try {
    await target.run(Buffer.from(input))
  } catch (error) {
    if (!isRefusal(target, error)) return error instanceof Error ? error : new Error(String(error))
  }
  return undefined
}

/** Of buffers, too, which are given back a moment after they have been collected. */
async function heapBytes(): Promise<number> {
  for (let i = 0; i < 2; i++) {
    globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
    await setImmediate()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
