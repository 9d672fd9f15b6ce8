/** Work that is done once at a time, and once more for all who asked for it while it was under way. */

export interface Turns<T> {
  /** Resolves with the outcome of work that began after this was called. */
  readonly ask: () => Promise<T>
  /** Resolves when nothing is under way. */
  readonly idle: () => Promise<void>
}

export function createTurns<T>(work: () => Promise<T>): Turns<T> {
  let running: Promise<T> | undefined
  let waiting: Promise<T> | undefined

  const begin = (): Promise<T> => {
    const mine = work().finally(() => {
      if (running === mine) running = undefined
    })
    running = mine
    return mine
  }

  const next = async (): Promise<T> => {
    await running?.catch(() => {})
    waiting = undefined
    return begin()
  }

  return {
    ask() {
      if (running === undefined && waiting === undefined) return begin()
      waiting ??= next()
      return waiting
    },
    async idle() {
      for (let busy = running ?? waiting; busy !== undefined; busy = running ?? waiting)
        await busy.catch(() => {})
    },
  }
}
