/** One answer for all who ask at one time, or soon after. */

/** An answer is good for so many milliseconds from when it is there; of what failed the next who asks tries again. */
export function shared<T>(good: number, read: () => Promise<T>): () => Promise<T> {
  let last: Promise<T> | undefined
  const forget = (one: Promise<T>) => {
    if (last === one) last = undefined
  }
  return () => {
    if (last !== undefined) return last
    const one = read()
    last = one
    one.then(
      () => setTimeout(() => forget(one), good).unref(),
      () => forget(one),
    )
    return one
  }
}
