/** What a filter says of entries, without a server to ask. */
import {
  AndFilter,
  ApproximateFilter,
  EqualityFilter,
  ExtensibleFilter,
  type Filter,
  GreaterThanEqualsFilter,
  LessThanEqualsFilter,
  NotFilter,
  OrFilter,
  PresenceFilter,
  SubstringFilter,
} from 'ldapts'
import type { Octets } from '../maps/rows.ts'
import type { Entry } from './entry.ts'
import { foldCase, utf8Octets } from './octets.ts'

/** Gives a function that says whether the filter is true of an entry. What can't be decided is not true. */
export function createMatcher(filter: Filter): (entry: Entry) => boolean {
  const test = compiled(filter)
  return (entry) => test(entry) === true
}

/** RFC 4511 s.4.5.1.7: true, false or undefined; the negation of undefined is undefined. */
type Test = (entry: Entry) => boolean | undefined

/** What is the same for all entries is worked out here, once: a file of many is held against many filters. */
function compiled(filter: Filter): Test {
  if (filter instanceof AndFilter) return all(filter.filters.map(compiled))
  if (filter instanceof OrFilter) return any(filter.filters.map(compiled))
  if (filter instanceof NotFilter) return not(compiled(filter.filter))
  if (filter instanceof PresenceFilter) return some(filter.attribute, () => true)
  if (filter instanceof EqualityFilter || filter instanceof ApproximateFilter) {
    return some(filter.attribute, equalTo(filter.value.toString()))
  }
  if (filter instanceof GreaterThanEqualsFilter) {
    const compare = comparedWith(filter.value)
    return some(filter.attribute, (value) => compare(value) >= 0)
  }
  if (filter instanceof LessThanEqualsFilter) {
    const compare = comparedWith(filter.value)
    return some(filter.attribute, (value) => compare(value) <= 0)
  }
  if (filter instanceof SubstringFilter) return some(filter.attribute, substrings(filter))
  if (filter instanceof ExtensibleFilter) return rule(filter)
  return unknown
}

const unknown: Test = () => undefined

function all(tests: readonly Test[]): Test {
  return (entry) => {
    let result: boolean | undefined = true
    for (const test of tests) {
      const one = test(entry)
      if (one === false) return false
      result = result && one
    }
    return result
  }
}

function any(tests: readonly Test[]): Test {
  return (entry) => {
    let result: boolean | undefined = false
    for (const test of tests) {
      const one = test(entry)
      if (one === true) return true
      if (one === undefined) result = undefined
    }
    return result
  }
}

function not(test: Test): Test {
  return (entry) => {
    const result = test(entry)
    return result === undefined ? undefined : !result
  }
}

function some(attribute: string, test: (value: Octets) => boolean): (entry: Entry) => boolean {
  const name = attribute.toLowerCase()
  return ({ attributes }) => attributes.get(name)?.some(test) ?? false
}

function equalTo(text: string): (value: Octets) => boolean {
  const exact = utf8Octets(text)
  const wanted = foldCase(exact)
  return (value) => value === exact || foldCase(value) === wanted
}

const INTEGER = /^-?\d{1,40}$/

/** Numbers compare as numbers, all else as text: there is no schema to ask. */
function comparedWith(text: string): (value: Octets) => number {
  const wanted = foldCase(utf8Octets(text))
  const number = INTEGER.test(text) ? BigInt(text) : undefined
  return (value) => {
    if (number !== undefined && INTEGER.test(value)) return order(BigInt(value), number)
    return order(foldCase(value), wanted)
  }
}

function order<T extends bigint | string>(left: T, right: T): number {
  return left < right ? -1 : left > right ? 1 : 0
}

function substrings({ initial, any, final }: SubstringFilter): (value: Octets) => boolean {
  const [first, last] = [foldPart(initial), foldPart(final)]
  const parts = any.map(foldPart)
  return (value) => {
    const text = foldCase(value)
    if (!text.startsWith(first)) return false
    let at = first.length
    for (const part of parts) {
      const found = text.indexOf(part, at)
      if (found === -1) return false
      at = found + part.length
    }
    return text.length - last.length >= at && text.endsWith(last)
  }
}

/** Spaces at the ends of a part count: there is more text beside them. */
function foldPart(part: string): string {
  return foldCase(`.${utf8Octets(part)}.`).slice(1, -1)
}

/** Active Directory's two rules for bit masks, caseExactMatch, and no rule at all, which means equality. */
function rule({ matchType, dnAttributes, rule, value: text }: ExtensibleFilter): Test {
  if (matchType === '' || dnAttributes) return unknown
  switch (rule) {
    case '':
      return some(matchType, equalTo(text))
    case 'caseExactMatch':
    case '2.5.13.5': {
      const wanted = utf8Octets(text)
      return some(matchType, (value) => value === wanted)
    }
    case '1.2.840.113556.1.4.803':
      return bits(matchType, text, (value, mask) => (value & mask) === mask)
    case '1.2.840.113556.1.4.804':
      return bits(matchType, text, (value, mask) => (value & mask) !== 0n)
    default:
      return unknown
  }
}

function bits(attribute: string, text: string, test: (value: bigint, mask: bigint) => boolean): Test {
  if (!INTEGER.test(text)) return unknown
  const mask = BigInt(text)
  return some(attribute, (value) => INTEGER.test(value) && test(BigInt(value), mask))
}
