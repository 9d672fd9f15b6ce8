/** The directory process as the supervisor sees it: kept alive, configured, told to refresh, asked what it left out. */
import type { Log, LogLevel } from '../log.ts'
import {
  type DirectorySettings,
  type DirectorySideState,
  type FromDirectory,
  fromDirectory,
  type RefreshResult,
  type ToDirectory,
} from '../messages/directory.ts'
import { createRequests } from '../messages/requests.ts'
import type { Account } from './accounts.ts'
import { changesOf, differ } from './changes.ts'
import { type Child, startChild } from './child.ts'
import { createKeeper, type Life } from './keeper.ts'
import type { Known } from './known-clients.ts'

/** Building an image is one piece of work: 15 s for a million users. */
const PATIENCE_MS = 60_000

const MEGABYTE = 2 ** 20

/** For rows, and for making maps of them (directory/room.ts). The rest is for an image, buffers, Node itself: 80 MB. */
const HEAP_PART = 0.5

const GONE = 'the directory process is gone'
const NOT_RUNNING = 'the directory process is not running'

export interface DirectoryPlan {
  readonly account: Account | undefined
  /** of each domain */
  readonly settings: readonly DirectorySettings[]
  /** resident memory it may have, in MiB */
  readonly memory: number
}

/** Whether it takes another process: what this one may have was said when it began. */
export function isAnother(plan: DirectoryPlan, next: DirectoryPlan): boolean {
  return plan.memory !== next.memory || differ(plan.account, next.account)
}

type Told = Extract<FromDirectory, { kind: 'progress' }>
export type Progress = Omit<Told, 'domain'>
export type Findings = Extract<FromDirectory, { kind: 'explained' }>['findings']
export type RejectedRows = Extract<FromDirectory, { kind: 'rows' }>['rows']

type Refreshes = Readonly<Record<RefreshResult['outcome'], number>>

const NONE: Refreshes = { published: 0, unchanged: 0, trashed: 0 }

export interface DirectorySide {
  readonly begin: () => Promise<void>
  readonly configure: (plan: DirectoryPlan) => void
  /** A new process, for one that `isAnother`: two at once would commit to one place. */
  readonly renew: (plan: DirectoryPlan) => Promise<void>
  /** Resolves when the refresh is over; throws why it was trashed. */
  readonly refresh: (
    domain: string,
    force: boolean,
    directory?: string,
    progress?: (progress: Progress) => void,
  ) => Promise<void>
  /** What it published of this domain can't be served: it is to make it anew. */
  readonly recommit: (domain: string) => void
  readonly rejected: (domain: string) => AsyncGenerator<RejectedRows>
  /** Keeps who has asked, for the next start. */
  readonly keepClients: (path: string, known: Known) => void
  readonly explain: (domain: string, name: string) => Promise<Findings>
  readonly state: (domain: string) => DirectorySideState | undefined
  /** how many have ended so since the daemon was started */
  readonly refreshes: (domain: string) => Refreshes
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
  /** by domain, as the process that runs told it, or the one before */
  const states = new Map<string, DirectorySideState>()
  /** of the process that runs, or of the next */
  let requests = createRequests<RejectedRows>()
  let explanations = createRequests<Findings>()
  const watchers = new Set<(progress: Told) => void>()

  /** for the next process, if none runs */
  const recommits = new Set<string>()

  const tallies = new Map<string, Refreshes>()
  const tally = ({ domain, last }: DirectorySideState) => {
    if (last === null || !differ(last, states.get(domain)?.last)) return
    const before = tallies.get(domain) ?? NONE
    tallies.set(domain, { ...before, [last.outcome]: before[last.outcome] + 1 })
  }

  const isOurs = (name: string) => plan.settings.some(({ domain }) => domain === name)

