import type { Position } from './config.ts'
import { MAX_TOKEN } from './limits.ts'
import type { Macros } from './macros.ts'
import { RESERVED } from './reserved.ts'

/** A place of the text to read on from. */
export interface Mark {
  readonly offset: number
  readonly line: number
  readonly column: number
  readonly expansion: Expanding | undefined
  readonly expanded: number
}

interface Expanding {
  readonly name: string
  readonly text: string
  /** the `$` of its use */
  readonly at: Position
}

interface Place {
  readonly at: Position
  /** the macro it came out of; `at` is then where the macro is used */
  readonly macro: string | undefined
}

export type Token = Place &
  (
    | { readonly kind: 'keyword'; readonly text: string }
    /** unquoted text that is not reserved */
    | { readonly kind: 'word'; readonly text: string }
    /** quoted text; `firstLineEnd` when it runs on over lines, which a forgotten quote also looks like */
    | { readonly kind: 'string'; readonly text: string; readonly firstLineEnd?: Mark }
    /** an optional minus and digits */
    | { readonly kind: 'number'; readonly text: string }
    /** one character that is nothing else; the language knows `{`, `}` and `=` */
    | { readonly kind: 'symbol'; readonly text: string }
    | { readonly kind: 'newline' }
    | { readonly kind: 'end' }
    | { readonly kind: 'unknown-macro'; readonly name: string }
    /** no token; without a message the cause is reported already */
    | { readonly kind: 'error'; readonly message: string | undefined }
  )

const WORD_START = /^[A-Za-z0-9:_]$/
const WORD = /^[\x21-\x7e]$/
const NEVER_IN_WORD = new Set('(){}<>!=#,')
const DIGIT = /^[0-9]$/
const NUMBER_END = new Set(['', ' ', '\t', '\n', '\v', '\f', '\r', ')', ',', '/', '}', '='])
const MACRO_NAME = /^[A-Za-z0-9_]$/

/** What a decoder leaves where bytes were not UTF-8; harmless in a comment, refused in a value. */
const UNDECODABLE = '\ufffd'

/**
 * Turns the text of one file into tokens, one a call, because a macro defined on one line changes how the next
 * are read. Macros are expanded as characters, outside quotes only and where a token begins: `$host.example.com`
 * is one word, a value may hold several tokens, and a `$` in the middle of a word is that character.
 */
export class Lexer {
  readonly #text: string
  readonly #file: string
  readonly #macros: Macros
  #offset = 0
  #line = 1
  #column = 1
  #expansion: Expanding | undefined
  #expanded = 0
  /** of the character read last */
  #place: Place

  constructor(text: string, file: string, macros: Macros) {
    this.#text = text.replaceAll('\r\n', '\n')
    this.#file = file
    this.#macros = macros
    this.#place = this.#placeInFile()
  }

  /** After the last token it gives `end` for ever. */
  next(): Token {
    for (;;) {
      let character = this.#unescaped()
      while (character === ' ' || character === '\t') character = this.#unescaped()
      if (character === '#') character = this.#comment()
      const place = this.#place
      if (character === '$' && place.macro === undefined) {
        const error = this.#expand(place)
        if (error === undefined) continue
        return error
      }
      return this.#token(character, place)
    }
  }

  /** Reads on from a mark that a token carries. */
  resume(mark: Mark): void {
    this.#offset = mark.offset
    this.#line = mark.line
    this.#column = mark.column
    this.#expansion = mark.expansion
    this.#expanded = mark.expanded
  }

