/** The status process as the supervisor sees it: there while metrics are wanted, and told what it asks for. */
import type { Log, LogLevel } from '../log.ts'
import type { Answer, Request } from '../messages/control.ts'
import { type FromStatus, fromStatus, type ToStatus } from '../messages/status.ts'
import type { Account } from './accounts.ts'
import { type Child, startChild } from './child.ts'
import { createKeeper, type Keeper, type Life } from './keeper.ts'
import { createStatusAnswers } from './status-answers.ts'
import type { StatusSockets } from './status-sockets.ts'

/** It has little to do at a time. */
const PATIENCE_MS = 30_000

/** MiB of V8's heap, and of all: a page of 8,192 clients takes 40. */
const HEAP = 128
const MEMORY = 320 * 2 ** 20

export interface StatusPlan {
  readonly account: Account | undefined
  /** by address and port; none: there is no such process */
  readonly sockets: StatusSockets
}

export interface StatusSide {
  /** Starts the process, if there is to be one, in the place of one that was there; nobody waits for either. */
  readonly renew: (plan: StatusPlan) => void
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
  /** the ends of those that others took the place of */
  const leaving = new Set<Promise<void>>()

  const start = (plan: StatusPlan, { ready, sound, ended }: Life): Child<ToStatus> => {
    const answers = createStatusAnswers(answer, (message) => child.send(message))
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
        ended(reason)
      },
      message(message) {
        switch (message.kind) {
          case 'ready':
            ready()
            return sound()
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
    renew(plan) {
      if (keeper !== undefined) {
        const gone = keeper.stop().finally(() => leaving.delete(gone))
        leaving.add(gone)
      }
      keeper = undefined
      if (plan.sockets.size === 0) return
      keeper = createKeeper('status', plan, { start, lost() {}, dismiss() {} }, log)
      void keeper.renew(plan)
    },
    setLevel: (to) => keeper?.current()?.send({ kind: 'log-level', level: to }),
    process: () => keeper && { child: keeper.current(), restarts: keeper.restarts() },
    async stop() {
      await Promise.all([keeper?.stop(), ...leaving])
    },
  }
}
