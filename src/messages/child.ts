/** What the supervisor says to any child, and hears from it. A child ends when its channel is closed. */
import { id } from './common.ts'
import { oneOf } from './shape.ts'

export const logLevel = oneOf('error', 'warning', 'info', 'debug')

export const TO_CHILD = {
  /** answered by `pong` as soon as the child gets round to it */
  ping: { id },
  'log-level': { level: logLevel },
} as const

export const FROM_CHILD = { pong: { id } } as const
