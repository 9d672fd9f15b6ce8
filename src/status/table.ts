/** Tables that say what they hold, and scroll in a box of their own where the page is narrow. */
import { type Content, type Html, html, NOTHING } from './html.ts'

/** `short` stays on one line. */
export type Kind = 'text' | 'short' | 'number'

export interface Table {
  /** of the caption; one of its kind on the page */
  readonly id: string
  readonly caption: Content
  /** by name, in their order */
  readonly columns: Readonly<Record<string, Kind>>
  /** The first cell of each names it. */
  readonly rows: readonly (readonly Content[])[]
}

/** Without rows there is no table. */
export function table({ id, caption, columns, rows }: Table): Html {
  if (rows.length === 0) return NOTHING
  const kinds = Object.values(columns)
  const head = Object.entries(columns).map(
    ([name, kind]) => html`<th scope="col" class="${kind}">${name}</th>`,
  )
  const body = rows.map(
    ([name = '', ...cells]) =>
      html`<tr><th scope="row" class="${kinds[0]!}">${name}</th>${cells.map(
        (cell, index) => html`<td class="${kinds[index + 1]!}">${cell}</td>`,
      )}</tr>\n`,
  )
  return html`<div class="scroll" role="region" aria-labelledby="${id}" tabindex="0">
<table>
<caption id="${id}">${caption}</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${body}</tbody>
</table>
</div>
`
}
