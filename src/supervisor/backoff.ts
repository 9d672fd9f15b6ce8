/** How long to wait before what has failed is started again. */

/** Seconds. The first restart is at once: most deaths are single. */
const FIRST = 1
const LONGEST = 30

export interface Backoff {
  /** Milliseconds until the next start, of what has just ended. */
  readonly next: () => number
  /** It has done its work: its next death is a first one again. */
  readonly sound: () => void
}

export function createBackoff(): Backoff {
  let failures = 0
  return {
    next() {
      const seconds = failures === 0 ? 0 : Math.min(FIRST * 2 ** (failures - 1), LONGEST)
      failures += 1
      return seconds * 1000
    },
    sound() {
      failures = 0
    },
  }
}