  #mark(): Mark {
    return {
      offset: this.#offset,
      line: this.#line,
      column: this.#column,
      expansion: this.#expansion,
      expanded: this.#expanded,
    }
  }

  #placeInFile(): Place {
    return { at: { file: this.#file, line: this.#line, column: this.#column }, macro: undefined }
  }

  /** The next character of the macro or file, '' at its end. */
  #raw(): string {
    const expansion = this.#expansion
    const inMacro = expansion?.text.codePointAt(this.#expanded)
    if (expansion !== undefined && inMacro !== undefined) {
      const character = String.fromCodePoint(inMacro)
      this.#expanded += character.length
      this.#place = { at: expansion.at, macro: expansion.name }
      return character
    }
    this.#expansion = undefined
    this.#place = this.#placeInFile()
    const inFile = this.#text.codePointAt(this.#offset)
    if (inFile === undefined) return ''
    const character = String.fromCodePoint(inFile)
    this.#offset += character.length
    if (character === '\n') {
      this.#line += 1
      this.#column = 1
    } else {
      this.#column += 1
    }
    return character
  }

  /** The next character outside quotes, where a backslash joins lines and vanishes before anything else. */
  #unescaped(): string {
    for (;;) {
      const character = this.#raw()
      if (character !== '\\') return character
      const escaped = this.#raw()
      if (escaped !== '\n') return escaped
    }
  }

  /** The characters that come next and fit `allowed`. */
  #while(allowed: (character: string) => boolean): string {
    let text = ''
    for (;;) {
      const before = this.#mark()
      const character = this.#unescaped()
      if (character === '' || !allowed(character)) {
        this.resume(before)
        return text
      }
      // One past the bound is enough to see that it is passed.
      if (text.length <= MAX_TOKEN) text += character
    }
  }

  /** Skips a comment and gives the newline, or '', after it. */
  #comment(): string {
    for (;;) {
      const character = this.#unescaped()
      if (character === '\n' || character === '') return character
    }
  }

  #expand(place: Place): Token | undefined {
    const name = this.#while((character) => MACRO_NAME.test(character))
    const error = (message: string | undefined): Token => ({ kind: 'error', message, ...place })
    if (name === '') return error("unexpected '$', expected the name of a macro after it")
    if (name.length > MAX_TOKEN) return error(TOO_LONG)
    const expansion = this.#macros.expand(name)
    if (expansion.kind === 'unknown') return { kind: 'unknown-macro', name, ...place }
    if (expansion.kind === 'refused') return error(undefined)
    if (expansion.kind === 'too-much') return error(TOO_MUCH)
    this.#expansion = { name, text: expansion.text, at: place.at }
    this.#expanded = 0
    return undefined
  }

  #token(character: string, place: Place): Token {
    if (character === '') return { kind: 'end', ...place }
    if (character === '\n') return { kind: 'newline', ...place }
    if (character === '"' || character === "'") return this.#quoted(character, place)
    if (character === '-' || DIGIT.test(character)) {
      const number = this.#number(character, place)
      if (number !== undefined) return number
    }
    if (WORD_START.test(character)) {
      const text =
        character + this.#while((following) => WORD.test(following) && !NEVER_IN_WORD.has(following))
      if (text.length > MAX_TOKEN) return { kind: 'error', message: TOO_LONG, ...place }
      return { kind: RESERVED.has(text) ? 'keyword' : 'word', text, ...place }
    }
    if (character === UNDECODABLE) return { kind: 'error', message: NOT_UTF8, ...place }
    return { kind: 'symbol', text: character, ...place }
  }

  /** A number, when what follows the digits ends one: `389` is, `389x` and `127.0.0.1` are words. */
  #number(first: string, place: Place): Token | undefined {
    const afterFirst = this.#mark()
    const text = first + this.#while((character) => DIGIT.test(character))
    const afterDigits = this.#mark()
    const following = this.#unescaped()
    if (text !== '-' && NUMBER_END.has(following)) {
      this.resume(afterDigits)
      if (text.length > MAX_TOKEN) return { kind: 'error', message: TOO_LONG, ...place }
      return { kind: 'number', text, ...place }
    }
    this.resume(afterFirst)
    return undefined
  }

  #quoted(quote: string, place: Place): Token {
    let text = ''
    let fault: string | undefined
    let firstLineEnd: Mark | undefined
    const broken = (message: string): Token => {
      // The lines that a missing quote swallowed are read as if it were there.
      if (firstLineEnd !== undefined) this.resume(firstLineEnd)
      else this.#skipLine()
      return { kind: 'error', message, ...place }
    }
    for (;;) {
      const before = this.#mark()
      const character = this.#raw()
      if (character === quote) break
      if (character === '') return broken('quoted string without an end, expected a closing quote')
      if (text.length + character.length > MAX_TOKEN) return broken(TOO_LONG)
      if (character === '\n') {
        if (this.#place.macro === undefined) firstLineEnd ??= before
      } else if (character === '\\') {
        text += this.#escapeInQuotes(quote)
      } else {
        if (character === '\0') fault = 'NUL character in a quoted string, expected text'
        if (character === UNDECODABLE) fault = NOT_UTF8
        text += character
      }
    }
    if (fault !== undefined) return { kind: 'error', message: fault, ...place }
    if (firstLineEnd === undefined) return { kind: 'string', text, ...place }
    return { kind: 'string', text, firstLineEnd, ...place }
  }

  /** What a backslash in quotes stands for: itself, unless a quote, a blank or a newline follows. */
  #escapeInQuotes(quote: string): string {
    const before = this.#mark()
    const escaped = this.#raw()
    if (escaped === '\n') return ''
    if (escaped === quote || escaped === ' ' || escaped === '\t') return escaped
    this.resume(before)
    return '\\'
  }

  #skipLine(): void {
    for (;;) {
      const before = this.#mark()
      const character = this.#raw()
      if (character === '') return
      if (character === '\n') {
        this.resume(before)
        return
      }
    }
  }
}

const TOO_LONG = `text is too long, expected at most ${MAX_TOKEN} characters`
const TOO_MUCH = 'macros expand to too much text, expected at most 1 MiB in all'
const NOT_UTF8 = 'text is not UTF-8, expected a file saved as UTF-8'
