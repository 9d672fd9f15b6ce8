/** Milliseconds between two lines about things that may happen a million times a minute. */
const INTERVAL_MS = 60_000

/** Tells of the first, and then at most once a minute of the last, with how many there were in all. */
export function rarely<T>(tell: (last: T, count: number) => void): (item: T) => void {
  let count = 0
  let next = 0
  return (item) => {
    count += 1
    const now = performance.now()
    if (now < next) return
    next = now + INTERVAL_MS
    tell(item, count)
  }
}
