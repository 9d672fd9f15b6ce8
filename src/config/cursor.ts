import { BadValue } from './bad-value.ts'
import type { Located, Position } from './config.ts'
import type { Lexer, Token } from './lexer.ts'
import { Mistake } from './mistake.ts'
import type { Report } from './report.ts'

/**
 * Walks over the tokens of one file. What is not of the expected form ends the statement with a Mistake; a value
 * of the right form but out of its range is reported, and the statement goes on.
 */
export class Cursor {
  readonly #lexer: Lexer
  readonly #report: Report
  readonly #ahead: Token[] = []
  /** the first string of this statement that runs over a line's end */
  #suspect: Extract<Token, { kind: 'string' }> | undefined

  constructor(lexer: Lexer, report: Report) {
    this.#lexer = lexer
    this.#report = report
  }

  /** The next token, or one of the two after it. */
  peek(further: 0 | 1 | 2 = 0): Token {
    for (;;) {
      const token = this.#ahead[further]
      if (token !== undefined) return token
      this.#ahead.push(this.#note(this.#lexer.next()))
    }
  }

  next(): Token {
    const token = this.peek()
    this.#ahead.shift()
    return token
  }

  /** Skips empty lines and begins a statement with its first token. */
  beginStatement(): Token {
    while (this.peek().kind === 'newline') this.next()
    this.#suspect = undefined
    return this.#note(this.peek())
  }

  /**
   * Reads a statement, or a part of one. After a mistake, which is reported, it gives false; reading then goes on
   * where the mistake is, or, when a string lacks its closing quote, at the end of the line where it began.
   */
  attempt(read: () => void): boolean {
    const before = this.#report.count
    try {
      read()
      return true
    } catch (error) {
      if (!(error instanceof Mistake)) throw error
      this.#recover(error, before)
      return false
    }
  }

  #recover(mistake: Mistake, problemsBefore: number): void {
    const suspect = this.#suspect
    this.#suspect = undefined
    if (suspect?.firstLineEnd === undefined) {
      if (mistake.message !== '') this.#report.problem(mistake.at, mistake.message)
      return
    }
    this.#report.rollBack(problemsBefore)
    // Far more often a quote was forgotten than a string of several lines is followed by a mistake.
    this.#report.problem(
      suspect.at,
      'quoted string runs over several lines and what follows it makes no sense, expected a closing quote',
    )
    this.#ahead.length = 0
    this.#lexer.resume(suspect.firstLineEnd)
  }

  /** The text of the next token, or of one after it, when it is an unquoted word, reserved or not. */
  unquoted(further: 0 | 1 | 2 = 0): string | undefined {
    const token = this.peek(further)
    return token.kind === 'keyword' || token.kind === 'word' ? token.text : undefined
  }

  at(word: string): boolean {
    return this.unquoted() === word
  }

  atSymbol(symbol: '{' | '}' | '=' | ',', further: 0 | 1 | 2 = 0): boolean {
    const token = this.peek(further)
    return token.kind === 'symbol' && token.text === symbol
  }

  /** Takes this word when it is next. */
  takes(word: string): boolean {
    const found = this.at(word)
    if (found) this.next()
    return found
  }

  word(word: string): void {
    if (!this.takes(word)) throw this.unexpected(`'${word}'`)
  }

  symbol(symbol: '{' | '='): void {
    if (!this.atSymbol(symbol)) throw this.unexpected(`'${symbol}'`)
    this.next()
  }

  /** Whether a string or an unreserved word is next, or after the next. */
  atText(further: 0 | 1 = 0): boolean {
    const { kind } = this.peek(further)
    return kind === 'string' || kind === 'word'
  }

  atLineEnd(): boolean {
    const { kind } = this.peek()
    return kind === 'newline' || kind === 'end'
  }

  /** A string or an unreserved word. */
  text(what: string): Located<string> {
    const token = this.peek()
    if (token.kind !== 'string' && token.kind !== 'word') {
      if (token.kind !== 'keyword' && token.kind !== 'number') throw this.unexpected(what)
      throw this.unexpected(what, 'quote it to use it as text')
    }
    this.next()
    if (token.kind === 'word' && /\$[A-Za-z0-9_]/.test(token.text)) {
      this.#report.warning(token.at, "'$' inside a word is not the use of a macro, but that character")
    }
    return { value: token.text, at: token.at }
  }

  /** Like `text`, but nothing of what stands there gets into a message. */
  secret(what: string): Located<string> {
    const { kind, at } = this.peek()
    if (kind === 'unknown-macro') throw new Mistake(at, `macro is not defined, expected ${what}`)
    return this.text(what)
  }

  /** A text that `parse` turns into a value; its BadValue is reported. */
  value<T>(what: string, parse: (text: string) => T): Located<T | undefined> {
    const { value, at } = this.text(what)
    return { value: this.checked(at, () => parse(value)), at }
  }

  checked<T>(at: Position, parse: () => T): T | undefined {
    try {
      return parse()
    } catch (error) {
      if (!(error instanceof BadValue)) throw error
      this.#report.problem(at, error.message)
      return undefined
    }
  }

  /** A number; one out of range is reported and then given as it is. */
  number(what: string, least: number, most: number): number {
    const range = `${what} from ${least} to ${most}`
    const token = this.peek()
    if (token.kind === 'string') throw this.unexpected(range, 'without quotes')
    if (token.kind !== 'number') throw this.unexpected(range)
    this.next()
    const value = Number(token.text)
    const good = value >= least && value <= most
    if (!good) this.#report.problem(token.at, `number out of range, expected ${range}`)
    return value
  }

  lineEnd(): void {
    if (!this.atLineEnd()) throw this.unexpected('the end of the line')
  }

  /** The mistake that the next token is; `hint` is what to do about it, when that is not plain. */
  unexpected(expected: string, hint = needsQuotes(this.peek())): Mistake {
    const token = this.peek()
    if (token.kind === 'error') return new Mistake(token.at, token.message ?? '')
    if (token.kind === 'unknown-macro') {
      const definition = `${token.name} = "…"`
      return new Mistake(
        token.at,
        `macro '${token.name}' is not defined, expected a line ${definition} above`,
      )
    }
    const origin = token.macro === undefined ? '' : ` from macro '${token.macro}'`
    const advice = hint === '' ? '' : ` (${hint})`
    return new Mistake(token.at, `unexpected ${describe(token)}${origin}, expected ${expected}${advice}`)
  }

  #note(token: Token): Token {
    if (token.kind === 'string' && token.firstLineEnd !== undefined) this.#suspect ??= token
    return token
  }
}

/** Names no text but reserved words: what stands in a wrong place may be a password. */
function describe(token: Exclude<Token, { kind: 'error' | 'unknown-macro' }>): string {
  if (token.kind === 'keyword') return `reserved word '${token.text}'`
  if (token.kind === 'symbol') return visible(token.text)
  return DESCRIPTIONS[token.kind]
}

const DESCRIPTIONS = {
  word: 'word',
  string: 'quoted string',
  number: 'number',
  newline: 'end of the line',
  end: 'end of the file',
} as const

/** Any other character that stands for itself ended a word that should have been quoted. */
function needsQuotes(token: Token): string {
  if (token.kind !== 'symbol' || token.text === '{' || token.text === '}') return ''
  const where = token.macro === undefined ? 'quotes' : 'quotes of its own inside the value of the macro'
  return `text with ${visible(token.text)} in it needs ${where}`
}

function visible(character: string): string {
  if (/^\P{C}$/u.test(character)) return `'${character}'`
  return `U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`
}
