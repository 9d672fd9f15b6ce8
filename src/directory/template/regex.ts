import { type Matcher, RE2JS, RE2JSSyntaxException } from 're2js'

import type { Octets } from '../../maps/rows.ts'
import { utf8Octets } from '../octets.ts'
import { boundBytes } from './bounds.ts'
import { LIST, MAX_PATTERN } from './limits.ts'
import type { Scanner } from './scanner.ts'

/** A regular expression over bytes, in time linear to their number (RE2). `.` is any byte. */
export interface Regex {
  /** capturing groups */
  readonly groups: number
  readonly test: (value: Octets) => boolean
  /** of the first match, group by group from 0 for the whole, `''` for what took no part; or nothing */
  readonly find: (value: Octets) => readonly Octets[] | undefined
  /** each match by what `text` makes of its groups. Throws EvaluationError for a text beyond all bounds */
  readonly replace: (value: Octets, text: (groups: readonly Octets[]) => Octets) => Octets
}

const LITERAL = /\/(?:[^\\/]|\\.)*\/i?(?![A-Za-z])/sy
const FLAGGED = /\/(?:[^\\/]|\\.)*\//sy

/** `/pattern/` or `/pattern/i`; a slash in it is `\/`. */
export function readRegex(scanner: Scanner): Regex {
  if (scanner.next() !== '/') scanner.expected('a regular expression, such as /^a/')
  const start = scanner.at
  const literal = scanner.take(LITERAL)
  if (literal === undefined) {
    const closed = scanner.match(FLAGGED)
    if (closed !== undefined)
      scanner.fail('the only flag of a regular expression is i', start + closed.length)
    scanner.fail('the regular expression that begins here lacks its closing /', start)
  }
  const end = literal.lastIndexOf('/')
  const pattern = literal.slice(1, end).replaceAll('\\/', '/')
  return compileRegex(scanner, start, pattern, end < literal.length - 1)
}

/** The pattern of what begins at `start`. Throws TemplateError. */
export function compileRegex(scanner: Scanner, start: number, pattern: string, ignoresCase: boolean): Regex {
  if (pattern.length > MAX_PATTERN) {
    scanner.fail(`the pattern that begins here is longer than ${MAX_PATTERN} characters`, start)
  }
  try {
    return compile(pattern, ignoresCase)
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error
    return scanner.fail(`in the pattern that begins here: ${error.getDescription()}`, start)
  }
}

function compile(pattern: string, ignoresCase: boolean): Regex {
  const flags = RE2JS.DOTALL | (ignoresCase ? RE2JS.CASE_INSENSITIVE : 0)
  const re = RE2JS.compile(bytePattern(pattern), flags)
  const groups = re.groupCount()
  return {
    groups,
    test: (value) => re.test(byteText(value)),
    find: (value) => {
      const matcher = re.matcher(byteText(value))
      return matcher.find() ? groupsOf(matcher, value, groups) : undefined
    },
    replace: (value, text) => {
      const matcher = re.matcher(byteText(value))
      let result = ''
      let end = 0
      while (matcher.find()) {
        result += value.slice(end, matcher.start()) + text(groupsOf(matcher, value, groups))
        end = matcher.end()
        boundBytes(result.length, LIST)
      }
      return result + value.slice(end)
    },
  }
}

function groupsOf(matcher: Matcher, value: Octets, groups: number): Octets[] {
  const found: Octets[] = []
  for (let group = 0; group <= groups; group++) {
    const start = matcher.start(group)
    found.push(start < 0 ? '' : value.slice(start, matcher.end(group)))
  }
  return found
}

/**
 * The engine knows characters: to it the byte C3 would be a capital letter, and E3 the same letter. So bytes
 * beyond ASCII are shown to it as characters of private use, which have neither case nor class.
 */
const PRIVATE = 0xe000
const BEYOND_ASCII = /[\x80-\xff]/

function byteText(value: Octets): string {
  if (!BEYOND_ASCII.test(value)) return value
  return value.replace(/[\x80-\xff]/g, (byte) => String.fromCharCode(PRIVATE + byte.charCodeAt(0)))
}

/** A byte may be written as itself in UTF-8, or as \xC3 or \x{c3}. */
function bytePattern(pattern: string): string {
  return byteText(utf8Octets(pattern)).replace(
    /\\(?:x([89a-f][0-9a-f])|x\{0*([89a-f][0-9a-f])\}|.)/gis,
    (escape, short: string | undefined, long: string | undefined) =>
      short === undefined && long === undefined ? escape : `\\x{e0${short ?? long}}`,
  )
}
