/** Work that takes much memory: so many pieces of it at a time, the others in the order in which they came. */
export interface Slots {
  /** Does it when it is its turn. Throws the signal's reason when that comes first. */
  readonly use: <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>
}

export function createSlots(most: number): Slots {
  let free = most
  const waiting = new Set<() => void>()

  const turn = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const begin = () => {
        waiting.delete(begin)
        signal.removeEventListener('abort', giveUp)
        free -= 1
        resolve()
      }
      const giveUp = () => {
        waiting.delete(begin)
        reject(signal.reason as Error)
      }
      if (free > 0) return begin()
      waiting.add(begin)
      signal.addEventListener('abort', giveUp, { once: true })
    })

  return {
    async use(signal, work) {
      signal.throwIfAborted()
      await turn(signal)
      try {
        return await work()
      } finally {
        free += 1
        const [next] = waiting
        next?.()
      }
    },
  }
}
