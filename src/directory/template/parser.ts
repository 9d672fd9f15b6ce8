import type { Octets } from '../../maps/rows.ts'
import type { Entry } from '../entry.ts'
import { FilterError, parseFilter } from '../filter.ts'
import { filterAttributes } from '../filter-attributes.ts'
import { createMatcher } from '../matcher.ts'
import { foldCase } from '../octets.ts'
import { attributeList, namesList } from './attribute.ts'
import { boundValues } from './bounds.ts'
import { all, type Entries, follow, get, parent, referrers, where } from './entries.ts'
import { type Condition, type Expression, type List, NONE } from './expression.ts'
import { LIST } from './limits.ts'
import { closeQuote, readConstant, readLiteral, takeQuote } from './literal.ts'
import { product, type Text } from './product.ts'
import type { Reads } from './reads.ts'
import type { Scanner } from './scanner.ts'
import { readStep } from './steps.ts'
import { type Padded, zip } from './zip.ts'

/** Text, and the expressions in it. */
export interface ParsedText extends Text {
  readonly expressions: readonly Expression[]
}

/** Text with expressions in braces, up to this quote or, with '', to the end. */
export function parseText(scanner: Scanner, reads: Reads, quote: string): ParsedText {
  const start = scanner.at - quote.length
  const literals = [readLiteral(scanner, quote)]
  const expressions: Expression[] = []
  const sources: string[] = []
  while (scanner.text[scanner.at] === '{') {
    const brace = scanner.at
    scanner.at += 1
    const expression = scanner.nested(() => parseExpression(scanner, reads))
    sources.push(scanner.text.slice(brace + 1, scanner.at).trim())
    expressions.push(expression)
    if (!scanner.takeSymbol('}')) {
      if (scanner.isAtEnd) scanner.fail('the expression that begins here lacks its closing }', brace)
      scanner.expected('"|", "or" or "}"')
    }
    literals.push(readLiteral(scanner, quote))
  }
  closeQuote(scanner, quote, start)
  return { literals, expressions, sources, lists: expressions.map(({ list }) => list) }
}

/** `if … then … else …`, or what `or` divides. */
function parseExpression(scanner: Scanner, reads: Reads): Expression {
  if (scanner.takeWord('if')) return { list: parseChoice(scanner, reads) }
  const first = parsePipe(scanner, reads)
  const lists = [first.list]
  while (scanner.takeWord('or')) {
    const isLast = scanner.takeWord('if')
    lists.push(isLast ? parseChoice(scanner, reads) : parsePipe(scanner, reads).list)
    if (isLast) break
  }
  return lists.length === 1 ? first : { list: firstWithValue(lists) }
}

function firstWithValue(lists: readonly List[]): List {
  return (entry, run) => {
    for (const list of lists) {
      const values = list(entry, run)
      if (values.length > 0) return values
    }
    return NONE
  }
}

function nestedList(scanner: Scanner, reads: Reads): List {
  return scanner.nested(() => parseExpression(scanner, reads)).list
}

function parseChoice(scanner: Scanner, reads: Reads): List {
  const condition = scanner.next() === '(' ? parseFilterHere(scanner, reads) : parseComparison(scanner, reads)
  if (!scanner.takeWord('then')) scanner.expected('"then"')
  const then = nestedList(scanner, reads)
  if (!scanner.takeWord('else')) scanner.expected('"else"')
  const otherwise = nestedList(scanner, reads)
  return (entry, run) => (condition(entry, run) ? then : otherwise)(entry, run)
}

function parseComparison(scanner: Scanner, reads: Reads): Condition {
  const left = nestedList(scanner, reads)
  if (!scanner.takeSymbol('=')) scanner.expected('"=" (a filter stands in parentheses)')
  const right = nestedList(scanner, reads)
  return (entry, run) => {
    const wanted = new Set(right(entry, run).map(foldCase))
    return left(entry, run).some((value) => wanted.has(foldCase(value)))
  }
}

/** A filter, from its parenthesis to the one that closes it: in its values they are written \28 and \29. */
function parseFilterHere(scanner: Scanner, reads: Reads): (entry: Entry) => boolean {
  if (scanner.next() !== '(') scanner.expected('an LDAP filter in parentheses')
  const start = scanner.at
  let open = 0
  do {
    if (scanner.isAtEnd) scanner.fail('the filter that begins here lacks a closing )', start)
    const character = scanner.text[scanner.at]
    open += character === '(' ? 1 : character === ')' ? -1 : 0
    scanner.at += 1
  } while (open > 0)
  try {
    const filter = parseFilter(scanner.text.slice(start, scanner.at))
    for (const name of filterAttributes(filter)) reads.attribute(name)
    return createMatcher(filter)
  } catch (error) {
    if (!(error instanceof FilterError)) throw error
    return scanner.fail(error.message, start)
  }
}

