import type { AccessRule } from './config.ts'
import type { Cursor } from './cursor.ts'
import type { AccessDraft } from './draft.ts'
import { MAX_PATH, MAX_RULES } from './limits.ts'
import { parseAbsolutePath } from './path.ts'
import { parsePrefixes } from './prefix.ts'
import type { Report } from './report.ts'

/** Reads what follows `allow` or `deny`, which is said of a domain or a map: `from PREFIX … [port reserved]`. */
export function readAccess(
  verdict: AccessRule['verdict'],
  cursor: Cursor,
  rules: AccessDraft[],
  report: Report,
): void {
  cursor.word('from')
  const found: Omit<AccessRule, 'reserved'>[] = []
  do {
    if (cursor.atSymbol(',')) throw cursor.unexpected('a blank', 'prefixes are separated by blanks')
    const { value = [], at } = cursor.value("an address, a prefix or 'any'", parsePrefixes)
    if (rules.length + found.length + value.length > MAX_RULES) {
      report.problem(at, `too many prefixes, expected at most ${MAX_RULES} in all`)
    } else {
      for (const prefix of value) found.push({ verdict, ...prefix })
    }
  } while (!cursor.atLineEnd() && !cursor.atSymbol('}') && !cursor.at('port'))
  const reserved = cursor.takes('port')
  if (reserved) cursor.word('reserved')
  for (const rule of found) rules.push({ ...rule, reserved })
}

/** Reads what follows `securenets`: the path of a file whose rules stand in its place. */
export function readSecurenets(cursor: Cursor, rules: AccessDraft[], report: Report): void {
  const { value, at } = cursor.value('the path of a file as a quoted string', (text) =>
    parseAbsolutePath(text, MAX_PATH),
  )
  if (value === undefined) return
  if (rules.length === MAX_RULES) report.problem(at, `too many rules, expected at most ${MAX_RULES} in all`)
  else rules.push({ securenets: { value, at } })
}
