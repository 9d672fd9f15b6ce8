/** When a directory is read again. Times are in seconds. */

/** until the first retry after a failure; doubled with each further one */
const FIRST_RETRY = 2
/** The interval is a bound too. */
const LONGEST_RETRY = 300
/** Servers that were started together should not ask the directory together. */
export const JITTER = 0.1

/** `failures` in a row so far, at least one. */
export function retryAfter(failures: number, interval: number): number {
  return Math.min(FIRST_RETRY * 2 ** (failures - 1), LONGEST_RETRY, interval)
}

/** A tenth more or less. */
export function jittered(seconds: number): number {
  return seconds * (1 + JITTER * (2 * Math.random() - 1))
}
