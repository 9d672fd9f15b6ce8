/** What the supervisor and the status process say to each other: it may ask for this, and for nothing else. */
import { FROM_CHILD, TO_CHILD } from './child.ts'
import { domain, end, id } from './common.ts'
import { answer } from './control.ts'
import { type Of, union } from './shape.ts'

/** A request of the control socket that changes nothing. */
const question = union('kind', {
  status: {},
  usage: {},
  clients: {},
  rejected: { domain },
})

export const toStatus = union('kind', {
  ...TO_CHILD,
  /** Part of an answer, as the control socket gives it; the next comes when it is asked for. */
  part: { id, part: answer },
  /** There is no more; with `error` it says why there is no answer. */
  end,
})

export const fromStatus = union('kind', {
  ...FROM_CHILD,
  /** It answers. */
  ready: {},
  /** Answered by `part`, then after each `more` or `drop`; `end` in the end. */
  ask: { id, question },
  more: { id },
  drop: { id },
})

export type Question = Of<typeof question>
export type ToStatus = Of<typeof toStatus>
export type FromStatus = Of<typeof fromStatus>
