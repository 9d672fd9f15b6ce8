/** Keeps one child of a role alive: started again when it ends, at once and then less and less soon. */
import type { Log } from '../log.ts'
import { createBackoff } from './backoff.ts'
import type { Role } from './child.ts'

/** What a child's start has to tell. */
export interface Life {
  /** It can do its work. */
  readonly ready: () => void
  /** It has done its work: should it die now, that is a single death. */
  readonly sound: () => void
  /** It is gone (see ChildOptions). */
  readonly ended: (reason: string | undefined) => void
}

/** A child and what is known of it alone. */
export interface Kept {
  readonly stop: () => Promise<void>
}

export interface KeeperOptions<Plan, One extends Kept> {
  readonly start: (plan: Plan, life: Life) => One
  /** the one that counted is gone; told before the next is started */
  readonly lost: (one: One) => void
  /** tells one whose successor counts that it may go */
  readonly dismiss: (one: One) => void
}

export interface Keeper<Plan, One> {
  /** Starts the first; resolves when it is ready, throws the reason why it is not. */
  readonly begin: () => Promise<void>
  /** Those that are started from now on are started so; the one that runs is not touched. */
  readonly replan: (plan: Plan) => void
  /** Starts another beside the one that runs; throws the reason why it is not ready, or that it is not wanted. */
  readonly prepare: (plan: Plan, unwanted: AbortSignal) => Promise<Successor<One>>
  /** Ends the one that runs and starts another. */
  readonly renew: (plan: Plan) => Promise<void>
  /** the one that counts, if one runs */
  readonly current: () => One | undefined
  readonly restarts: () => number
  /** Ends all and starts no more. */
  readonly stop: () => Promise<void>
}

/** A child that is ready to take over. */
export interface Successor<One> {
  readonly one: One
  /** It counts from now on; the one that did is sent away by `dismiss`. Should it have died, the next is started. */
  readonly takeOver: () => void
  /** It was not needed after all. */
  readonly abandon: () => Promise<void>
}

/** Milliseconds from its start in which a child must be ready, when somebody waits for it. */
const READY_MS = 60_000

export function createKeeper<Plan, One extends Kept>(
  role: Role,
  first: Plan,
  { start, lost, dismiss }: KeeperOptions<Plan, One>,
  log: Log,
): Keeper<Plan, One> {
  /** why those that are gone are gone */
  const gone = new WeakMap<One, string>()
  const alive = new Set<One>()
  const backoff = createBackoff()
  let plan = first
  let current: One | undefined
  let restarts = 0
  let stopping = false
  let timer: NodeJS.Timeout | undefined

  const launch = (from: Plan, ready: () => void, ended: (reason: string) => void): One => {
    const one = start(from, {
      ready,
      sound() {
        if (alive.has(one)) backoff.sound()
      },
      ended(why) {
        const reason = why ?? 'it ended'
        gone.set(one, reason)
        alive.delete(one)
        ended(reason)
        if (one === current) mourn(one)
      },
    })
    alive.add(one)
    return one
  }

  /** The end of the one that counts. */
  const mourn = (one: One) => {
    current = undefined
    lost(one)
    if (stopping) return
    const wait = backoff.next()
    const when = wait === 0 ? 'at once' : `in ${wait / 1000} s`
    const reason = gone.get(one) ?? 'it ended'
    log('error', 'child-restarted', `the ${role} process is gone: ${reason}; starting it again ${when}`)
    timer = setTimeout(() => {
      restarts += 1
      launchNow()
    }, wait)
  }

  const launchNow = () => {
    current = launch(
      plan,
      () => {},
      () => {},
    )
  }

  /** One that is ready; it does not count yet. */
  const launchReady = async (from: Plan, unwanted?: AbortSignal): Promise<One> => {
    const ready = Promise.withResolvers<void>()
    const refuse = (why: string) => ready.reject(new Error(why))
    const one = launch(from, ready.resolve, refuse)
    const late = setTimeout(() => refuse(`it was not ready after ${READY_MS / 1000} s`), READY_MS)
    const stopped = () => refuse('it is no longer wanted')
    unwanted?.addEventListener('abort', stopped)
    if (unwanted?.aborted) stopped()
    try {
      await ready.promise
      return one
    } catch (error) {
      await one.stop()
      throw error
    } finally {
      clearTimeout(late)
      unwanted?.removeEventListener('abort', stopped)
    }
  }

  return {
    async begin() {
      const one = await launchReady(plan)
      current = one
      if (!alive.has(one)) mourn(one)
    },
    replan(next) {
      plan = next
    },
    async prepare(next, unwanted) {
      const one = await launchReady(next, unwanted)
      return {
        one,
        takeOver() {
          const old = current
          clearTimeout(timer)
          plan = next
          current = one
          if (!alive.has(one)) mourn(one)
          if (old !== undefined) dismiss(old)
        },
        abandon: () => one.stop(),
      }
    },
    async renew(next) {
      const old = current
      plan = next
      current = undefined
      clearTimeout(timer)
      if (old !== undefined) lost(old)
      await old?.stop()
      if (!stopping) launchNow()
    },
    current: () => current,
    restarts: () => restarts,
    async stop() {
      stopping = true
      clearTimeout(timer)
      await Promise.all([...alive].map((one) => one.stop()))
    },
  }
}
