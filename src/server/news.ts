/** What those who answer outside of the main thread must be told, as it changes. */
import type { AccessRule } from '../config/config.ts'
import type { ServerLimits } from '../messages/server.ts'
import { COUNTER_BYTES } from './counters.ts'
import type { MapRules } from './map-rules.ts'

export type News =
  /** the bytes of a domain's image that was checked, in memory that threads share */
  | { readonly kind: 'image'; readonly bytes: SharedArrayBuffer }
  /** a domain is served from now on, or by other rules */
  | {
      readonly kind: 'domain'
      readonly domain: string
      readonly rules: readonly AccessRule[]
      /** undefined: all that its images have, for all whom these rules allow */
      readonly maps?: MapRules | undefined
    }
  /** …or no longer */
  | { readonly kind: 'gone'; readonly domain: string }
  /** what callers may cost */
  | { readonly kind: 'limits'; readonly limits: ServerLimits }
  /** the maps are too old to be vouched for, or no longer are */
  | { readonly kind: 'expired'; readonly domain: string; readonly expired: boolean }
  /** it is to tell what it was asked, and by whom */
  | { readonly kind: 'tell' }

/** The first words of the memory that a thread and the main thread share (Int32Array); counters come behind them. */
export const Control = {
  /** counts news; they themselves are messages */
  generation: 0,
  stop: 1,
  /** 1 from when on it may answer: its thread is started before there is anything to answer from */
  begin: 2,
} as const

/** A whole number of counters. */
const CONTROL_BYTES = 16

/** The two parts of such memory. */
export interface Shared {
  readonly words: Int32Array
  readonly counters: Float64Array
}

export function allocateShared(): SharedArrayBuffer {
  return new SharedArrayBuffer(CONTROL_BYTES + COUNTER_BYTES)
}

export function viewShared(memory: SharedArrayBuffer): Shared {
  return {
    words: new Int32Array(memory, 0, CONTROL_BYTES / 4),
    counters: new Float64Array(memory, CONTROL_BYTES),
  }
}
