import { isUtf8 } from 'node:buffer'

import { AndFilter, ExtensibleFilter, type Filter, FilterParser, NotFilter, OrFilter } from 'ldapts'

export class FilterError extends Error {
  readonly code = 'filter-invalid'

  constructor(text: string) {
    super(text)
    this.name = 'FilterError'
  }
}

const LONGEST = 64 * 1024
const DEEPEST = 100

/**
 * An LDAP search filter from its text (RFC 4515).
 * @throws FilterError
 */
export function parseFilter(text: string): Filter {
  if (text === '') throw new FilterError('the filter is empty; (objectClass=*) matches every entry')
  if (text.length > LONGEST) throw new FilterError(`the filter is longer than ${LONGEST} characters`)
  // The library's parser lets pass a filter that ends too early and what stands between one filter and the
  // next, so the parentheses are checked first.
  const end = endOfFilter(text, 0, 1)
  if (end < text.length) {
    throw new FilterError(`"${text.slice(end)}" follows the end of the filter ${text.slice(0, end)}`)
  }
  try {
    return FilterParser.parseString(decodeEscapes(text))
  } catch (error) {
    if (error instanceof FilterError) throw error
    throw new FilterError(`${error instanceof Error ? error.message : String(error)} (in the filter ${text})`)
  }
}

/**
 * The same for a filter of a file, where nobody can be asked: members of members are not known to one entry.
 * @throws FilterError
 */
export function parseFileFilter(text: string): Filter {
  const filter = parseFilter(text)
  if (asksInChain(filter)) {
    throw new FilterError(
      `the rule ${IN_CHAIN} (members of members) needs a server, and can't be used with a file; ` +
        `name the groups one by one (in the filter ${text})`,
    )
  }
  return filter
}

/** Active Directory's rule that follows a DN from entry to entry. */
const IN_CHAIN = '1.2.840.113556.1.4.1941'

function asksInChain(filter: Filter): boolean {
  if (filter instanceof AndFilter || filter instanceof OrFilter) return filter.filters.some(asksInChain)
  if (filter instanceof NotFilter) return asksInChain(filter.filter)
  return filter instanceof ExtensibleFilter && filter.rule === IN_CHAIN
}

/** The place after the filter that begins at `at`. */
function endOfFilter(text: string, at: number, depth: number): number {
  if (depth > DEEPEST) throw new FilterError(`the filter is nested deeper than ${DEEPEST} times`)
  if (text[at] !== '(') throw unexpected(text, at, '"("')
  const operator = text[at + 1]
  let next = at + 1
  if (operator === '&' || operator === '|') {
    next += 1
    do next = endOfFilter(text, next, depth + 1)
    while (text[next] === '(')
  } else if (operator === '!') {
    next = endOfFilter(text, next + 1, depth + 1)
  } else {
    while (next < text.length && text[next] !== '(' && text[next] !== ')') next += 1
    if (text.slice(at, next).includes('**')) {
      throw new FilterError(`"**" in the filter ${text}: write one "*", or \\2a for the character`)
    }
  }
  if (text[next] !== ')') throw unexpected(text, next, '")"')
  return next + 1
}

function unexpected(text: string, at: number, wanted: string): FilterError {
  const found = at < text.length ? `"${text[at]}"` : 'the end'
  return new FilterError(`at character ${at + 1} of the filter ${text}: expected ${wanted}, found ${found}`)
}

/**
 * Escaped bytes from 80 up as the characters they are in UTF-8: the library takes each such byte for a
 * character and sends it as two.
 */
function decodeEscapes(text: string): string {
  return text.replace(/(?:\\[89a-f][0-9a-f])+/gi, (escapes) => {
    const bytes = Buffer.from(escapes.replaceAll('\\', ''), 'hex')
    if (!isUtf8(bytes)) throw new FilterError(`${escapes} in the filter ${text} is not UTF-8`)
    return bytes.toString('utf8')
  })
}
