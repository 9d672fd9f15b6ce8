import type { Entry } from './entry.ts'
import { DirectoryError } from './error.ts'
import type { Sessions } from './ldap.ts'
import type { Limits } from './limits.ts'
import { type Query, type SearchSummary, search } from './search.ts'

export interface Search {
  readonly query: Query
  readonly onEntry: (entry: Entry) => void
}

/**
 * Two searches of one server at once, the second on a connection of its own. What that one has not begun to give when
 * the first is done is asked for on the first, whose server may allow but one, or let the other wait; `alone` hears
 * why. Else one that fails ends both.
 * @throws DirectoryError
 */
export async function searchSideBySide(
  { session, beside }: Sessions,
  [first, second]: readonly [Search, Search],
  limits: Limits,
  alone: (reason: string) => void,
): Promise<readonly [SearchSummary, SearchSummary]> {
  const stop = new AbortController()
  let begun = false
  const onEntry = (entry: Entry) => {
    begun = true
    second.onEntry(entry)
  }
  const apart = beside(stop.signal, (other) => search(other, second.query, limits, onEntry)).catch(
    (error: unknown) => {
      if (begun || !(error instanceof DirectoryError)) throw error
      alone(error.message)
      return undefined
    },
  )
  const here = search(session, first.query, limits, first.onEntry).finally(() => {
    if (!begun) stop.abort(new DirectoryError('aborted', 'it gave nothing while the other search took place'))
  })
  try {
    const [one, two] = await Promise.all([here, apart])
    return [one, two ?? (await search(session, second.query, limits, second.onEntry))]
  } catch (error) {
    stop.abort(error)
    session.end(error)
    await Promise.allSettled([here, apart])
    throw error
  }
}
