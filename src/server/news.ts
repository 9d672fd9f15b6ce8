/** What those who answer outside of the main thread must be told, as it changes. */
import type { AccessRule } from '../config/config.ts'
import type { ServerLimits } from '../messages/server.ts'
import type { MapRules } from './map-rules.ts'

export type News =
  /** the bytes of a domain's image that was checked, in memory that threads share */
  | { readonly kind: 'image'; readonly bytes: SharedArrayBuffer }
  /** a domain is served from now on, or by other rules */
  | {
      readonly kind: 'domain'
      readonly domain: string
      readonly rules: readonly AccessRule[]
      /** undefined: all that its images have */
      readonly maps?: MapRules | undefined
    }
  /** …or no longer */
  | { readonly kind: 'gone'; readonly domain: string }
  /** what callers may cost */
  | { readonly kind: 'limits'; readonly limits: ServerLimits }
  /** the maps are too old to be vouched for, or no longer are */
  | { readonly kind: 'expired'; readonly domain: string; readonly expired: boolean }

/** The words of the memory that a thread and the main thread share (Int32Array). */
export const Control = {
  /** counts news; they themselves are messages */
  generation: 0,
  stop: 1,
  /** 1 from when on it may answer: its thread is started before there is anything to answer from */
  begin: 2,
} as const

/** Further words of it: what a thread has counted, for ever round. */
export const counterOf = { calls: 3, replies: 4, strangers: 5, receiveErrors: 6, sendErrors: 7 } as const

export const CONTROL_WORDS = 8
