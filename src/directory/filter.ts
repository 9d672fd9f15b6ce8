import { isUtf8 } from 'node:buffer'

import {
  AndFilter,
  ApproximateFilter,
  EqualityFilter,
  ExtensibleFilter,
  type Filter,
  FilterParser,
  GreaterThanEqualsFilter,
  LessThanEqualsFilter,
  NotFilter,
  OrFilter,
  PresenceFilter,
  SubstringFilter,
} from 'ldapts'

import type { Octets } from '../maps/rows.ts'
import { allValues, type Entry } from './entry.ts'
import { foldCase, utf8Octets } from './octets.ts'

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

/** Whether the filter is true of the entry. What can't be decided (a rule we don't know) is not true. */
export function matches(filter: Filter, entry: Entry): boolean {
  return evaluate(filter, entry) === true
}

/** RFC 4511 s.4.5.1.7: true, false or undefined; the negation of undefined is undefined. */
function evaluate(filter: Filter, entry: Entry): boolean | undefined {
  if (filter instanceof AndFilter) {
    const results = new Set(filter.filters.map((part) => evaluate(part, entry)))
    return results.has(false) ? false : results.has(undefined) ? undefined : true
  }
  if (filter instanceof OrFilter) {
    const results = new Set(filter.filters.map((part) => evaluate(part, entry)))
    return results.has(true) ? true : results.has(undefined) ? undefined : false
  }
  if (filter instanceof NotFilter) {
    const result = evaluate(filter.filter, entry)
    return result === undefined ? undefined : !result
  }
  if (filter instanceof PresenceFilter) return allValues(entry, filter.attribute).length > 0
  if (filter instanceof EqualityFilter || filter instanceof ApproximateFilter) {
    const wanted = foldCase(utf8Octets(filter.value.toString()))
    return allValues(entry, filter.attribute).some((value) => foldCase(value) === wanted)
  }
  if (filter instanceof GreaterThanEqualsFilter) {
    return allValues(entry, filter.attribute).some((value) => compare(value, filter.value) >= 0)
  }
  if (filter instanceof LessThanEqualsFilter) {
    return allValues(entry, filter.attribute).some((value) => compare(value, filter.value) <= 0)
  }
  if (filter instanceof SubstringFilter) {
    return allValues(entry, filter.attribute).some((value) => matchesSubstrings(filter, value))
  }
  if (filter instanceof ExtensibleFilter) return matchesRule(filter, entry)
  return undefined
}

const INTEGER = /^-?\d{1,40}$/

/** Numbers compare as numbers, all else as text: there is no schema to ask. */
function compare(value: Octets, text: string): number {
  if (INTEGER.test(value) && INTEGER.test(text)) {
    const difference = BigInt(value) - BigInt(text)
    return difference < 0n ? -1 : difference > 0n ? 1 : 0
  }
  const left = foldCase(value)
  const right = foldCase(utf8Octets(text))
  return left < right ? -1 : left > right ? 1 : 0
}

function matchesSubstrings(filter: SubstringFilter, value: Octets): boolean {
  const text = foldCase(value)
  const [initial, final] = [foldPart(filter.initial), foldPart(filter.final)]
  if (!text.startsWith(initial)) return false
  let at = initial.length
  for (const part of filter.any.map(foldPart)) {
    const found = text.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return text.length - final.length >= at && text.endsWith(final)
}

/** Spaces at the ends of a part count: there is more text beside them. */
function foldPart(part: string): string {
  return foldCase(`.${utf8Octets(part)}.`).slice(1, -1)
}

/** Active Directory's two rules for bit masks, caseExactMatch, and no rule at all, which means equality. */
function matchesRule(filter: ExtensibleFilter, entry: Entry): boolean | undefined {
  if (filter.matchType === '' || filter.dnAttributes) return undefined
  const values = allValues(entry, filter.matchType)
  switch (filter.rule) {
    case '':
      return values.some((value) => foldCase(value) === foldCase(utf8Octets(filter.value)))
    case 'caseExactMatch':
    case '2.5.13.5':
      return values.includes(utf8Octets(filter.value))
    case '1.2.840.113556.1.4.803':
      return matchesBits(values, filter.value, (bits, mask) => (bits & mask) === mask)
    case '1.2.840.113556.1.4.804':
      return matchesBits(values, filter.value, (bits, mask) => (bits & mask) !== 0n)
    default:
      return undefined
  }
}

function matchesBits(
  values: readonly Octets[],
  mask: string,
  test: (bits: bigint, mask: bigint) => boolean,
): boolean | undefined {
  if (!INTEGER.test(mask)) return undefined
  return values.some((value) => INTEGER.test(value) && test(BigInt(value), BigInt(mask)))
}
