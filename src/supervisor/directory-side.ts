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

/** The rest is for what is no heap: files that are read, buffers, the image, Node itself. */
const HEAP_PART = 0.4

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
  /** What it published can't be served: it is to make it anew. */
  readonly recommit: () => void
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
  readonly changed: (state: DirectorySideState) => void
}

export function createDirectorySide(options: DirectorySideOptions): DirectorySide {
  const { program, level, log, changed } = options
  let { plan } = options
  let state: DirectorySideState | undefined
  /** of the process that runs, or of the next */
  let requests = createRequests<RejectedRows>()
  const watchers = new Set<(progress: Progress) => void>()

  /** for the next process, if none runs */
  let recommit = false

  const start = (from: DirectoryPlan, { ready, sound, ended }: Life): Child<ToDirectory> => {
    const child: Child<ToDirectory> = startChild({
      role: 'directory',
      program,
      account: from.account,
      args: [],
      handles: [],
      heap: Math.floor(from.memory * HEAP_PART),
      shape: fromDirectory,
      patience: PATIENCE_MS,
      memory: () => plan.memory * MEGABYTE,
      ended,
      message(message) {
        switch (message.kind) {
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
    child.send(from.settings)
    if (recommit) child.send({ kind: 'recommit' })
    recommit = false
    return child
  }

  const lost = () => {
    if (state !== undefined) {
      state = { ...state, refreshing: false, next: 0 }
      changed(state)
    }
    requests.fail('the directory process is gone')
    requests = createRequests()
  }

  const keeper = createKeeper<DirectoryPlan, Child<ToDirectory>>(
    'directory',
    plan,
    // It has no successor beside it: two at once would commit to one place.
    { start, lost, dismiss: () => {} },
    log,
  )

  const say = (id: number, message: ToDirectory) => {
    const child = keeper.current()
    if (child === undefined) requests.end(id, 'the directory process is not running')
    else child.send(message)
  }

  return {
    begin: keeper.begin,
    configure(next) {
      plan = next
      keeper.replan(next)
      keeper.current()?.send(next.settings)
    },
    async renew(next) {
      plan = next
      await keeper.renew(next)
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
    recommit() {
      const child = keeper.current()
      recommit = child === undefined
      child?.send({ kind: 'recommit' })
    },
    rejected: () =>
      requests.parts({
        ask: (id) => say(id, { kind: 'rejected', id }),
        more: (id) => say(id, { kind: 'more', id }),
        drop: (id) => keeper.current()?.send({ kind: 'drop', id }),
      }),
    state: () => state,
    setLevel: (to) => keeper.current()?.send({ kind: 'log-level', level: to }),
    process: () => ({ child: keeper.current(), restarts: keeper.restarts() }),
    stop: keeper.stop,
  }
}
