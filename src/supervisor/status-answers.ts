/** What the status process asks for, answered part by part: it is one that a stranger may have taken over. */
import { clip } from '../messages/common.ts'
import type { Answer, Request } from '../messages/control.ts'
import type { ToStatus } from '../messages/status.ts'

/** Answers that may be under way at once. */
export const MOST_ANSWERS = 16

export interface StatusAnswers {
  readonly begin: (id: number, request: Request) => void
  readonly more: (id: number) => void
  readonly drop: (id: number) => void
  readonly close: () => void
}

/** An answer under way: the next part is not made while another is. */
interface Open {
  readonly parts: AsyncGenerator<Answer, void>
  making: boolean
}

/** The next part of an answer goes out when it is asked for: who is slow costs one part. */
export function createStatusAnswers(
  answer: (request: Request) => AsyncGenerator<Answer, void>,
  send: (message: ToStatus) => void,
): StatusAnswers {
  const open = new Map<number, Open>()
  const end = (id: number, error?: string) =>
    send({ kind: 'end', id, ...(error !== undefined && { error: clip(error) }) })

  const next = async (id: number, one: Open) => {
    one.making = true
    try {
      const { value } = await one.parts.next()
      one.making = false
      // It was dropped meanwhile.
      if (open.get(id) !== one) return
      if (value !== undefined) return send({ kind: 'part', id, part: value })
      end(id)
    } catch (error) {
      end(id, (error as Error).message)
    }
    open.delete(id)
  }

  const drop = (id: number) => {
    void open.get(id)?.parts.return()
    open.delete(id)
  }

  return {
    begin(id, request) {
      if (open.has(id)) return
      if (open.size >= MOST_ANSWERS) return end(id, 'too many requests at once')
      const one = { parts: answer(request), making: false }
      open.set(id, one)
      void next(id, one)
    },
    more(id) {
      const one = open.get(id)
      if (one === undefined) end(id, 'there is no such request')
      else if (!one.making) void next(id, one)
    },
    drop,
    close() {
      for (const id of open.keys()) drop(id)
    },
  }
}
