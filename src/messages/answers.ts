/** Answers that go out part by part, each when it is asked for, so that a slow reader costs one part. */
import { PART_CHARACTERS, PART_ITEMS } from './limits.ts'

export interface AnswersOptions {
  /** `error` says why there is no answer, or no more of it */
  readonly end: (id: number, error?: string) => void
  /** answers that may be under way at once */
  readonly most: number
}

/** What the parts of an answer are said with. */
export interface Sayings<Item> {
  readonly part: (id: number, items: readonly Item[]) => void
  /** characters that an item takes, more or less */
  readonly size: (item: Item) => number
}

export interface Answers {
  /** Begins an answer with its first part. What `items` throws ends it. */
  readonly begin: <Item>(id: number, items: Iterator<Item>, sayings: Sayings<Item>) => void
  readonly more: (id: number) => void
  readonly drop: (id: number) => void
}

export function createAnswers({ end, most }: AnswersOptions): Answers {
  /** each says its next part, if there is one */
  const open = new Map<number, () => boolean>()

  const next = (id: number, say: () => boolean) => {
    try {
      if (say()) return
      end(id)
    } catch (error) {
      end(id, (error as Error).message)
    }
    open.delete(id)
  }

  return {
    begin(id, items, { part, size }) {
      if (open.size >= most) return end(id, 'too many requests at once: try again')
      const say = () => {
        const taken = takePart(items, size)
        if (taken.length > 0) part(id, taken)
        return taken.length > 0
      }
      open.set(id, say)
      next(id, say)
    },
    more(id) {
      const say = open.get(id)
      if (say === undefined) end(id, 'there is no such request')
      else next(id, say)
    },
    drop: (id) => void open.delete(id),
  }
}

function takePart<Item>(items: Iterator<Item>, size: (item: Item) => number): readonly Item[] {
  const taken: Item[] = []
  for (let characters = 0; taken.length < PART_ITEMS && characters < PART_CHARACTERS; ) {
    const { value, done } = items.next()
    if (done === true) break
    taken.push(value)
    characters += size(value)
  }
  return taken
}
