import type { Octets } from '../../maps/rows.ts'
import { utf8Octets } from '../octets.ts'
import type { Scanner } from './scanner.ts'

const UNTIL: Readonly<Record<string, RegExp>> = {
  '': /(?:[^{}]|\{\{|\}\})*/y,
  "'": /(?:[^{}']|\{\{|\}\})*/y,
  '"': /(?:[^{}"]|\{\{|\}\})*/y,
}

/** Text up to an expression, to this quote, or with '' to the end. */
export function readLiteral(scanner: Scanner, quote: string): Octets {
  const text = scanner.take(UNTIL[quote]!)!
  if (scanner.text[scanner.at] === '}')
    scanner.fail('a brace that closes nothing; write }} for a brace in text')
  return utf8Octets(text.replace(/\{\{|\}\}/g, (pair) => pair[0]!))
}

/** The quote that begins a text here, or ''. */
export function takeQuote(scanner: Scanner): string {
  const quote = scanner.next()
  if (quote !== "'" && quote !== '"') return ''
  scanner.at += 1
  return quote
}

/** Text in quotes that is the same for all entries. */
export function readConstant(scanner: Scanner, what: string): Octets {
  const quote = takeQuote(scanner)
  if (quote === '') scanner.expected(`${what} in quotes`)
  const start = scanner.at - 1
  const text = readLiteral(scanner, quote)
  if (scanner.text[scanner.at] === '{') {
    scanner.fail(`${what} is the same for all entries: no expression can stand in it; write {{ for a brace`)
  }
  closeQuote(scanner, quote, start)
  return text
}

export function closeQuote(scanner: Scanner, quote: string, start: number): void {
  if (quote !== '' && scanner.isAtEnd)
    scanner.fail(`the text that begins here lacks its closing ${quote}`, start)
  scanner.at += quote.length
}
