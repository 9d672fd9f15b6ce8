/** The time, as the updater needs it; tests bring their own. */
export interface Clock {
  /** calls back once after a number of milliseconds; the result takes it back */
  after(milliseconds: number, callback: () => void): () => void
  /** at least 0 and less than 1 */
  random(): number
}

/** Node fires at once what is to come later than this, 24 days; a refresh that comes early harms nobody. */
const LONGEST_TIMER = 2 ** 31 - 1

export const systemClock: Clock = {
  after(milliseconds, callback) {
    const timer = setTimeout(callback, Math.min(milliseconds, LONGEST_TIMER))
    return () => clearTimeout(timer)
  },
  random: Math.random,
}

export interface UpdaterOptions<T> {
  /** seconds from the end of one refresh to the start of the next */
  readonly interval: number
  /** one refresh, all or nothing; must end soon after the signal */
  readonly fetch: (signal: AbortSignal) => Promise<T>
  /** makes a result the current one; if it throws, the update is trashed */
  readonly publish: (result: T) => void | Promise<void>
  /** told why an update was trashed, and after how many seconds the next is tried */
  readonly trashed: (reason: unknown, retry: number) => void
  readonly clock?: Clock
}

export interface Updater {
  /** Starts a refresh now; if one is under way, another follows it, for it may have begun too early. */
  readonly refreshNow: () => void
  /** Ends the refresh under way, publishes nothing more, and resolves when all is quiet. */
  readonly stop: () => Promise<void>
}

/** Seconds until the first retry after a failure; doubled with each further one. */
const FIRST_RETRY = 2
/** Seconds; the interval is a bound too. */
const LONGEST_RETRY = 300
/** Servers started together should not ask the directory together. */
const JITTER = 0.1

/**
 * Refreshes at once and then for ever. After a failure it tries again soon, then less and less soon; after a
 * success it waits for the interval.
 */
export function startUpdater<T>(options: UpdaterOptions<T>): Updater {
  const { interval, fetch, publish, trashed, clock = systemClock } = options
  const stopping = new AbortController()
  const { signal } = stopping
  let failures = 0
  let again = false
  let cancelTimer: (() => void) | undefined
  let running: Promise<void> | undefined

  const start = () => {
    cancelTimer = undefined
    running = refresh()
  }

  const schedule = (seconds: number) => {
    const jitter = 1 + JITTER * (2 * clock.random() - 1)
    const milliseconds = again ? 0 : Math.round(seconds * 1000 * jitter)
    again = false
    cancelTimer = clock.after(milliseconds, start)
  }

  const refresh = async () => {
    let wait = interval
    try {
      const result = await fetch(signal)
      if (signal.aborted) return
      await publish(result)
      failures = 0
    } catch (error) {
      if (signal.aborted) return
      wait = Math.min(FIRST_RETRY * 2 ** failures, LONGEST_RETRY, interval)
      failures += 1
      trashed(error, wait)
    }
    if (!signal.aborted) schedule(wait)
  }

  start()
  return {
    refreshNow() {
      if (signal.aborted) return
      if (cancelTimer === undefined) {
        again = true
      } else {
        cancelTimer()
        start()
      }
    },
    async stop() {
      cancelTimer?.()
      cancelTimer = undefined
      stopping.abort()
      await running
    },
  }
}
