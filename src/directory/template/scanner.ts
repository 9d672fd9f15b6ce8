import { TemplateError, UNSEEN } from './error.ts'
import { MAX_NESTING } from './limits.ts'

/** RFC 4512 s.2.5, and the options by which Active Directory names a part of a list. */
const ATTRIBUTE = /(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)(?:;range=\d+-(?:\d+|\*)|;[A-Za-z0-9-]+)*/y
const WORD = /[A-Za-z][A-Za-z0-9-]*(?![A-Za-z0-9;-])/y
const BLANKS = /\s*/y

/** Words that have a meaning where an attribute may stand. */
export const RESERVED: ReadonlySet<string> = new Set(
  'all attribute dn domain else follow get if it names or pad parent referrers then where with zip'.split(
    ' ',
  ),
)

/** Of these, the ones that begin more than an operand of `get`. */
const WITH_PARENTHESES: ReadonlySet<string> = new Set(['follow', 'if', 'parent', 'referrers', 'zip'])

/** how much of the text an error tells, in characters */
const FOUND = 20

/** A place in the text of a template, and what stands there. */
export class Scanner {
  readonly text: string
  at = 0
  #depth = 0

  constructor(text: string) {
    this.text = text
  }

  fail(message: string, at: number = this.at): never {
    throw new TemplateError(message, at)
  }

  /** Fails with what was expected and what is there. */
  expected(what: string): never {
    const rest = this.text.slice(this.at, this.at + FOUND).replace(UNSEEN, ' ')
    const found = this.isAtEnd ? 'the end' : `"${rest}"`
    this.fail(`expected ${what}, found ${found}`)
  }

  get isAtEnd(): boolean {
    return this.at >= this.text.length
  }

  /** What the pattern, a sticky one, finds here. */
  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    return pattern.exec(this.text)?.[0]
  }

  take(pattern: RegExp): string | undefined {
    const found = this.match(pattern)
    if (found !== undefined) this.at += found.length
    return found
  }

  /** The character after blanks. */
  next(): string {
    this.take(BLANKS)
    return this.text[this.at] ?? ''
  }

  takeSymbol(symbol: string): boolean {
    const isHere = this.next() === symbol
    if (isHere) this.at += symbol.length
    return isHere
  }

  takeWord(word: string): boolean {
    this.next()
    const isHere = this.match(WORD) === word
    if (isHere) this.at += word.length
    return isHere
  }

  anyWord(): string | undefined {
    this.next()
    return this.take(WORD)
  }

  /** The name of an attribute; one that is a word of templates too stands behind `attribute`. */
  attribute(otherwise: string): string {
    const isMarked = this.takeWord('attribute')
    this.next()
    const name = this.match(ATTRIBUTE)
    if (name === undefined) this.expected(isMarked ? 'the name of an attribute' : otherwise)
    if (!isMarked && WITH_PARENTHESES.has(name)) {
      this.fail(
        `put parentheses round what begins with "${name}"; the attribute is written "attribute ${name}"`,
      )
    }
    if (!isMarked && RESERVED.has(name)) {
      this.fail(`"${name}" is a word of templates; the attribute is written "attribute ${name}"`)
    }
    this.at += name.length
    return name
  }

  /** Throws TemplateError for what is nested too deep. */
  nested<T>(read: () => T): T {
    if (this.#depth >= MAX_NESTING) this.fail(`nested deeper than ${MAX_NESTING} times`)
    this.#depth += 1
    const result = read()
    this.#depth -= 1
    return result
  }
}
