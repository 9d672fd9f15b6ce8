/** What is fuzzed: a decoder or a parser, shown any bytes. */
export interface Target {
  /** the file of targets/ that it is in, and its name there: `rpc/call` */
  readonly name: string
  /** inputs that are right, or nearly, to be changed */
  readonly seeds: readonly Buffer[]
  /** pieces of inputs, one character a byte, that chance would be long in finding */
  readonly tokens?: readonly string[]
  /** bytes of the longest input, 4,096 unless it says otherwise; what gets long is slow and finds no more */
  readonly longest?: number
  /** the error classes by which it says no; any other is a finding */
  readonly refusals: readonly ErrorClass[]
  /** Takes the input, or throws. It may keep nothing: the next input lies in the same bytes. */
  readonly run: (bytes: Buffer) => void | Promise<void>
}

// The arguments of a class that is only compared with matter to nobody.
export type ErrorClass = abstract new (...args: never[]) => Error

export const LONGEST = 4096

/** For what says no without an error. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

export function isRefusal({ refusals }: Target, error: unknown): boolean {
  return refusals.some((refusal) => error instanceof refusal)
}

export function textSeeds(...texts: readonly string[]): Buffer[] {
  return texts.map((text) => Buffer.from(text, 'latin1'))
}
