import type { Cursor } from './cursor.ts'
import type { Draft } from './draft.ts'
import { LIMIT_TABLE } from './limit-table.ts'

const ROWS = LIMIT_TABLE.map((row) => ({ ...row, path: row.words.split(' ') }))

/** `limit WORDS N`. Of rows that begin alike (`tcp connections`, `tcp connections per address`) the longest counts. */
export function readLimit(cursor: Cursor, draft: Draft): void {
  let rows = ROWS
  let depth = 0
  for (;;) {
    const further = rows.filter(({ path }) => path[depth] !== undefined && cursor.at(path[depth]!))
    if (further.length === 0) break
    rows = further
    depth += 1
    cursor.next()
  }
  const row = rows.find(({ path }) => path.length === depth)
  if (row === undefined) {
    const words = new Set(rows.map(({ path }) => path[depth]!))
    throw cursor.unexpected(`one of the limits ${[...words].join(', ')}`)
  }
  draft.limits[row.key] = cursor.number(`a number of ${row.unit}`, row.least, row.most)
}