function parsePipe(scanner: Scanner, reads: Reads): Expression {
  let expression = parseTerm(scanner, reads)
  while (scanner.takeSymbol('|')) {
    const { list } = expression
    const { step, separator } = readStep(scanner)
    const piped: List = (entry, run) => step(list(entry, run))
    expression = separator === undefined ? { list: piped } : { list: piped, joined: { list, separator } }
  }
  return expression
}

function parseTerm(scanner: Scanner, reads: Reads): Expression {
  if (scanner.takeWord('zip')) return { list: parseZip(scanner, reads) }
  const entries = parseEntries(scanner, reads)
  return entries === undefined ? parseOperand(scanner, reads) : { list: entries }
}

/** What needs no parentheses behind `get`. */
function parseOperand(scanner: Scanner, reads: Reads): Expression {
  if (scanner.takeSymbol('(')) {
    const expression = scanner.nested(() => parseExpression(scanner, reads))
    if (!scanner.takeSymbol(')')) scanner.expected('")"')
    return expression
  }
  if (scanner.takeSymbol('[')) return { list: parseList(scanner, reads) }
  const quote = takeQuote(scanner)
  if (quote !== '') return { list: textList(parseText(scanner, reads, quote)) }
  if (scanner.takeWord('dn')) return { list: ({ dn }) => [dn] }
  if (scanner.takeWord('domain')) return { list: (_, { domain }) => [domain] }
  if (scanner.takeWord('it')) return { list: (_, { it }) => (it === undefined ? NONE : [it]) }
  if (scanner.takeWord('names')) return { list: namesList(readAttribute(scanner, reads)) }
  return { list: attributeList(readAttribute(scanner, reads)) }
}

function readAttribute(scanner: Scanner, reads: Reads): string {
  const name = scanner.attribute('an attribute, a text in quotes, [a list] or (an expression)')
  reads.attribute(name)
  return name
}

function textList(text: ParsedText): List {
  if (text.lists.length > 0) return product(text, LIST)
  const constant = [text.literals[0]!]
  return () => constant
}

function parseList(scanner: Scanner, reads: Reads): List {
  if (scanner.takeSymbol(']')) return () => NONE
  const lists: List[] = []
  do lists.push(nestedList(scanner, reads))
  while (scanner.takeSymbol(','))
  if (!scanner.takeSymbol(']')) scanner.expected('"," or "]"')
  return (entry, run) => {
    const values: Octets[] = []
    for (const list of lists) {
      for (const value of list(entry, run)) values.push(value)
      boundValues(values.length, LIST)
    }
    return values
  }
}

/** `zip A pad 'x', B pad 'y' with ','` */
function parseZip(scanner: Scanner, reads: Reads): List {
  const lists: Padded[] = []
  do {
    const list = nestedList(scanner, reads)
    if (!scanner.takeWord('pad')) scanner.expected('"pad" and what stands in where this list ends')
    scanner.next()
    const start = scanner.at
    const pad = nestedList(scanner, reads)
    lists.push({ list, pad, source: scanner.text.slice(start, scanner.at).trim() })
  } while (scanner.takeSymbol(','))
  if (!scanner.takeWord('with')) scanner.expected('"," and another list, or "with" and a separator')
  return zip(lists, readConstant(scanner, 'a separator'))
}

/** `follow A, B | where (filter) | get expression`, or nothing when none begins here. */
function parseEntries(scanner: Scanner, reads: Reads): List | undefined {
  let entries = parseLink(scanner, reads)
  if (entries === undefined) return undefined
  for (;;) {
    if (!scanner.takeSymbol('|')) scanner.expected('"|" and get or where: entries are no values')
    if (scanner.takeWord('where')) {
      entries = where(entries, parseFilterHere(scanner, reads.others))
    } else if (scanner.takeWord('get')) {
      return get(entries, scanner.nested(() => parseOperand(scanner, reads.others)).list)
    } else {
      scanner.expected('get or where: entries are no values')
    }
  }
}

function parseLink(scanner: Scanner, reads: Reads): Entries | undefined {
  if (scanner.takeWord('parent')) {
    reads.parent()
    return parent
  }
  if (scanner.takeWord('follow')) {
    const isAll = scanner.takeWord('all')
    return link(scanner, follow, isAll, (name) => reads.follow(name, isAll))
  }
  if (!scanner.takeWord('referrers')) return undefined
  return link(scanner, referrers, scanner.takeWord('all'), (name) => reads.referrer(name))
}

function link(
  scanner: Scanner,
  entriesBy: (attributes: readonly string[]) => Entries,
  isAll: boolean,
  note: (name: string) => void,
): Entries {
  const attributes: string[] = []
  do attributes.push(scanner.attribute('the name of an attribute that holds DNs'))
  while (scanner.takeSymbol(','))
  attributes.forEach(note)
  const entries = entriesBy(attributes)
  return isAll ? all(entries) : entries
}
