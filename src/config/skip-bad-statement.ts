import type { Cursor } from './cursor.ts'

/** Skips the rest of the line, and a block that begins in it, but not the `}` of the block that it stands in. */
export function skipBadStatement(cursor: Cursor): void {
  let depth = 0
  while (cursor.peek().kind !== 'end') {
    if (depth === 0 && (cursor.atLineEnd() || cursor.atSymbol('}'))) return
    if (cursor.atSymbol('{')) depth += 1
    if (cursor.atSymbol('}')) depth -= 1
    const { kind } = cursor.next()
    if (kind === 'newline' && cursor.at('directory')) return
  }
}
