import type { Position, Problem } from './config.ts'
import { MAX_PROBLEMS } from './limits.ts'

/** Gathers what is found in one run over a configuration. */
export class Report {
  readonly #files = new Map<string, number>()
  readonly #problems: Problem[] = []
  readonly #warnings: Problem[] = []

  /** Files are reported in the order in which they are announced here. */
  file(name: string): void {
    if (!this.#files.has(name)) this.#files.set(name, this.#files.size)
  }

  problem(at: Position, message: string): void {
    if (this.full || isTold(this.#problems, at, message)) return
    this.#problems.push({ at, message })
    if (this.full) this.#problems.push({ at, message: 'too many problems, the rest is not shown' })
  }

  /** How many problems there are, for `rollBack`. */
  get count(): number {
    return this.#problems.length
  }

  /** Forgets the problems after the first `count`: they followed from another that is reported in their place. */
  rollBack(count: number): void {
    this.#problems.length = count
  }

  warning(at: Position, message: string): void {
    if (this.#warnings.length === MAX_PROBLEMS) return
    if (!isTold(this.#warnings, at, message)) this.#warnings.push({ at, message })
  }

  /** Reading on would find nothing that is still kept. */
  get full(): boolean {
    return this.#problems.length >= MAX_PROBLEMS
  }

  /** In the order of the files, then of their lines. */
  get problems(): readonly Problem[] {
    return this.#sorted(this.#problems)
  }

  get warnings(): readonly Problem[] {
    return this.#sorted(this.#warnings)
  }

  #sorted(found: readonly Problem[]): Problem[] {
    const order = (problem: Problem) => this.#files.get(problem.at.file) ?? this.#files.size
    return found.toSorted((a, b) => order(a) - order(b) || a.at.line - b.at.line || a.at.column - b.at.column)
  }
}

/** A fault of what several domains take is found with each of them. */
function isTold(found: readonly Problem[], at: Position, message: string): boolean {
  return found.some((told) => told.at === at && told.message === message)
}
