/** HTML in which what comes from outside stays text. */
import { visible } from '../visible.ts'

/** Goes into other HTML as it is; all else is escaped. */
export interface Html {
  readonly markup: string
}

export type Content = Html | string | number | readonly Content[]

/** A template whose places take text, and HTML that was made in the same way. Attributes must stand in double quotes. */
export function html(literals: TemplateStringsArray, ...content: readonly Content[]): Html {
  const parts = content.map((part, index) => markupOf(part) + literals[index + 1]!)
  return { markup: literals[0]! + parts.join('') }
}

/** Not escaped: of our own making. */
export function raw(markup: string): Html {
  return { markup }
}

export const NOTHING = raw('')

/** Text that may run from right to left, or is meant to make ours do so: it does not reach beyond its element. */
export function outside(text: string): Html {
  return html`<bdi>${text}</bdi>`
}

function markupOf(content: Content): string {
  if (typeof content === 'string') return escaped(content)
  if (typeof content === 'number') return String(content)
  return 'markup' in content ? content.markup : content.map(markupOf).join('')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return visible(text).replace(/[&<>"']/g, (character) => ENTITIES[character]!)
}
