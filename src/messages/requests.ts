/**
 * Requests to a child and their answers, which come in parts: the next part is asked for when the last has been
 * taken, so a slow reader costs one part and no more.
 */

/** How a request and what follows it are said to the child. */
export interface Asking {
  readonly ask: (id: number) => void
  readonly more: (id: number) => void
  readonly drop: (id: number) => void
}

export interface Requests<Part> {
  /** Ends after the last part; throws with the reason why there is no answer, or no more of it. */
  readonly parts: (asking: Asking) => AsyncGenerator<Part, void, void>
  /** The answer that is one part; throws as `parts` does. */
  readonly one: (ask: (id: number) => void) => Promise<Part>
  /** Resolves when the answer, which has no parts, has ended. */
  readonly done: (ask: (id: number) => void) => Promise<void>
  /** What the child said; false when nobody asked. */
  readonly part: (id: number, part: Part) => boolean
  readonly end: (id: number, error: string | undefined) => boolean
  /** The child is gone, and with it whatever is still to be asked. */
  readonly fail: (reason: string) => void
}

interface Open<Part> {
  resolve: (part: Part | undefined) => void
  reject: (error: Error) => void
}

export function createRequests<Part>(): Requests<Part> {
  const open = new Map<number, Open<Part>>()
  let last = 0
  let gone: string | undefined

  /** Resolves with the next part, or with undefined at the end. */
  const next = (id: number, say: (id: number) => void): Promise<Part | undefined> =>
    new Promise((resolve, reject) => {
      if (gone !== undefined) return reject(new Error(gone))
      open.set(id, { resolve, reject })
      say(id)
    })

  const take = (id: number): Open<Part> | undefined => {
    const waiting = open.get(id)
    open.delete(id)
    return waiting
  }

  return {
    async *parts({ ask, more, drop }) {
      const id = ++last
      let ended = false
      try {
        for (let part = await next(id, ask); part !== undefined; part = await next(id, more)) yield part
        ended = true
      } catch (error) {
        ended = true
        throw error
      } finally {
        if (!ended) drop(id)
      }
    },
    async one(ask) {
      const part = await next(++last, ask)
      if (part === undefined) throw new Error('there is no answer')
      return part
    },
    async done(ask) {
      await next(++last, ask)
    },
    part(id, part) {
      const waiting = take(id)
      waiting?.resolve(part)
      return waiting !== undefined
    },
    end(id, error) {
      const waiting = take(id)
      if (error === undefined) waiting?.resolve(undefined)
      else waiting?.reject(new Error(error))
      return waiting !== undefined
    },
    fail(reason) {
      gone = reason
      for (const { reject } of open.values()) reject(new Error(reason))
      open.clear()
    },
  }
}
