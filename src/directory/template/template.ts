import type { Octets } from '../../maps/rows.ts'
import type { Entry } from '../entry.ts'
import { boundBytes, bytesOf } from './bounds.ts'
import type { Context, Run } from './context.ts'
import { TemplateError } from './error.ts'
import { type Joined, type List, NONE } from './expression.ts'
import { MAX_TEMPLATE, MAX_VISITS, OUTPUT } from './limits.ts'
import { type ParsedText, parseText } from './parser.ts'
import { fullProduct, product } from './product.ts'
import { createLedger, type Linked } from './reads.ts'
import { Scanner } from './scanner.ts'
import type { Value } from './value.ts'

export interface Template {
  /** of the entry itself, all that is read: each once, as it is written, those of filters included */
  readonly attributes: readonly string[]
  readonly linked: Linked
  /** Throws EvaluationError. */
  readonly values: (entry: Entry, run: Run) => readonly Value[]
  /** The texts of the same, but none where an expression has no value. Throws EvaluationError. */
  readonly texts: List
}

/**
 * A template from its text: ypldap-template(5).
 * @throws TemplateError
 */
export function parseTemplate(text: string): Template {
  if (text.length > MAX_TEMPLATE) {
    throw new TemplateError(`the template is longer than ${MAX_TEMPLATE} characters`, MAX_TEMPLATE)
  }
  const ledger = createLedger()
  const parsed = parseText(new Scanner(text), ledger.reads, '')
  return {
    attributes: ledger.attributes(),
    linked: ledger.linked(),
    values: valuesOf(parsed),
    texts: product(parsed, OUTPUT),
  }
}

/**
 * The texts that a template makes of an entry: one, or more where expressions have several values.
 * @throws EvaluationError when an expression has no value, or a bound is passed
 */
export function evaluate(
  template: Template,
  entry: Entry,
  { domain, links, it, budget }: Context,
): readonly Value[] {
  return template.values(entry, { domain, links, it, budget, visits: MAX_VISITS })
}

/**
 * The same texts; none when an expression has no value.
 * @throws EvaluationError when a bound is passed
 */
export function evaluateAny(
  template: Template,
  entry: Entry,
  { domain, links, it, budget }: Context,
): readonly Octets[] {
  return template.texts(entry, { domain, links, it, budget, visits: MAX_VISITS })
}

function valuesOf(text: ParsedText): Template['values'] {
  const joined = text.expressions.at(-1)?.joined
  if (joined !== undefined && text.literals.at(-1) === '') return listedValues(text, joined)
  const texts = fullProduct(text, OUTPUT)
  return (entry, run) => texts(entry, run).map(plainValue)
}

function plainValue(head: Octets): Value {
  return { head, items: NONE, separator: '' }
}

/** A list at the very end is left in its parts: its values may have to be cut there. */
function listedValues({ literals, lists, sources }: ParsedText, joined: Joined): Template['values'] {
  const heads = fullProduct(
    { literals: literals.slice(0, -1), lists: lists.slice(0, -1), sources: sources.slice(0, -1) },
    OUTPUT,
  )
  return (entry, run) => joinedValues(heads(entry, run), joined.list(entry, run), joined.separator)
}

function joinedValues(
  heads: readonly Octets[],
  items: readonly Octets[],
  separator: Octets,
): readonly Value[] {
  // One list may be long, a group of all users. It must not be so once for each of many heads.
  if (heads.length > 1)
    boundBytes((bytesOf(items) + items.length * separator.length) * (heads.length - 1), OUTPUT)
  return heads.map((head) => ({ head, items, separator }))
}
