/** The status process as the supervisor sees it: there while metrics are wanted, and told what it asks for. */
import type { Log, LogLevel } from '../log.ts'
import { clip } from '../messages/common.ts'
import type { Answer, Request } from '../messages/control.ts'
import { type FromStatus, fromStatus, type ToStatus } from '../messages/status.ts'
import type { Account } from './accounts.ts'
import { type Child, startChild } from './child.ts'
import { createKeeper, type Keeper, type Life } from './keeper.ts'
import type { StatusSockets } from './status-sockets.ts'

/** It has little to do at a time. */
const PATIENCE_MS = 30_000

/** MiB of V8's heap, and of all: a page of 8,192 clients takes 40. */
const HEAP = 128
const MEMORY = 320 * 2 ** 20

/** Answers that may be under way at once. */
const MOST_ANSWERS = 16

export interface StatusPlan {
  readonly account: Account | undefined
  /** by address and port; none: there is no such process */
  readonly sockets: StatusSockets
}

export interface StatusSide {
  /** Starts the process, if there is to be one, in the place of one that was there. Resolves when it answers, or has failed. */
  readonly renew: (plan: StatusPlan) => Promise<void>
  readonly setLevel: (level: LogLevel) => void
  /** undefined when there is none to be */
  readonly process: () =>
    | { readonly child: Child<ToStatus> | undefined; readonly restarts: number }
    | undefined
  readonly stop: () => Promise<void>
}

export interface StatusSideOptions {
  readonly program: string
  readonly level: () => LogLevel
  readonly log: Log
  /** as on the control socket */
  readonly answer: (request: Request) => AsyncGenerator<Answer, void>
}

export function createStatusSide({ program, level, log, answer }: StatusSideOptions): StatusSide {
  let keeper: Keeper<StatusPlan, Child<ToStatus>> | undefined
  /** resolves when the first of a plan answers, or is gone */
  let begun = Promise.withResolvers<void>()

  const start = (plan: StatusPlan, { ready, sound, ended }: Life): Child<ToStatus> => {
    const answers = createAnswers(answer, (message) => child.send(message))
    const child: Child<ToStatus> = startChild<FromStatus, ToStatus>({
      role: 'status',
      program,
      account: plan.account,
      args: [...plan.sockets.values()].map(() => 'http'),
      handles: [...plan.sockets.values()],
      heap: HEAP,
      shape: fromStatus,
      patience: PATIENCE_MS,
      memory: () => MEMORY,
      ended(reason) {
        answers.close()
        begun.resolve()
        ended(reason)
      },
      message(message) {
        switch (message.kind) {
          case 'ready':
            ready()
            sound()
            return begun.resolve()
          case 'ask':
            return answers.begin(message.id, message.question)
          case 'more':
            return answers.more(message.id)
          case 'drop':
            return answers.drop(message.id)
          default:
            message satisfies never
        }
      },
    })
    child.send({ kind: 'log-level', level: level() })
    return child
  }

  return {
    async renew(plan) {
      await keeper?.stop()
      keeper = undefined
      if (plan.sockets.size === 0) return
      begun = Promise.withResolvers()
      keeper = createKeeper('status', plan, { start, lost() {}, dismiss() {} }, log)
      await keeper.renew(plan)
      await begun.promise
    },
    setLevel: (to) => keeper?.current()?.send({ kind: 'log-level', level: to }),
    process: () => keeper && { child: keeper.current(), restarts: keeper.restarts() },
    stop: async () => keeper?.stop(),
  }
}

interface Answers {
  readonly begin: (id: number, request: Request) => void
  readonly more: (id: number) => void
  readonly drop: (id: number) => void
  readonly close: () => void
}

/** The next part of an answer goes out when it is asked for: who is slow costs one part. */
function createAnswers(answer: StatusSideOptions['answer'], send: (message: ToStatus) => void): Answers {
  const open = new Map<number, AsyncGenerator<Answer, void>>()

  const next = async (id: number) => {
    const parts = open.get(id)
    if (parts === undefined) return send({ kind: 'end', id, error: 'there is no such request' })
    try {
      const { value } = await parts.next()
      if (value !== undefined) return send({ kind: 'part', id, part: value })
      send({ kind: 'end', id })
    } catch (error) {
      send({ kind: 'end', id, error: clip((error as Error).message) })
    }
    open.delete(id)
  }

  const drop = (id: number) => {
    void open.get(id)?.return()
    open.delete(id)
  }

  return {
    begin(id, request) {
      if (open.size >= MOST_ANSWERS) return send({ kind: 'end', id, error: 'too many requests at once' })
      open.set(id, answer(request))
      void next(id)
    },
    more: (id) => void next(id),
    drop,
    close() {
      for (const id of open.keys()) drop(id)
    },
  }
}
