/** The directory process as the supervisor sees it: kept alive, configured, told to refresh, asked what it left out. */
import type { Log, LogLevel } from '../log.ts'
import {
  type DirectorySettings,
  type DirectorySideState,
  type FromDirectory,
  fromDirectory,
  type ToDirectory,
} from '../messages/directory.ts'
import type { Account } from './accounts.ts'
import { type Child, startChild } from './child.ts'
import { createKeeper, type Life } from './keeper.ts'
import { createRequests } from './requests.ts'

/** Building an image is one piece of work: 15 s for a million users. */
const PATIENCE_MS = 60_000

const MEGABYTE = 2 ** 20

export interface DirectoryPlan {
  readonly account: Account | undefined
  readonly settings: DirectorySettings
  /** resident memory it may have, in MiB */
  readonly memory: number
}

export type Progress = Extract<FromDirectory, { kind: 'progress' }>
export type RejectedRows = Extract<FromDirectory, { kind: 'rows' }>['rows']

export interface DirectorySide {
  readonly begin: () => Promise<void>
  readonly configure: (plan: DirectoryPlan) => void
  /** A new process, for another account: two at once would commit to one place. */
  readonly renew: (plan: DirectoryPlan) => Promise<void>
  /** Resolves when the refresh is over; throws why it was trashed. */
  readonly refresh: (
    force: boolean,
    directory?: string,
    progress?: (progress: Progress) => void,
  ) => Promise<void>
  readonly rejected: () => AsyncGenerator<RejectedRows>
  readonly state: () => DirectorySideState | undefined
  readonly setLevel: (level: LogLevel) => void
  readonly process: () => { readonly child: Child<ToDirectory> | undefined; readonly restarts: number }
  readonly stop: () => Promise<void>
}

export interface DirectorySideOptions {
  readonly program: string
  readonly plan: DirectoryPlan
  readonly level: () => LogLevel
  readonly log: Log
  readonly committed: (path: string, fresh: number) => void
  readonly changed: (state: DirectorySideState) => void
}

export function createDirectorySide(options: DirectorySideOptions): DirectorySide {
  const { program, level, log, committed, changed } = options
  let { plan } = options
  let state: DirectorySideState | undefined
  const requests = createRequests<RejectedRows>()
  const watchers = new Set<(progress: Progress) => void>()

  const start = ({ ready, sound, ended }: Life): Child<ToDirectory> => {
    const child: Child<ToDirectory> = startChild({
      role: 'directory',
      program,
      account: plan.account,
      args: [],
      handles: [],
      heap: plan.memory,
      shape: fromDirectory,
      patience: PATIENCE_MS,
      memory: () => plan.memory * MEGABYTE,
      ended,
      message(message) {
        switch (message.kind) {
          case 'committed':
            committed(message.path, message.fresh)
            return
          case 'state':
            state = message
            changed(message)
            ready()
            if (message.last !== null && message.last.outcome !== 'trashed') sound()
            return
          case 'progress':
            for (const watcher of watchers) watcher(message)
            return
          case 'rows':
            if (!requests.part(message.id, message.rows)) child.send({ kind: 'drop', id: message.id })
            return
          case 'end':
            requests.end(message.id, message.error)
            return
          default:
            message satisfies never
        }
      },
    })
    child.send({ kind: 'log-level', level: level() })
    child.send(plan.settings)
    return child
  }

  const lost = () => {
    if (state !== undefined) {
      state = { ...state, refreshing: false, next: 0 }
      changed(state)
    }
    requests.fail('the directory process is gone')
  }

  const keeper = createKeeper<ToDirectory>('directory', { start, lost, dismiss: () => {} }, log)

  const say = (id: number, message: ToDirectory) => {
    const child = keeper.child()
    if (child === undefined) requests.end(id, 'the directory process is not running')
    else child.send(message)
  }

  return {
    begin: keeper.begin,
    configure(next) {
      plan = next
      keeper.send(plan.settings)
    },
    async renew(next) {
      plan = next
      requests.fail('the directory process is replaced')
      await keeper.renew()
    },
    async refresh(force, directory, progress) {
      if (progress !== undefined) watchers.add(progress)
      try {
        await requests.done((id) =>
          say(id, { kind: 'refresh', id, force, ...(directory !== undefined && { directory }) }),
        )
      } finally {
        if (progress !== undefined) watchers.delete(progress)
      }
    },
    rejected: () =>
      requests.parts({
        ask: (id) => say(id, { kind: 'rejected', id }),
        more: (id) => say(id, { kind: 'more', id }),
        drop: (id) => keeper.child()?.send({ kind: 'drop', id }),
      }),
    state: () => state,
    setLevel: (to) => keeper.send({ kind: 'log-level', level: to }),
    process: () => ({ child: keeper.child(), restarts: keeper.restarts() }),
    stop: keeper.stop,
  }
}
