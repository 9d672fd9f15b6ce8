/** What the generator can be told to do, and what it answers. */
import type { MatchResult } from './match-load.ts'
import type { AllResult, ManyResult } from './streams.ts'
import type { WalkResult } from './walk.ts'

interface Target {
  readonly port: number
  readonly users: number
}

export interface Jobs {
  readonly match: {
    readonly job: Target & {
      readonly width: number
      readonly milliseconds: number
      readonly constant: boolean
      readonly pause: number
    }
    readonly result: MatchResult
  }
  readonly walk: { readonly job: Target; readonly result: WalkResult }
  readonly all: {
    /** a stream with this sum has been checked already; 0 if none has */
    readonly job: Target & { readonly checksum: number }
    readonly result: AllResult
  }
  readonly streams: {
    readonly job: Target & {
      readonly width: number
      readonly checksum: number
      /** over and over, until told to stop */
      readonly repeat: boolean
    }
    readonly result: ManyResult
  }
  /** resolves with when the first right answer came: nanoseconds of the host's monotonic clock */
  readonly await: { readonly job: Target; readonly result: { readonly at: string } }
}

export type JobName = keyof Jobs
export type Job = { [Name in JobName]: { readonly name: Name } & Jobs[Name]['job'] }[JobName]
export type ToGenerator = Job | { readonly name: 'stop' }
export type FromGenerator = { readonly result: Jobs[JobName]['result'] } | { readonly error: string }
