/** What a template must know of entries other than its own. */
export interface Linked {
  /** all attributes of theirs that are read, those of filters and those that hold DNs included */
  readonly attributes: readonly string[]
  /** attributes whose DNs are followed */
  readonly follows: readonly string[]
  /** attributes by which others refer to an entry */
  readonly referrers: readonly string[]
  /** whether entries above are read */
  readonly parent: boolean
}

/** Where the parser notes what the expressions of one entry read. */
export interface Reads {
  readonly attribute: (name: string) => void
  readonly follow: (name: string, all: boolean) => void
  readonly referrer: (name: string) => void
  readonly parent: () => void
  /** the same for the entries that these lead to */
  readonly others: Reads
}

export interface Ledger {
  readonly reads: Reads
  /** each name once, as it was first written */
  readonly attributes: () => readonly string[]
  readonly linked: () => Linked
}

export function createLedger(): Ledger {
  const [own, others, follows, referrers] = [names(), names(), names(), names()]
  let parent = false
  const readsOf = (attribute: (name: string) => void, further?: Reads): Reads => {
    const reads: Reads = {
      attribute,
      follow: (name, all) => {
        attribute(name)
        follows.add(name)
        if (all) others.add(name)
      },
      referrer: (name) => {
        others.add(name)
        referrers.add(name)
      },
      parent: () => {
        parent = true
      },
      get others() {
        return further ?? reads
      },
    }
    return reads
  }
  return {
    reads: readsOf(own.add, readsOf(others.add)),
    attributes: own.list,
    linked: () => ({
      attributes: others.list(),
      follows: follows.list(),
      referrers: referrers.list(),
      parent,
    }),
  }
}

function names(): { readonly add: (name: string) => void; readonly list: () => readonly string[] } {
  const known = new Map<string, string>()
  return {
    add: (name) => {
      const key = name.toLowerCase()
      if (!known.has(key)) known.set(key, name)
    },
    list: () => [...known.values()],
  }
}
