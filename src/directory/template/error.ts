/** A text that is no template. */
export class TemplateError extends Error {
  readonly code = 'template-invalid'
  /** where in the text, in characters from 0 */
  readonly at: number

  constructor(message: string, at: number) {
    super(message)
    this.name = 'TemplateError'
    this.at = at
  }
}

/** An entry that a template gives nothing for; the message is the reason. */
export class EvaluationError extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'EvaluationError'
  }
}

/** Characters that a terminal does not show as one. */
export const UNSEEN = /[\s\p{C}]/gu

const WIDTH = 76
const MARK = '...'

/** Two lines: the template, or its part round the error when it is long, and a caret below the place. */
export function pointed(text: string, { at }: TemplateError): string {
  // Characters that take no column or several would part the caret from its place.
  const shown = Array.from(text.slice(0, at).replace(UNSEEN, ' '))
  const rest = Array.from(text.slice(at).replace(UNSEEN, ' '))
  if (shown.length + rest.length <= WIDTH) return `${shown.join('')}${rest.join('')}\n${caret(shown.length)}`
  const before = shown.length > WIDTH / 2 ? [MARK, ...shown.slice(MARK.length - WIDTH / 2)] : shown
  const column = before.join('').length
  const room = WIDTH - column
  const after = rest.length > room ? [...rest.slice(0, room - MARK.length), MARK] : rest
  return `${before.join('')}${after.join('')}\n${caret(column)}`
}

function caret(column: number): string {
  return `${' '.repeat(column)}^`
}
