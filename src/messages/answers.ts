/** Answers that go out part by part, each when it is asked for, so that a slow reader costs one part. */
import { PART_CHARACTERS, PART_ITEMS } from './limits.ts'

/** What an answer is said with. */
export interface Sayings<Item> {
  readonly part: (id: number, items: readonly Item[]) => void
  /** `error` says why there is no answer, or no more of it */
  readonly end: (id: number, error?: string) => void
  /** characters that an item takes, more or less */
  readonly size: (item: Item) => number
  /** answers that may be under way at once */
  readonly most: number
}

export interface Answers<Item> {
  /** Begins an answer with its first part. What `items` throws ends it. */
  readonly begin: (id: number, items: Iterator<Item>) => void
  readonly more: (id: number) => void
  readonly drop: (id: number) => void
}

export function createAnswers<Item>({ part, end, size, most }: Sayings<Item>): Answers<Item> {
  const open = new Map<number, Iterator<Item>>()

  const next = (id: number, items: Iterator<Item>) => {
    try {
      const taken = takePart(items, size)
      if (taken.length > 0) return part(id, taken)
      end(id)
    } catch (error) {
      end(id, (error as Error).message)
    }
    open.delete(id)
  }

  return {
    begin(id, items) {
      if (open.size >= most) return end(id, 'too many requests at once: try again')
      open.set(id, items)
      next(id, items)
    },
    more(id) {
      const items = open.get(id)
      if (items === undefined) end(id, 'there is no such request')
      else next(id, items)
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