  const start = (from: DirectoryPlan, { ready, sound, ended }: Life): Child<ToDirectory> => {
    const silent = new Set(from.settings.map(({ domain }) => domain))
    /** domains that have had a refresh by this process, whatever became of it */
    const tried = new Set<string>()
    let isUseful = false
    const child: Child<ToDirectory> = startChild({
      role: 'directory',
      program,
      account: from.account,
      args: [String(from.memory * MEGABYTE)],
      handles: [],
      heap: Math.floor(from.memory * HEAP_PART),
      shape: fromDirectory,
      patience: PATIENCE_MS,
      memory: () => from.memory * MEGABYTE,
      ended,
      message(message) {
        switch (message.kind) {
          case 'state':
            // A domain that was removed may have something to say yet.
            if (!isOurs(message.domain)) return
            tally(message)
            states.set(message.domain, message)
            changed(message)
            silent.delete(message.domain)
            if (silent.size === 0) ready()
            if (message.last === null) return
            tried.add(message.domain)
            isUseful ||= message.last.outcome !== 'trashed'
            // One domain is soon done, and then it dies of another: again and again, and the next time less soon.
            if (isUseful && plan.settings.every(({ domain }) => tried.has(domain))) sound()
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
          case 'explained':
            if (message.error === undefined) explanations.part(message.id, message.findings)
            else explanations.end(message.id, message.error)
            return
          default:
            message satisfies never
        }
      },
    })
    child.send({ kind: 'log-level', level: level() })
    for (const settings of from.settings) child.send(settings)
    for (const domain of recommits) child.send({ kind: 'recommit', domain })
    recommits.clear()
    return child
  }

  const lost = () => {
    for (const [domain, state] of states) {
      const now = { ...state, refreshing: false, next: 0 }
      states.set(domain, now)
      changed(now)
    }
    requests.fail(GONE)
    requests = createRequests()
    explanations.fail(GONE)
    explanations = createRequests()
  }

  const keeper = createKeeper<DirectoryPlan, Child<ToDirectory>>(
    'directory',
    plan,
    // It has no successor beside it: two at once would commit to one place.
    { start, lost, dismiss: () => {} },
    log,
  )

  /** What was known of domains that are there no more. */
  const forget = () => {
    for (const domain of states.keys()) if (!isOurs(domain)) states.delete(domain)
  }

  const say = (id: number, message: ToDirectory) => {
    const child = keeper.current()
    if (child === undefined) requests.end(id, NOT_RUNNING)
    else child.send(message)
  }

  return {
    begin: keeper.begin,
    configure(next) {
      const { changed, removed } = changesOf(plan.settings, next.settings)
      plan = next
      keeper.replan(next)
      const child = keeper.current()
      for (const domain of removed) child?.send({ kind: 'remove', domain })
      for (const settings of changed) child?.send(settings)
      forget()
    },
    async renew(next) {
      plan = next
      forget()
      await keeper.renew(next)
    },
    async refresh(domain, force, directory, progress) {
      const watcher = ({ domain: of, ...told }: Told) => {
        if (of === domain) progress?.(told)
      }
      watchers.add(watcher)
      try {
        await requests.done((id) =>
          say(id, { kind: 'refresh', id, domain, force, ...(directory !== undefined && { directory }) }),
        )
      } finally {
        watchers.delete(watcher)
      }
    },
    recommit(domain) {
      const child = keeper.current()
      if (child === undefined) recommits.add(domain)
      child?.send({ kind: 'recommit', domain })
    },
    rejected: (domain) =>
      requests.parts({
        ask: (id) => say(id, { kind: 'rejected', id, domain }),
        more: (id) => say(id, { kind: 'more', id }),
        drop: (id) => keeper.current()?.send({ kind: 'drop', id }),
      }),
    keepClients(path, { state, parts }) {
      for (const [index, clients] of parts.entries())
        keeper.current()?.send({ kind: 'clients', path, state, clients, last: index === parts.length - 1 })
    },
    explain: (domain, name) =>
      explanations.one((id) => {
        const child = keeper.current()
        if (child === undefined) explanations.end(id, NOT_RUNNING)
        else child.send({ kind: 'explain', id, domain, name })
      }),
    state: (domain) => states.get(domain),
    refreshes: (domain) => tallies.get(domain) ?? NONE,
    setLevel: (to) => keeper.current()?.send({ kind: 'log-level', level: to }),
    process: () => ({ child: keeper.current(), restarts: keeper.restarts() }),
    stop: keeper.stop,
  }
}
