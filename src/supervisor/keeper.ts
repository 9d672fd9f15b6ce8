/** Keeps one child of a role alive: started again when it ends, at once and then less and less soon. */
import type { Log } from '../log.ts'
import { createBackoff } from './backoff.ts'
import type { Child, Role } from './child.ts'

/** What a child's start has to tell. */
export interface Life {
  /** It can do its work. */
  readonly ready: () => void
  /** It has done its work: should it die now, that is a single death. */
  readonly sound: () => void
  /** It is gone (see ChildOptions). */
  readonly ended: (reason: string | undefined) => void
}

/** What a child of this role is started with, and told of. */
export interface Start<Out> {
  readonly start: (life: Life) => Child<Out>
  /** the one that counted is gone; told before the next is started */
  readonly lost: () => void
  /** tells one whose successor counts that it may go */
  readonly dismiss: (child: Child<Out>) => void
}

export interface Keeper<Out> {
  /** Starts the first; resolves when it is ready, throws the reason why it is not. */
  readonly begin: () => Promise<void>
  /** Starts another beside the one that runs; throws the reason why it is not ready. */
  readonly prepare: () => Promise<Successor>
  /** Ends the one that runs and starts another. */
  readonly renew: () => Promise<void>
  /** the one that counts, if one runs */
  readonly child: () => Child<Out> | undefined
  /** Says it to every one that lives: a new one may be about to take over from an old one. */
  readonly send: (message: Out) => void
  readonly restarts: () => number
  /** Ends all and starts no more. */
  readonly stop: () => Promise<void>
}

/** A child that is ready to take over. */
export interface Successor {
  /** It counts from now on; the one that did is sent away by `dismiss`. */
  readonly takeOver: () => void
  /** It was not needed after all. */
  readonly abandon: () => Promise<void>
}

/** Milliseconds from its start in which a child must be ready, when somebody waits for it. */
const READY_MS = 60_000

export function createKeeper<Out>(role: Role, { start, lost, dismiss }: Start<Out>, log: Log): Keeper<Out> {
  const alive = new Set<Child<Out>>()
  const backoff = createBackoff()
  let current: Child<Out> | undefined
  let restarts = 0
  let stopping = false
  let timer: NodeJS.Timeout | undefined

  const launch = (ready: () => void, ended: (reason: string | undefined) => void): Child<Out> => {
    const child = start({
      ready,
      sound() {
        if (alive.has(child)) backoff.sound()
      },
      ended(reason) {
        alive.delete(child)
        ended(reason)
      },
    })
    alive.add(child)
    return child
  }

  /** The end of one that counted, or of one that was on its way out. */
  const mourn = (child: () => Child<Out>) => (reason: string | undefined) => {
    if (stopping || current !== child()) return
    current = undefined
    lost()
    const wait = backoff.next()
    const when = wait === 0 ? 'at once' : `in ${wait / 1000} s`
    log(
      'error',
      'child-restarted',
      `the ${role} process is gone: ${reason ?? 'it ended'}; starting it again ${when}`,
    )
    timer = setTimeout(() => {
      restarts += 1
      launchNow()
    }, wait)
  }

  const launchNow = () => {
    const child = launch(
      () => {},
      mourn(() => child),
    )
    current = child
  }

  /** One that is ready; it does not count yet. */
  const launchReady = async (): Promise<Child<Out>> => {
    const ready = Promise.withResolvers<void>()
    let wasReady = false
    const child = launch(
      () => {
        wasReady = true
        ready.resolve()
      },
      (reason) => {
        if (wasReady) mourn(() => child)(reason)
        else ready.reject(new Error(reason ?? 'it ended'))
      },
    )
    const late = setTimeout(
      () => ready.reject(new Error(`it was not ready after ${READY_MS / 1000} s`)),
      READY_MS,
    )
    try {
      await ready.promise
      return child
    } catch (error) {
      await child.stop()
      throw error
    } finally {
      clearTimeout(late)
    }
  }

  return {
    async begin() {
      current = await launchReady()
    },
    async prepare() {
      const child = await launchReady()
      return {
        takeOver() {
          const old = current
          current = child
          clearTimeout(timer)
          if (old !== undefined) dismiss(old)
        },
        abandon: () => child.stop(),
      }
    },
    async renew() {
      const old = current
      current = undefined
      clearTimeout(timer)
      await old?.stop()
      if (!stopping) launchNow()
    },
    child: () => current,
    send(message) {
      for (const child of alive) child.send(message)
    },
    restarts: () => restarts,
    async stop() {
      stopping = true
      clearTimeout(timer)
      await Promise.all([...alive].map((child) => child.stop()))
    },
  }
}
